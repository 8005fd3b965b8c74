"""The synthetic problem: its best is the best, and its median the median."""

import math

import numpy as np

import rung
from rung.core.rng import rng
from rung.problems.base import regret
from rung.problems.synthetic import LearningCurves, SyntheticProblem

SPACE = rung.Space(x=rung.Float(0.0, 1.0), y=rung.Choice({"a": {"z": rung.Float(0, 1)}, "b": {}}))


def test_half_of_random_configurations_have_less_regret_than_1_and_none_less_than_0() -> None:
    problem = SyntheticProblem("s", LearningCurves(SPACE, noise=0.5, seed=2), 81)
    found = [regret(problem, config) for config in SPACE.sample(400, rng(1, "c", 0))]
    assert min(found) >= 0
    assert 0.4 < np.mean(np.array(found) < 1) < 0.6


def test_what_diverges_has_no_final_value() -> None:
    problem = SyntheticProblem("s", LearningCurves(SPACE, failing=0.5, seed=2), 81)
    finals = [problem.final(config) for config in SPACE.sample(100, rng(1, "c", 0))]
    assert 30 < sum(map(math.isnan, finals)) < 70
    assert math.isfinite(problem.typical)
