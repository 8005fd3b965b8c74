"""The log of events of a study, as its driver sees it: append, read from a position, hold the lease.

`open_store` gives a store in memory, in an SQLite file or on a database server; all keep the contract of `Store`
and `Log`, which `tests/stores/contract.py` states as a test-suite. Nothing here folds events: what they mean is
core's matter.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from rung.core.event import Entry, Event
from rung.stores.checks import Note
from rung.stores.memory import MemoryStore


class Log(Protocol):
    """The events of one study, numbered from 1 without a gap.

    Reading needs nothing. Appending needs the lease, which one driver at a time holds, see `acquire`.
    """

    @property
    def committed(self) -> int:
        """Number of the last durable entry; 0 if there is none."""
        ...

    def read(self, after: int = 0, kinds: Sequence[type[Event]] | None = None) -> Iterator[Entry]:
        """The durable entries with numbers above `after`, in order, a page at a time.

        Args:
            after: Number of the last entry that is known already.
            kinds: Only events of these kinds, at a fraction of the cost; None: all.

        Raises:
            StoreError: If the log cannot be read, or an entry of it cannot be understood.
        """
        ...

    def append(self, entries: Sequence[Entry]) -> None:
        """Hand over one group, which becomes durable as a whole or not at all; returns before it is.

        Blocks only while very many entries wait. If it raises, the group was not taken. After a failed commit
        it raises until a `flush` has succeeded; what was taken before is kept.

        Raises:
            ContradictionError: If the numbers do not continue the log.
            StoreError: If no lease is held, or an earlier group could not be written.
            LeaseLostError: If another driver has taken over.
        """
        ...

    def note(self, seq: int, text: str) -> None:
        """Flush, then keep a text in place of an earlier one; see `Store.notes`.

        While the database does not answer, nothing is kept, and this returns.

        Args:
            seq: The entry after which it holds. If that is not the last one, nothing is kept.
            text: Whatever the driver wants to be read of the study without its log.

        Raises:
            StoreError: If no lease is held, or it cannot be written.
            LeaseLostError: If another driver has taken over.
        """
        ...

    def flush(self) -> None:
        """Block until all that was appended is durable and the listeners were told; retries after a failure.

        Raises:
            StoreError: If it could not be written; nothing is lost, call it again when the cause is gone.
            LeaseLostError: If another driver has taken over.
        """
        ...

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """Have `callback` called after each commit with the number of the last durable entry.

        Call what is returned to end that.

        It runs on any thread, also within `append` on the caller's. It is quick and does not call this log.
        """
        ...

    def acquire(self, owner: str = "a driver") -> None:
        """Take the lease: from now on, only this log may append to the study.

        A lease that was released, has expired, or whose owner has died on this machine is free. Between
        reading and acquiring another driver may have appended: read what is new after this returns.

        Args:
            owner: Who takes it, for the message to those who come later.

        Raises:
            BusyError: If a live driver holds it, in this process or another.
        """
        ...

    def is_held(self) -> bool:
        """Whether a live driver holds the lease, this one or another."""
        ...

    def release(self) -> None:
        """Flush, then give the lease back. Idempotent.

        Raises:
            StoreError: If the flush fails; the lease is still held, call it again when the cause is gone.
            LeaseLostError: If another driver has taken over and entries were lost to that.
        """
        ...

    def close(self) -> None:
        """Release, and forget the listeners. Idempotent; raises as `release` does."""
        ...


class Store(Protocol):
    """Studies by name."""

    @property
    def url(self) -> str:
        """Where it is, for messages; without any password."""
        ...

    def names(self) -> list[str]:
        """The studies, oldest first."""
        ...

    def create(self, name: str, entries: Iterable[Entry]) -> Log:
        """Begin a study with its first entries, durably and as a whole; nobody holds its lease yet.

        If the entries raise on their way, nothing was created.

        Raises:
            StoreError: If the name is taken.
        """
        ...

    def log(self, name: str) -> Log:
        """The log of a study.

        Raises:
            StudyNotFoundError: If there is none of that name; the message names those that are near.
        """
        ...

    def notes(self) -> list[Note]:
        """What was noted of each study, oldest first, without reading any log."""
        ...

    def delete(self, name: str) -> None:
        """Delete a study and all its entries.

        Raises:
            StudyNotFoundError: If there is none of that name.
            BusyError: If a live driver holds it.
        """
        ...

    def close(self) -> None:
        """Close every log that was opened here; raises as they do, can then be called again. Idempotent."""
        ...


def open_store(url: str | Path | None) -> Store:
    """The store at `url`; a file that does not exist yet is made, and so are the tables in an empty database.

    Args:
        url: A path or `sqlite:///path` of an SQLite file; `postgresql://user@host/name` or
            `mysql://user@host/name`, a database on a server; None: a new store in memory.

    Raises:
        StoreError: If it cannot be opened or is not ours; nothing was changed then.
        MissingDependencyError: If the package that speaks to that server is not installed.
    """
    if url is None:
        return MemoryStore()
    from rung.stores.sql import SqlStore  # SQLAlchemy is slow to import: only who opens a file waits for it

    return SqlStore(url)
