"""A trial is saved unless training it again is cheaper."""

import pytest

from core.folding import Study, created, reached, reported, saved, started
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.saving import worth_saving


def resting(saving_s: float, *events: ev.AnyEvent) -> Study:
    """Trial 0 is the best and was saved in `saving_s`; trial 1 rests at 6, a second a unit, saved at 2."""
    study = Study(*events, created(0), started(0, 0, 6))
    for resource in range(1, 7):
        study.then(reported(0, resource, 0.1))
    study.then(reached(0), created(1), started(1, 0, 6, trial=1))
    for resource in range(1, 7):
        study.then(reported(1, resource, 0.9, trial=1))
        if resource == 2:
            study.then(ev.Saved(1, 1, 2, "1/2.1", 10, saving_s))
    return study.then(reached(1, 1))


@pytest.mark.parametrize(("saving_s", "worth"), [(0.01, True), (1.9, True), (2.1, False), (60.0, False)])
def test_what_was_trained_since_the_last_checkpoint_is_weighed_against_saving_and_restoring(
    saving_s: float, worth: bool
) -> None:
    assert worth_saving(resting(saving_s).state, 1) is worth


def test_the_best_is_always_saved() -> None:
    assert worth_saving(resting(60.0).state, 0)


def test_the_first_save_is_made_to_be_measured() -> None:
    study = Study(created(0), started(0, 0, 1), reported(0, 1, 0.1), reached(0))
    study.then(created(1), started(1, 0, 1, trial=1), reported(1, 1, 0.9, trial=1), reached(1, 1))
    assert worth_saving(study.state, 1)
    study.then(saved(0, 1))
    assert worth_saving(study.state, 1)


@pytest.mark.parametrize("budget", [Budget(resource=100), Budget(cost=9.0)])
def test_what_training_again_would_spend_is_not_spent(budget: Budget) -> None:
    assert worth_saving(resting(60.0, ev.BudgetChanged(budget)).state, 1)
