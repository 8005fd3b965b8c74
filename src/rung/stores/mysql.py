"""All that is MySQL's and MariaDB's own: how a server is reached, what its errors mean, its words for the views.

A commit is durable when it returns, unless the server was told otherwise: `innodb_flush_log_at_trx_commit` is
1 by default, and no client can raise it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from rung.core.errors import MissingDependencyError, UnreachableError
from rung.stores.database import Database, Trouble
from rung.stores.views import Words, trials_view

CONNECT_TIMEOUT_S = 10
ANSWER_TIMEOUT_S = 60  # for a page of a log over a slow line
LOCK_TIMEOUT_S = 20  # how long another program may hold a lock; shorter than a lease

OPTIONS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "read_timeout": ANSWER_TIMEOUT_S,
    "write_timeout": ANSWER_TIMEOUT_S,
    "charset": "utf8mb4",
}


def database(url: URL, shown: str) -> Database:
    """A MySQL or MariaDB server; `shown` is its URL for people.

    Raises:
        MissingDependencyError: If PyMySQL is not installed.
    """
    try:
        engine = create_engine(
            url.set(drivername="mysql+pymysql"),
            connect_args={name: value for name, value in OPTIONS.items() if name not in url.query},
            isolation_level="READ COMMITTED",  # what the lease's row says now, not when the transaction began
            pool_pre_ping=True,  # a server that was started anew is noticed before a query fails
            hide_parameters=True,  # an error shows no thousand rows
        )
    except ImportError as error:
        raise MissingDependencyError(
            "a store in MySQL or MariaDB needs PyMySQL, which is not installed: pip install 'rung[mysql]'"
        ) from error
    event.listen(engine, "connect", _configure)
    return Database(shown, engine, engine, explain)


@contextmanager
def locked(engine: Engine) -> Iterator[None]:
    """Let nobody else change the tables; no transaction could, as each change of a table is a commit of its own."""
    with engine.connect() as connection:
        name = "concat('rung ', database())"
        if connection.exec_driver_sql(f"SELECT GET_LOCK({name}, {LOCK_TIMEOUT_S})").scalar() != 1:
            raise UnreachableError("another rung is changing the tables of this database. Run it again.")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"DO RELEASE_LOCK({name})")


def explain(error: DBAPIError) -> Trouble:
    """What an error of the server means."""
    arguments: tuple[Any, ...] = getattr(error.orig, "args", ())
    code = arguments[0] if arguments and isinstance(arguments[0], int) else 0
    words = str(arguments[1]) if len(arguments) > 1 and arguments[1] else str(error.orig)
    words = words.strip().splitlines()[0] if words.strip() else type(error.orig).__name__
    if code in ADVICE:
        return Trouble(words, ADVICE[code], code in PASSING)
    if code in PASSING or error.connection_invalidated:
        return Trouble(words, "Check that the server runs and can be reached from here.", passing=True)
    return Trouble(words, "Look at the server's own log.")


PASSING = {0, 1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 2014, 2055}
"""Codes of what goes away by itself: a lost connection, stopping, starting, too many clients, deadlocks, locks."""

_RIGHTS = "Ask for the right to write to that database, or name another."

ADVICE = {
    1040: "The server allows no more connections: end some clients, or raise max_connections.",
    1044: "Ask for the right to use that database, or name another.",
    1045: "Check the user and the password.",
    1698: "Check the user and the password.",
    1049: "Make it once on the server: CREATE DATABASE, or name another.",
    1142: _RIGHTS,
    1143: _RIGHTS,
    1290: "The server takes no writes: name the primary one.",
    1836: "The server takes no writes: name the primary one.",
    1021: "Free some space on the server's disk, then run it again.",
    1114: "Free some space on the server's disk, then run it again.",
    1153: "Raise max_allowed_packet on the server.",
    1205: "Another program holds a lock for long; end that one.",
}
"""What to do, by the code."""


def _configure(connection: Any, _record: Any) -> None:  # Any: PyMySQL has no types
    with connection.cursor() as cursor:
        # A driver that stands still in a transaction does not keep the next one from the lease: MariaDB's own words.
        idle = f"/*M!100300 , idle_transaction_timeout = {LOCK_TIMEOUT_S} */"
        cursor.execute(f"SET SESSION innodb_lock_wait_timeout = {LOCK_TIMEOUT_S} {idle}")
    connection.commit()


def _text(data: str, path: str) -> str:
    return f"JSON_VALUE({data}, '$.{path}')"


_VALUE = "JSON_UNQUOTE(JSON_EXTRACT(events.data, concat('$.metrics.', JSON_QUOTE(metric.name))))"

VIEWS = (
    f"""
    CREATE OR REPLACE VIEW reports AS
    SELECT
        studies.name AS study,
        events.trial AS trial,
        CAST({_text("events.data", "resource")} AS SIGNED) AS resource,
        metric.name AS metric,
        -- MySQL has neither nan nor infinity: the largest number stands for that
        CASE {_VALUE}
            WHEN 'nan' THEN NULL
            WHEN 'inf' THEN 1.7976931348623157e308
            WHEN '-inf' THEN -1.7976931348623157e308
            ELSE {_VALUE} + 0e0
        END AS value,
        coalesce({_text("events.data", "seconds")} + 0e0, 0e0) AS seconds
    FROM events
    JOIN studies ON studies.id = events.study
    CROSS JOIN JSON_TABLE(
        JSON_KEYS(events.data, '$.metrics'), '$[*]' COLUMNS (name VARCHAR(255) PATH '$')
    ) AS metric
    WHERE events.kind = 'Reported' AND coalesce({_text("events.data", "repeat")}, 'false') IN ('false', '0')
    """,
    trials_view(
        Words(
            text=_text,
            whole=lambda data, path: f"CAST({_text(data, path)} AS SIGNED)",
            real=lambda data, path: f"({_text(data, path)} + 0e0)",
            json=lambda data, path: f"JSON_EXTRACT({data}, '$.{path}')",
        )
    ).replace("CREATE VIEW", "CREATE OR REPLACE VIEW"),
)
