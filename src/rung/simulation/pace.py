"""How long a full training of a problem takes, and what it costs."""

import numpy as np

from rung.core.errors import SpecError
from rung.core.rng import rng
from rung.core.space import Config
from rung.problems.base import Benchmark

SAMPLED = 64  # configurations of which the cost of a full training is the median


def full_s(problem: Benchmark) -> float:
    """How long one full training takes: the median over random configurations."""
    return full_cost(problem, "seconds")


def full_cost(problem: Benchmark, cost: str) -> float:
    """What one full training costs: the median over random configurations.

    Args:
        problem: Of which.
        cost: "seconds", or the name of a metric that each report holds, as what was spent since the last one.

    Raises:
        SpecError: If a report does not hold it.
    """
    configs = problem.space.sample(SAMPLED, rng(0, "time of a training", 0))
    return float(np.median([_cost(problem, config, cost) for config in configs]))


def _cost(problem: Benchmark, config: Config, cost: str) -> float:
    units = (problem.max_resource,) if problem.resource.restarts else range(1, problem.max_resource + 1)
    found = [problem(config, unit, 0) for unit in units]
    if cost == "seconds":
        return sum(seconds for _, seconds in found)
    if missing := next((metrics for metrics, _ in found if cost not in metrics), None):
        raise SpecError(f"{problem.name} reports no cost {cost!r}, only {list(missing)}.")
    return float(np.nansum([float(metrics[cost]) for metrics, _ in found]))  # type: ignore[arg-type]  # a number
