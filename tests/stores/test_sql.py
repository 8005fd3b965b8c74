"""The SQLite store keeps the contract; opening, and what is refused."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from rung.core import event as ev
from rung.core.errors import StoreError
from rung.stores import sql
from rung.stores.events import Store, open_store
from stores.contract import StoreContract
from stores.samples import WHY, entries, reports


class TestSqlite(StoreContract):
    @pytest.fixture
    def store(self, sqlite: Store) -> Store:
        return sqlite


def test_a_study_outlives_its_store(path: Path) -> None:
    with closing(open_store(path)) as store:
        store.create("digits", reports(3))
    with closing(open_store(f"sqlite:///{path}")) as store:
        assert store.names() == ["digits"]
        assert list(store.log("digits").read()) == reports(3)


def test_a_closed_store_leaves_one_file(path: Path) -> None:
    with closing(open_store(path)) as store:
        log = store.create("digits", reports(3))
        log.acquire()
        log.append(reports(1, after=3))
    assert list(path.parent.iterdir()) == [path]


def test_a_long_log_is_read_page_by_page(sqlite: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    log = sqlite.create("digits", reports(2 * sql.PAGE + 1))
    reading = log.read(after=1)
    assert next(reading) == reports(2)[1]
    sqlite.create("other", [])  # a reader who stops half-way holds nothing
    assert [entry.seq for entry in reading] == list(range(3, 2 * sql.PAGE + 2))


def test_a_reader_sees_what_a_driver_of_another_store_commits(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    log.acquire()
    with closing(open_store(path)) as other:
        reader = other.log("digits")
        log.append(reports(2))
        log.flush()
        assert reader.committed == 2
        assert list(reader.read()) == reports(2)


def test_columns_beside_the_json_are_for_queries(sqlite: Store, path: Path) -> None:
    sqlite.create("digits", entries([ev.Closed(WHY), ev.Dropped(3, "3/1.0")]))
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT seq, kind, trial, json_extract(data, '$.type') FROM events"
        found = connection.execute(query).fetchall()
    assert found == [(1, "Closed", None, "Closed"), (2, "Dropped", 3, "Dropped")]


def test_a_commit_is_durable_and_readers_do_not_wait(sqlite: Store, path: Path) -> None:
    assert isinstance(sqlite, sql.SqlStore)
    with sqlite._reading.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_relative_path_stays_what_it_was_after_a_change_of_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    with closing(open_store("rung.db")) as store:
        monkeypatch.chdir(tmp_path / "elsewhere")
        store.close()
        store.create("digits", [])
        assert store.url == "rung.db"
    assert (tmp_path / "rung.db").exists()
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["oracle://me:secret@host/db", "postgresql+asyncpg://me:secret@host/db", "sqlite+x://me:secret@host/db"],
)
def test_another_database_is_refused_without_repeating_the_password(url: str) -> None:
    with pytest.raises(StoreError, match=r"is not supported. Give a path") as caught:
        open_store(url)
    assert "host/db" in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["://me:secret@host", "sqlite:///a.db?password=secret", "http://me:secret@[/"]
)
def test_a_url_that_is_not_understood_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(StoreError, match="Give a path") as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", ":memory:", "sqlite://", "sqlite:///:memory:"])
def test_no_path_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="None for memory"):
        open_store(url)


def test_sqlalchemy_is_imported_only_when_a_file_is_opened() -> None:
    program = "import sys, rung.stores.events as e; e.open_store(None); print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
