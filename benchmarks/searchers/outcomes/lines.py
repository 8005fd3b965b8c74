"""What came of runs as JSON lines, so that a benchmark can be stopped at any time and goes on where it was."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


def append(folder: Path, name: str, run: msgspec.Struct) -> None:
    """Add a run to the file of a name; a line is written at once, so that two programs may share a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)
    with (folder / f"{stem}.jsonl").open("ab", buffering=0) as file:
        file.write(msgspec.json.encode(run) + b"\n")


def read(folder: Path, kind: type[T]) -> Iterator[T]:
    """All runs; a line that was cut by a crash is left out."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_bytes().splitlines():
            try:
                yield msgspec.json.decode(line, type=kind)
            except msgspec.DecodeError:
                continue
