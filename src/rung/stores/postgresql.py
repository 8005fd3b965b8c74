"""All that is PostgreSQL's own: how a server is reached and written to, what its errors mean, its words for the views.

A commit is durable when it returns, as `synchronous_commit` is on. Who takes the lease locks its row, so that
an append and the loss of the lease exclude each other.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from rung.core.errors import MissingDependencyError
from rung.core.event import Entry
from rung.stores.database import Database, Trouble
from rung.stores.views import Words, trials_view

CONNECT_TIMEOUT_S = 10
LOCK_TIMEOUT_S = 20  # how long another program may hold a lock; shorter than a lease
MIGRATING = 0x72756E67  # the key of an advisory lock: "rung"
LARGEST = 16 * 2**20  # bytes of events in one statement

NOW = "(extract(epoch FROM clock_timestamp())::double precision)"

OPTIONS = {
    "connect_timeout": CONNECT_TIMEOUT_S,
    "tcp_user_timeout": LOCK_TIMEOUT_S * 1000,  # a cut cable is an error, not a wait for ever;
    "keepalives_idle": 10,  # also while we wait for an answer and send nothing
    "keepalives_interval": 5,
    "application_name": "rung",
}

SETTINGS = f"""
SELECT
    set_config('lock_timeout', '{LOCK_TIMEOUT_S}s', false),
    -- a driver that stands still in a transaction does not keep the next one from the lease
    set_config('idle_in_transaction_session_timeout', '{LOCK_TIMEOUT_S}s', false),
    CASE current_setting('synchronous_commit')
        WHEN 'off' THEN set_config('synchronous_commit', 'on', false)
    END
"""


def database(url: URL, shown: str) -> Database:
    """A PostgreSQL server; `shown` is its URL for people.

    Raises:
        MissingDependencyError: If psycopg is not installed.
    """
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={name: value for name, value in OPTIONS.items() if name not in url.query},
            pool_pre_ping=True,  # a server that was started anew is noticed before a query fails
            hide_parameters=True,  # an error shows no thousand rows
        )
    except ImportError as error:
        raise MissingDependencyError(
            "a store in PostgreSQL needs psycopg, which is not installed: pip install 'rung[postgresql]'"
        ) from error
    event.listen(engine, "connect", _configure)
    return Database(shown, engine, engine, explain)


def lock(connection: Connection) -> None:
    """Let nobody else change the tables until this transaction ends."""
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")


# The rows travel as one text for each column: many times quicker than as many values, for both sides. JSON holds no
# line break, so that one parts the events.
APPEND = f"""
WITH held AS (
    UPDATE leases SET expires = {NOW} + %(expires_after_s)s WHERE study = %(study)s AND fence = %(fence)s
    RETURNING study
),
appended AS (
    INSERT INTO events (study, seq, time, kind, trial, data)
    SELECT held.study, %(first)s - 1 + row.number, row.time, row.kind, row.trial, row.data
    FROM held
    CROSS JOIN unnest(
        %(times)s::double precision[], %(kinds)s::text[], %(trials)s::integer[], string_to_array(%(data)s, chr(10))
    ) WITH ORDINALITY AS row (time, kind, trial, data, number)
    ON CONFLICT DO NOTHING
)
SELECT count(*) FROM held
"""


def append(engine: Engine, study: int, fence: int, expires_after_s: float, entries: Sequence[Entry]) -> bool:
    """See `rung.stores.appending`: here it is one statement, which commits itself, in one round trip."""
    lease = {"study": study, "fence": fence, "expires_after_s": expires_after_s}
    data = _lines([entry.event for entry in entries]).removesuffix(b"\n")
    if len(data) <= LARGEST:
        with engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            return _append(connection, lease, entries, data)
    with engine.begin() as connection:  # some have very long texts
        return all(_append(connection, lease, [entry], _line(entry.event)) for entry in entries)


def _append(connection: Connection, lease: dict[str, float], entries: Sequence[Entry], data: bytes) -> bool:
    rows = {
        "first": entries[0].seq,
        "times": _array([repr(entry.time) for entry in entries]),
        "kinds": _array([type(entry.event).__name__ for entry in entries]),
        "trials": _array([str(getattr(entry.event, "trial", "NULL")) for entry in entries]),
        "data": data.decode(),
    }
    return connection.exec_driver_sql(APPEND, {**lease, **rows}).scalar() == 1


def _array(elements: Sequence[str]) -> str:
    return "{" + ",".join(elements) + "}"


_encoder = msgspec.json.Encoder()
_line, _lines = _encoder.encode, _encoder.encode_lines


def explain(error: DBAPIError) -> Trouble:
    """What an error of the server means."""
    words = _first_line(error)
    code = getattr(error.orig, "sqlstate", None) or ""
    for known, advice in ADVICE.items():
        if code.startswith(known):
            return Trouble(words, advice, code in PASSING)
    for part, advice in REFUSED.items():
        if part in words:
            return Trouble(words, advice)
    if not code or code.startswith("08") or error.connection_invalidated:
        return Trouble(words, "Check that the server runs and can be reached from here.", passing=True)
    return Trouble(words, "Look at the server's own log.", code in PASSING)


PASSING = {"57P01", "57P02", "57P03", "53300", "40001", "40P01", "55P03"}
"""Codes of what goes away by itself: stopping, starting, too many clients, deadlocks, locks."""

ADVICE = {
    "28": "Check the user and the password; PGPASSWORD and ~/.pgpass work, too.",
    "3D000": "Make it once on the server: CREATE DATABASE, or name another.",
    "42501": "Ask for the right to write to that database, or name another.",
    "25006": "The server takes no writes: name the primary one, or a user who may write.",
    "53100": "Free some space on the server's disk, then run it again.",
    "53300": "The server allows no more connections: end some clients, or raise max_connections.",
    "55P03": "Another program holds a lock for long; end that one.",
    "57P": "The server is stopping or starting; run it again in a while.",
    "XX001": "The server's files are damaged: go back to a backup.",
}
"""What to do, by the first characters of the code."""

REFUSED = {  # what is said before there is a connection has no code
    "authentication failed": ADVICE["28"],
    "no password supplied": ADVICE["28"],
    "no pg_hba.conf entry": "The server's pg_hba.conf does not let this user in from this machine.",
    "role ": ADVICE["28"],
    "does not exist": ADVICE["3D000"],
    "connection option": "Correct the options at the end of the URL.",
}


def _configure(connection: Any, _record: Any) -> None:  # Any: psycopg may not be there for the type checker
    with connection.cursor() as cursor:
        cursor.execute(SETTINGS)
    connection.commit()


def _first_line(error: DBAPIError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0].strip() if lines else type(error.orig).__name__


def _field(data: str, path: str) -> str:
    return f"{_json(data)} #>> '{{{path.replace('.', ',')}}}'"


def _json(data: str) -> str:
    # PostgreSQL's text cannot hold NUL, which JSON can.
    return rf"replace({data}, '\u0000', '\ufffd')::json"


VIEWS = (
    f"""
    CREATE VIEW reports AS
    SELECT
        studies.name AS study,
        events.trial AS trial,
        ({_field("events.data", "resource")})::bigint AS resource,
        metric.key AS metric,
        CASE metric.value WHEN 'nan' THEN NULL ELSE metric.value::double precision END AS value,
        coalesce(({_field("events.data", "seconds")})::double precision, 0) AS seconds
    FROM events
    JOIN studies ON studies.id = events.study
    CROSS JOIN LATERAL json_each_text({_json("events.data")} -> 'metrics') AS metric
    WHERE events.kind = 'Reported' AND coalesce({_field("events.data", "repeat")}, 'false') = 'false'
    """,
    trials_view(
        Words(
            text=_field,
            whole=lambda data, path: f"({_field(data, path)})::bigint",
            real=lambda data, path: f"({_field(data, path)})::double precision",
            json=lambda data, path: f"({_json(data)} -> '{path}')",
        )
    ),
)
