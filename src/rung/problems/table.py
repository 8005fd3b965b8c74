"""A table of learning curves: what some configurations reported at each resource, and how long that took."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rung.core.objective import Objective
from rung.core.resource import Resource
from rung.core.space import Config, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Recorded learning curves.

    Attributes:
        name: What it is called.
        space: What varied.
        configs: The n configurations.
        objective: The metric, and which way is better.
        resource: What a unit of training is; a resource `r` is the r-th recorded level.
        values: Of the metric, shape (seeds, n, levels); NaN: diverged, or not recorded.
        seconds: What each unit took, or what a run to it took where the resource restarts; shape as `values`, with
            one seed or as many.
        lengths: How many levels of each configuration were recorded, shape (n,); what is NaN before that diverged.
        is_whole: Whether training was over where a record ends; if not, somebody stopped it there.
    """

    name: str
    space: Space
    configs: Sequence[Config]
    objective: Objective
    resource: Resource
    values: Floats
    seconds: Floats
    lengths: Ints
    is_whole: bool = True

    @property
    def max_resource(self) -> int:
        """The number of levels."""
        return int(self.values.shape[2])

    @cached_property
    def means(self) -> Floats:
        """The mean over seeds, shape (n, levels); NaN where a seed is."""
        return np.asarray(self.values.mean(axis=0))

    @cached_property
    def finals(self) -> Floats:
        """The mean value of each configuration at its last level, shape (n,); NaN if it diverged."""
        if self.resource.averages:
            return np.asarray(self.means.mean(axis=1))
        last = np.maximum(self.lengths - 1, 0)
        return np.asarray(self.means[np.arange(len(last)), last])

    @property
    def best(self) -> float:
        """The best of the final values."""
        finite = self.finals[np.isfinite(self.finals)]
        return float(finite.max() if self.objective.maximize else finite.min())

    @property
    def typical(self) -> float:
        """The median of the final values."""
        return float(np.median(self.finals[np.isfinite(self.finals)]))
