"""Summaries: how a study stands in few words, and what a list of its trials holds."""

import pytest

import rung
from core.folding import Study, created, reached, reported, started
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.why import Why
from rung.summary import FEW, Summary, affairs, summary

DONE: list[ev.AnyEvent] = [created(), started(0, 0, 1), reported(0, 1), reached(0)]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([], "not started"),
        ([created(), started(0, 0, 1)], "cut off"),
        (DONE, "between runs"),
        ([*DONE, ev.Idled(Why("done"))], "done"),
        ([ev.BudgetChanged(Budget(trials=1)), *DONE, ev.Closed(Why("budget of trials", of=1)), ev.Idled(Why("done"))],
         "budget used up"),
        ([created(), started(0, 0, 3), ev.YieldAsked(0, 0, Why("interrupted")), ev.Ended(0, 0, "yielded")],
         "interrupted"),
        ([*DONE, ev.Idled(Why("done")), started(1, 1, 2), reported(1, 2), reached(1)], "between runs"),
    ],
)  # fmt: skip
def test_how_a_study_stands_is_told_in_few_words(events: list[ev.AnyEvent], words: str) -> None:
    assert affairs(Study(*events).state) == words


def test_a_summary_comes_back_as_it_was_and_one_of_another_version_as_none() -> None:
    found = summary(Study(*DONE, created(1)).state, "digits")
    assert Summary.decode(found.encode()) == found
    assert (found.n_trials, found.best, found.counts, found.spent) == (2, 0.5, {"paused": 1, "queued": 1}, 1)
    assert [row.number for row in found.rows] == [0, 1]
    assert Summary.decode('{"time": 1.0}') is None


def test_a_large_study_is_summed_up_by_those_that_came_furthest() -> None:
    study = rung.minimize(lambda x: x, {"x": rung.Float(0, 1)}, trials=FEW + 20)
    found = summary(study.state, study.name)
    values = sorted(trial.value for trial in study.trials if trial.value is not None)
    assert [row.values["value"] for row in found.rows] == values[:FEW]
