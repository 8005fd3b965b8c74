"""What a local pool knows of a worker: its slot, the process that serves it now, and what waits for the next one."""

import math
import socket
from dataclasses import dataclass, field

from rung.core.decision import Slot
from rung.core.event import Failure
from rung.executors.base import Start
from rung.executors.messages import CHUNK, Frames
from rung.executors.processes.process import Process


@dataclass(slots=True, eq=False)
class Worker:
    """A worker. Its process may be followed by another one, of which the driver learns nothing.

    Attributes:
        slot: What it owns.
        places: The places that it fills, by their index; several while it trains a trial that needs more room.
        process: The process that serves it.
        failed_starts: How many processes have died here in a row without ever running a job.
        is_known: Whether the driver was told of it.
        frames: What has arrived of its next message.
        outgoing: What its socket did not take yet.
        is_ready: Whether its process has said that it is.
        trial: The trial that its process trains or has trained last; None: none yet.
        n_trials: How many trials that was given, one that came back to it counted again.
        owes: Answers that it owes: an `Ended` for each `Start`, a `Released` for each `Release`.
        holds: Whether it holds its trial at rest.
        expires: When its silence ends it, by the monotonic clock.
        verdict: Why it was killed, if the pool did it.
        is_full: Whether a training has run out of memory in it: what that holds would fail the next one, too.
        is_spent: Whether another one is to take its place once its job has ended; its verdict says why.
        memory_kills: What the kernel had counted when its job began.
        is_ending: Whether its process was told to end, so that another one can follow.
        queued: A job for the next process.
        taken: Places that others have given up for its next process.
        heir: The worker for which it gives up its place; the driver knows that it leaves.
    """

    slot: Slot
    places: tuple[int, ...]
    process: Process
    failed_starts: int = 0
    is_known: bool = False
    frames: Frames = field(default_factory=Frames)
    outgoing: bytes = b""
    is_ready: bool = False
    trial: int | None = None
    n_trials: int = 0
    owes: int = 0
    holds: bool = False
    expires: float = math.inf
    verdict: Failure | None = None
    is_full: bool = False
    is_spent: bool = False
    memory_kills: int = 0
    is_ending: bool = False
    queued: Start | None = None
    taken: list[int] = field(default_factory=list)
    heir: "Worker | None" = None

    @property
    def number(self) -> int:
        """By which the driver knows it."""
        return self.slot.worker

    @property
    def is_idle(self) -> bool:
        """Whether it has nothing to do, and may be ended."""
        return self.is_ready and self.owes == 0 and not self.is_ending and self.heir is None

    def receive(self) -> bytes | None:
        """What has arrived from its process; None if that is nothing, b"" if nothing more will."""
        try:
            return self.process.link.recv(CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def flush(self) -> bool:
        """Say what it can take of the commands for it; whether that was all."""
        try:
            sent = self.process.link.send(self.outgoing, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        self.outgoing = self.outgoing[sent:]
        return not self.outgoing

    def __str__(self) -> str:
        return f"worker {self.number} (pid {self.process.pid})"
