"""Plans: what is foretold is what the schedule does."""

import pytest

import rung
from rung.simulation.plan import plan
from rung.spec import StudySpec

from .worlds import SPACE


def spec(scheduler: object, resource: object = None, **goal: str) -> StudySpec:
    return rung.Study(
        "planned",
        SPACE,
        **(goal or {"maximize": "accuracy"}),  # type: ignore[arg-type]
        scheduler=scheduler,  # type: ignore[arg-type]
        resource=resource,  # type: ignore[arg-type]
        store=None,
    ).spec


def test_random_search_costs_every_trial_to_the_end() -> None:
    once, twice = plan(spec(rung.FIFO(max_resource=10)), rung.Budget(trials=16), 4, 3.0, (1, 2))
    assert (once.trials, once.complete, once.units) == (16, 16, 160)
    assert (twice.trials, twice.units) == (32, 320)
    assert [(level.resource, level.trials) for level in once.levels] == [(10, 16)]
    assert 0.6 * 120 < once.seconds < 2.5 * 120  # 160 units of about 3 seconds on 4 workers
    assert once.seconds < twice.seconds


def test_about_one_in_eta_of_a_rung_comes_to_the_next() -> None:
    (found,) = plan(spec(rung.ASHA(max_resource=9)), rung.Budget(trials=270), 8, 1.0, (1,))
    assert [level.resource for level in found.levels] == [1, 3, 9]
    assert [level.trials for level in found.levels] == pytest.approx([270, 90, 30], rel=0.2)
    assert sum(level.units for level in found.levels) == pytest.approx(found.units)
    assert found.units == pytest.approx(270 + 2 * 90 + 6 * 30, rel=0.15)
    assert found.complete == found.levels[-1].trials
    assert found.checkpoints > 0


def test_a_resource_that_restarts_takes_the_time_of_whole_runs() -> None:
    (steps,) = plan(spec(rung.FIFO(max_resource=10)), rung.Budget(trials=8), 1, 1.0, (1,))
    (share,) = plan(spec(rung.FIFO(max_resource=10), rung.Fraction()), rung.Budget(trials=8), 1, 1.0, (1,))
    assert share.seconds == pytest.approx(steps.seconds)


def test_a_budget_in_seconds_is_kept() -> None:
    once, four = plan(spec(rung.ASHA(max_resource=9)), rung.Budget(seconds=100), 2, 1.0, (1, 4))
    assert once.seconds <= 100
    assert four.seconds <= 400
    assert four.trials > 2 * once.trials


def test_what_cannot_be_planned_is_said() -> None:
    with pytest.raises(rung.SpecError, match="needs a budget"):
        plan(spec(rung.FIFO(max_resource=3)), rung.Budget(), 1, 1.0)
    with pytest.raises(rung.SpecError, match="must take some time"):
        plan(spec(rung.FIFO(max_resource=3)), rung.Budget(trials=3), 1, 0.0)


def test_several_objectives_limits_and_reported_costs_are_planned() -> None:
    study = rung.Study(
        "planned",
        SPACE,
        minimize=["loss", "latency"],
        constraints=[rung.Constraint("mb", upper=5), rung.Constraint("recall", lower=0.5)],
        scheduler=rung.ASHA(max_resource=9),
        store=None,
    )
    (found,) = plan(study.spec, rung.Budget(trials=90), 4, 1.0, (1,))
    assert [level.trials for level in found.levels] == pytest.approx([90, 30, 10], rel=0.5)
    costly = rung.CostASHA(max_resource=9, max_cost=4.5, cost="kwh")
    (found,) = plan(spec(costly), rung.Budget(trials=90), 4, 1.0, (1,))
    assert [level.resource for level in found.levels] == [1, 3, 9]
