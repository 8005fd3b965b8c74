"""A store that lives as long as its process: for `store=None`, `rung.minimize` and tests."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from rung.core.errors import BusyError
from rung.core.event import Entry, Event
from rung.stores.checks import Note, check_order, name_taken, no_lease, not_found
from rung.stores.writer import tell


class _Study:
    """What all logs of one study share."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.entries = list(entries)
        self.holder: MemoryLog | None = None
        self.owner = ""
        self.note = (0, "")
        self.lock = threading.Lock()


class MemoryStore:
    """Studies in memory."""

    url = "memory"

    def __init__(self) -> None:
        self._studies: dict[str, _Study] = {}

    def names(self) -> list[str]:
        """See `Store.names`."""
        return list(self._studies)

    def create(self, name: str, entries: Iterable[Entry]) -> "MemoryLog":
        """See `Store.create`."""
        study = _Study(entries)
        check_order(0, study.entries)
        if self._studies.setdefault(name, study) is not study:
            raise name_taken(name, self.url)
        return MemoryLog(name, study)

    def log(self, name: str) -> "MemoryLog":
        """See `Store.log`."""
        return MemoryLog(name, self._study(name))

    def notes(self) -> list[Note]:
        """See `Store.notes`."""
        return [
            Note(name, len(study.entries), *study.note, is_held=study.holder is not None)
            for name, study in self._studies.items()
        ]

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        study = self._study(name)
        if study.holder is not None:
            raise _held(name, study)
        del self._studies[name]
        study.entries.clear()  # for logs that are still open

    def close(self) -> None:
        """See `Store.close`."""
        for study in self._studies.values():
            if study.holder is not None:
                study.holder.close()

    def _study(self, name: str) -> _Study:
        if name not in self._studies:
            raise not_found(name, self.names(), self.url)
        return self._studies[name]


class MemoryLog:
    """The events of one study in memory; what is appended is committed at once."""

    def __init__(self, name: str, study: _Study) -> None:
        self._name = name
        self._study = study
        self._listeners: list[Callable[[int], None]] = []

    @property
    def committed(self) -> int:
        """See `Log.committed`."""
        return len(self._study.entries)

    def read(self, after: int = 0, kinds: Sequence[type[Event]] | None = None) -> Iterator[Entry]:
        """See `Log.read`."""
        for entry in self._study.entries[max(after, 0) :]:
            if kinds is None or type(entry.event) in kinds:
                yield entry

    def append(self, entries: Sequence[Entry]) -> None:
        """See `Log.append`."""
        study = self._study
        if study.holder is not self:
            raise no_lease(f"the study {self._name!r} in memory")
        with study.lock:
            check_order(len(study.entries), entries)
            study.entries.extend(entries)
        tell(self._listeners, len(study.entries))

    def note(self, seq: int, text: str) -> None:
        """See `Log.note`."""
        if self._study.holder is not self:
            raise no_lease(f"the study {self._name!r} in memory")
        if seq == len(self._study.entries):
            self._study.note = (seq, text)

    def flush(self) -> None:
        """See `Log.flush`; there is never anything to wait for."""

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """See `Log.listen`."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def acquire(self, owner: str = "a driver") -> None:
        """See `Log.acquire`."""
        with self._study.lock:
            if self._study.holder is not None:
                raise _held(self._name, self._study)
            self._study.holder = self
            self._study.owner = owner

    def is_held(self) -> bool:
        """See `Log.is_held`."""
        return self._study.holder is not None

    def release(self) -> None:
        """See `Log.release`."""
        with self._study.lock:
            if self._study.holder is self:
                self._study.holder = None

    def close(self) -> None:
        """See `Log.close`."""
        self.release()
        self._listeners.clear()


def _held(name: str, study: _Study) -> BusyError:
    return BusyError(
        f"the study {name!r} in memory is held by {study.owner} of this very process. "
        "Wait until it ends, or close the other study object."
    )
