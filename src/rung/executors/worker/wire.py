"""What a gang's process and its outposts say to each other, over one connection for each machine.

An outpost is what starts the ranks on another machine than that of the gang's process, and carries what they say.
"""

import socket
import threading
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec

from rung.executors.messages import CHUNK, Frames, frame

# From an outpost


class Here(msgspec.Struct, frozen=True, tag=True):
    """The first thing that an outpost says.

    Attributes:
        node: Its machine.
        objection: Why nothing can be trained there; None: it can.
    """

    node: str
    objection: str | None


class Heard(msgspec.Struct, frozen=True, tag=True):
    """A rank has said something; `local` is its number on its machine."""

    local: int
    data: bytes


class Gone(msgspec.Struct, frozen=True, tag=True):
    """The process of a rank has ended, with a status as in `subprocess`."""

    local: int
    pid: int
    status: int


class Used(msgspec.Struct, frozen=True, tag=True):
    """What has been used there since this was said last.

    Attributes:
        seconds: How long that is.
        cpu_s: Processor time.
        memory_bytes: Memory held.
        gpu_busy: Share of that time in which its GPUs computed, averaged over them; None: not known.
        gpu_bytes: What is held on all of them; None: not known.
    """

    seconds: float
    cpu_s: float
    memory_bytes: int
    gpu_busy: float | None
    gpu_bytes: int | None


# To an outpost


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Start a rank for each of these sets of environment variables."""

    ranks: tuple[dict[str, str], ...]


class Tell(msgspec.Struct, frozen=True, tag=True):
    """This is for a rank, frame and all."""

    local: int
    data: bytes


class NoMore(msgspec.Struct, frozen=True, tag=True):
    """Nothing more will be for a rank: it ends when it has done what it does."""

    local: int


Told = Begin | Tell | NoMore
Reply = Here | Heard | Gone | Used

T = TypeVar("T")


class Wire(Generic[T]):
    """One end of the connection.

    Args:
        link: The socket.
        kind: What arrives, a union of the above.

    Attributes:
        link: As above.
        is_open: Whether there may be more to read.
    """

    def __init__(self, link: socket.socket, kind: Any) -> None:  # that of T: mypy takes no union for a type
        self.link = link
        self.is_open = True
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._frames = Frames()
        self._lock = threading.Lock()

    def say(self, value: Told | Reply) -> None:
        """Say something, on any thread; that nobody listens any more will be noticed by who reads."""
        with self._lock, suppress(OSError):
            self.link.sendall(frame(value))

    def read(self) -> list[T]:
        """Wait for data, and return what is complete; afterwards, `is_open` tells whether there will be more."""
        try:
            data = self.link.recv(CHUNK)
        except OSError:
            data = b""
        self.is_open = bool(data)
        return [self._decoder.decode(body) for body in self._frames.feed(data)]

    def next(self) -> T | None:
        """Wait for the next value, where the other side says one at a time; None: there will be none."""
        while self.is_open:
            for value in self.read():
                return value
        return None
