"""How far a mean may be trusted: Student's interval, and the values of a study from which one can be made."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

from rung.core.space import Config
from rung.core.state import State

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and the interval that holds the true one with a probability of 95 %, for normal independent values."""

    mean: float
    low: float
    high: float
    n: int


def interval(values: Sequence[float]) -> Interval:
    """Student's t-interval of the mean of at least two values."""
    from scipy.special import stdtrit

    n = len(values)
    mean = fmean(values)
    half = float(stdtrit(n - 1, 0.5 + LEVEL / 2)) * stdev(values) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def replicate_values(state: State, trial: int) -> list[float]:
    """The first objective in each replicate (fold, seed, instance) of a trial; empty for other kinds of resource."""
    if not state.resource.averages:
        return []
    metric = state.objectives[0].metric
    view = state.history.view()
    rows = (view.trials == trial).nonzero()[0].tolist()
    return [float(view.metrics[row][metric]) for row in rows]


def repeated_values(state: State, config: Config, resource: int) -> list[float]:
    """The first objective of every trial of this very configuration that was observed at a resource."""
    trials, losses = state.history.view().at(resource)
    goal = state.objectives[0]
    return [
        goal.value(loss)
        for trial, loss in zip(trials.tolist(), losses[:, 0].tolist(), strict=True)
        if math.isfinite(loss) and state.trials[trial].config == config
    ]
