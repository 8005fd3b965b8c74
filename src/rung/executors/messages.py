"""What travels between the pool of local workers and its processes: msgpack, each value behind its length."""

from collections.abc import Iterator
from struct import Struct

import msgspec

from rung.executors.base import Command, Message

CHUNK = 1 << 16
"""Bytes asked for in one read."""

_length = Struct(">I")
_encoder = msgspec.msgpack.Encoder()


class Setup(msgspec.Struct, frozen=True):
    """What a worker reads first, from a file.

    Attributes:
        path: The driver's `sys.path`.
        argv: The driver's `sys.argv`.
        folder: The driver's working directory.
        pythonpath: What PYTHONPATH was before it was used to start the worker.
        call: The callable, pickled.
    """

    path: list[str]
    argv: list[str]
    folder: str
    pythonpath: str | None
    call: bytes


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The worker has loaded its callable and waits."""


class Broken(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot load its callable, and no other worker could."""

    reason: str


class Spent(msgspec.Struct, frozen=True, tag=True):
    """The worker cannot train another trial: another one is to take its place once its job has ended."""

    reason: str


class Refused(msgspec.Struct, frozen=True, tag=True):
    """A machine of the worker can train nothing, and no other worker will be better off."""

    reason: str


Said = Message | Ready | Broken | Spent | Refused
"""What a worker sends."""

commands = msgspec.msgpack.Decoder(Command)
sayings = msgspec.msgpack.Decoder(Said)


def frame(value: msgspec.Struct) -> bytes:
    """The bytes that carry a value."""
    body = _encoder.encode(value)
    return _length.pack(len(body)) + body


class Frames:
    """Cuts a stream of bytes into the bodies that it carries."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that are complete now."""
        data = self._rest + data if self._rest else data
        at = 0
        while (begin := at + _length.size) <= len(data):
            end = begin + _length.unpack_from(data, at)[0]
            if end > len(data):
                break
            yield data[begin:end]
            at = end
        self._rest = data[at:]
