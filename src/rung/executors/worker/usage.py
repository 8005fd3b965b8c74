"""A channel that says how much of its machine a training uses, beside what the training says.

A thread looks about once a second: only so a step that takes an hour is seen, and a GPU can only be asked what it is
doing now. It looks less often where looking is slow, so that it takes at most a thousandth of a processor. Around a
fork it is halted, as threads and forks do not go together. What it has seen is said at the end of a job, and every
minute of a long one; what comes to less than a second is kept for the next job of the trial.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from rung.core.event import Ended, Sampled
from rung.core.job import Job
from rung.executors import limits
from rung.executors.base import Channel, Command, Leave, Message, Start
from rung.executors.worker.meter import Meter, Peak, Reading, own_cpu_s

LEAST_S = 1.0  # of training, below which nothing is said
LOOK_S = 1.0
SAY_S = 60.0
COST = 0.001  # of a processor, at most

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
            _log.warning("what trials use of their machine cannot be measured", exc_info=True)
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


class _Seen:
    """What was seen since something was said."""

    __slots__ = ("_busy_s", "_gpu_bytes", "_memory_bytes", "cpu_s", "seconds")

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_s = 0.0
        self._memory_bytes = 0
        self._busy_s: float | None = None
        self._gpu_bytes: int | None = None

    def add(self, seconds: float, cpu_s: float, reading: Reading | None) -> None:
        self.seconds += seconds
        self.cpu_s += cpu_s
        if reading is None:
            return
        self._memory_bytes = max(self._memory_bytes, reading.memory_bytes)
        gpu = reading.gpu
        if gpu is not None and gpu.busy is not None:
            self._busy_s = (self._busy_s or 0.0) + gpu.busy * seconds
        if gpu is not None and gpu.memory_bytes is not None:
            self._gpu_bytes = max(self._gpu_bytes or 0, gpu.memory_bytes)

    def sampled(self, job: Job) -> Sampled:
        cpu_s = max(0.0, self.cpu_s)  # a child that has left its parent has taken its processor time with it
        found = (self.seconds, cpu_s, self._memory_bytes, self._busy_s, self._gpu_bytes)
        return Sampled(job.number, job.trial, *found)


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
