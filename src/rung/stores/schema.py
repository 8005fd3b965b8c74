"""Tables of the SQL stores, and the ordered steps that brought them to their present form.

Everything here is SQLAlchemy Core that any database understands; what is SQLite's own stands in `sqlite.py`.
"""

import time
from collections.abc import Callable

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
    insert,
    inspect,
    select,
)

from rung.core.errors import StoreError
from rung.stores import sqlite

metadata = MetaData()

meta = Table(
    "rung_meta",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # one row for each migration
    Column("applied", Float, nullable=False),
)

studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("created", Float, nullable=False),
    sqlite_autoincrement=True,  # the id of a deleted study is never given again: a reader of it finds nothing
)

events = Table(
    "events",
    metadata,
    Column("study", ForeignKey("studies.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("time", Float, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("trial", Integer),
    Column("data", Text, nullable=False),  # the whole event as JSON, its kind under "type"
    sqlite_with_rowid=False,  # rows lie in the order of the log, and there is no second index to write
)

leases = Table(
    "leases",
    metadata,
    Column("study", ForeignKey("studies.id"), primary_key=True, autoincrement=False),
    Column("fence", Integer, nullable=False),  # how often the lease was taken; an older holder has lost it
    Column("owner", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("machine", Text, nullable=False),  # within which `pid` means a process, see `lease.py`
    Column("pid", Integer, nullable=False),
    Column("started", Float, nullable=False),  # start of that process, by which a reused pid is told apart
    Column("since", Float, nullable=False),
    Column("expires", Float, nullable=False),  # 0: released
)


def _first(connection: Connection) -> None:
    # When a second version comes, the tables of the first are copied here as they are now.
    metadata.create_all(connection)
    for statement in sqlite.VIEWS:
        connection.exec_driver_sql(statement)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first,)
"""The step to version 1, to version 2, and so on; each runs in one transaction together with its record."""


def prepare(reading: Engine, writing: Engine, url: str) -> None:
    """Bring the tables to the version that this code knows; a file that has it already is only read.

    Raises:
        StoreError: If the database is another program's, or a newer rung's. It is as it was then.
    """
    with reading.begin() as connection:
        known = _version(connection, url)
    for version in range(known + 1, len(MIGRATIONS) + 1):
        with writing.begin() as connection:
            if _version(connection, url) < version:  # nobody else was faster
                MIGRATIONS[version - 1](connection)
                connection.execute(insert(meta).values(version=version, applied=time.time()))


def _version(connection: Connection, url: str) -> int:
    """The version of the database's tables, 0 if it has none."""
    found = inspect(connection).get_table_names()
    if not found:
        return 0
    if meta.name not in found:
        raise StoreError(
            f"{url} is another program's database, it has a table {sorted(found)[0]!r}; "
            "nothing was changed in it. Name another file."
        )
    version = connection.execute(select(func.max(meta.c.version))).scalar() or 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{url} was written by a newer rung (schema {version}, this one knows {len(MIGRATIONS)}). "
            "Upgrade with pip install -U rung."
        )
    return version
