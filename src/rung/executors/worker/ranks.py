"""The ranks of a gang, as its process knows them: those that it has started here, and those on other machines."""

import os
import signal
import socket
import subprocess
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

import msgspec

from rung.executors import messages
from rung.executors.base import Command
from rung.executors.messages import CHUNK, Frames, frame
from rung.executors.worker.ranked import Back, Verdict
from rung.executors.worker.wire import Begin, Gone, Heard, NoMore, Reply, Tell, Used, Wire

Saying = messages.Said | Verdict | Back | Used
_sayings = msgspec.msgpack.Decoder(messages.Said | Verdict | Back)


class Rank(ABC):
    """A rank.

    Attributes:
        number: From 0, over all machines.
        is_there: Whether it may say something yet.
        status: As in `subprocess`, once it has ended; None: its machine is gone.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.is_there = True
        self.status: int | None = None
        self._frames = Frames()

    @abstractmethod
    def say(self, value: Command | Verdict) -> None:
        """Say something to it; that it is gone will be noticed."""

    @abstractmethod
    def say_no_more(self) -> None:
        """End its input."""

    def decoded(self, data: bytes) -> "Iterator[tuple[Rank, Saying | None]]":
        """What it has said with the data that has arrived."""
        return ((self, _sayings.decode(body)) for body in self._frames.feed(data))


class Source(Protocol):
    """Whence ranks are heard."""

    @property
    def link(self) -> socket.socket:
        """Readable when there is something."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether there may be more."""
        ...

    def read(self) -> Iterator[tuple[Rank, Saying | None]]:
        """What has arrived, and from whom; None: it is gone, and its status is known."""
        ...


class NearRank(Rank):
    """A rank on this machine, in the process group of this process.

    Args:
        number: Its number.
        setup_number: File descriptor of the file that holds a `Setup`.
        environment: Its environment variables.
    """

    def __init__(self, number: int, setup_number: int, environment: Mapping[str, str]) -> None:
        super().__init__(number)
        self.link, self.popen = started(setup_number, environment)
        self._writer = Writer(self.link)
        self._name = f"rank {number} (pid {self.popen.pid})"

    @property
    def is_open(self) -> bool:
        """Whether there may be more to read."""
        return self.is_there

    def say(self, value: Command | Verdict) -> None:
        """See `Rank`."""
        self._writer.write(frame(value))

    def say_no_more(self) -> None:
        """See `Rank`."""
        self._writer.end()

    def read(self) -> Iterator[tuple[Rank, Saying | None]]:
        """See `Source`."""
        data = received(self.link)
        yield from self.decoded(data)
        if not data:
            self.is_there = False
            self.status = self.popen.wait()
            yield self, None

    def __str__(self) -> str:
        return self._name


class FarRank(Rank):
    """A rank on another machine.

    Args:
        number: Its number.
        local: Its number there.
        outpost: Who carries what it says and is told.
    """

    def __init__(self, number: int, local: int, outpost: "Outpost") -> None:
        super().__init__(number)
        self._local = local
        self._outpost = outpost
        self.pid = 0

    def say(self, value: Command | Verdict) -> None:
        """See `Rank`."""
        self._outpost.say(Tell(self._local, frame(value)))

    def say_no_more(self) -> None:
        """See `Rank`."""
        self._outpost.say(NoMore(self._local))

    def __str__(self) -> str:
        pid = f"pid {self.pid} " if self.pid else ""
        return f"rank {self.number} ({pid}on {self._outpost.node})"


class Outpost:
    """Another machine. Its ranks end when this process does.

    Args:
        wire: The connection to what starts ranks there.
        node: Its name.

    Attributes:
        node: As above.
    """

    def __init__(self, wire: Wire[Reply], node: str) -> None:
        self._wire = wire
        self.node = node
        self._ranks: list[FarRank] = []

    def begin(self, first: int, environments: "list[dict[str, str]]") -> list[FarRank]:
        """Start ranks there, with the numbers from `first` on."""
        self._ranks = [FarRank(first + local, local, self) for local in range(len(environments))]
        self.say(Begin(tuple(environments)))
        return self._ranks

    def say(self, order: Begin | Tell | NoMore) -> None:
        """Tell it something."""
        self._wire.say(order)

    @property
    def link(self) -> socket.socket:
        """The connection."""
        return self._wire.link

    @property
    def is_open(self) -> bool:
        """Whether there may be more to read."""
        return self._wire.is_open

    def read(self) -> Iterator[tuple[Rank, Saying | None]]:
        """See `Source`; where the machine is gone, all of its ranks are."""
        for reply in self._wire.read():
            match reply:
                case Heard(local=local, data=data):
                    yield from self._ranks[local].decoded(data)
                case Gone(local=local, pid=pid, status=status):
                    self._ranks[local].pid = pid
                    yield self._gone(self._ranks[local], status)
                case Used():
                    yield self._ranks[0], reply
        if not self.is_open:
            yield from [self._gone(rank, None) for rank in self._ranks if rank.is_there]

    def _gone(self, rank: FarRank, status: int | None) -> tuple[Rank, None]:
        rank.is_there, rank.status = False, status
        return rank, None


class Writer:
    """Writes to a socket on a thread of its own.

    Who writes never waits for who reads: a rank that is saying something does not listen, and if we waited for it
    instead of listening, both would wait for ever.

    Args:
        link: The socket.
    """

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._waiting: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="rung-writer", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Write this behind all else; that nobody reads any more is noticed by who reads here."""
        self._waiting.put(data)

    def end(self) -> None:
        """Close this direction of the socket behind all else."""
        self._waiting.put(None)

    def join(self) -> None:
        """Wait until all is written, or nobody reads any more."""
        self._thread.join()

    def _run(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())  # they are to wake the main thread
        with suppress(OSError):
            while (data := self._waiting.get()) is not None:
                self._link.sendall(data)
            self._link.shutdown(socket.SHUT_WR)


def started(
    setup_number: int, environment: Mapping[str, str], *, start_new_session: bool = False
) -> tuple[socket.socket, "subprocess.Popen[bytes]"]:
    """A process for a rank, and our end of the connection to it."""
    link, theirs = socket.socketpair()
    numbers = (theirs.fileno(), setup_number)
    arguments = map(str, (*numbers, os.getpid()))
    command = [sys.executable, "-P", "-m", "rung.executors.worker.rank", *arguments]
    with theirs:
        return link, subprocess.Popen(
            command, pass_fds=numbers, env=environment, start_new_session=start_new_session
        )


def received(link: socket.socket) -> bytes:
    """What has arrived; nothing if nothing more will."""
    try:
        return link.recv(CHUNK)
    except OSError:
        return b""
