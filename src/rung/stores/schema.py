"""Tables of the SQL stores, and the ordered steps that brought them to their present form.

Everything here is SQLAlchemy Core that any database understands; what is a database's own stands in its file.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
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
from sqlalchemy.dialects.mysql import DOUBLE, LONGTEXT

from rung.core.errors import StoreError
from rung.stores import mysql, postgresql, sqlite
from rung.stores.database import Database

metadata = MetaData()

# MySQL's own FLOAT has 7 digits, its TEXT 64 kB, and its usual collation takes "A" for "a".
REAL = Float().with_variant(DOUBLE(asdecimal=False), "mysql")
LONG = Text().with_variant(LONGTEXT(), "mysql")
TABLE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin"}

VIEWS = {"sqlite": sqlite.VIEWS, "postgresql": postgresql.VIEWS, "mysql": mysql.VIEWS}

meta = Table(
    "rung_meta",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),  # one row for each migration
    Column("applied", REAL, nullable=False),
    **TABLE,
)

studies = Table(
    "studies",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("created", REAL, nullable=False),
    **TABLE,
    sqlite_autoincrement=True,  # the id of a deleted study is never given again: a reader of it finds nothing
)

events = Table(
    "events",
    metadata,
    Column("study", ForeignKey("studies.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("time", REAL, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("trial", Integer),
    Column("data", LONG, nullable=False),  # the whole event as JSON, its kind under "type"
    **TABLE,
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
    Column("started", REAL, nullable=False),  # start of that process, by which a reused pid is told apart
    Column("since", REAL, nullable=False),
    Column("expires", REAL, nullable=False),  # 0: released
    **TABLE,
)


notes = Table(
    "notes",
    metadata,
    Column("study", ForeignKey("studies.id"), primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),  # the entry after which the text holds
    Column("text", LONG, nullable=False),
    **TABLE,
)


def _first(connection: Connection) -> None:
    # When a second version comes, the tables of the first are copied here as they are now.
    meta.create(
        connection, checkfirst=True
    )  # first: MySQL commits each table, and by this one we know our own
    metadata.create_all(connection)
    for statement in VIEWS[connection.dialect.name]:
        connection.exec_driver_sql(statement)


def _second(connection: Connection) -> None:
    notes.create(connection, checkfirst=True)


def _third(connection: Connection) -> None:
    # `trials` knows of audits; the view of before is dropped first, as no database replaces every view
    connection.exec_driver_sql("DROP VIEW IF EXISTS trials")
    connection.exec_driver_sql(VIEWS[connection.dialect.name][-1])


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (_first, _second, _third)
"""The step to version 1, to version 2, and so on; each runs in one transaction together with its record."""


def prepare(database: Database) -> None:
    """Bring the tables to the version that this code knows; a database that has it already is only read.

    Raises:
        StoreError: If the database is another program's, or a newer rung's. It is as it was then.
    """
    with database.reading.begin() as connection:
        known = _version(connection, database.url)
    for version in range(known + 1, len(MIGRATIONS) + 1):
        with _alone(database) as connection:
            if _version(connection, database.url) < version:  # nobody else was faster
                MIGRATIONS[version - 1](connection)
                connection.execute(insert(meta).values(version=version, applied=time.time()))


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """A transaction that writes while no other rung changes the tables."""
    kind = database.writing.dialect.name
    with ExitStack() as stack:
        if kind == "mysql":
            stack.enter_context(mysql.locked(database.writing))
        connection = stack.enter_context(database.writing.begin())
        if kind == "postgresql":
            postgresql.lock(connection)
        yield connection  # SQLite's transactions that write begin with the write lock


def _version(connection: Connection, url: str) -> int:
    """The version of the database's tables, 0 if it has none."""
    found = inspect(connection).get_table_names()
    if not found:
        return 0
    if meta.name not in found:
        file = connection.dialect.name == "sqlite"
        another = "Name another file." if file else "Make one of its own for rung: CREATE DATABASE rung."
        raise StoreError(
            f"{url} is another program's database, it has a table {sorted(found)[0]!r}; "
            f"nothing was changed in it. {another}"
        )
    version = connection.execute(select(func.max(meta.c.version))).scalar() or 0
    if version > len(MIGRATIONS):
        raise StoreError(
            f"{url} was written by a newer rung (schema {version}, this one knows {len(MIGRATIONS)}). "
            "Upgrade with pip install -U rung."
        )
    return version
