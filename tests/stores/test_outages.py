"""Running studies whose database server goes away, or whose connections are cut: nothing is lost or comes twice."""

import logging
import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

import rung
from infra.proxy import Proxy
from rung import driving
from rung.core import event as ev
from rung.core.invariants import validate
from rung.stores import postgresql as dialect
from rung.stores import writer
from rung.stores.events import open_store
from stores.places import Place, place_on
from stores.samples import entries
from stores.test_servers import Server, outage

LIMIT_S = 60.0

KILL = {
    "postgresql": (
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
        "SELECT pg_terminate_backend({id})",
    ),
    "mariadb": (
        "SELECT id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()",
        "KILL {id}",
    ),
}


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> Server:
    found: Server = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def place(server: Server) -> Iterator[Place]:
    with place_on(server) as found:
        yield found


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(writer, "LONGEST_PAUSE_S", 0.1)
    monkeypatch.setattr(driving, "NOTE_EVERY_S", 0.02)  # notes must not wait for the database
    monkeypatch.setattr(driving, "NOTE_REST", 0)


class Training:
    """Trains in this process, and lets others wait until it has come so far."""

    def __init__(self) -> None:
        self.n_steps = 0
        self.enough = threading.Event()
        self._news = threading.Condition()

    def __call__(self, trial: rung.Trial) -> None:
        for _ in trial.steps():
            time.sleep(0.002)  # training takes its time
            trial.report(loss=trial.config["x"])
            with self._news:
                self.n_steps += 1
                self._news.notify_all()
        if self.enough.is_set():
            raise KeyboardInterrupt

    def wait_for(self, more: int) -> None:
        with self._news:
            goal = self.n_steps + more
            assert self._news.wait_for(lambda: self.n_steps >= goal, LIMIT_S), "the training stands still"


def disturbed(url: str, folder: Path, disturb: Callable[[Training], None]) -> int:
    """Run a study while somebody disturbs it, and check that its log tells all that was trained, once.

    Returns:
        How many steps it has trained.
    """
    train = Training()
    errors: list[BaseException] = []

    def act() -> None:
        try:
            train.wait_for(20)
            disturb(train)
        except BaseException as error:  # noqa: BLE001  raised below, in the test's own thread
            errors.append(error)
        train.enough.set()

    def study() -> rung.Study:
        return rung.Study(
            "s",
            {"x": rung.Float(0, 1)},
            minimize="loss",
            scheduler=rung.FIFO(5),
            store=url,
            checkpoints=rung.Checkpoints(str(folder)),
        )

    thread = threading.Thread(target=act)
    with study() as running:
        thread.start()
        with suppress(KeyboardInterrupt):
            running.run(train, executor=rung.InProcess())
        thread.join()
        assert not errors, errors
    with study() as found:
        validate(found.state)
        told = [
            (entry.event.trial, entry.event.resource)
            for entry in found.events()
            if isinstance(entry.event, ev.Reported)
        ]
        assert told == [(n // 5, n % 5 + 1) for n in range(train.n_steps)]
        assert not found.is_driven
    return train.n_steps


def test_a_study_goes_on_while_its_server_is_stopped_and_tells_all_when_it_is_back(
    server: Server, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "rung.stores.writer")

    def stop_and_start(train: Training) -> None:
        with outage(server):
            train.wait_for(150)
        train.wait_for(20)

    assert disturbed(place.url, tmp_path, stop_and_start) >= 190
    warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(warnings) == 1
    assert "The study goes on: what it reports waits here" in warnings[0]
    assert "answers again after" in caplog.text


def test_a_study_whose_connections_are_killed_again_and_again_loses_and_repeats_nothing(
    place: Place, tmp_path: Path
) -> None:
    find, kill = KILL[place.kind]
    n_killed = 0

    def cut(train: Training) -> None:
        nonlocal n_killed
        while n_killed < 10:
            for (number,) in place.rows(find):
                with suppress(DBAPIError):  # it has just ended by itself
                    place.execute(kill.format(id=number))
                    n_killed += 1
            train.wait_for(5)

    disturbed(place.url, tmp_path, cut)
    assert n_killed >= 10


def test_a_connection_that_is_cut_at_any_byte_costs_no_entry_and_doubles_none(
    server: Server, place: Place
) -> None:
    draw = random.Random(server.package)
    find, kill = KILL[place.kind]
    with ExitStack() as stack:
        proxy = stack.enter_context(Proxy(server.port))
        store = open_store(place.url.replace(f":{server.port}/", f":{proxy.port}/"))
        stack.enter_context(closing(store))
        log = store.create("digits", [])
        log.acquire()
        proxy.allowance = lambda: draw.randrange(1, 3000) if proxy.n_cut < 12 else None
        for (number,) in place.rows(find):
            place.execute(kill.format(id=number))  # from here on, all connections are new ones
        seq = 0
        while proxy.n_cut < 12:
            log.append(_numbered(3, after=seq))
            log.flush()
            seq += 3
            assert seq < 10_000
        log.release()
    with closing(open_store(place.url)) as store:
        assert list(store.log("digits").read()) == _numbered(seq, after=0)


def _numbered(n: int, after: int) -> list[ev.Entry]:
    return entries([ev.Reported(0, 0, after + i + 1, {"loss": after + i}) for i in range(n)], after)


def test_a_hundred_thousand_metrics_in_each_of_many_reports_are_stored(place: Place) -> None:
    metrics = {f"weights/{n}": n / 7 for n in range(100_000)}
    reports = entries([ev.Reported(0, 0, resource, metrics) for resource in range(1, 8)])  # 20 MB
    with closing(open_store(place.url)) as store:
        log = store.create("digits", [])
        log.acquire()
        for entry in reports:
            log.append([entry])
        log.flush()
        assert list(log.read()) == reports


def test_a_cable_that_is_cut_while_the_server_is_to_answer_is_noticed(postgresql: Server) -> None:
    engine = dialect.database(_url(postgresql), "").reading
    with closing(engine.raw_connection()) as connection:
        link = socket.socket(fileno=connection.driver_connection.fileno())
        try:
            assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert link.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 20
            assert 0 < link.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 20_000
        finally:
            link.detach()
    engine.dispose()


def _url(server: Server) -> "dialect.URL":
    from sqlalchemy import make_url

    return make_url(server.url())
