"""Where the stores of a test are: an SQLite file, or a database of its own on a server of its own."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from infra.servers import Mariadb, Postgresql

KINDS = ("sqlite", "postgresql", "mariadb")

_numbers = itertools.count()


class Place:
    """A database that is empty at first, and a way into it beside rung's.

    Attributes:
        kind: Of `KINDS`.
        url: What rung is told.
    """

    def __init__(self, kind: str, url: str, engine: Engine) -> None:
        self.kind = kind
        self.url = url
        self._engine = engine

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What the query finds."""
        with self._engine.begin() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def table(self, query: str) -> list[dict[str, Any]]:
        """As `rows`, each with the names of its columns."""
        with self._engine.begin() as connection:
            return [dict(row) for row in connection.execute(text(query)).mappings()]

    def execute(self, *statements: str) -> None:
        """Change something, as another program would."""
        with self._engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def change_lease(self, **values: Any) -> None:
        """Write to the table of leases, as another driver would."""
        with self._engine.begin() as connection:
            for column, value in values.items():
                connection.execute(text(f"UPDATE leases SET {column} = :value"), {"value": value})

    def refuse(self, table: str, moment: str) -> None:
        """From now on, an INSERT into or UPDATE of the table fails with the word "no"."""
        name = f"CREATE TRIGGER broken BEFORE {moment} ON {table}"
        match self.kind:
            case "sqlite":
                self.execute(f"{name} BEGIN SELECT RAISE(ABORT, 'no'); END")
            case "postgresql":
                body = "BEGIN RAISE EXCEPTION 'no'; END"
                self.execute(
                    f"CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $${body}$$",
                    f"{name} FOR EACH ROW EXECUTE FUNCTION refuse()",
                )
            case _:
                self.execute(f"{name} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'")

    def accept(self, table: str) -> None:
        """End what `refuse` began."""
        on = f" ON {table}" if self.kind == "postgresql" else ""
        self.execute(f"DROP TRIGGER broken{on}")


@contextmanager
def sqlite_place(path: Path) -> Iterator[Place]:
    """A file that does not exist yet."""
    with _engine(f"sqlite:///{path}") as engine:
        yield Place("sqlite", str(path), engine)


@contextmanager
def place_on(server: Postgresql | Mariadb) -> Iterator[Place]:
    """A new database on the server."""
    name = f"test_{next(_numbers)}"
    with (
        _engine(_with_driver(server.url()), isolation_level="AUTOCOMMIT") as engine,
        engine.begin() as connection,
    ):
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = server.url(name)
    with _engine(_with_driver(url)) as engine:
        yield Place("postgresql" if isinstance(server, Postgresql) else "mariadb", url, engine)


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://").replace("mysql://", "mysql+pymysql://")


@contextmanager
def _engine(url: str, **options: Any) -> Iterator[Engine]:
    engine = create_engine(url, **options)
    try:
        yield engine
    finally:
        engine.dispose()
