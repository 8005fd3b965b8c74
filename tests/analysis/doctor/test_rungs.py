"""Rungs: early ranks that mislead, and tops that hardly anyone reaches."""

import pytest

import rung
from analysis.tuned import tuned
from rung.analysis.data import read
from rung.analysis.doctor.case import Case
from rung.analysis.doctor.finding import CannotTellError
from rung.analysis.doctor.rungs import early_ranks, early_stopping, first_rung, top

SPACE = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
ASHA = rung.ASHA(max_resource=27)


def misleading(x: float, y: float, resource: int) -> float:
    """At 1 step only y shows, from 3 on only x."""
    return y if resource < 3 else x


def telling(x: float, y: float, resource: int) -> float:
    return x + 0.5**resource


def test_ranks_that_tell_nothing_of_the_next_level_are_found() -> None:
    (found,) = early_ranks(Case(read(tuned(SPACE, misleading, scheduler=ASHA, trials=200))))
    assert (found.evidence["low"], found.evidence["high"]) == (1, 3)
    assert found.advice.startswith("Raise min_resource to 3,")


def test_selection_alone_is_no_reason_to_complain() -> None:
    """Among the chosen third the correlation is weak, among all it is not."""
    study = tuned(SPACE, telling, scheduler=ASHA, trials=300, noise=0.12)
    case = Case(read(study))
    assert list(early_ranks(case)) == []
    assert list(early_ranks(Case(read(tuned(SPACE, telling, scheduler=ASHA, trials=150))))) == []


def test_stopping_that_loses_better_trials_is_found_where_audits_show_it() -> None:
    def wrong(x: float, y: float, resource: int) -> float:
        return x if resource < 9 else 1 - x

    study = tuned(SPACE, wrong, scheduler=ASHA, trials=150, audit=0.3)
    (found,) = early_stopping(Case(read(study), audits=study.audits))
    assert found.sentence.startswith("Of ")
    assert float(found.evidence["share_at_least"]) > 0.05
    assert found.advice == "Raise min_resource to 3, so that trials are judged later."
    fine = tuned(SPACE, telling, scheduler=ASHA, trials=150, audit=0.6)
    assert list(early_stopping(Case(read(fine), audits=fine.audits))) == []
    few = tuned(SPACE, telling, scheduler=ASHA, trials=150, audit=0.1)
    with pytest.raises(CannotTellError, match=r"stopped trials were audited|no audit has ended"):
        list(early_stopping(Case(read(few), audits=few.audits)))


def test_a_top_that_nobody_reaches_is_a_warning() -> None:
    (found,) = top(Case(read(tuned(SPACE, telling, scheduler=rung.ASHA(max_resource=81), trials=30))))
    assert found.severity == "warning"
    assert found.sentence.startswith("No trial has come to 81 steps, of 30 that were tried")
    assert list(top(Case(read(tuned(SPACE, telling, scheduler=ASHA, trials=150))))) == []


def test_training_that_stays_on_the_first_rung_is_found() -> None:
    rare = rung.ASHA(max_resource=16, eta=8, levels=(8, 12, 16))
    (found,) = first_rung(Case(read(tuned(SPACE, telling, scheduler=rare, trials=64))))
    assert float(found.evidence["share"]) > 0.75
    assert list(first_rung(Case(read(tuned(SPACE, telling, scheduler=ASHA, trials=100))))) == []
