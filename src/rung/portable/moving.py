"""A study into a store, from a portable file or from another store: as a whole or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby, islice
from pathlib import Path

from rung.core.errors import StoreError
from rung.files import StudyFiles
from rung.portable.holdings import Holdings, fetched, files_of, moved
from rung.portable.lines import Piece
from rung.portable.reading import PortableFile
from rung.spec import check_name
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.checkpoints import CheckpointStore
from rung.stores.checks import name_taken
from rung.stores.events import Store

Fill = Callable[[CheckpointFolder], None]
"""Puts the checkpoints that come along into a folder."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A study that has come into a store.

    Attributes:
        name: Its name there.
        events: Entries that came.
        checkpoints: Checkpoints that came along.
        dropped: Checkpoints that did not, as its log says now.
    """

    name: str
    events: int
    checkpoints: int
    dropped: int


def import_study(file: PortableFile, store: Store, name: str | None = None) -> Arrived:
    """Make the study of a portable file one of a store.

    Args:
        file: The file, read and found right.
        store: The store.
        name: The study's name there; None: as it was.

    Raises:
        StoreError: If the name is taken; nothing was written then.
    """
    name = file.header.study if name is None else name
    _check_free(store, name)
    files = files_of(store, name, file.opened_at)

    def fill(folder: CheckpointFolder) -> None:
        for checkpoint, pieces in groupby(file.pieces(), key=lambda piece: piece.checkpoint):
            folder.write(checkpoint, partial(_unpack, pieces))

    with _placed(files, fill if file.checkpoints else None):
        log = store.create(name, moved(file.entries(), name, file.checkpoints))
    return Arrived(name, file.header.events, len(file.checkpoints), log.committed - file.header.events)


def copy_study(
    source: Store, study: str, target: Store, name: str | None = None, *, checkpoints: bool = False
) -> Arrived:
    """Make a copy of a study in another store, or under another name in the same one.

    Args:
        source: Where it is.
        study: Its name there.
        target: Where it comes to.
        name: Its name there; None: the same.
        checkpoints: Whether its checkpoints, beside the source, are copied too; nobody may run it meanwhile.

    Raises:
        StudyNotFoundError: If the source has no such study.
        BusyError: If checkpoints are wanted while it runs.
        StoreError: If the name is taken; nothing was written then.
    """
    name = study if name is None else name
    log = source.log(study)
    _check_free(target, name)
    with ExitStack() as ending:
        if checkpoints:
            log.acquire("a copy")
            ending.callback(log.release)
        count, holdings, opened_at = log.committed, Holdings(), 0.0
        for entry in holdings.see(islice(log.read(), count)):
            opened_at = entry.time if entry.seq == 1 else opened_at
        along: set[str] = set()

        def fill(folder: CheckpointFolder) -> None:
            origin = files_of(source, study, opened_at).checkpoints
            along.update(each for each in holdings.trials if _copied(origin, each, folder))

        with _placed(files_of(target, name, opened_at), fill if checkpoints else None):
            made = target.create(name, moved(islice(log.read(), count), name, along))
    return Arrived(name, count, len(along), made.committed - count)


def _copied(origin: CheckpointStore, checkpoint: str, folder: CheckpointFolder) -> bool:
    """Whether a checkpoint was there to be copied."""
    with fetched(origin, checkpoint) as found:
        if found is not None:
            folder.write(checkpoint, lambda place: shutil.copytree(found, place, dirs_exist_ok=True))
        return found is not None


def _check_free(store: Store, name: str) -> None:
    check_name(name)
    if name in store.names():
        raise name_taken(name, store.url)


@contextmanager
def _placed(files: StudyFiles, fill: Fill | None) -> Iterator[None]:
    """Bring checkpoints into a hidden folder, and to their place when the study is there."""
    if files.checkpoints.names():  # the study would take them for its own, or delete them
        raise StoreError(
            f"{files.folder} has checkpoints already, of a study of the same name and moment. "
            "Give another name with --name; or, if they are left over, see what rung gc would delete."
        )
    if fill is None:
        yield
        return
    draft = files.folder.with_name(f".{files.folder.name}-{os.getpid()}")
    try:
        fill(CheckpointFolder(draft))
        yield
        files.folder.mkdir(parents=True, exist_ok=True)
        assert isinstance(files.checkpoints, CheckpointFolder)  # it is beside the store
        draft.rename(files.checkpoints.root)  # a crash just before it: the study goes on without checkpoints
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _unpack(pieces: Iterator[Piece], place: Path) -> None:
    for piece in pieces:
        path = place / piece.path
        if piece.path.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            with path.open("ab") as file:
                file.write(piece.data)
