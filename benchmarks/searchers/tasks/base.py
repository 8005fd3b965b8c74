"""A task: a space, a loss that is known without noise, and the best of it.

Tasks marked *development* are those that defaults may be chosen on; *report* marks those that none was chosen on.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from rung.core.rng import rng
from rung.core.space import Config, Space

Group = Literal[
    "smooth",
    "multimodal",
    "noisy",
    "ill-conditioned",
    "few matter",
    "conditional",
    "categorical",
    "constrained",
    "trainings",
    "recorded",
]
Split = Literal["development", "report"]

SAMPLED = 1000  # random configurations of which the median is typical


@dataclass(frozen=True)
class Task:
    """One tuning problem whose answer is known.

    Attributes:
        name: What tables call it.
        group: Whose weaknesses it shows.
        split: Whether defaults may be chosen on it.
        space: What is tuned.
        loss: Of a configuration, without noise; lower is better.
        best: The lowest loss there is, or that is known.
        noise: Standard deviation of what is added to a loss.
        limits: Each is broken by what it gives above 0.
        median: The median loss of random configurations, where it is known.
    """

    name: str
    group: Group
    split: Split
    space: Space
    loss: Callable[[Config], float]
    best: float
    noise: float = 0.0
    limits: tuple[Callable[[Config], float], ...] = ()
    median: float | None = None

    @cached_property
    def typical(self) -> float:
        """The median loss of random configurations that keep the limits."""
        if self.median is not None:
            return self.median
        configs = self.space.sample(SAMPLED, rng(0, "typical", 0))
        kept = [config for config in configs if not any(self.broken(config))]
        return float(np.median([self.loss(config) for config in kept]))

    def broken(self, config: Config) -> tuple[float, ...]:
        """By how much each limit is broken; 0 where it is kept."""
        return tuple(max(0.0, float(limit(config))) for limit in self.limits)

    @property
    def penalty(self) -> float:
        """What is told of a training that failed, or that broke limits, to tools that know neither."""
        return self.typical + (self.typical - self.best)

    def observed(self, loss: float, seed: int, index: int) -> float:
        """A loss as it is seen at an evaluation of a run."""
        if not self.noise:
            return loss
        return loss + self.noise * float(rng(seed, f"noise of {self.name}", index).normal())

    def regret(self, loss: float) -> float:
        """0 for the best, 1 for what is typical, and inf for what failed."""
        if math.isnan(loss):
            return math.inf
        return max(0.0, (loss - self.best) / (self.typical - self.best))
