"""Tables as problems: seeds, regret, the kinds of resource."""

import math

import numpy as np
import pytest

import rung
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.problems.base import regret, shortfall
from rung.problems.goals import Goals
from rung.problems.table import Table
from rung.problems.tabular import TableProblem

from .tables import SPACE, table, two_metrics

NAN = float("nan")


def test_a_trial_trains_along_the_curve_of_one_seed() -> None:
    values = np.array([[[3.0, 2.0]], [[30.0, 20.0]]])
    made = Table(
        "two seeds",
        SPACE,
        [{"x": 0.5}],
        Objective("loss"),
        rung.Steps(),
        values,
        np.array([[[1.0, 4.0]]]),
        np.array([2]),
    )
    problem = TableProblem(made)
    assert [problem({"x": 0.1}, r, 6) for r in (1, 2)] == [({"loss": 3.0}, 1.0), ({"loss": 2.0}, 4.0)]
    assert [problem({"x": 0.1}, r, 7) for r in (1, 2)] == [({"loss": 30.0}, 1.0), ({"loss": 20.0}, 4.0)]
    assert problem.final({"x": 0.9}) == 11.0


def test_the_best_row_has_no_regret_the_median_one_regret_1_and_a_diverged_one_all_of_it() -> None:
    problem = TableProblem(table([[1.0], [2.0], [5.0], [NAN]]))
    found = [regret(problem, {"x": x}) for x in (0.0, 1 / 3, 2 / 3, 1.0)]
    assert found == pytest.approx([0.0, 1.0, 4.0, math.inf])


def test_the_final_value_of_folds_is_their_mean() -> None:
    problem = TableProblem(table([[1.0, 3.0], [2.0, 2.5]], resource=rung.Replicates("fold")))
    assert problem.final({"x": 0.0}) == 2.0
    assert problem.best == 2.0


def test_with_a_limit_the_best_is_the_best_that_keeps_it() -> None:
    made = two_metrics(n=11)
    problem = TableProblem(made, goals=Goals((made.objective,), (rung.Constraint("size", upper=40),)))
    assert problem.best == pytest.approx(0.6 + 1 / 9)
    assert problem.typical == pytest.approx(0.8 + 1 / 9)
    assert [shortfall(problem, [{"x": x}]) for x in (0.4, 0.2, 0.5)] == pytest.approx([0.0, 1.0, math.inf])
    assert problem({"x": 0.4}, 9, 0)[0] == pytest.approx({"loss": 0.6 + 1 / 9, "size": 40.0})


def test_with_several_objectives_the_front_counts_and_what_breaks_a_limit_adds_nothing() -> None:
    made = two_metrics(n=11)
    everything = [{"x": x / 10} for x in range(11)]
    assert shortfall(TableProblem(made), everything) == pytest.approx(0.0)
    limited = TableProblem(made, goals=Goals(made.goals.objectives, (rung.Constraint("size", upper=40),)))
    assert shortfall(limited, everything[:5]) == pytest.approx(0.0)
    assert shortfall(limited, everything[5:]) == 1.0
    assert 0 < shortfall(limited, [everything[2]]) < 1


def test_seeds_become_a_resource_of_whole_trainings() -> None:
    made = two_metrics(n=3, seeds=4).over_replicates()
    problem = TableProblem(made)
    assert (problem.resource, problem.max_resource) == (rung.Replicates("seed"), 4)
    told = [problem({"x": 1.0}, seed, 7) for seed in (1, 2, 3, 4)]
    assert [metrics["loss"] for metrics, _ in told] == pytest.approx(
        [1 / 9 + 0.01 * seed for seed in range(4)]
    )
    assert {(metrics["size"], seconds) for metrics, seconds in told} == {(100.0, 9.0)}
    assert problem.final({"x": 1.0}) == pytest.approx(1 / 9 + 0.015)
    assert made.over_replicates() is made


def test_what_a_table_cannot_answer_is_said() -> None:
    made = two_metrics()
    with pytest.raises(SpecError, match="one run of each configuration"):
        made.over_replicates()
    with pytest.raises(SpecError, match=r"holds no 'speed'. Its metrics are \['loss', 'size'\]"):
        TableProblem(made, goals=Goals((Objective("speed"),)))
    with pytest.raises(SpecError, match="keeps size at most -1"):
        TableProblem(made, goals=Goals((made.objective,), (rung.Constraint("size", upper=-1),)))
