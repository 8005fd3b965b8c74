"""One driver per study: races, dead and sleeping owners."""

import os
import time
from contextlib import ExitStack

import psutil
import pytest

from rung.core.errors import BusyError, LeaseLostError, StoreError, StudyNotFoundError
from rung.stores import lease
from rung.stores.events import Store
from stores.places import Place
from stores.processes import HOLD, RACE, line, running, tell
from stores.samples import reports


def test_of_two_processes_that_race_for_the_lease_one_wins(store: Store, place: Place) -> None:
    store.create("digits", [])
    with ExitStack() as stack:
        racers = [stack.enter_context(running(RACE, place.url)) for _ in range(2)]
        assert [line(racer) for racer in racers] == ["ready"] * 2
        for racer in racers:
            tell(racer)
        assert sorted(line(racer) for racer in racers) == ["lost", "won"]


def test_a_live_owner_is_named(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    with running(HOLD, place.url) as owner:
        assert line(owner) == "held"
        words = f"held by the first driver: process {owner.pid}, since 20.*end that process"
        with pytest.raises(BusyError, match=words):
            log.acquire()


def test_a_dead_owner_is_replaced_at_once_also_before_it_is_reaped(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    with running(HOLD, place.url) as owner:
        assert line(owner) == "held"
        owner.kill()
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)  # dead, and still in the table of processes
        log.acquire()


def test_another_process_with_the_pid_of_the_owner_does_not_count(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    first = store.log("digits")
    first.acquire()
    place.change_lease(started=lease.this_process().started - 3600)
    log.acquire()


def test_the_start_of_a_process_does_not_move_with_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lease.this_process()
    booted, created = psutil.boot_time(), psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: booted + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: created + 3600)
    if psutil.LINUX:  # elsewhere the system keeps the time of day at which it began
        assert abs(lease.this_process().started - before.started) < 1


@pytest.mark.parametrize("column", ["host", "machine"])
def test_an_owner_elsewhere_is_live_until_its_lease_expires(store: Store, place: Place, column: str) -> None:
    first, second = store.create("digits", []), store.log("digits")
    first.acquire()
    place.change_lease(**{column: "elsewhere"}, pid=2**30)
    with pytest.raises(BusyError, match="if it is dead, go on at 20"):
        second.acquire()
    place.change_lease(expires=time.time() - 1)
    second.acquire()


def test_a_driver_that_slept_past_its_lease_appends_nothing(store: Store, place: Place) -> None:
    sleeper, successor = store.create("digits", []), store.log("digits")
    sleeper.acquire()
    place.change_lease(expires=time.time() - 1)
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


def test_a_driver_that_lost_its_lease_but_no_entry_closes_quietly(store: Store, place: Place) -> None:
    sleeper, successor = store.create("digits", []), store.log("digits")
    sleeper.acquire()
    sleeper.append(reports(1))
    sleeper.flush()
    place.change_lease(expires=time.time() - 1)
    successor.acquire()
    sleeper.close()
    with pytest.raises(BusyError):  # what was closed has not given back the lease of the other
        sleeper.acquire()


def test_an_expired_lease_that_nobody_took_is_still_held(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    log.acquire()
    place.change_lease(expires=time.time() - 1)
    log.append(reports(1))
    log.flush()
    with pytest.raises(BusyError):  # writing has renewed it
        store.log("digits").acquire()


def test_a_study_deleted_under_its_driver_takes_no_more_entries(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    log.acquire()
    place.change_lease(expires=time.time() - 1)
    store.delete("digits")
    log.append(reports(1))
    with pytest.raises(LeaseLostError, match=r"'digits' .* was deleted"):
        log.flush()
    with pytest.raises(LeaseLostError):
        log.close()
    with pytest.raises(StudyNotFoundError, match="was deleted"):
        log.acquire()


def test_a_lease_that_cannot_be_taken_leaves_nothing_behind(store: Store, place: Place) -> None:
    log = store.create("digits", [])
    place.refuse("leases", "UPDATE")
    with pytest.raises(StoreError, match="cannot take the lease of the study 'digits'"):
        log.acquire()
    place.accept("leases")
    log.acquire()
