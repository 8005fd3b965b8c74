"""Garbage collection: studies that nobody wants any more, and files that nobody needs. Nothing of a running study.

Looking and deleting are two steps, so that what would go can be shown first. What is deleted is judged again at that
moment, under the lease of its study.
"""

import re
import shutil
import time
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from rung.core.errors import BusyError, StoreError
from rung.core.event import Ended
from rung.files import StudyFiles
from rung.portable.holdings import Holdings, files_of
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.events import Store, open_store
from rung.stores.urls import is_server

ABANDONED_AFTER_S = 86_400.0
"""Age from which a half-filled folder of an import is taken for left over."""

_FOLDER = re.compile(r"(?P<hidden>\.)?.+-[0-9a-f]{6}(?(hidden)-\d+)")
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Found:
    """A study, as far as it matters for whether it may go.

    Attributes:
        name: Its name.
        events: Entries of its log.
        last: When its last event happened.
        fruitless: Whether trials have failed and none has reached a result.
        is_driven: Whether a live driver holds it.
        files: Its files beside the store.
        size_bytes: Their size.
        checkpoints: The checkpoints that its log knows.
    """

    name: str
    events: int
    last: float
    fruitless: bool
    is_driven: bool
    files: StudyFiles
    size_bytes: int
    checkpoints: frozenset[str]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A folder or file that nobody needs.

    Attributes:
        path: Where it is.
        why: Why nobody needs it, in words.
        size_bytes: Its size.
        study: The study below whose folder it lies; None: of none.
    """

    path: Path
    why: str
    size_bytes: int
    study: str | None = None


def look(store: Store, name: str) -> Found:
    """What there is of a study; reads its whole log.

    Raises:
        StudyNotFoundError: If there is none of that name.
    """
    log = store.log(name)
    is_driven = log.is_held()
    holdings = Holdings()
    events, opened_at, last = 0, 0.0, 0.0
    outcomes = set()
    for entry in holdings.see(log.read()):
        events = entry.seq
        opened_at = entry.time if entry.seq == 1 else opened_at
        last = max(opened_at, entry.time)  # in the simulator, later times are virtual
        if isinstance(entry.event, Ended):
            outcomes.add(entry.event.outcome)
    files = files_of(store, name, opened_at)
    fruitless = "failed" in outcomes and "reached" not in outcomes
    known = frozenset(holdings.trials)
    return Found(name, events, last, fruitless, is_driven, files, size_of(files.folder), known)


def delete_study(store: Store, found: Found) -> None:
    """Delete a study with its files beside the store.

    Raises:
        BusyError: If a live driver holds it.
    """
    store.delete(found.name)
    shutil.rmtree(found.files.folder, ignore_errors=True)


def leftovers(store: Store) -> list[Leftover]:
    """Files below the store's folder that belong to no study, and checkpoints that no log knows.

    Raises:
        StoreError: If another store shares the folder and cannot be read.
    """
    rootless = _rootless(store)
    resting = [found for name in store.names() if not (found := look(store, name)).is_driven]
    return [*rootless, *(each for found in resting for each in _unknown(found))]


def delete_leftovers(store: Store, chosen: Sequence[Leftover]) -> list[Leftover]:
    """Delete those that are still left over now; returns them."""
    wanted = {each.path for each in chosen}
    gone = [each for each in _rootless(store) if each.path in wanted]
    for each in gone:
        _remove(each.path)
    for study in dict.fromkeys(each.study for each in chosen if each.study is not None):
        gone += _delete_unknown(store, study, wanted)
    return gone


def size_of(path: Path) -> int:
    """Bytes of the files at and below a path."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())


def _rootless(store: Store) -> list[Leftover]:
    """Folders that belong to no study."""
    folders = _folders(store)  # listed before the studies: a study is there before its folder
    mine = {_folder(store, name) for name in store.names()} | _claimed(store)
    return [each for folder in folders if folder not in mine and (each := _orphan(folder)) is not None]


def _folders(store: Store) -> list[Path]:
    """What looks like the folder of a study, or of an import on its way; none where many stores share one."""
    root = files_of(store, "none", 0.0).folder.parent
    if is_server(store.url) or not root.is_dir():
        return []
    return sorted(each for each in root.iterdir() if each.is_dir() and _FOLDER.fullmatch(each.name))


def _claimed(store: Store) -> set[Path]:
    """The folders of studies in other stores that keep their files in the same folder: rung.db beside rung.sqlite."""
    root = files_of(store, "none", 0.0).folder.parent
    if not root.is_dir():
        return set()
    own = Path(store.url.removeprefix("sqlite:///")).expanduser().absolute()
    others = [each for each in root.parent.glob(f"{root.stem}.*") if each != own and _is_database(each)]
    return {folder for other in others for folder in _folders_of(other)}


def _folders_of(path: Path) -> Iterator[Path]:
    store = open_store(path)
    try:
        for name in store.names():
            yield _folder(store, name)
    finally:
        store.close()


def _folder(store: Store, name: str) -> Path:
    first = next(iter(store.log(name).read()))
    return files_of(store, name, first.time).folder


def _is_database(path: Path) -> bool:
    if not path.is_file() or path.name.endswith(("-wal", "-shm", "-journal")):
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE


def _orphan(folder: Path) -> Leftover | None:
    if not folder.name.startswith("."):
        return Leftover(folder, "its study is in no store", size_of(folder))
    if time.time() - folder.stat().st_mtime < ABANDONED_AFTER_S:
        return None  # an import may be filling it
    return Leftover(folder, "left by an import that was ended", size_of(folder))


def _unknown(found: Found) -> Iterator[Leftover]:
    """What lies among a study's checkpoints and is none that its log knows."""
    folder = found.files.checkpoints
    if not isinstance(folder, CheckpointFolder):
        return
    for trial in sorted(folder.root.iterdir() if folder.root.is_dir() else ()):
        for entry in sorted(trial.iterdir() if trial.is_dir() else ()):
            if f"{trial.name}/{entry.name}" not in found.checkpoints:
                why = "half-written" if entry.name.startswith(".") else "a checkpoint that no log knows"
                yield Leftover(entry, why, size_of(entry), found.name)


def _delete_unknown(store: Store, study: str, wanted: Set[Path]) -> list[Leftover]:
    log = store.log(study)
    try:
        log.acquire("rung gc")
    except BusyError:
        return []  # it began to run meanwhile: whatever lies there may be its own
    try:
        gone = [each for each in _unknown(look(store, study)) if each.path in wanted]
        for each in gone:
            _remove(each.path)
        return gone
    finally:
        log.release()


def _remove(path: Path) -> None:
    try:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    except OSError as error:
        raise StoreError(f"cannot delete {path}: {error}. Check the rights of that folder.") from error
