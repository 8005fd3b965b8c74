"""Appending to the table of events, and reading back what is its last entry.

The check of the lease and the rows are one transaction. A commit that failed may be durable all the same, so what is
there already is left out; it cannot be anybody else's while the lease is held.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, func, select

from rung.core.event import Entry
from rung.stores import lease, postgresql
from rung.stores.schema import events

ROWS = 500  # in one statement
LARGEST = 4 * 2**20  # characters of events in one statement; MariaDB hangs up at 16 MiB

_encode = msgspec.json.Encoder().encode


def append(engine: Engine, study: int, fence: int, entries: Sequence[Entry]) -> bool:
    """Write the next entries of a log, and extend its lease.

    Args:
        engine: For transactions that write.
        study: Whose log.
        fence: Of the lease.
        entries: At least one; all or none of them become durable, before this returns.

    Returns:
        Whether the lease was still held; if not, nothing was written.
    """
    return _APPEND.get(engine.dialect.name, _in_steps)(engine, study, fence, entries)


def last(connection: Connection, study: int) -> int:
    """Number of a log's last entry, 0 if there is none."""
    return connection.execute(select(func.max(events.c.seq)).where(events.c.study == study)).scalar() or 0


def insert_entries(connection: Connection, study: int, entries: Sequence[Entry]) -> None:
    """Insert rows, without asking for the lease.

    Many in one statement: at each one Python's global lock is given up, and it takes up to 5 ms to get it back from a
    busy driver. The text is made here, as SQLAlchemy's takes several times as long as the rest.
    """
    size = min(ROWS, connection.dialect.insertmanyvalues_max_parameters // len(_COLUMNS))
    for start in range(0, len(entries), size):
        _insert_at_once(connection, study, entries[start : start + size])


def _insert_at_once(connection: Connection, study: int, entries: Sequence[Entry]) -> None:
    """Insert rows by one statement; by several where it would be so long that a server hangs up."""
    values = _values(study, entries)
    if len(entries) > 1 and sum(map(len, values[_DATA :: len(_COLUMNS)])) > LARGEST:
        half = len(entries) // 2
        _insert_at_once(connection, study, entries[:half])
        _insert_at_once(connection, study, entries[half:])
        return
    row = _ROW[connection.dialect.paramstyle]
    connection.exec_driver_sql(_INSERT + ", ".join([row] * len(entries)), values)


def _in_steps(engine: Engine, study: int, fence: int, entries: Sequence[Entry]) -> bool:
    with engine.begin() as connection:
        if not lease.extend(connection, study, fence):
            return False
        there = last(connection, study)
        insert_entries(connection, study, [entry for entry in entries if entry.seq > there])
        return True


def _at_once(engine: Engine, study: int, fence: int, entries: Sequence[Entry]) -> bool:
    return postgresql.append(engine, study, fence, lease.EXPIRES_AFTER_S, entries)


_APPEND: dict[str, Callable[[Engine, int, int, Sequence[Entry]], bool]] = {"postgresql": _at_once}
"""Databases that have a better way than the statements that all understand."""


_COLUMNS = [column.name for column in events.columns]
_DATA = _COLUMNS.index("data")
_INSERT = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES "
_ROW = {
    style: f"({', '.join([mark] * len(_COLUMNS))})"
    for style, mark in (("qmark", "?"), ("format", "%s"), ("pyformat", "%s"))
}
"""A row, by how the database's driver wants parameters to be marked."""


def _values(study: int, entries: Sequence[Entry]) -> tuple[Any, ...]:  # Any: values of columns
    values: list[Any] = []
    for entry in entries:
        event = entry.event
        # a kind is its tag in the data, too
        values += (
            study,
            entry.seq,
            entry.time,
            type(event).__name__,
            getattr(event, "trial", None),
            _encode(event).decode(),
        )
    return tuple(values)
