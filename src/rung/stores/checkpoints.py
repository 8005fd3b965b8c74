"""Checkpoints: folders from which trials go on, each complete or not there at all.

A checkpoint is named `trial/resource.job`. It is written into a hidden folder beside its place, brought to
the disk, and renamed; a reader never sees half of one. What is kept is the driver's business.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from rung.core.errors import SpecError, StoreError

Save = Callable[[Path], object]
"""Writes a training's state into the folder that it is given; what it returns is ignored."""

_numbers = itertools.count()  # with the process id it names a hidden folder that nobody else writes to


class _Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    folder: str | None = None


class Checkpoints(_Place, frozen=True, kw_only=True, tag="checkpoints", tag_field="type"):
    """Where checkpoints are kept, and how often running trials write them.

    Attributes:
        folder: Where; None: beside the store.
        every_s: Seconds of training after which a running trial saves itself, so that a crash loses no more;
            stretched so that saving costs at most 2 % of the time.
    """

    every_s: float = 60.0

    def __post_init__(self) -> None:
        if (
            isinstance(self.every_s, bool)
            or not isinstance(self.every_s, int | float)
            or not self.every_s >= 0
        ):
            raise SpecError(f"every_s is a number of seconds of at least 0, got {self.every_s!r}.")


class CheckpointFolder:
    """The checkpoints of one study, below one folder."""

    __slots__ = ("root",)

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()  # workers and trainings may change their working directory

    def path(self, name: str) -> Path:
        """Where the checkpoint of this name lies, or would lie."""
        return self.root / name

    def write(self, name: str, save: Save) -> int:
        """Let `save` fill a folder and make it the checkpoint `name`.

        Returns:
            Its size in bytes.

        Raises:
            StoreError: If the folder cannot be made or brought to the disk. What `save` raises goes through;
                either way nothing is left behind.
        """
        place = self.path(name)
        with _storing(name):
            draft = _draft(place)
        try:
            save(draft)
            with _storing(name):
                size = _settle(draft)
                _give_up(
                    place
                )  # a driver that died before its commit may have given this job's number before
                draft.rename(place)
                _sync(place.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return size

    def drop(self, name: str) -> None:
        """Delete a checkpoint; one that is not there is gone already."""
        place = self.path(name)
        with _storing(name):
            _give_up(place)
        with suppress(OSError):
            place.parent.rmdir()  # refused, rightly, while another checkpoint of the trial is there

    def names(self) -> list[str]:
        """The complete checkpoints, by trial, resource and job."""
        found = [
            f"{trial.name}/{entry.name}" for trial, entry in self._entries() if not entry.name.startswith(".")
        ]
        return sorted(found, key=_order)

    def sweep(self) -> None:
        """Delete what was left half-written or half-deleted. Only while no worker of the study is alive."""
        for _, entry in self._entries():
            if entry.name.startswith("."):
                shutil.rmtree(entry, ignore_errors=True)

    def _entries(self) -> Iterator[tuple[Path, Path]]:
        if self.root.is_dir():
            for trial in self.root.iterdir():
                if trial.is_dir():
                    yield from ((trial, entry) for entry in trial.iterdir())


def _draft(place: Path) -> Path:
    draft = _hidden(place)
    for last in (False, False, True):
        try:
            draft.mkdir(parents=True)
        except FileNotFoundError:  # `drop` removed the trial's empty folder between the two steps of mkdir
            if last:
                raise
        else:
            break
    return draft


def _give_up(place: Path) -> None:
    """Make the checkpoint vanish in one step, then delete it."""
    hidden = _hidden(place)
    try:
        place.rename(hidden)
    except FileNotFoundError:
        return
    shutil.rmtree(hidden, ignore_errors=True)


def _hidden(place: Path) -> Path:
    return place.with_name(f".{place.name}-{os.getpid()}-{next(_numbers)}")


def _settle(folder: Path) -> int:
    """Bring everything below `folder` to the disk, and return its size in bytes."""
    size = 0
    for where, _, files in os.walk(folder):
        for file in files:
            path = Path(where, file)
            if path.is_file() and not path.is_symlink():
                size += path.stat().st_size
                _sync(path)
        _sync(Path(where))
    return size


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _order(name: str) -> tuple[tuple[int, int | str], ...]:
    """Numbers by size; foreign names after them."""
    return tuple(
        (0, int(part)) if part.isdecimal() else (1, part) for part in name.replace("/", ".").split(".")
    )


@contextmanager
def _storing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"checkpoint {name} could not be written or deleted: {error}. "
            "Is the disk full, or the folder read-only?"
        ) from error
