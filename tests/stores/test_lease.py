"""One driver per study: races, dead and sleeping owners."""

import os
import sqlite3
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psutil
import pytest

from rung.core.errors import BusyError, LeaseLostError, StoreError, StudyNotFoundError
from rung.stores import lease
from rung.stores.events import Store
from stores.processes import HOLD, RACE, line, running, tell
from stores.samples import reports


def change_lease(path: Path, **values: Any) -> None:
    """Write to the table of leases, as another driver would."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for column, value in values.items():
            connection.execute(f"UPDATE leases SET {column} = ?", (value,))


def test_of_two_processes_that_race_for_the_lease_one_wins(sqlite: Store, path: Path) -> None:
    sqlite.create("digits", [])
    with ExitStack() as stack:
        racers = [stack.enter_context(running(RACE, path)) for _ in range(2)]
        assert [line(racer) for racer in racers] == ["ready"] * 2
        for racer in racers:
            tell(racer)
        assert sorted(line(racer) for racer in racers) == ["lost", "won"]


def test_a_live_owner_is_named(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    with running(HOLD, path) as owner:
        assert line(owner) == "held"
        words = f"held by the first driver: process {owner.pid}, since 20.*end that process"
        with pytest.raises(BusyError, match=words):
            log.acquire()


def test_a_dead_owner_is_replaced_at_once_also_before_it_is_reaped(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    with running(HOLD, path) as owner:
        assert line(owner) == "held"
        owner.kill()
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table of processes
        log.acquire()


def test_another_process_with_the_pid_of_the_owner_does_not_count(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    first = sqlite.log("digits")
    first.acquire()
    change_lease(path, started=lease.this_process().started - 3600)
    log.acquire()


def test_the_start_of_a_process_does_not_move_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lease.this_process()
    booted, created = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: booted + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created + 3600)
    if psutil.LINUX:  # elsewhere the system keeps the time of day at which it began
        assert abs(lease.this_process().started - before.started) < 1


@pytest.mark.parametrize("column", ["host", "machine"])
def test_an_owner_elsewhere_is_live_until_its_lease_expires(sqlite: Store, path: Path, column: str) -> None:
    first, second = sqlite.create("digits", []), sqlite.log("digits")
    first.acquire()
    change_lease(path, **{column: "elsewhere"}, pid=2**30)
    with pytest.raises(BusyError, match="if it is dead, go on at 20"):
        second.acquire()
    change_lease(path, expires=time.time() - 1)
    second.acquire()


def test_a_driver_that_slept_past_its_lease_appends_nothing(sqlite: Store, path: Path) -> None:
    sleeper, successor = sqlite.create("digits", []), sqlite.log("digits")
    sleeper.acquire()
    change_lease(path, expires=time.time() - 1)
    successor.acquire("the successor")
    successor.append(reports(1))
    successor.flush()
    sleeper.append(reports(3))
    with pytest.raises(LeaseLostError, match=f"taken over by the successor: process {os.getpid()}"):
        sleeper.flush()
    with pytest.raises(LeaseLostError):
        sleeper.append(reports(1, after=3))
    with pytest.raises(LeaseLostError):
        sleeper.close()
    sleeper.close()
    successor.append(reports(1, after=1))
    successor.release()
    assert list(successor.read()) == reports(2)


def test_a_driver_that_lost_its_lease_but_no_entry_closes_quietly(sqlite: Store, path: Path) -> None:
    sleeper, successor = sqlite.create("digits", []), sqlite.log("digits")
    sleeper.acquire()
    sleeper.append(reports(1))
    sleeper.flush()
    change_lease(path, expires=time.time() - 1)
    successor.acquire()
    sleeper.close()
    with pytest.raises(BusyError):  # what was closed has not given back the lease of the other
        sleeper.acquire()


def test_an_expired_lease_that_nobody_took_is_still_held(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    log.acquire()
    change_lease(path, expires=time.time() - 1)
    log.append(reports(1))
    log.flush()
    with pytest.raises(BusyError):  # writing has renewed it
        sqlite.log("digits").acquire()


def test_a_study_deleted_under_its_driver_takes_no_more_entries(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    log.acquire()
    change_lease(path, expires=time.time() - 1)
    sqlite.delete("digits")
    log.append(reports(1))
    with pytest.raises(LeaseLostError, match=r"'digits' .* was deleted"):
        log.flush()
    with pytest.raises(LeaseLostError):
        log.close()
    with pytest.raises(StudyNotFoundError, match="was deleted"):
        log.acquire()


def test_a_lease_that_cannot_be_taken_leaves_nothing_behind(sqlite: Store, path: Path) -> None:
    log = sqlite.create("digits", [])
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER broken BEFORE UPDATE ON leases BEGIN SELECT RAISE(ABORT, 'no'); END")
        with pytest.raises(StoreError, match="cannot take the lease of the study 'digits'"):
            log.acquire()
        other.execute("DROP TRIGGER broken")
    log.acquire()
