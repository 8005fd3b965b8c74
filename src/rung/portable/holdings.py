"""Which checkpoints a log believes in, and what to tell it of those that did not come along."""

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path

import msgspec

from rung.core.errors import CheckpointGoneError
from rung.core.event import Dropped, Entry, Opened, Saved, SpecChanged
from rung.files import StudyFiles
from rung.stores.checkpoints import Checkpoints, CheckpointStore
from rung.stores.events import Store


class Holdings:
    """The checkpoints that a log holds, folded from its entries.

    Attributes:
        trials: Each checkpoint that was saved and not dropped, with its trial.
    """

    def __init__(self) -> None:
        self.trials: dict[str, int] = {}

    def see(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass entries on, noting what they say."""
        for entry in entries:
            match entry.event:
                case Saved(trial=trial, checkpoint=checkpoint):
                    self.trials[checkpoint] = trial
                case Dropped(checkpoint=checkpoint):
                    self.trials.pop(checkpoint, None)
                case _:
                    pass
            yield entry


def moved(entries: Iterable[Entry], name: str, arrived: Set[str]) -> Iterator[Entry]:
    """The entries of a study as they stand in the store that it comes to.

    Args:
        entries: Its whole log.
        name: Its name there.
        arrived: The checkpoints that come along; of the others the log is told at its end that they are dropped.
    """
    holdings = Holdings()
    last = None
    for last in holdings.see(entries):
        yield _renamed(last, name)
    if last is None:
        return
    lost = [checkpoint for checkpoint in holdings.trials if checkpoint not in arrived]
    for seq, checkpoint in enumerate(lost, last.seq + 1):
        yield Entry(seq, last.time, Dropped(holdings.trials[checkpoint], checkpoint))


def files_of(store: Store, name: str, opened_at: float) -> StudyFiles:
    """The files of a study that keeps them beside its store."""
    return StudyFiles(name, opened_at, store.url, Checkpoints())


@contextmanager
def fetched(checkpoints: CheckpointStore, name: str) -> Iterator[Path | None]:
    """A checkpoint in a local folder, each file found as it was written; None if it is gone or damaged."""
    try:
        folder = checkpoints.fetch(name)
    except CheckpointGoneError:
        yield None
        return
    try:
        yield folder
    finally:
        checkpoints.done(folder)


def _renamed(entry: Entry, name: str) -> Entry:
    event = entry.event
    if isinstance(event, Opened | SpecChanged) and event.spec.get("name") != name:
        event = msgspec.structs.replace(event, spec={**event.spec, "name": name})
        return Entry(entry.seq, entry.time, event)
    return entry
