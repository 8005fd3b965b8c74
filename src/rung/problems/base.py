"""What a simulated worker asks: what would training have reported, and how long would it have taken?"""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Protocol

from rung.core.objective import Objective
from rung.core.resource import Resource
from rung.core.space import Config, Space
from rung.problems.goals import Front, Goals


class Problem(Protocol):
    """What training would have done."""

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """The metrics of a configuration at a resource, and the seconds that this unit (or call) took.

        An objective that diverges ends the trial as it would in training; any exception ends it as failed.
        """
        ...


class Benchmark(Problem, Protocol):
    """A problem whose answer is known, so that schedules can be compared on it.

    Attributes:
        name: What tables and figures call it.
        space: What is tuned.
        objective: What is optimized; the first of several objectives.
        goals: All objectives, and the limits to keep.
        front: The best known front, of several objectives; None: there is one.
        resource: What a unit of training is.
        max_resource: How far a trial can be trained.
        best: The best final value of any configuration that keeps the limits; regret 0.
        typical: The median final value of such configurations at random; regret 1.
    """

    name: str
    space: Space
    objective: Objective
    front: Front | None
    resource: Resource
    max_resource: int
    best: float
    typical: float

    @property
    def goals(self) -> Goals:
        """See above."""
        ...

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """Values of the objective at `start + 1 … target`, and the seconds that each took, as single calls say.

        Fewer where a call would raise.
        """
        ...

    def final(self, config: Config) -> float:
        """The value of a configuration at `max_resource`, the mean over seeds, without noise; NaN if it diverges."""
        ...

    def finals(self, config: Config) -> Mapping[str, float]:
        """The same of all its metrics, by name."""
        ...


class OneObjective(ABC):
    """What a benchmark is besides, where there is one objective and no limit."""

    objective: Objective
    front: Front | None = None

    @property
    def goals(self) -> Goals:
        """See `Benchmark`."""
        return Goals((self.objective,))

    def finals(self, config: Config) -> Mapping[str, float]:
        """See `Benchmark.finals`."""
        return {self.objective.metric: self.final(config)}

    @abstractmethod
    def final(self, config: Config) -> float:
        """See `Benchmark.final`."""


def shortfall(problem: Benchmark, configs: Sequence[Config]) -> float:
    """How far what a study calls best is from the best that is known.

    Args:
        problem: On which.
        configs: The best configuration, or with several objectives those of the front.

    Returns:
        With one objective the regret, `inf` where a limit is broken; with several the part of the known front's
        hypervolume that is missing, to which those that break a limit add nothing.
    """
    finals = [problem.finals(config) for config in configs]
    if problem.front is None:
        kept = problem.goals.are_kept(finals[0])
        return regret(problem, configs[0]) if kept else math.inf
    goals = problem.goals
    return problem.front.lost([goals.losses(values) for values in finals if goals.are_kept(values)])


def regret(problem: Benchmark, config: Config) -> float:
    """How far the final value of a configuration is from the best: 0 the best, 1 the median; `inf` if it diverges."""
    goal = problem.objective
    best, typical = goal.loss(problem.best), goal.loss(problem.typical)
    return (goal.loss(problem.final(config)) - best) / ((typical - best) or 1.0)
