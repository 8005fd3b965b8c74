"""Confirmations as events: repetitions are told to nobody, and what contradicts the facts changes nothing."""

import pytest

from core.folding import WHY, Study, created, failed, lost, reached, reported, saved, started
from rung.core import event as ev
from rung.core.confirm import span
from rung.core.errors import ContradictionError
from rung.core.record import Incumbent
from rung.core.resource import Fraction, Replicates, Steps


def searched(*losses: float) -> list[ev.AnyEvent]:
    """A trial of the search for each loss, at resource 2."""
    return [
        event
        for trial, loss in enumerate(losses)
        for event in (
            created(trial),
            started(trial, 0, 2, trial),
            reported(trial, 2, loss, trial),
            reached(trial, trial),
        )
    ]


def begun(*leaders: int, seeds: int | None = 3) -> ev.ConfirmBegun:
    return ev.ConfirmBegun(leaders, 2, WHY, seeds)


def repetition(trial: int, of: int, number: int) -> ev.Created:
    return ev.Created(trial, {"x": 0.5}, "confirm", 7, confirms=of, repetition=number)


def trained(job: int, trial: int, loss: float) -> list[ev.AnyEvent]:
    return [
        started(job, 0, 2, trial, purpose="confirm"),
        reported(job, 2, loss, trial),
        reached(job, trial),
    ]


def test_a_repetition_is_told_to_nobody_and_chooses_the_best() -> None:
    study = Study(*searched(0.1, 0.2), begun(0, 1))
    state = study.state
    observed, counts, trials = len(state.history), dict(state.counts), state.account.trials
    study.then(repetition(2, 0, 1), *trained(2, 2, 0.9))
    assert state.confirmations.chosen(state.incumbent) is None, "the other leader may be better"
    study.then(repetition(3, 1, 1), *trained(3, 3, 0.3))
    assert study.facts == []
    assert (len(state.history), dict(state.counts), state.account.trials) == (observed, counts, trials)
    assert state.history.pending == {}
    assert [state.status(trial) for trial in range(4)] == ["paused", "paused", "complete", "complete"]
    assert state.incumbent == Incumbent(0, 2, (0.1,))
    assert state.confirmations.chosen(state.incumbent) == Incumbent(1, 2, (0.3,))
    assert (state.account.resource, state.confirmations.units, state.search_units) == (8, 4, 4)
    assert state.n_trials == 2


def test_a_new_incumbent_of_the_search_is_the_best_again() -> None:
    study = Study(*searched(0.1, 0.2), begun(0, 1), repetition(2, 0, 1), *trained(2, 2, 0.9))
    study.then(repetition(3, 1, 1), *trained(3, 3, 0.3), ev.ConfirmEnded())
    study.then(created(4), started(4, 0, 2, 4), reported(4, 2, 0.05, 4), reached(4, 4))
    assert study.state.confirmations.chosen(study.state.incumbent) is None


def test_a_lost_repetition_is_owed_from_its_checkpoint_and_refunded() -> None:
    study = Study(*searched(0.1), begun(0), repetition(1, 0, 1))
    study.then(started(1, 0, 2, 1, purpose="confirm"), reported(1, 1, 0.5, 1), saved(1, 1, 1), lost(1, 1))
    state = study.state
    assert list(state.owed) == [1]
    assert state.resumes_at(1) == (1, "1/1")
    assert state.confirmations.units == 1
    unsaved = Study(*searched(0.1), begun(0), repetition(1, 0, 1))
    unsaved.then(started(1, 0, 2, 1, purpose="confirm"), reported(1, 1, 0.5, 1), lost(1, 1))
    assert (unsaved.state.confirmations.units, unsaved.state.account.resource) == (0, 2)
    assert unsaved.facts == []


def test_a_failed_repetition_is_no_failure_of_the_search() -> None:
    study = Study(
        *searched(0.1, 0.2), begun(0, 1), repetition(2, 0, 1), repetition(3, 1, 1), *trained(2, 3, 0.3)
    )
    study.then(started(3, 0, 2, 2, purpose="confirm"), failed(3, 2))
    state = study.state
    assert state.counts["failed"] == 0
    assert len(state.history.view().failed) == 0
    assert state.repeated_failure is None
    assert state.confirmations.chosen(state.incumbent) == Incumbent(1, 2, (0.3,))


@pytest.mark.parametrize(
    "event",
    [
        repetition(1, 5, 1),
        repetition(2, 0, 1),
        ev.ConfirmBegun((9,), 2, WHY),
        ev.ConfirmEnded(),
    ],
    ids=["of an unknown trial", "with a wrong number", "of an unknown leader", "ended, not begun"],
)
def test_what_contradicts_the_facts_changes_nothing(event: ev.AnyEvent) -> None:
    study = Study(*searched(0.1))
    if not isinstance(event, ev.ConfirmEnded):
        study.then(begun(0))
    before = (len(study.state.trials), study.state.seq, study.state.confirmations.trials)
    with pytest.raises(ContradictionError):
        study.then(event)
    assert (len(study.state.trials), study.state.seq, study.state.confirmations.trials) == before


def test_nothing_is_repeated_twice_nor_outside_of_a_round() -> None:
    study = Study(*searched(0.1))
    with pytest.raises(ContradictionError):
        study.then(repetition(1, 0, 1))
    study.then(begun(0), repetition(1, 0, 1))
    with pytest.raises(ContradictionError):
        study.then(repetition(2, 0, 1))


def test_where_repetitions_train() -> None:
    assert span(Steps(), 9, 4) == span(Fraction(), 9, 4) == span(Replicates("fold"), 9, 4) == (0, 9)
    assert [span(Replicates("seed"), 5, number) for number in (1, 2)] == [(5, 10), (10, 15)]
