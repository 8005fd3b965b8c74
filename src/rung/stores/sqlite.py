"""All that is SQLite's own: how a file is opened, what its errors mean, the views for everyone.

A commit is durable when it returns, thanks to `synchronous=FULL`. The file is never opened but by SQLite:
closing any other handle of it would drop the locks that this process has on it.
"""

import sqlite3
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from rung.core.errors import StoreError
from rung.stores.database import Database, Trouble
from rung.stores.urls import SUPPORTED

BUSY_TIMEOUT_S = 20.0  # how long another program may hold the write lock; shorter than a lease
SMALLEST_FILE = 512  # bytes of SQLite's smallest page
WRITES = "rung_writes"  # execution option of an engine: its transactions begin with the write lock


def database(url: str, path: str) -> Database:
    """The database in the file at `path`; `url` is how the user named it."""
    reading, writing = _engines(path)
    return Database(url, reading, writing, partial(explain, url), partial(_use_wal, reading))


def path_of(text: str) -> str:
    """The absolute path of the database file that the user means.

    Raises:
        StoreError: If it cannot be one.
    """
    if text in ("", ":memory:"):
        raise StoreError(f"a store's path is missing, got {text!r}. {SUPPORTED}")
    path = Path(text).expanduser()
    if path.is_dir():
        raise StoreError(
            f"{text} is a folder, not a database. Name a file in it, such as {path / 'rung.db'}."
        )
    if not path.parent.is_dir():
        raise StoreError(
            f"cannot make {text}: the folder {path.parent} does not exist. Make it or name another."
        )
    if path.is_file() and 0 < path.stat().st_size < SMALLEST_FILE:  # SQLite takes one byte for an empty file
        raise StoreError(f"{text} is no database. Nothing was changed in it. Name another file.")
    return str(path.absolute())  # absolute: later connections must find it after a chdir, too


def explain(url: str, error: DBAPIError) -> Trouble:
    """What an error of the file at `url` means."""
    name = getattr(error.orig, "sqlite_errorname", "")
    for known, advice in ADVICE.items():
        if name.startswith(known):
            return Trouble(str(error.orig), advice.format(url=url))
    return Trouble(str(error.orig), "Check that file and its disk, then run it again.")


def _engines(path: str) -> tuple[Engine, Engine]:
    """Two ways to the same pool of connections: for reading, and for writing."""
    reading = create_engine(
        URL.create("sqlite", database=path),
        connect_args={"timeout": BUSY_TIMEOUT_S},
        hide_parameters=True,  # an error shows no thousand rows
    )
    event.listen(reading, "connect", _configure)
    event.listen(reading, "begin", _begin)
    return reading, reading.execution_options(**{WRITES: True})


def _use_wal(engine: Engine) -> None:
    """Switch a file that is known to be ours to a write-ahead log, with which readers never wait."""
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        (mode,) = cursor.execute("PRAGMA journal_mode").fetchone()
        if mode != "wal":
            with suppress(sqlite3.OperationalError):  # busy or read-only: it is right without, only slower
                cursor.execute("PRAGMA journal_mode = WAL")


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGINs come too late, see `_begin`
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin(connection: Connection) -> None:
    # Who reads first and then wants to write is refused at once if another has written meanwhile; who begins
    # with the write lock waits for it.
    writes = connection.get_execution_options().get(WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


ADVICE = {
    "SQLITE_FULL": "Free some space on that disk, then run it again.",
    "SQLITE_BUSY": "Another program is writing to it for long; end that one (a database browser, a copy).",
    "SQLITE_LOCKED": "Another program is writing to it for long; end that one (a database browser, a copy).",
    "SQLITE_READONLY": "Ask for the right to write that file and its folder, or name another file.",
    "SQLITE_CANTOPEN": "Check the rights of that file and its folder, or name another file.",
    "SQLITE_PERM": "Check the rights of that file and its folder, or name another file.",
    "SQLITE_NOTADB": "Nothing was changed in it. Name another file.",
    "SQLITE_CORRUPT": "Go back to a copy, or save what can be read: sqlite3 {url} .recover | sqlite3 new.db",
    "SQLITE_IOERR_SHM": "Free some space on that disk, then run it again.",  # what readers need beside the file
    "SQLITE_IOERR": "Check that disk and its connection, then run it again.",
}
"""What to do, by the first words of SQLite's name for the error."""


VIEWS = (
    """
    CREATE VIEW reports AS
    SELECT
        studies.name AS study,
        events.trial AS trial,
        json_extract(events.data, '$.resource') AS resource,
        metric.key AS metric,
        -- numbers that JSON cannot hold are words in it; SQLite has infinities, but no nan
        CASE metric.value
            WHEN 'nan' THEN NULL WHEN 'inf' THEN 9e999 WHEN '-inf' THEN -9e999 ELSE metric.value
        END AS value,
        coalesce(json_extract(events.data, '$.seconds'), 0.0) AS seconds
    FROM events
    JOIN studies ON studies.id = events.study
    JOIN json_each(events.data, '$.metrics') AS metric
    WHERE events.kind = 'Reported' AND NOT coalesce(json_extract(events.data, '$.repeat'), 0)
    """,
    # Each part groups the events once; beside max(seq), other columns are those of that row (SQLite's rule).
    """
    CREATE VIEW trials AS
    WITH
    limits AS (
        SELECT study, max(seq), json_extract(data, '$.spec.scheduler.max_resource') AS max_resource
        FROM events WHERE kind IN ('Opened', 'SpecChanged') GROUP BY study
    ),
    started AS (
        SELECT
            study, trial, max(seq),
            json_extract(data, '$.job') AS job,
            json_extract(data, '$.purpose') IS 'audit' AS audits
        FROM events WHERE kind = 'Started' GROUP BY study, trial
    ),
    ended AS (
        SELECT
            study, trial, max(seq),
            json_extract(data, '$.job') AS job,
            json_extract(data, '$.outcome') AS outcome,
            json_extract(data, '$.failure.type') || ': ' || json_extract(data, '$.failure.message') AS error
        FROM events WHERE kind = 'Ended' GROUP BY study, trial
    ),
    given_up AS (  -- jobs whose rest is not owed
        SELECT study, trial, max(json_extract(data, '$.job')) AS job
        FROM events WHERE kind = 'YieldAsked' AND json_extract(data, '$.owed') = 0 GROUP BY study, trial
    ),
    reached AS (
        SELECT
            study, trial,
            max(json_extract(data, '$.resource')) AS resource,
            sum(json_extract(data, '$.seconds')) AS seconds
        FROM events WHERE kind = 'Reported' GROUP BY study, trial
    ),
    audited AS (  -- where the search stood when it was drawn; to where the search has used what the audit saw
        SELECT
            study, trial,
            max(json_extract(data, '$.resource')) AS drawn,
            max(json_extract(data, '$.target')) AS used
        FROM events WHERE kind IN ('Drawn', 'AuditUsed') GROUP BY study, trial
    ),
    stopped AS (
        SELECT study, trial FROM events WHERE kind = 'Stopped'
        UNION
        SELECT study, json_extract(data, '$.ends') FROM events WHERE kind = 'Created'
    )
    SELECT
        studies.name AS study,
        created.trial AS trial,
        CASE
            WHEN started.audits AND (ended.job IS NULL OR ended.job < started.job) THEN 'running'
            WHEN ended.job = started.job AND ended.outcome = 'failed'
                -- that of an audit counts for the search only where it wants to go further
                AND (NOT started.audits OR audited.used > reached.resource) THEN 'failed'
            WHEN stopped.trial IS NOT NULL THEN 'stopped'
            WHEN started.job IS NULL THEN 'queued'
            WHEN ended.job IS NULL OR ended.job < started.job THEN 'running'
            WHEN ended.outcome = 'lost' THEN 'queued'
            WHEN ended.outcome = 'yielded' AND given_up.job IS NOT ended.job THEN 'queued'
            WHEN CASE WHEN started.audits THEN coalesce(audited.used, audited.drawn) ELSE reached.resource END
                >= limits.max_resource THEN 'complete'
            ELSE 'paused'
        END AS status,
        coalesce(reached.resource, 0) AS resource,
        json_extract(created.data, '$.parent') AS parent,
        json_extract(created.data, '$.config') AS config,
        created.time AS created,
        coalesce(json_extract(created.data, '$.bracket'), 0) AS bracket,
        json_extract(created.data, '$.source') AS source,
        json_extract(created.data, '$.seed') AS seed,
        coalesce(reached.seconds, 0.0) AS seconds,
        ended.error AS error
    FROM events AS created
    JOIN studies ON studies.id = created.study
    LEFT JOIN limits ON limits.study = created.study
    LEFT JOIN started ON started.study = created.study AND started.trial = created.trial
    LEFT JOIN ended ON ended.study = created.study AND ended.trial = created.trial
    LEFT JOIN given_up ON given_up.study = created.study AND given_up.trial = created.trial
    LEFT JOIN reached ON reached.study = created.study AND reached.trial = created.trial
    LEFT JOIN audited ON audited.study = created.study AND audited.trial = created.trial
    LEFT JOIN stopped ON stopped.study = created.study AND stopped.trial = created.trial
    WHERE created.kind = 'Created'
        AND json_extract(created.data, '$.confirms') IS NULL  -- none of the search
    """,
)
