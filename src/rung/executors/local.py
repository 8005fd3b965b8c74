"""Workers on this machine: processes that live as long as their pool and train trial after trial."""

import math
import os
import selectors
import signal
import socket
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import msgspec

from rung.core.decision import Slot
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Ended, Failure
from rung.core.resource import check_count
from rung.executors import limits, messages
from rung.executors.base import Call, Command, Joined, Left, Outcome, Release, Released, Start
from rung.executors.clock import SteadyClock
from rung.executors.failure import OUT_OF_MEMORY
from rung.executors.pickling import dumps
from rung.executors.process import Process

_STARTS = 3  # in a row, of workers that never ran a job, until we give up
_EXIT_S = 5.0  # between closing the connection and being gone
_SAMPLE_S = 1.0  # how old the kernel's count of memory kills may be when a job begins


class _Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    workers: int = 2


class Local(_Workers, frozen=True, kw_only=True, tag="local", tag_field="type"):
    """Worker processes on this machine.

    Attributes:
        workers: How many.
        gpus: Names of the GPUs to share out, as in CUDA_VISIBLE_DEVICES, one to each worker in turn. None:
            all that are visible; empty: none.
        threads: Threads that numerical libraries use in each worker; None: an equal share of the processors,
            where the user's environment says nothing.
        trial_timeout_s: A trial that says nothing for so long is ended as failed; None: never.
    """

    gpus: tuple[str, ...] | None = None
    threads: int | None = None
    trial_timeout_s: float | None = None

    def __post_init__(self) -> None:
        check_count("workers", self.workers)
        if self.threads is not None:
            check_count("threads", self.threads)
        if self.trial_timeout_s is not None and not self.trial_timeout_s > 0:
            raise SpecError(f"trial_timeout_s is a positive number of seconds, got {self.trial_timeout_s!r}.")

    def start(self, call: Call) -> "LocalPool":
        """Start all workers, without waiting for any."""
        pool = LocalPool(self, dumps(call))
        try:
            for place in range(self.workers):
                pool.add(place)
        except BaseException:
            pool.close(0)
            raise
        return pool


@dataclass(slots=True, eq=False)
class _Worker:
    """What the pool knows of a worker.

    Attributes:
        slot: What it owns.
        place: Its index among the workers of the pool; a replacement takes it over.
        failed_starts: How many workers at its place have died in a row without ever running a job.
        process: The process.
        frames: What has arrived of its next message.
        outgoing: What its socket did not take yet.
        joined: Whether it has said that it is ready.
        trial: The trial that it trains or has trained last; None: it was never given a job.
        n_trials: How many trials it was given, one that came back to it counted again.
        owes: Answers that it owes: an `Ended` for each `Start`, a `Released` for each `Release`.
        expires: When its silence ends it, by the monotonic clock.
        verdict: Why it was killed, if the pool did it.
        is_full: Whether a training has run out of memory in it: what that holds would fail the next one, too.
        memory_kills: What the kernel had counted when its job began.
    """

    slot: Slot
    place: int
    failed_starts: int
    process: Process
    frames: messages.Frames = field(default_factory=messages.Frames)
    outgoing: bytes = b""
    joined: bool = False
    trial: int | None = None
    n_trials: int = 0
    owes: int = 0
    expires: float = math.inf
    verdict: Failure | None = None
    is_full: bool = False
    memory_kills: int = 0

    def __str__(self) -> str:
        return f"worker {self.slot.worker} (pid {self.process.pid})"


class LocalPool:
    """The workers of one run.

    `_workers` holds all and only the processes that were started and not yet buried; `_unsent` those of them
    that were given commands since the last `wait`; `_inbox` all and only the outcomes not yet delivered.
    """

    holds = True
    trains_apart = True

    def __init__(self, spec: Local, call: bytes) -> None:
        self._spec = spec
        self._gpus = limits.gpus(os.environ) if spec.gpus is None else spec.gpus
        self._silence_s = spec.trial_timeout_s or math.inf
        self._setup = _setup_file(call)
        self._workers: dict[int, _Worker] = {}
        self._unsent: dict[int, _Worker] = {}
        self._inbox: deque[Outcome] = deque()
        self._n_started = 0
        self._clock = SteadyClock()
        self._kills_counted = (-math.inf, 0)
        self._closed = False
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()
        self._woken.setblocking(False)
        self._waker.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ, None)

    def clock(self) -> float:
        """Unix time, which goes on steadily though somebody sets the machine's clock."""
        return self._clock()

    def send(self, worker: int, command: Command) -> None:
        """Give a command to a worker; one that has left gets nothing."""
        found = self._workers.get(worker)
        if found is None:
            return
        if isinstance(command, Start):
            found.n_trials += command.job.trial != found.trial
            found.trial = command.job.trial
            found.memory_kills = self._memory_kills(_SAMPLE_S)
        if isinstance(command, Start | Release):
            found.owes += 1
            found.expires = time.monotonic() + self._silence_s
        found.outgoing += messages.frame(command)
        self._unsent[worker] = found

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        """Block until an outcome or a wake; see the protocol."""
        for worker in self._unsent.values():
            self._flush(worker)  # what was said in one turn goes out at once: each message wakes a process
        self._unsent.clear()
        deadline = math.inf if until is None else time.monotonic() + until - self._clock()
        while not self._inbox:
            limit = min([deadline, *[each.expires for each in self._workers.values()]])
            ready = self._selector.select(None if limit == math.inf else max(0.0, limit - time.monotonic()))
            woken = sum([self._handle(key, mask) for key, mask in ready])
            if limit < math.inf:
                self._expire(time.monotonic())
            if woken or time.monotonic() >= deadline:
                break
        while self._inbox:
            deliver(self._inbox.popleft())

    def wake(self) -> None:
        """Make a `wait` in progress return."""
        with suppress(OSError):  # full: it is awake already; closed: nobody waits
            self._waker.send(b".")

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
            if not worker.joined or not worker.process.has_ended(deadline - time.monotonic()):
                worker.process.kill()
            worker.process.bury()
        self._workers.clear()
        self._inbox.clear()
        for file in (self._setup, self._woken, self._waker):
            file.close()

    def add(self, place: int, failed_starts: int = 0) -> None:
        """Start a worker; `Joined` tells when it is ready.

        Args:
            place: Its index among the pool's workers.
            failed_starts: How many have died at this place in a row without running a job.
        """
        spec = self._spec
        gpus = (self._gpus[place % len(self._gpus)],) if self._gpus else ()
        environment = {
            **os.environ,
            **limits.thread_variables(spec.threads, spec.workers, os.environ),
            "PYTHONPATH": os.pathsep.join(_path()),  # so that it finds what we find, rung itself first of all
        }
        if gpus or spec.gpus is not None:
            environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        cpus = spec.threads or max(1, limits.cores() // spec.workers)
        slot = Slot(self._n_started, kind="gpu" if gpus else "cpu", cpus=cpus, gpus=gpus)
        try:
            process = Process(self._setup, environment)
        except OSError as error:
            raise ExecutorError(f"a worker process could not be started: {error}.") from error
        self._n_started += 1
        worker = self._workers[slot.worker] = _Worker(slot, place, failed_starts, process)
        self._selector.register(process.link, selectors.EVENT_READ, worker)
        if process.pidfd is not None:
            self._selector.register(process.pidfd, selectors.EVENT_READ, worker)

    # What happens

    def _handle(self, key: selectors.SelectorKey, mask: int) -> bool:
        """Deal with a descriptor that is ready; whether it was a wake."""
        worker: _Worker | None = key.data
        if worker is None:
            self._woken.recv(messages.CHUNK)
            return True
        if worker.slot.worker not in self._workers:
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
        return False

    def _read(self, worker: _Worker) -> bytes | None:
        """Take what has arrived; None if that is nothing, b"" if nothing more will."""
        try:
            data = worker.process.link.recv(messages.CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""
        for body in worker.frames.feed(data):
            self._said(worker, messages.sayings.decode(body))
        return data

    def _read_all(self, worker: _Worker) -> None:
        while self._read(worker):
            pass

    def _said(self, worker: _Worker, said: messages.Said) -> None:
        match said:
            case messages.Ready():
                worker.joined = True
                self._inbox.append(Joined(worker.slot))
                return
            case messages.Broken(reason=reason):
                raise ExecutorError(
                    f"workers cannot load the training function: {reason}. They import modules as this "
                    "process does: define it in the script that you run, or in a module that can be imported."
                )
            case Ended():
                worker.owes -= 1
                said = _judged(worker, said)
            case Released():
                worker.owes -= 1
            case _:
                pass
        worker.expires = time.monotonic() + self._silence_s if worker.owes > 0 else math.inf
        self._inbox.append(said)

    def _flush(self, worker: _Worker) -> None:
        try:
            sent = worker.process.link.send(worker.outgoing, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError:
            return  # it is about to leave
        was_complete = len(worker.outgoing) == sent
        worker.outgoing = worker.outgoing[sent:]
        key = self._selector.get_key(worker.process.link)
        events = selectors.EVENT_READ if was_complete else selectors.EVENT_READ | selectors.EVENT_WRITE
        if key.events != events:
            self._selector.modify(worker.process.link, events, worker)

    # The end of a worker

    def _cut_off(self, worker: _Worker) -> None:
        """Its end of the connection is closed: it is about to be gone."""
        if worker.process.pidfd is None:
            if not worker.process.has_ended(_EXIT_S):
                worker.process.kill()
            self._left(worker)
        else:
            self._selector.unregister(worker.process.link)
            worker.expires = time.monotonic() + _EXIT_S

    def _expire(self, now: float) -> None:
        for worker in self._workers.values():
            if worker.expires <= now:
                worker.expires = math.inf
                if worker.owes > 0:
                    silence = f"{worker} said nothing for {self._silence_s:g} seconds and was killed"
                    worker.verdict = Failure("configuration", "timeout", silence)
                worker.process.kill()  # its end will be noticed like any other

    def _left(self, worker: _Worker) -> None:
        """It is gone: say why, and start another in its place."""
        process = worker.process
        if process.pidfd is not None:
            self._selector.unregister(process.pidfd)
        with suppress(KeyError):  # unless it was cut off before
            self._selector.unregister(process.link)
        del self._workers[worker.slot.worker]
        self._unsent.pop(worker.slot.worker, None)
        status, words = process.bury()
        failed_starts = 0 if worker.n_trials else worker.failed_starts + 1
        if failed_starts == _STARTS:
            raise ExecutorError(
                f"{_STARTS} workers in a row have died before their first job; the last one "
                f"{_end(status)}. It said:\n{words or '(nothing)'}"
            )
        if worker.joined:
            self._inbox.append(
                Left(worker.slot.worker, worker.verdict or self._failure(worker, status, words))
            )
        self.add(worker.place, failed_starts)

    def _failure(self, worker: _Worker, status: int, words: str) -> Failure:
        if worker.owes > 0 and status == -signal.SIGKILL and self._memory_kills(0.0) > worker.memory_kills:
            message = f"{worker} was killed by the kernel, as the machine had no memory left"
            return _blamed(worker, Failure("configuration", OUT_OF_MEMORY, message))
        return Failure("machine", "killed" if status < 0 else "exited", f"{worker} {_end(status)}", words)

    def _memory_kills(self, age_s: float) -> int:
        """The kernel's count, at most so old: reading it costs as much as sending a job."""
        counted_at, count = self._kills_counted
        now = time.monotonic()
        if now - counted_at >= age_s:
            count = limits.memory_kills()
            self._kills_counted = (now, count)
        return count


def _judged(worker: _Worker, ended: Ended) -> Ended:
    """The end of a job; one for want of memory marks its worker, and may be the fault of those before it."""
    if ended.failure is None or ended.failure.type != OUT_OF_MEMORY:
        return ended
    worker.is_full = True
    why = _blamed(worker, ended.failure)
    return msgspec.structs.replace(ended, outcome="lost" if why.fault == "machine" else "failed", failure=why)


def _blamed(worker: _Worker, why: Failure) -> Failure:
    """Want of memory is the fault of a configuration only where no other has trained before: trainings leak."""
    if worker.n_trials == 1:
        return why
    before = "a trial" if worker.n_trials == 2 else f"{worker.n_trials - 1} trials"
    message = f"{why.message} (after {before} in the same process, so it is tried again)"
    return msgspec.structs.replace(why, fault="machine", message=message)


def _setup_file(call: bytes) -> IO[bytes]:
    """What each worker reads at its start, in a file without a name, which vanishes with us."""
    setup = messages.Setup(_path(), sys.argv, os.environ.get("PYTHONPATH"), call)
    file = tempfile.TemporaryFile()  # noqa: SIM115  the pool closes it
    file.write(msgspec.msgpack.encode(setup))
    file.flush()
    return file


def _path() -> list[str]:
    """`sys.path` for a process that may stand elsewhere; entries of import hooks, which are no paths, stay."""
    entries = [entry for entry in sys.path if isinstance(entry, str)]
    return [str(Path(entry).absolute()) if Path(entry).exists() else entry for entry in entries]


def _end(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"exited with code {status}"
