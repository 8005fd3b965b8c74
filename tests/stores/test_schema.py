"""Every format that was ever released is opened by this version, which loses nothing of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rung.stores import schema
from rung.stores.events import open_store
from rung.study import Study
from stores.samples import reports

FORMATS = sorted((Path(__file__).parent / "formats").glob("schema_*.sql"))


@pytest.mark.parametrize("format_", FORMATS, ids=lambda path: path.stem)
def test_a_released_format_is_opened_read_and_gone_on_with(format_: Path, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(format_.read_text())
        events = connection.execute("SELECT seq, time FROM events ORDER BY seq").fetchall()
        trials = connection.execute("SELECT * FROM trials ORDER BY trial").fetchall()
    with closing(open_store(path)) as store:
        (name,) = store.names()
        log = store.log(name)
        assert [(entry.seq, entry.time) for entry in log.read()] == events
        assert not log.is_held()
    with closing(Study.load(name, path)) as study:
        assert [trial.number for trial in study.trials] == [row[1] for row in trials]
        assert [trial.status for trial in study.trials] == [row[2] for row in trials]
        assert study.best.value == study.trials[study.best.number].value
    with closing(open_store(path)) as store:
        log = store.log(name)
        log.acquire()
        log.append(reports(1, after=len(events)))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT max(version) FROM rung_meta").fetchone() == (
            len(schema.MIGRATIONS),
        )
        assert connection.execute("SELECT max(seq) FROM events").fetchone() == (len(events) + 1,)
