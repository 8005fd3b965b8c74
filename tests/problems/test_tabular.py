"""Tables as problems: seeds, regret, the kinds of resource."""

import math

import numpy as np
import pytest

import rung
from rung.core.objective import Objective
from rung.problems.base import regret
from rung.problems.table import Table
from rung.problems.tabular import TableProblem

from .tables import SPACE, table

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
