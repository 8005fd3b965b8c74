"""Evidence: what trainings, drivers and outsiders saw, written beside rung's store and never through it.

Each line is one write to the end of a file, which no kill can tear and no other process can split. Times are those of
the machine's monotonic clock, which all its processes share.
"""

import hashlib
import os
from pathlib import Path

import msgspec

from rung.core.event import AnyEvent

TRAINED, DRIVEN = "trained.jsonl", "driven.jsonl"


class Line(msgspec.Struct, frozen=True, tag=True, tag_field="at"):
    """Root of what is written of trainings."""

    run: int
    pid: int
    trial: int
    job: int
    time: float


class Entered(Line, frozen=True):
    """The training function was called.

    Attributes:
        start: The resource that rung says it stands at.
        origin: Trial and step of the checkpoint that it was given.
        chain: The state in that checkpoint, or 0.
        fault: What is wrong with that checkpoint.
    """

    start: int
    origin: tuple[int, int] | None
    chain: int
    fault: str | None


class Said(Line, frozen=True):
    """A step was trained and is about to be reported.

    Attributes:
        step: The resource that was reached.
        token: A number that no other report has.
        chain: The state after the step: it depends on every step before.
        loss: What is reported, as Python writes it: JSON has no NaN.
    """

    step: int
    token: int
    chain: int
    loss: str


class Returned(Line, frozen=True):
    """`trial.report` has returned.

    Attributes:
        token: Of the report.
        goes_on: What it returned.
    """

    token: int
    goes_on: bool


class Saving(Line, frozen=True):
    """A save has begun; the next line of this process is written when it is over."""


class Saved(Line, frozen=True):
    """A save is over."""


class Misbehaved(Line, frozen=True):
    """The training is about to do something bad.

    Attributes:
        what: "raises", "diverges", "exits", "hangs", "dies".
    """

    what: str


class Left(Line, frozen=True):
    """The training function is left."""


Trained = Entered | Said | Returned | Saving | Saved | Misbehaved | Left


class Durable(msgspec.Struct, frozen=True):
    """A watcher in a driver was told that this entry of the log is safe."""

    run: int
    seq: int
    digest: str


class Book:
    """A file to which many processes write lines."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def write(self, line: msgspec.Struct) -> None:
        """Add a line."""
        os.write(self._file, msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)


class Tail:
    """Reads what was added to the file of trainings since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._rest = b""

    def new(self) -> list[Trained]:
        """The lines that are new."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [_trained.decode(line) for line in lines]


def trained(folder: Path) -> list[Trained]:
    """All that trainings wrote."""
    return Tail(folder / TRAINED).new()


def durable(folder: Path) -> list[Durable]:
    """All that watchers wrote."""
    path = folder / DRIVEN
    return [_durable.decode(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def digest(event: AnyEvent) -> str:
    """A mark of an event; the same before it is written and after it was read."""
    once = _events.decode(msgspec.json.encode(event))  # as a store gives it back
    return hashlib.blake2b(msgspec.json.encode(once), digest_size=8).hexdigest()


_trained: msgspec.json.Decoder[Trained] = msgspec.json.Decoder(Trained)
_durable = msgspec.json.Decoder(Durable)
_events: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
