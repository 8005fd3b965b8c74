"""Training in the driver's own process, one job at a time: for debugging and for cheap functions.

Breakpoints work, prints appear. What the training says is delivered to the driver while it speaks, and what
the driver answers within that delivery is the training's next command.
"""

import os
import time
from collections import deque
from collections.abc import Callable

import msgspec

from rung.core.decision import Slot
from rung.core.errors import ExecutorError
from rung.executors.base import Call, Command, Joined, Message, Outcome, Release, Start
from rung.executors.clock import SteadyClock

_RELEASE = Release(save=False)


class InProcess(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="inprocess", tag_field="type"):
    """One worker, which is the driver's process itself."""

    def start(self, call: Call) -> "InProcessPool":
        """A pool whose `wait` runs the job that was sent."""
        return InProcessPool(call)


class InProcessPool:
    """The pool and, towards the training, its channel's other end."""

    __slots__ = ("_call", "_channel", "_clock", "_commands", "_joined")

    trains_apart = False
    holds = (
        False  # wait() must come back before the driver can decide, so nobody could hold a trial meanwhile
    )

    def __init__(self, call: Call) -> None:
        self._call = call
        self._commands: deque[Command] = deque()
        self._channel = _Channel(self._commands)
        self._clock = SteadyClock()
        self._joined = False

    def clock(self) -> float:
        """Unix time, which goes on steadily though somebody sets the machine's clock."""
        return self._clock()

    def send(self, worker: int, command: Command) -> None:
        """Keep a command for the next time that the training, or `wait`, looks."""
        self._commands.append(command)

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        """Run the job that was sent, to its end."""
        if not self._joined:
            self._joined = True
            deliver(Joined(Slot(worker=0)))
            return
        while self._commands:
            command = self._commands.popleft()
            if isinstance(command, Start):
                self._run(command, deliver)
                return
        if until is None:
            raise ExecutorError(
                "a wait without end for a job that was never sent. This is a bug in the driver."
            )
        time.sleep(max(0.0, until - self._clock()))

    def want(self, workers: int | None) -> None:
        """Nothing to do: this process is there in any case."""

    def wake(self) -> None:
        """Nothing to do: a wait lasts as long as its job, which looks for commands at each report."""

    def close(self, grace_s: float) -> None:
        """Nothing to end."""
        self._commands.clear()

    def _run(self, start: Start, deliver: Callable[[Outcome], None]) -> None:
        channel = self._channel
        channel.deliver = deliver
        channel.error = None
        self._call(start.job, channel)
        if channel.error is not None:
            error, channel.error = channel.error, None
            raise error


class _Channel:
    """Delivers at once. An error of the driver ends the training, and is raised past every `except` of it.

    Attributes:
        deliver: The driver's ear.
        error: What it raised in the current job.
    """

    __slots__ = ("_commands", "_pid", "deliver", "error")

    def __init__(self, commands: deque[Command]) -> None:
        self._commands = commands
        self._pid = os.getpid()
        self.deliver: Callable[[Outcome], None] = _nobody
        self.error: BaseException | None = None

    def send(self, message: Message) -> None:
        if os.getpid() != self._pid:
            os._exit(1)  # a child that the training forked came back to us: it must not drive the study, too
        if self.error is None:
            try:
                self.deliver(message)
            except BaseException as error:  # noqa: BLE001  kept, and raised when the training has returned
                self.error = error

    def receive(self, wait: bool) -> Command | None:
        if self.error is not None:
            return _RELEASE
        if self._commands:
            return self._commands.popleft()
        return _RELEASE if wait else None


def _nobody(outcome: Outcome) -> None:
    raise AssertionError(f"nobody listens to {outcome}")
