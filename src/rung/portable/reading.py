"""A portable file read back: checked as a whole first, then line by line, see `rung.portable.lines`."""

import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import msgspec

from rung.core.errors import RungError, StoreError
from rung.core.event import Entry, Opened, SpecChanged
from rung.portable.holdings import Holdings
from rung.portable.lines import FORMAT, End, Header, Piece
from rung.spec import StudySpec
from rung.version import __version__

_CHECKPOINT = re.compile(r"\d+/\d+\.\d+")

_header = msgspec.json.Decoder(Header)
_entry = msgspec.json.Decoder(Entry)
_rest: msgspec.json.Decoder[Piece | End] = msgspec.json.Decoder(Piece | End)


class PortableFile:
    """A study in one file, which was read whole and found right: lines, numbers of entries, specs, checksum.

    Args:
        path: The file.

    Attributes:
        path: The same.
        header: What it holds.
        opened_at: When its study was opened.
        checkpoints: The checkpoints that are in it.

    Raises:
        StoreError: If it is no portable file, or damaged, or one of a newer rung; the sentence says which.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints: frozenset[str] = frozenset()
        self.opened_at = 0.0
        with self._opened() as file:
            self.header = self._head(file)
        self._verify()

    def entries(self) -> Iterator[Entry]:
        """The log of the study."""
        with self._opened() as file:
            file.readline()
            for number in range(1, self.header.events + 1):
                yield self._entry(file.readline(), number)

    def pieces(self) -> Iterator[Piece]:
        """The checkpoints, piece by piece."""
        with self._opened() as file:
            for _ in range(self.header.events + 1):
                file.readline()
            while isinstance(line := self._rest(file.readline()), Piece):
                yield line

    def _verify(self) -> None:
        holdings = Holdings()
        for entry in holdings.see(self.entries()):
            if entry.seq == 1:
                self.opened_at = entry.time
                if not isinstance(entry.event, Opened):
                    raise self._damaged("its log does not begin with a description of the study")
            if isinstance(entry.event, Opened | SpecChanged):
                self._check_spec(entry.event)
        found = set()
        for piece in self.pieces():
            if piece.checkpoint not in holdings.trials or not _stays_inside(piece):
                raise self._damaged(
                    f"it holds {piece.checkpoint}/{piece.path}, which is no file of a checkpoint of its log"
                )
            found.add(piece.checkpoint)
        self.checkpoints = frozenset(found)
        self._check_sum()

    def _head(self, file: gzip.GzipFile) -> Header:
        try:
            header = _header.decode(file.readline(1 << 20))
        except msgspec.DecodeError:
            raise self._foreign() from None
        if header.format > FORMAT:
            raise StoreError(
                f"{self.path} was written by a newer rung, {header.versions.get('rung', 'unknown')} (format "
                f"{header.format}, this one, {__version__}, knows {FORMAT}). Upgrade with pip install -U rung."
            )
        return header

    def _entry(self, line: bytes, number: int) -> Entry:
        try:
            entry = _entry.decode(line)
        except msgspec.DecodeError as error:
            raise self._damaged(f"its entry {number} cannot be understood, {error}") from None
        if entry.seq != number:
            raise self._damaged(f"its entry {number} has the number {entry.seq}")
        return entry

    def _rest(self, line: bytes) -> Piece | End:
        try:
            return _rest.decode(line)
        except msgspec.DecodeError as error:
            raise self._damaged(f"a line behind its entries cannot be understood, {error}") from None

    def _check_spec(self, event: Opened | SpecChanged) -> None:
        try:
            spec = StudySpec.from_builtins(event.spec)
            spec.scheduler_spec()
            spec.searcher_spec()
        except RungError as error:
            raise StoreError(
                f"{self.path} holds a study of rung {event.versions.get('rung', 'unknown')} that this one, "
                f"{__version__}, does not understand: {error} Use the version that wrote it, or a newer one."
            ) from None

    def _check_sum(self) -> None:
        sha256, last = hashlib.sha256(), b""
        with self._opened() as file:
            for line in file:
                sha256.update(last)
                last = line
        end = self._rest(last)
        if not isinstance(end, End) or end.sha256 != sha256.hexdigest():
            raise self._damaged("its checksum differs from what it holds")

    @contextmanager
    def _opened(self) -> Iterator[gzip.GzipFile]:
        try:
            with gzip.open(self.path, "rb") as file:
                yield file
        except EOFError:
            raise self._damaged("it ends in the middle") from None
        except (gzip.BadGzipFile, zlib.error) as error:
            if str(error).startswith("Not a gzipped file"):
                raise self._foreign() from None
            raise self._damaged(str(error)) from None
        except OSError as error:
            if isinstance(error, RungError):
                raise
            raise StoreError(
                f"cannot read {self.path}: {error.strerror}. Name a file of rung export."
            ) from None

    def _damaged(self, what: str) -> StoreError:
        return StoreError(
            f"{self.path} is damaged: {what}. Nothing was written; export the study again, or copy the file again."
        )

    def _foreign(self) -> StoreError:
        return StoreError(
            f"{self.path} is no file of rung export; nothing was written. Make one: rung export STUDY."
        )


def _stays_inside(piece: Piece) -> bool:
    path = PurePosixPath(piece.path)
    plain = not path.is_absolute() and ".." not in path.parts and "\\" not in piece.path and bool(piece.path)
    return plain and _CHECKPOINT.fullmatch(piece.checkpoint) is not None
