"""A study to a portable file, see `rung.portable.lines`."""

import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from io import BufferedIOBase
from itertools import islice
from pathlib import Path

import msgspec

from rung.core.errors import StoreError
from rung.portable.holdings import Holdings, fetched, files_of
from rung.portable.lines import FORMAT, PIECE_BYTES, End, Header, Piece
from rung.spec import versions
from rung.stores import manifest
from rung.stores.checkpoints import CheckpointStore
from rung.stores.events import Log, Store

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Exported:
    """What stands in a file now.

    Attributes:
        events: Entries of the log.
        checkpoints: Checkpoints that were taken along.
        left: Checkpoints of the study that were not.
        size_bytes: Of the file.
    """

    events: int
    checkpoints: int
    left: int
    size_bytes: int


def export_study(store: Store, name: str, path: Path, *, checkpoints: bool = False) -> Exported:
    """Write a study, as it stands now, into one file; the file is complete or not there.

    Args:
        store: Where the study is.
        name: Its name.
        path: The file to make.
        checkpoints: Whether its checkpoints are taken along, from beside the store; nobody may run it meanwhile.

    Raises:
        StudyNotFoundError: If there is no such study.
        BusyError: If checkpoints are wanted while it runs.
        StoreError: If the file exists, or cannot be written.
    """
    if path.exists():
        raise StoreError(f"{path} exists already and is not replaced. Name another file with -o.")
    log = store.log(name)
    with ExitStack() as ending:
        if checkpoints:
            log.acquire("an export")
            ending.callback(log.release)
        draft = path.with_name(f".{path.name}-{os.getpid()}")
        ending.callback(draft.unlink, missing_ok=True)
        try:
            written = _write(draft, store, name, log, checkpoints)
            os.link(draft, path)  # unlike a rename, it replaces nothing
        except OSError as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"cannot write {path}: {error}. Name a file on a disk with room, with -o."
            ) from error
    return Exported(*written, path.stat().st_size)


def _write(draft: Path, store: Store, name: str, log: Log, checkpoints: bool) -> tuple[int, int, int]:
    count = log.committed
    holdings = Holdings()
    with draft.open("wb") as raw:
        with gzip.GzipFile(
            "", "wb", compresslevel=6, fileobj=raw, mtime=0
        ) as file:  # one study, one sequence of bytes
            lines = _Lines(file)
            lines.add(Header(FORMAT, name, count, versions(), checkpoints))
            opened_at = None
            for entry in holdings.see(islice(log.read(), count)):
                opened_at = entry.time if opened_at is None else opened_at
                lines.add(entry)
            taken = 0
            if checkpoints and opened_at is not None:
                kept = files_of(store, name, opened_at).checkpoints
                taken = sum(_add_checkpoint(lines, kept, each) for each in holdings.trials)
            lines.end()
        raw.flush()
        os.fsync(raw.fileno())
    return count, taken, len(holdings.trials) - taken


def _add_checkpoint(lines: "_Lines", kept: CheckpointStore, checkpoint: str) -> bool:
    """Whether it was there to be added."""
    with fetched(kept, checkpoint) as folder:
        if folder is not None:
            for piece in _pieces(folder, checkpoint):
                lines.add(piece)
        return folder is not None


class _Lines:
    """Lines on their way into a file, and their checksum."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    def add(self, value: msgspec.Struct) -> None:
        line = _encode(value) + b"\n"
        self._sha256.update(line)
        self._file.write(line)

    def end(self) -> None:
        self._file.write(_encode(End(self._sha256.hexdigest())) + b"\n")


def _pieces(root: Path, checkpoint: str) -> Iterator[Piece]:
    """A checkpoint piece by piece, folders before what is in them; links to files become files."""
    for where, folders, files in os.walk(root):
        here = Path(where)
        inside = "" if here == root else f"{here.relative_to(root).as_posix()}/"
        yield Piece(checkpoint, inside or "./")
        folders.sort()
        for folder in folders:
            if (here / folder).is_symlink():
                raise StoreError(
                    f"checkpoint {checkpoint} holds {inside}{folder}, a link to a folder, which cannot be taken along. "
                    "Export without --checkpoints, or have the training save a folder in its place."
                )
        for file in sorted(set(files) - {manifest.NAME}):
            with (here / file).open("rb") as content:
                yield from _content(content, checkpoint, inside + file)


def _content(content: BufferedIOBase, checkpoint: str, path: str) -> Iterator[Piece]:
    yield Piece(checkpoint, path, content.read(PIECE_BYTES))
    while data := content.read(PIECE_BYTES):
        yield Piece(checkpoint, path, data)
