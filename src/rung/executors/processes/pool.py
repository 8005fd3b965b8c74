"""The pool of workers on this machine, as its driver sees it: commands in, outcomes out, and one place to wait.

A worker is a slot, which one process after another may serve: where each trial gets a fresh one, and where a trial
needs the room of several workers. `succession.py` decides when one process follows another; here they are started,
heard and buried.
"""

import math
import os
import selectors
import signal
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from rung.core.errors import ExecutorError
from rung.core.event import Ended, Failure, Sampled
from rung.executors import messages
from rung.executors.base import Command, Joined, Leaving, Left, Outcome, Release, Released, Start, Yield
from rung.executors.clock import SteadyClock
from rung.executors.processes.memory import KernelKills, MemoryWatch
from rung.executors.processes.places import Places
from rung.executors.processes.process import Process
from rung.executors.processes.succession import Succession
from rung.executors.processes.want import Wants, killed_by_kernel, over_limit
from rung.executors.processes.worker import Worker
from rung.executors.worker.loading import written
from rung.executors.worker.meeting import Meeting

_STARTS = 3  # in a row, of workers that never ran a job, until we give up
_EXIT_S = 5.0  # between closing the connection and being gone
_SAMPLE_S = 1.0  # how old the kernel's count of memory kills may be when a job begins


class LocalPool:
    """The workers of one run.

    `_workers` holds all and only the workers whose process was started and not yet buried; `_unsent` those of them
    that were given commands since the last `wait`; `_inbox` all and only the outcomes not yet delivered.
    """

    holds = True
    trains_apart = True

    def __init__(
        self,
        setup: messages.Setup,
        places: Places,
        *,
        isolate: bool,
        memory_gb: float | None,
        retry_room: int | None,
        silence_s: float | None,
        processes: int = 1,
        meeting: Meeting | None = None,
    ) -> None:
        """Start a worker in each place, without waiting for any.

        Args:
            setup: What each of them learns first.
            places: What they own.
            isolate: Whether each trial gets a fresh process.
            memory_gb: What a worker may hold; None: what there is.
            retry_room: The room in which a trial that ran out of memory is trained once more, in workers.
            silence_s: Seconds without a word after which a trial is ended; None: never.
            processes: That train a trial together in each worker, on each of its machines.
            meeting: Where its other machines come; None: there are none.
        """
        self._places = places
        self._processes = processes
        self._meeting = meeting
        self._memory_gb = memory_gb or math.inf
        self._silence_s = silence_s or math.inf
        self._path = os.pathsep.join(
            setup.path
        )  # so that workers find what the driver finds, rung itself first of all
        self._setup = written(setup)
        self._workers: dict[int, Worker] = {}
        self._unsent: dict[int, Worker] = {}
        self._inbox: deque[Outcome] = deque()
        self._n_started = 0
        self._clock = SteadyClock()
        self._kills = KernelKills()
        self._watch = None if memory_gb is None else MemoryWatch()
        self._wants = Wants(retry_room)
        self._succession = Succession(self, self._workers, places, self._wants, isolate=isolate)
        self._closed = False
        self._leaves = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        self._open()

    def _open(self) -> None:
        try:
            for place in range(len(self._places)):
                self.add(place)
        except BaseException:
            self.close(0)
            raise

    def clock(self) -> float:
        """Unix time, which goes on steadily though somebody sets the machine's clock."""
        return self._clock()

    def send(self, worker: int, command: Command) -> None:
        """Give a command to a worker; one that has left gets nothing."""
        found = self._workers.get(worker)
        if found is None:
            return
        match command:
            case Start() if self._succession.must_wait(found, command.job):
                self._succession.queue(found, command)
            case Yield(job=job) if found.queued is not None and found.queued.job.number == job:
                self._succession.give_back(found)
            case _:
                self.tell(found, command)

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        """Block until an outcome or a wake; see the protocol."""
        deadline = math.inf if until is None else time.monotonic() + until - self._clock()
        self._say_all()
        while not self._inbox:
            limit = min([deadline, self._watch_due(), *[each.expires for each in self._workers.values()]])
            ready = self._selector.select(None if limit == math.inf else max(0.0, limit - time.monotonic()))
            woken = sum([self._handle(key, mask) for key, mask in ready])
            if limit < math.inf:
                self._look_around(time.monotonic())
            self._say_all()
            if woken or time.monotonic() >= deadline:
                break
        while self._inbox:
            deliver(self._inbox.popleft())

    def want(self, workers: int | None) -> None:
        """Nothing to do: the machine is there in any case."""

    def wake(self) -> None:
        """Make a `wait` in progress return."""
        with suppress(OSError):  # full: it is awake already; closed: nobody waits
            self._waker.send(b".")

    def leave(self) -> None:
        """The machine is taken away: workers save what they train, end, and are not replaced."""
        self._leaves = True
        self._succession.is_over = True
        for worker in self._workers.values():
            if worker.is_known:
                self._inbox.append(Leaving(worker.number))
            worker.process.terminate()

    @property
    def is_empty(self) -> bool:
        """Whether all workers have left."""
        return not self._workers

    def close(self, grace_s: float) -> None:
        """End all workers: an idle one leaves at the end of its input, one in training at its next report.

        SIGTERM would tell neither more than that; what is still there after `grace_s` seconds is killed.
        """
        if self._closed:
            return
        self._closed = True
        self._selector.close()
        for worker in self._workers.values():
            worker.process.say_no_more()
        deadline = time.monotonic() + grace_s
        for worker in self._workers.values():
            # One that is still starting has nothing to finish.
            if not worker.is_ready or not worker.process.falls_silent(deadline - time.monotonic()):
                worker.process.kill()
            worker.process.bury()
        self._workers.clear()
        self._inbox.clear()
        for file in (self._setup, self._woken, self._waker):
            file.close()

    # For whoever lets one process follow another

    def add(self, place: int, failed_starts: int = 0) -> None:
        """Start a worker, unless the machine is taken away; `Joined` tells when it is ready.

        Args:
            place: Its index among the pool's places.
            failed_starts: How many have died at this place in a row without running a job.
        """
        if self._leaves:
            return
        number = self._n_started
        self._n_started += 1
        self.begin(number, (place,), failed_starts)

    def begin(self, number: int, places: tuple[int, ...], failed_starts: int = 0) -> Worker:
        """Start the process of a worker that fills these places."""
        environment = {**os.environ, **self._places.environment(places), "PYTHONPATH": self._path}
        try:
            process = Process(self._setup, environment, self._processes, self._meeting)
        except OSError as error:
            raise ExecutorError(f"a worker process could not be started: {error}.") from error
        worker = self._workers[number] = Worker(
            self._places.slot(number, places), places, process, failed_starts
        )
        self._selector.register(process.link, selectors.EVENT_READ, worker)
        if process.pidfd is not None:
            self._selector.register(process.pidfd, selectors.EVENT_READ, worker)
        return worker

    def tell(self, worker: Worker, command: Command) -> None:
        """Give a command to the process of a worker, with the next `wait`."""
        if isinstance(command, Start):
            worker.n_trials += command.job.trial != worker.trial
            worker.trial = command.job.trial
            worker.memory_kills = self._kills.count(_SAMPLE_S)
        if isinstance(command, Start | Release):
            worker.holds = False
            worker.owes += 1
            worker.expires = time.monotonic() + self._silence_s
        worker.outgoing += messages.frame(command)
        self._unsent[worker.number] = worker

    def end(self, worker: Worker) -> None:
        """Let the process of a worker end: what its training still does behind its last report, and then itself."""
        worker.is_ending = True
        worker.expires = time.monotonic() + self._silence_s
        self._unsent.pop(worker.number, None)
        worker.process.say_no_more()

    def deliver(self, outcome: Outcome) -> None:
        """Tell the driver."""
        self._inbox.append(outcome)

    # What happens

    def _handle(self, key: selectors.SelectorKey, mask: int) -> bool:
        """Deal with a descriptor that is ready; whether it was a wake."""
        worker: Worker | None = key.data
        if worker is None:
            self._woken.recv(messages.CHUNK)
            return True
        if self._workers.get(worker.number) is not worker:
            return False  # both its descriptors were ready, and the other one came first
        if key.fd == worker.process.pidfd:
            self._read_all(worker)
            self._left(worker)
            return False
        if mask & selectors.EVENT_WRITE:
            self._flush(worker)
        if mask & selectors.EVENT_READ and self._read(worker) == b"":
            self._cut_off(worker)
        elif worker.is_full:
            worker.verdict = Failure("machine", "replaced", f"{worker} had run out of memory")
            self._left(worker)
        elif worker.is_spent and worker.owes == 0:
            self._left(worker)
        return False

    def _read(self, worker: Worker) -> bytes | None:
        """Take what has arrived; None if that is nothing, b"" if nothing more will."""
        data = worker.receive()
        for body in worker.frames.feed(data or b""):
            self._said(worker, messages.sayings.decode(body))
        return data

    def _read_all(self, worker: Worker) -> None:
        while self._read(worker):
            pass

    def _said(self, worker: Worker, said: messages.Said) -> None:
        match said:
            case messages.Ready():
                self._ready(worker)
            case messages.Broken(reason=reason):
                raise ExecutorError(
                    f"workers cannot load the training function: {reason}. They import modules as this "
                    "process does: define it in the script that you run, or in a module that can be imported."
                )
            case messages.Refused(reason=reason):
                raise ExecutorError(reason)
            case messages.Spent(reason=reason):
                worker.is_spent = True
                worker.verdict = Failure("machine", "replaced", f"{worker}: {reason}")
            case Ended() | Released():
                worker.owes -= 1
                self._hear_again(worker)
                self._rests(worker, said)
            case Sampled():  # its process lives; whether its training does, only that can say
                self._inbox.append(said)
            case _:
                self._hear_again(worker)
                self._inbox.append(said)

    def _ready(self, worker: Worker) -> None:
        worker.is_ready = True
        if not worker.is_known:
            worker.is_known = True
            self._inbox.append(Joined(worker.slot))
        self._succession.ready(worker)

    def _hear_again(self, worker: Worker) -> None:
        """It has given a sign of life."""
        worker.expires = time.monotonic() + self._silence_s if worker.owes > 0 else math.inf

    def _rests(self, worker: Worker, said: Ended | Released) -> None:
        if isinstance(said, Ended):
            said = self._wants.judged(worker, said)
            worker.holds = said.held
        self._inbox.append(said)
        if worker.owes == 0 and not (worker.holds or worker.is_full or worker.is_spent):
            self._succession.rests(worker)

    def _say_all(self) -> None:
        """Say what was said in one turn at once: each message wakes a process."""
        self._succession.arrange()
        for worker in self._unsent.values():
            self._flush(worker)
        self._unsent.clear()

    def _flush(self, worker: Worker) -> None:
        try:
            was_complete = worker.flush()
        except OSError:
            return  # it is about to leave
        key = self._selector.get_key(worker.process.link)
        events = selectors.EVENT_READ if was_complete else selectors.EVENT_READ | selectors.EVENT_WRITE
        if key.events != events:
            self._selector.modify(worker.process.link, events, worker)

    # The end of a worker

    def _cut_off(self, worker: Worker) -> None:
        """Its end of the connection is closed: it is about to be gone."""
        if worker.process.pidfd is None:
            if not worker.process.has_ended(_EXIT_S):
                worker.process.kill()
            self._left(worker)
        else:
            self._selector.unregister(worker.process.link)
            worker.expires = time.monotonic() + _EXIT_S

    def _watch_due(self) -> float:
        return math.inf if self._watch is None else self._watch.due

    def _look_around(self, now: float) -> None:
        """Kill who was silent or took too much for too long; their end will be noticed like any other."""
        for worker in self._workers.values():
            if worker.expires <= now:
                worker.expires = math.inf
                if worker.owes > 0:
                    silence = f"{worker} said nothing for {self._silence_s:g} seconds and was killed"
                    worker.verdict = Failure("configuration", "timeout", silence)
                worker.process.kill()
        if self._watch is not None and self._watch.due <= now:
            self._weigh(self._watch)

    def _weigh(self, watch: MemoryWatch) -> None:
        workers = {worker.process.pid: worker for worker in self._workers.values() if worker.is_ready}
        may = {pid: int(len(worker.places) * self._memory_gb * 1e9) for pid, worker in workers.items()}
        for pid, held in watch.over(may).items():
            worker = workers[pid]
            if worker.verdict is None:
                why = over_limit(worker, held, self._memory_gb)
                worker.verdict = self._wants.blamed(worker, why) if worker.owes > 0 else why
                worker.process.kill()

    def _left(self, worker: Worker) -> None:
        """It is gone: say why, and start another in its place."""
        process = worker.process
        if process.pidfd is not None:
            self._selector.unregister(process.pidfd)
        with suppress(KeyError):  # unless it was cut off before
            self._selector.unregister(process.link)
        del self._workers[worker.number]
        self._unsent.pop(worker.number, None)
        status, words = process.bury()
        failed_starts = 0 if worker.n_trials or worker.is_ending else worker.failed_starts + 1
        if failed_starts == _STARTS:
            raise ExecutorError(
                f"{_STARTS} workers in a row have died before their first job; the last one "
                f"{_end(status)}. It said:\n{words or '(nothing)'}"
            )
        if self._succession.follows(worker, failed_starts):
            return
        if worker.is_known:
            self._inbox.append(Left(worker.number, worker.verdict or self._failure(worker, status, words)))
        for place in (*worker.places, *worker.taken):
            self.add(place, failed_starts)

    def _failure(self, worker: Worker, status: int, words: str) -> Failure:
        if worker.owes > 0 and status == -signal.SIGKILL and self._kills.count(0.0) > worker.memory_kills:
            return self._wants.blamed(worker, killed_by_kernel(worker))
        return Failure("machine", "killed" if status < 0 else "exited", f"{worker} {_end(status)}", words)


def _end(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"exited with code {status}"
