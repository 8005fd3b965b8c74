"""What both servers share: outages, rights, passwords, and one sentence for each thing that is refused."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from infra.servers import Mariadb, Postgresql
from rung.core.errors import LeaseLostError, MissingDependencyError, StoreError, UnreachableError
from rung.stores import sql
from rung.stores import writer as module
from rung.stores.events import open_store
from rung.stores.urls import beside, is_server
from stores.places import Place, place_on
from stores.samples import reports

Server = Postgresql | Mariadb

PATIENCE_S = 60.0  # only a broken writer lets a test wait so long


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    with place_on(server) as found:
        yield found


@contextmanager
def outage(server: Server) -> Iterator[None]:
    server.stop()
    try:
        yield
    finally:
        server.start()


def test_a_server_that_stops_and_starts_loses_nothing(
    server: Server, place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.2)
    tries = threading.Semaphore(0)
    with closing(open_store(place.url)) as store:
        log = store.create("digits", reports(1))
        log.acquire()
        log.append(reports(2, after=1))
        log.flush()
        caplog.set_level(logging.INFO, "rung.stores.writer")
        try_again = module.Writer._try_again

        def counted(writer: module.Writer, error: UnreachableError) -> None:
            try_again(writer, error)
            tries.release()

        monkeypatch.setattr(module.Writer, "_try_again", counted)
        with outage(server):
            for seq in range(3, 300):
                log.append(reports(1, after=seq))
            for _ in range(4):
                assert tries.acquire(timeout=PATIENCE_S)
            assert log.committed == 3
        log.flush()
        assert [entry.seq for entry in log.read()] == list(range(1, 301))
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith(f"cannot write the study 'digits' in {place.url}: ")
    assert "is written when the database answers again" in warnings[0]
    assert "answers again after" in caplog.text


def test_while_the_server_is_away_a_full_buffer_holds_back_who_appends(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LONGEST_PAUSE_S", 0.2)
    for bound in ("MAX_AHEAD", "MAX_WAITING"):
        monkeypatch.setattr(module, bound, 5)
    with closing(open_store(place.url)) as store:
        log = store.create("digits", [])
        log.acquire()
        returned = threading.Event()

        def append() -> None:
            for seq in range(20):
                log.append(reports(1, after=seq))
            returned.set()

        appender = threading.Thread(target=append)
        with outage(server):
            appender.start()
            assert not returned.wait(0.5)
        assert returned.wait(PATIENCE_S)
        appender.join()
        log.flush()
        assert list(log.read()) == reports(20)


def test_a_server_that_stays_away_is_an_error_and_what_waits_is_kept(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GIVE_UP_AFTER_S", 0.3)
    with closing(open_store(place.url)) as store:
        log = store.create("digits", [])
        log.acquire()
        with outage(server):
            log.append(reports(3))
            with pytest.raises(UnreachableError, match="Check that the server runs"):
                log.flush()
            with pytest.raises(UnreachableError, match="Check that the server runs"):
                open_store(place.url)
        log.flush()
        assert list(log.read()) == reports(3)


def test_a_driver_that_was_replaced_during_an_outage_appends_nothing(server: Server, place: Place) -> None:
    with closing(open_store(place.url)) as store, closing(open_store(place.url)) as other:
        sleeper, successor = store.create("digits", []), other.log("digits")
        sleeper.acquire()
        place.execute("UPDATE leases SET fence = fence + 1, expires = 0, owner = 'the successor'")
        with outage(server):
            sleeper.append(reports(3))
        with pytest.raises(LeaseLostError, match="taken over by the successor"):
            sleeper.flush()
        successor.acquire()
        assert list(successor.read()) == []
        with pytest.raises(LeaseLostError):
            sleeper.close()


def test_drivers_of_many_studies_share_a_server(place: Place) -> None:
    stores = [open_store(place.url) for _ in range(4)]
    logs = [store.create(f"study {number}", []) for number, store in enumerate(stores)]
    for log in logs:
        log.acquire()
    for seq in range(50):
        for log in logs:
            log.append(reports(1, after=seq))
    for log in logs:
        log.flush()
    assert [list(log.read()) for log in logs] == [reports(50)] * 4
    for store in stores:
        store.close()


def test_a_long_event_and_names_that_differ_in_case_are_kept(place: Place) -> None:
    from rung.core import event as ev
    from stores.samples import entries

    long = entries([ev.Ended(0, 0, "failed", ev.Failure("code", "E", "m", "x" * 300_000 + "🦀"))])
    with closing(open_store(place.url)) as store:
        store.create("digits", long)
        store.create("Digits", reports(1))
        assert list(store.log("digits").read()) == long
        assert store.names() == ["digits", "Digits"]


def test_a_newer_schema_is_refused(place: Place) -> None:
    open_store(place.url).close()
    place.execute("INSERT INTO rung_meta VALUES (99, 0.0)")
    with pytest.raises(StoreError, match="was written by a newer rung"):
        open_store(place.url)


def test_another_programs_database_is_refused_and_stays_as_it_is(place: Place) -> None:
    place.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
    with pytest.raises(
        StoreError, match=r"another program's database, it has a table 'alembic_version'.*CREATE DATABASE"
    ):
        open_store(place.url)
    schema = "'public'" if place.kind == "postgresql" else "database()"
    tables = f"SELECT table_name FROM information_schema.tables WHERE table_schema = {schema}"
    assert place.rows(tables) == [("alembic_version",)]


def test_a_refused_password_is_never_shown(server: Server, place: Place) -> None:
    with (
        someone(server, place) as url,
        pytest.raises(StoreError, match="Check the user and the password") as caught,
    ):
        open_store(url.replace("right", "wr0ng"))
    assert "wr0ng" not in shown(caught.value)
    assert not isinstance(caught.value, UnreachableError)


def test_a_password_is_nowhere_to_be_seen(server: Server, place: Place) -> None:
    with someone(server, place) as url, closing(open_store(url)) as store:
        log = store.create("digits", [])
        assert "someone:***@" in store.url
        for value in (store.url, store, log, vars(store), vars(log)):
            assert "right" not in repr(value)
        with pytest.raises(StoreError) as caught:
            store.log("other")
        assert "right" not in shown(caught.value)


def test_who_may_only_read_reads_and_is_told(server: Server, place: Place) -> None:
    with closing(open_store(place.url)) as store:
        store.create("digits", reports(3))
    with someone(server, place, rights="SELECT") as url, closing(open_store(url)) as store:
        log = store.log("digits")
        assert list(log.read()) == reports(3)
        assert not log.is_held()
        with pytest.raises(StoreError, match="Ask for the right to write") as caught:
            log.acquire()
        assert not isinstance(caught.value, UnreachableError)


def test_a_database_that_is_not_there_is_named(server: Server) -> None:
    with pytest.raises(StoreError, match=r"nothing_here.*CREATE DATABASE"):
        open_store(server.url("nothing_here"))


def test_a_url_without_a_database_is_refused(server: Server) -> None:
    with pytest.raises(StoreError, match=r"names no database. Add it at the end"):
        open_store(server.url(""))


@pytest.mark.parametrize(
    ("scheme", "extra"), [("postgresql", "postgresql"), ("mysql", "mysql"), ("mariadb", "mysql")]
)
def test_a_missing_package_is_named_with_its_extra(
    scheme: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("psycopg", "pymysql"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(MissingDependencyError, match=rf"pip install 'rung\[{extra}\]'"):
        open_store(f"{scheme}://me:secret@host/db")


@pytest.mark.parametrize("scheme", ["postgresql", "mysql"])
def test_an_at_sign_in_a_password_is_not_taken_for_the_host(scheme: str) -> None:
    with pytest.raises(StoreError, match="as %40") as caught:
        open_store(f"{scheme}://me:sec@ret@127.0.0.1/db")
    assert "ret" not in str(caught.value).replace("interpret", "")


def test_files_of_a_study_on_a_server_lie_here_and_tell_no_password() -> None:
    url = "postgresql://me:secret@host/db"
    assert is_server(url)
    assert str(beside(url)) == "rung-files"
    assert str(beside("sqlite:///a/b.db")) == "a/b.files"
    assert not is_server("sqlite:///a/b.db")


def test_a_lease_is_given_back_as_soon_as_the_server_answers_again(
    server: Server, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_store(place.url)) as store:
        log = store.create("digits", [])
        log.acquire()
        log.append(reports(3))
        log.flush()
        server.stop()
        pauses = iter([server.start])
        clock = SimpleNamespace(monotonic=time.monotonic, sleep=lambda seconds: next(pauses)())
        monkeypatch.setattr(sql, "time", clock)
        log.release()
        assert next(pauses, None) is None
        assert not log.is_held()


@contextmanager
def someone(server: Server, place: Place, rights: str = "ALL") -> Iterator[str]:
    """The URL of the place for a new user with these rights and the password "right"."""
    name = place.url.rsplit("/", 1)[1]
    if isinstance(server, Postgresql):
        server.passwords()
        schema = "USAGE" if rights == "SELECT" else "ALL"
        place.execute(
            "CREATE USER someone PASSWORD 'right'",
            f"GRANT {schema} ON SCHEMA public TO someone",
            f"GRANT {rights} ON ALL TABLES IN SCHEMA public TO someone",
        )
        drop = ["DROP OWNED BY someone", "DROP USER someone"]
    else:
        place.execute("CREATE USER someone IDENTIFIED BY 'right'", f"GRANT {rights} ON {name}.* TO someone")
        drop = ["DROP USER someone"]
    try:
        yield server.url(name, user="someone:right")
    finally:
        place.execute(*drop)


def shown(error: BaseException | None) -> str:
    """All that a traceback could show of it."""
    words: list[Any] = []
    while error is not None:
        words += [str(error), repr(error), error.args]
        error = error.__cause__ or error.__context__
    return repr(words)
