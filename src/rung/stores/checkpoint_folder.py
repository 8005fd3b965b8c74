"""Checkpoints in a local folder, or in one that all machines share.

A checkpoint is written into a hidden folder beside its place, brought to the disk with its manifest, and renamed; a
reader never sees half of one.
"""

import itertools
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rung.core.errors import CheckpointDamagedError, CheckpointGoneError, StoreError
from rung.stores import manifest as manifests
from rung.stores.checkpoints import Save, fill, in_order
from rung.stores.manifest import Manifest

_log = logging.getLogger("rung")
_numbers = itertools.count()  # with the process id it names a hidden folder that nobody else writes to


class CheckpointFolder:
    """The checkpoints of one study, below one folder; a `CheckpointStore`."""

    __slots__ = ("root",)

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()  # workers and trainings may change their working directory

    def path(self, name: str) -> Path:
        """Where the checkpoint of this name lies, or would lie."""
        return self.root / name

    def write(self, name: str, save: Save) -> int:
        """Let `save` fill a folder, and rename that to `name`."""
        place = self.path(name)
        with _storing(name):
            draft = _draft(place)
        try:
            fill(draft, save, name)
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

    def fetch(self, name: str) -> Path:
        """The checkpoint's own folder, checked."""
        place = self.path(name)
        with _reading(name):
            manifest = _manifest(place)
            if manifest is None:
                raise CheckpointGoneError(f"checkpoint {name} is gone: there is no complete folder {place}.")
            if found := manifests.damage(place, manifest):
                raise CheckpointDamagedError(f"checkpoint {name} is damaged: in {place}, {found}.")
        return place

    def done(self, folder: Path) -> None:
        """Nothing: what was fetched is the checkpoint itself."""

    def drop(self, name: str) -> None:
        """Delete a checkpoint; one that is not there is gone already. What cannot be deleted is at the next run."""
        place = self.path(name)
        try:
            _give_up(place)
        except OSError as error:
            _log.warning("checkpoint %s could not be deleted: %s. The next run tries again.", name, error)
            return
        with suppress(OSError):
            place.parent.rmdir()  # refused, rightly, while another checkpoint of the trial is there

    def names(self) -> list[str]:
        """The complete checkpoints, by trial, resource and job."""
        return in_order(
            [
                f"{trial.name}/{entry.name}"
                for trial, entry in self._entries()
                if not entry.name.startswith(".") and (entry / manifests.NAME).is_file()
            ]
        )

    def sweep(self) -> None:
        """Delete what was left half-written or half-deleted. Only while no worker of the study is alive."""
        for _, entry in self._entries():
            if entry.name.startswith(".") or not (entry / manifests.NAME).is_file():
                shutil.rmtree(entry, ignore_errors=True)

    def _entries(self) -> Iterator[tuple[Path, Path]]:
        if self.root.is_dir():
            for trial in self.root.iterdir():
                if trial.is_dir():
                    yield from ((trial, entry) for entry in trial.iterdir())


def _manifest(place: Path) -> Manifest | None:
    try:
        return manifests.decode((place / manifests.NAME).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


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
    """Write the manifest, bring everything below `folder` to the disk, and return the size of the files in bytes."""
    manifest = manifests.describe(folder)
    (folder / manifests.NAME).write_bytes(manifests.encode(manifest))
    for where, _, files in os.walk(folder):
        for file in files:
            path = Path(where, file)
            if path.is_file() and not path.is_symlink():
                _sync(path)
        _sync(Path(where))
    return manifest.size_bytes


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _storing(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"checkpoint {name} could not be written: {error}. Is the disk full, or the folder read-only?"
        ) from error


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        raise StoreError(f"checkpoint {name} could not be read: {error}.") from error
