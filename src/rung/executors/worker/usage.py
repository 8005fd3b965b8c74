"""A channel that says how much of its machine a training uses, beside what the training says.

A thread looks about once a second: only so a step that takes an hour is seen, and a GPU can only be asked what it is
doing now. It looks less often where looking is slow, so that it takes at most a thousandth of a processor. Around a
fork it is halted, as threads and forks do not go together. What it has seen is said at the end of a job, and every
minute of a long one; what comes to less than a second is kept for the next job of the trial.

Where a worker spans several machines, what is said is that of one of them: time is averaged over them, and of memory
the most on one of them counts, as limits do.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from rung.core.event import Ended, Sampled
from rung.core.job import Job
from rung.executors import limits
from rung.executors.base import Channel, Command, Leave, Message, Start
from rung.executors.worker.meter import Meter, Peak, Reading, own_cpu_s
from rung.executors.worker.wire import Used

LEAST_S = 1.0  # of training, below which nothing is said
LOOK_S = 1.0
SAY_S = 60.0
COST = 0.001  # of a processor, at most

_UNMEASURED = "what trials use of their machine cannot be measured"

_log = logging.getLogger("rung")


class Metered:
    """A channel that adds `Sampled` to what is said through it.

    Args:
        channel: The channel.

    Attributes:
        pulse: Looks from time to time.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._lock = threading.Lock()  # of all below, and of what is said
        self._gpus = limits.gpus(os.environ)  # now, before a training changes it
        self._peak = Peak()
        self._meter: Meter | None = None  # it takes a while to make
        self.pulse = Pulse(self._beat)
        self._works = True
        self._job: Job | None = None  # the open one
        self._seen = _Seen()
        self._time = 0.0  # when was looked last
        self._cpu_s = 0.0  # processor time then, of this process and of all others
        self._children_s = 0.0  # the part of child processes that lived then

    def begin(self, job: Job) -> None:
        """A job of another trial begins."""
        with self._lock:
            self._seen = _Seen()
            self._children_s = 0.0
            self._peak.forget()
            self._open(job)
        self.pulse.start()

    def send(self, message: Message) -> None:
        """Say something to the driver."""
        with self._lock:
            if isinstance(message, Ended):
                self._close()
            self._channel.send(message)

    def elsewhere(self, machine: int, used: Used) -> None:
        """Another machine of this worker has looked, too."""
        with self._lock:
            if self._job is not None:
                self._seen.add_elsewhere(machine, used)

    def receive(self, wait: bool) -> Command | Leave | None:
        """The next command; see the protocol."""
        command = self._channel.receive(wait)
        if isinstance(command, Start):
            with self._lock:
                self._open(command.job)
        return command

    # With the lock held

    def _open(self, job: Job) -> None:
        self._job = job
        self._time = time.monotonic()
        self._cpu_s = own_cpu_s() + self._children_s

    def _close(self) -> None:
        if self._job is None:
            return
        if self._seen.seconds + time.monotonic() - self._time >= LEAST_S:
            self._look()
            self._say()
        else:
            self._count(self._children_s, None)
        self._job = None

    def _look(self) -> None:
        if not self._works:
            return
        try:
            self._meter = self._meter or Meter(self._peak, self._gpus)
            reading = self._meter.read()
        except Exception:  # noqa: BLE001  a machine that cannot be measured can train
            self._works = False
            _log.warning(_UNMEASURED, exc_info=True)
            return
        self._count(reading.children_cpu_s, reading)

    def _count(self, children_s: float, reading: Reading | None) -> None:
        """Add what was used since the last look."""
        now, cpu_s = time.monotonic(), own_cpu_s() + children_s
        self._seen.add(now - self._time, cpu_s - self._cpu_s, reading)
        self._time, self._cpu_s, self._children_s = now, cpu_s, children_s

    def _say(self) -> None:
        if self._job is not None and self._works:
            self._channel.send(self._seen.sampled(self._job))
            self._seen = _Seen()

    # On the thread

    def _beat(self) -> float | None:
        """Look, and perhaps say; returns the seconds to the next time, None: there is none."""
        began = time.thread_time()
        with self._lock:
            if self._job is not None:
                self._look()
                if self._seen.seconds >= SAY_S:
                    self._say()
        return max(LOOK_S, (time.thread_time() - began) / COST) if self._works else None


class Lookout:
    """Looks at what this process and all that it has started use, and says it; jobs are known elsewhere.

    Args:
        say: Says it.

    Attributes:
        pulse: Looks from time to time.
    """

    def __init__(self, say: Callable[[Used], None]) -> None:
        self._say = say
        self._gpus = limits.gpus(os.environ)
        self._meter: Meter | None = None
        self._time, self._cpu_s = time.monotonic(), own_cpu_s()
        self.pulse = Pulse(self._beat)

    def _beat(self) -> float | None:
        """Look and say; returns the seconds to the next time, None: there is none."""
        began = time.thread_time()
        try:
            self._meter = self._meter or Meter(Peak(), self._gpus)
            reading = self._meter.read()
        except Exception:  # noqa: BLE001  as above
            _log.warning(_UNMEASURED, exc_info=True)
            return None
        now, cpu_s = time.monotonic(), own_cpu_s() + reading.children_cpu_s
        busy, held = (None, None) if reading.gpu is None else reading.gpu
        self._say(Used(now - self._time, max(0.0, cpu_s - self._cpu_s), reading.memory_bytes, busy, held))
        self._time, self._cpu_s = now, cpu_s
        return max(LOOK_S, (time.thread_time() - began) / COST)


class _Seen:
    """What was seen since something was said, here and elsewhere."""

    __slots__ = ("_elsewhere", "_here")

    def __init__(self) -> None:
        self._here = _Machine()
        self._elsewhere: dict[int, _Machine] = {}

    @property
    def seconds(self) -> float:
        return self._here.seconds

    def add(self, seconds: float, cpu_s: float, reading: Reading | None) -> None:
        memory, gpu = (0, None) if reading is None else (reading.memory_bytes, reading.gpu)
        self._here.add(seconds, cpu_s, memory, *(gpu or (None, None)))

    def add_elsewhere(self, machine: int, used: Used) -> None:
        found = self._elsewhere.setdefault(machine, _Machine())
        found.add(used.seconds, used.cpu_s, used.memory_bytes, used.gpu_busy, used.gpu_bytes)

    def sampled(self, job: Job) -> Sampled:
        machines = [self._here, *self._elsewhere.values()]
        cpu_s = _mean([machine.cpu_s * machine.stretch(self.seconds) for machine in machines])
        busy = [each.busy_s * each.stretch(self.seconds) for each in machines if each.busy_s is not None]
        gpu_bytes = [machine.gpu_bytes for machine in machines if machine.gpu_bytes is not None]
        return Sampled(
            job.number,
            job.trial,
            self.seconds,
            max(0.0, cpu_s),  # a child that has left its parent has taken its processor time with it
            max(machine.memory_bytes for machine in machines),
            _mean(busy) if busy else None,
            max(gpu_bytes) if gpu_bytes else None,
        )


class _Machine:
    """What was seen on one machine."""

    __slots__ = ("busy_s", "cpu_s", "gpu_bytes", "memory_bytes", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_s = 0.0
        self.memory_bytes = 0
        self.busy_s: float | None = None
        self.gpu_bytes: int | None = None

    def add(
        self, seconds: float, cpu_s: float, memory_bytes: int, busy: float | None, gpu_bytes: int | None
    ) -> None:
        self.seconds += seconds
        self.cpu_s += cpu_s
        self.memory_bytes = max(self.memory_bytes, memory_bytes)
        if busy is not None:
            self.busy_s = (self.busy_s or 0.0) + busy * seconds
        if gpu_bytes is not None:
            self.gpu_bytes = max(self.gpu_bytes or 0, gpu_bytes)

    def stretch(self, seconds: float) -> float:
        """By what sums grow to stand for so long a time: machines do not look at the same moments."""
        return seconds / self.seconds if self.seconds else 1.0


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


class Pulse:
    """A thread that does something again and again, but never while this process forks, nor in what it forks.

    Args:
        beat: Does it; returns the seconds to the next time, None: there is none.
    """

    def __init__(self, beat: Callable[[], float | None]) -> None:
        self._beat = beat
        self._halted = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_known = False
        self._is_over = False

    def start(self) -> None:
        """Begin, unless it has begun."""
        if not self._is_known:
            self._is_known = True
            os.register_at_fork(before=self._halt, after_in_parent=self._go, after_in_child=self.end)
            self._go()

    def end(self) -> None:
        """It stops, and does not begin again."""
        self._is_over = True
        self._halted.set()

    def _go(self) -> None:
        if self._is_over:
            return
        self._halted.clear()
        thread = threading.Thread(target=self._run, name="rung-usage", daemon=True)
        with suppress(RuntimeError):  # no more threads are allowed
            thread.start()
            self._thread = thread

    def _halt(self) -> None:
        self._halted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        signal.pthread_sigmask(
            signal.SIG_BLOCK, signal.valid_signals()
        )  # they are to interrupt the training's thread
        pause: float | None = LOOK_S
        while pause is not None and not self._halted.wait(pause):
            pause = self._beat()
