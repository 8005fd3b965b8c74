"""Who holds what, as a log tells."""

import msgspec

from core.folding import LOST, Study, created, lost, reached, reported, saved, started
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.event import Entry
from rung.core.why import Why
from rung.roster import Roster


def roster(*events: ev.AnyEvent) -> tuple[Roster, Study]:
    found, study = Roster(), Study()
    for event in events:
        found.see(Entry(study.state.seq + 1, 0.0, event), study.state)
        study.then(event)
    return found, study


def trained(trial: int, job: int, worker: int = 0) -> list[ev.AnyEvent]:
    """A trial is created, and trained to 1."""
    return [
        created(trial),
        started(job, 0, 1, trial, worker=worker),
        reported(job, 1, trial=trial),
        reached(job, trial),
    ]


def test_a_worker_holds_the_trial_that_it_has_just_trained_and_leaves_it_for_another() -> None:
    found, _ = roster(*trained(0, 0), *trained(1, 1, worker=1))
    assert dict(found.held) == {0: 0, 1: 1}
    found, _ = roster(*trained(0, 0), *trained(1, 1), created(2), started(2, 0, 1, 2, worker=1))
    assert dict(found.held) == {1: 0}


def test_who_asks_and_tells_holds_every_trial_that_rests() -> None:
    found, _ = roster(*trained(0, 0), *trained(1, 1))
    assert [set(picture) for picture in found.pictures()] == [{1}, {0, 1}]
    found, _ = roster(*trained(0, 0), saved(0, 1), *trained(1, 1))
    assert [set(picture) for picture in found.pictures()] == [{1}]


def test_a_lost_worker_and_a_new_run_hold_nothing() -> None:
    assert not roster(created(), started(0, 0, 1), lost(0))[0].held
    assert not roster(*trained(0, 0), ev.BudgetChanged(Budget(trials=9)))[0].held
    dead = msgspec.structs.replace(LOST, type="driver lost")
    found, _ = roster(*trained(0, 0), created(1), started(1, 0, 1, 1, worker=1), ev.Ended(1, 1, "lost", dead))
    assert not found.held and not found.told


def test_virtual_time_that_begins_anew_is_a_new_run() -> None:
    found, study = roster(*trained(0, 0))
    found.see(Entry(study.state.seq + 1, -1.0, ev.Idled(Why("done"))), study.state)
    assert not found.held


def test_a_job_that_restores_a_checkpoint_was_held_by_nobody_and_one_that_does_not_was() -> None:
    found, study = roster(*trained(0, 0), saved(0, 1))
    restored = ev.Started(1, 0, 1, 3, 1, Why("promoted"), restore="0/1")
    found.correct(restored, study.state)
    assert not found.held
    found.correct(msgspec.structs.replace(restored, restore=None), study.state)
    assert dict(found.held) == {0: 1}
