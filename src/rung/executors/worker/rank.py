"""The process of one rank: `python -m rung.executors.worker.rank`, started by `gang.py`, never by hand."""

import faulthandler
import os
import signal
import socket
import sys
from collections import deque

import msgspec

from rung.executors.base import Call, Start
from rung.executors.messages import CHUNK, Frames, Ready, Said, frame
from rung.executors.worker.connection import Connection, die_with, leave
from rung.executors.worker.loading import load
from rung.executors.worker.output import Output
from rung.executors.worker.ranked import Back, First, Other, Verdict

_told = msgspec.msgpack.Decoder(Start | Verdict)


def main(socket_number: int, setup_number: int, gang: int) -> None:
    """Serve until the gang ends.

    Args:
        socket_number: File descriptor of the connection to the gang's process.
        setup_number: File descriptor of the file that holds a `Setup`.
        gang: Process id of the gang's process.
    """
    die_with(gang)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    faulthandler.enable()
    link = socket.socket(fileno=socket_number)
    rank, world_size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    if rank == 0:
        _serve_first(Connection(link), setup_number, world_size)
    else:
        _serve_other(_Line(link), setup_number, rank, world_size)


def _serve_first(connection: Connection, setup_number: int, world_size: int) -> None:
    call = load(setup_number, connection.send)
    channel = First(world_size, connection, connection.send)
    connection.send(Ready())
    output = Output(call.output)
    while (start := connection.next_start()) is not None:
        _train(call, start, channel, output)
        connection.send(Back())


def _serve_other(line: "_Line", setup_number: int, rank: int, world_size: int) -> None:
    call = load(setup_number, line.send)
    channel = Other(rank, world_size, line.send, line.hear)
    line.send(Ready())
    output = Output(call.output)
    while (start := line.next_start()) is not None:
        _train(call, start, channel, output)
        line.send(Back())


def _train(call: Call, start: Start, channel: First | Other, output: Output) -> None:
    os.environ["MASTER_PORT"] = str(start.port)
    output.begin(start.job.trial)
    call(start.job, channel)
    output.end()


class _Line:
    """The end of a rank above 0: it only waits. SIGTERM is for rank 0, which saves."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._frames = Frames()
        self._heard: deque[Start | Verdict] = deque()
        signal.signal(signal.SIGTERM, _pass_by)  # a handler, which is not inherited over exec
        os.register_at_fork(after_in_child=_heed_again)

    def send(self, said: Said | Back) -> None:
        try:
            self._link.sendall(frame(said))
        except OSError:
            leave()

    def hear(self) -> Verdict:
        """The next verdict; without one there is no reason to live."""
        while not isinstance(heard := self._next(), Verdict):
            if heard is None:
                leave()
        return heard

    def next_start(self) -> Start | None:
        """The next trial's first job; verdicts on one that has been left before are dropped."""
        while (heard := self._next()) is not None:
            if isinstance(heard, Start):
                return heard
        return None

    def _next(self) -> Start | Verdict | None:
        while not self._heard:
            try:
                data = self._link.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                return None
            self._heard.extend(map(_told.decode, self._frames.feed(data)))
        return self._heard.popleft()


def _pass_by(number: int, frame: object) -> None:
    pass


def _heed_again() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
