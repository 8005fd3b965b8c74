"""The store in an SQL database: one table of events, one writer thread for each log that is held.

Reading goes page by page, each page its own short transaction: an append-only log needs no long one, and a
reader who stops half-way holds nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import islice
from pathlib import Path
from typing import Any
from weakref import WeakSet, finalize

import msgspec
from sqlalchemy import Connection, Select, delete, func, insert, select
from sqlalchemy.exc import IntegrityError

from rung.core.errors import BusyError, LeaseLostError, StoreError, UnreachableError
from rung.core.event import AnyEvent, Entry, Event
from rung.stores import lease
from rung.stores.appending import append, insert_entries, last
from rung.stores.checks import Note, check_order, name_taken, no_lease, not_found
from rung.stores.database import Database, database_at
from rung.stores.schema import events, leases, notes, prepare, studies
from rung.stores.writer import FIRST_PAUSE_S, LONGEST_PAUSE_S, Writer

PAGE = 5_000  # entries read at a time

_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


class SqlStore:
    """Studies in one database; see `Store` for the contract of its methods."""

    def __init__(self, url: str | Path) -> None:
        self._database = database_at(url)
        self.url = self._database.url
        self._reading, self._writing = self._database.reading, self._database.writing
        self._logs: WeakSet[SqlLog] = WeakSet()  # a log with the lease is kept alive by its writer
        finalize(self, self._reading.dispose)  # who forgets to close leaves no connection behind
        try:
            with self._told("cannot open the store"):
                prepare(self._database)
                self._database.settle()
        except StoreError:
            self._reading.dispose()
            raise

    def names(self) -> list[str]:
        """See `Store.names`."""
        with self._told("cannot list the studies"), self._reading.begin() as connection:
            return list(connection.execute(select(studies.c.name).order_by(studies.c.id)).scalars())

    def create(self, name: str, entries: Iterable[Entry]) -> "SqlLog":
        """See `Store.create`."""
        with (
            self._told(f"cannot create the study {name!r}"),
            self._writing.begin() as connection,
        ):
            try:
                connection.execute(insert(studies).values(name=name, created=time.time()))
            except IntegrityError:
                raise name_taken(name, self.url) from None
            study = self._id(connection, name)
            connection.execute(insert(leases).values(study=study, **lease.BLANK))
            _insert_all(connection, study, entries)
        return self._opened(study, name)

    def log(self, name: str) -> "SqlLog":
        """See `Store.log`."""
        with (
            self._told(f"cannot open the study {name!r}"),
            self._reading.begin() as connection,
        ):
            study = self._id(connection, name)
        return self._opened(study, name)

    def notes(self) -> list[Note]:
        """See `Store.notes`."""
        with self._told("cannot list the studies"), self._reading.begin() as connection:
            # Only where a lease has not expired its holder is asked for.
            held = select(leases.c.study).where(leases.c.expires > 0)
            found = connection.execute(held).scalars().all()
            taken = {study for study in found if lease.is_held(connection, study)}
            return [
                Note(name, last or 0, seq or 0, text or "", study in taken)
                for study, name, last, seq, text in connection.execute(_NOTES).all()
            ]

    def delete(self, name: str) -> None:
        """See `Store.delete`."""
        with (
            self._told(f"cannot delete the study {name!r}"),
            self._writing.begin() as connection,
        ):
            study = self._id(connection, name)
            lease.refuse_if_held(connection, study, self._described(name))
            connection.execute(delete(events).where(events.c.study == study))
            connection.execute(delete(notes).where(notes.c.study == study))
            connection.execute(delete(leases).where(leases.c.study == study))
            connection.execute(delete(studies).where(studies.c.id == study))

    def close(self) -> None:
        """See `Store.close`."""
        with ExitStack() as each:  # one that fails does not keep the others from being closed
            for log in list(self._logs):
                each.callback(log.close)
        self._reading.dispose()

    def _id(self, connection: Connection, name: str) -> int:
        study = connection.execute(select(studies.c.id).where(studies.c.name == name)).scalar()
        if study is None:
            names = connection.execute(select(studies.c.name).order_by(studies.c.id)).scalars()
            raise not_found(name, list(names), self.url)
        return int(study)

    def _opened(self, study: int, name: str) -> "SqlLog":
        log = SqlLog(self._database, study, self._described(name))
        self._logs.add(log)
        return log

    def _told(self, failed: str) -> AbstractContextManager[None]:
        return self._database.errors_told(f"{failed} in {self.url}")

    def _described(self, name: str) -> str:
        return f"the study {name!r} in {self.url}"


class SqlLog:
    """The events of one study; see `Log` for the contract of its methods.

    Invariant: there is a writer, with its thread, from `acquire` to `release`, also if the lease is lost.
    """

    def __init__(self, database: Database, study: int, name: str) -> None:
        self._database = database
        self._reading, self._writing = database.reading, database.writing
        self._study = study
        self._name = name
        self._listeners: list[Callable[[int], None]] = []
        self._fence = 0
        self._writer: Writer | None = None

    @property
    def committed(self) -> int:
        """See `Log.committed`."""
        if self._writer is not None:
            return self._writer.committed
        with self._told("cannot read"), self._reading.begin() as connection:
            return last(connection, self._study)

    def read(self, after: int = 0, kinds: Sequence[type[Event]] | None = None) -> Iterator[Entry]:
        """See `Log.read`."""
        query = _PAGE.where(events.c.study == self._study)
        if kinds is not None:
            query = query.where(events.c.kind.in_([kind.__name__ for kind in kinds]))
        decode = _decoder.decode
        while page := self._page(query, after):
            try:
                for seq, stamp, data in page:
                    yield Entry(seq, stamp, decode(data))
            except msgspec.DecodeError as error:
                raise self._not_understood(seq, error) from error
            after = page[-1][0]

    def append(self, entries: Sequence[Entry]) -> None:
        """See `Log.append`."""
        if self._writer is None:
            raise no_lease(self._name)
        self._writer.append(entries)

    def note(self, seq: int, text: str) -> None:
        """See `Log.note`."""
        if self._writer is None:
            raise no_lease(self._name)
        if not self._writer.try_flush():
            return  # a driver goes on while its database does not answer, and notes again later
        with self._told("cannot write a note of"), self._writing.begin() as connection:
            lease.keep(connection, self._study, self._fence, self._name)
            if seq == last(connection, self._study):
                connection.execute(delete(notes).where(notes.c.study == self._study))
                connection.execute(insert(notes).values(study=self._study, seq=seq, text=text))

    def flush(self) -> None:
        """See `Log.flush`."""
        if self._writer is not None:
            self._writer.flush()

    def listen(self, callback: Callable[[int], None]) -> Callable[[], None]:
        """See `Log.listen`."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def acquire(self, owner: str = "a driver") -> None:
        """See `Log.acquire`."""
        if self._writer is not None:
            raise BusyError(f"{self._name} is held by this very log. Acquire once, and release() at the end.")
        with self._told("cannot take the lease of"), self._writing.begin() as connection:
            self._fence = lease.take(connection, self._study, owner, self._name)
            committed = last(connection, self._study)
        self._writer = Writer(self._write, self._renew, self._listeners, committed)

    def is_held(self) -> bool:
        """See `Log.is_held`."""
        with self._told("cannot read the lease of"), self._reading.begin() as connection:
            return lease.is_held(connection, self._study)

    def release(self) -> None:
        """See `Log.release`."""
        writer = self._writer
        if writer is None:
            return
        try:
            writer.flush()
        except LeaseLostError:
            self._end(writer)
            if not writer.saved:
                raise
        else:
            self._end(writer)  # first: it could still renew what is given back
            self._give_back()

    def close(self) -> None:
        """See `Log.close`."""
        self.release()
        self._listeners.clear()

    def _give_back(self) -> None:
        """Give back the lease; while the database does not answer, for as long as it would take to expire by itself."""
        deadline = time.monotonic() + lease.EXPIRES_AFTER_S
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                with self._told("cannot give back the lease of"), self._writing.begin() as connection:
                    lease.give_back(connection, self._study, self._fence)
                return
            except UnreachableError:
                if time.monotonic() >= deadline:
                    return
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _end(self, writer: Writer) -> None:
        self._writer = None
        writer.stop()

    def _page(self, query: Select[Any], after: int) -> Sequence[Any]:  # Any: rows of `_PAGE`
        with self._told("cannot read"), self._reading.begin() as connection:
            # the database driver's own rows, as SQLAlchemy's take twice the time
            found: Sequence[Any] = connection.execute(query.where(events.c.seq > after)).cursor.fetchall()
            return found

    def _not_understood(self, seq: int, error: msgspec.DecodeError) -> StoreError:
        return StoreError(
            f"entry {seq} of {self._name} cannot be understood: {error}. "
            "It was changed by something else than rung; go back to a copy."
        )

    def _told(self, failed: str) -> AbstractContextManager[None]:
        return self._database.errors_told(f"{failed} {self._name}")

    # By the writer's thread

    def _write(self, entries: Sequence[Entry]) -> None:
        with self._told("cannot write"):
            if append(self._writing, self._study, self._fence, entries):
                return
            with self._reading.begin() as connection:
                raise lease.lost(connection, self._study, self._name)

    def _renew(self) -> None:
        with self._told("cannot renew the lease of"), self._writing.begin() as connection:
            lease.keep(connection, self._study, self._fence, self._name)


_NOTES = (
    select(
        studies.c.id,
        studies.c.name,
        # one descent into the index for each study; a GROUP BY reads all of it
        select(func.max(events.c.seq)).where(events.c.study == studies.c.id).scalar_subquery(),
        notes.c.seq,
        notes.c.text,
    )
    .join_from(studies, notes, isouter=True)
    .order_by(studies.c.id)
)

_PAGE = select(events.c.seq, events.c.time, events.c.data).order_by(events.c.seq).limit(PAGE)


def _insert_all(connection: Connection, study: int, entries: Iterable[Entry]) -> None:
    """Insert a whole log, a page at a time."""
    left, written = iter(entries), 0
    while page := list(islice(left, PAGE)):
        check_order(written, page)
        insert_entries(connection, study, page)
        written = page[-1].seq
