"""A database as the store uses it, whichever it is: two engines, and words for what goes wrong."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Engine, make_url
from sqlalchemy import exc as sqlalchemy_errors
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError

from rung.core.errors import StoreError, UnreachableError
from rung.stores.urls import SUPPORTED


class Trouble(NamedTuple):
    """An error of a database, for people.

    Attributes:
        words: What it says, in one line.
        advice: What to do.
        passing: Whether the same may succeed in a while without anybody changing the database or the URL.
    """

    words: str
    advice: str
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Database:
    """A database that can be reached, or not.

    Attributes:
        url: Where it is, for messages; without any password.
        reading: For transactions that read.
        writing: For those that write; where it matters, they begin with the write lock. The same connections.
        explain: What an error of it means.
        settle: What is left to do when the database is known to be ours.
    """

    url: str
    reading: Engine
    writing: Engine
    explain: Callable[[DBAPIError], Trouble]
    settle: Callable[[], None] = lambda: None

    @contextmanager
    def errors_told(self, failed: str) -> Iterator[None]:
        """Raise what goes wrong in the database as one sentence that says what to do.

        Args:
            failed: What was not possible, and where, as in "cannot read the study 'x' in rung.db".
        """
        try:
            yield
        except DBAPIError as error:
            raise self._told(failed, error) from error
        except sqlalchemy_errors.TimeoutError as error:
            raise UnreachableError(f"{failed}: no connection was free for long. Run it again.") from error
        except self.reading.dialect.loaded_dbapi.Error as error:  # of rows that are fetched past SQLAlchemy
            raise self._told(failed, DBAPIError(None, None, error)) from error

    def _told(self, failed: str, error: DBAPIError) -> StoreError:
        trouble = self.explain(error)
        kind = UnreachableError if trouble.passing else StoreError
        return kind(f"{failed}: {trouble.words.rstrip('.')}. {trouble.advice}")


def database_at(url: str | Path) -> Database:
    """The database that the user means; nothing is opened yet, but for a file its folder is looked at.

    Raises:
        StoreError: If it is no path of a file and no URL that is understood.
        MissingDependencyError: If the package that speaks to that server is not installed.
    """
    from rung.stores import mysql, postgresql, sqlite

    if isinstance(url, Path) or "://" not in url:
        return sqlite.database(str(url), sqlite.path_of(str(url)))
    parsed = _parsed(url)
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite" if not parsed.query:
            return sqlite.database(url, sqlite.path_of(parsed.database or ""))
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return postgresql.database(_named(parsed), redacted(parsed))
        case "mysql" | "mariadb" | "mysql+pymysql" | "mariadb+pymysql":
            return mysql.database(_named(parsed), redacted(parsed))
        case _:
            raise StoreError(f"a store in {redacted(parsed)} is not supported. {SUPPORTED}")


def redacted(url: URL) -> str:
    """The URL for people: neither its password nor its options, which may hold one."""
    return url.set(query={}).render_as_string(hide_password=True)


def _parsed(text: str) -> URL:
    # the text is never repeated: it may hold a password
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise StoreError(f"the store's URL cannot be understood. {SUPPORTED}") from None
    if "@" in (url.host or "") or ("@" in (url.database or "") and url.host):
        raise StoreError(
            "the store's URL cannot be understood, it has more than one @. Write one of a password as %40."
        )
    return url


def _named(url: URL) -> URL:
    if not url.database:
        raise StoreError(
            f"the URL {redacted(url)} names no database. Add it at the end, as in "
            f"{redacted(url).rstrip('/')}/rung, and make it once on the server: CREATE DATABASE rung."
        )
    return url
