"""Runs with several objectives, limits and replicates say what a study of the same would have shown."""

import pytest

import rung
from problems.tables import table, two_metrics
from rung.problems.base import shortfall
from rung.problems.goals import Goals
from rung.problems.tabular import TableProblem
from rung.schedulers.registry import SCHEDULERS
from rung.simulation.comparison import compare
from rung.simulation.definition import usual_schedulers
from rung.simulation.experiment import Experiment
from rung.simulation.run import run
from rung.simulation.setting import RETRIES, Arm, World, check_arm, scheduler_on

from .worlds import arm

LIMIT = (rung.Constraint("size", upper=50),)
SEVERAL = {"fifo", "asha", "stopping-asha", "successive-halving", "hyperband", "async-hyperband"}


@pytest.mark.parametrize("limits", [(), LIMIT])
@pytest.mark.parametrize("tag", ["asha", "fifo"])
def test_the_front_of_a_run_is_that_of_a_study(tag: str, limits: tuple[rung.Constraint, ...]) -> None:
    made = two_metrics()
    problem, world = TableProblem(made, goals=Goals(made.goals.objectives, limits)), World(seconds=40.0)
    found = run(problem, arm(tag), world, 3)
    study = rung.Study(
        "same",
        made.space,
        minimize=["loss", "size"],
        constraints=limits,
        resource=made.resource,
        scheduler=SCHEDULERS.decode({"type": tag, "max_resource": 9}),
        seed=3,
        store=None,
        retries=RETRIES,
    )
    study.run(executor=world.executor(problem, 4, 3), budget=rung.Budget(seconds=40))
    shown = shortfall(problem, [trial.config for trial in study.front])
    assert shown < 0.5
    assert min(found.regrets) == found.regrets[-1] == pytest.approx(shown)


def test_more_time_covers_more_of_the_front_and_the_best_arm_is_first() -> None:
    problem = TableProblem(two_metrics())
    arms = [arm("fifo", workers=8), Arm("few", {"type": "fifo"}, {"type": "random"}, 1)]
    first, second = compare(Experiment([problem], arms, World(horizon=3), 3).runs(1))
    assert (first.arm, second.arm) == ("fifo", "few")
    assert first.regret < second.regret <= 1.0


def test_an_incumbent_that_breaks_a_limit_has_no_regret_to_speak_of() -> None:
    made = two_metrics()
    problem = TableProblem(made, goals=Goals((made.objective,), (rung.Constraint("size", upper=0.0),)))
    found = run(problem, arm("fifo", workers=1), World(horizon=2), 0)
    assert found.regrets == [float("inf")] * len(found.regrets)


def test_each_scheduler_that_takes_several_objectives_is_compared() -> None:
    chosen, others = usual_schedulers([TableProblem(two_metrics())])
    assert set(chosen) >= SEVERAL
    assert "one objective" in others["median-stopping"]
    assert "compares trials on the same" in others["gate"]


def test_racing_and_the_gate_are_compared_over_replicates() -> None:
    made = two_metrics(seeds=10).over_replicates()
    problem = TableProblem(made, goals=Goals((made.objective,)))
    assert {"racing", "gate", "asha", "fifo"} <= set(usual_schedulers([problem])[0])
    arms = [arm("racing"), arm("gate"), arm("fifo")]
    found = {
        result.arm: result for result in compare(Experiment([problem], arms, World(horizon=9), 1).runs(1))
    }
    assert found["racing"].units < 9 * found["racing"].trials  # most do not see all ten seeds
    assert all(result.regret < 1 for result in found.values())


def test_a_scheduler_of_costs_finds_what_a_full_training_costs() -> None:
    slow = TableProblem(table([[3.0, 2.0, 1.0]] * 9, seconds=2.5))
    assert scheduler_on(slow, {"type": "cost-asha"})["max_cost"] == pytest.approx(7.5)
    assert scheduler_on(slow, {"type": "cost-asha", "max_cost": 3})["max_cost"] == 3
    assert "cost-asha" in usual_schedulers([slow])[0]
    sized = TableProblem(two_metrics(), goals=Goals((two_metrics().objective,)))
    of_size = scheduler_on(sized, {"type": "cost-asha", "cost": "size"})
    assert of_size["max_cost"] == pytest.approx(9 * 50, rel=0.3)
    with pytest.raises(rung.SpecError, match="reports no cost 'kwh'"):
        scheduler_on(slow, {"type": "cost-asha", "cost": "kwh"})
    with pytest.raises(rung.SpecError, match=r"needs reports of \['kwh'\]"):
        check_arm(slow, arm("cost-asha", cost="kwh", max_cost=3))
