"""A table of learning curves: what some configurations reported at each resource, and how long that took."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rung.core.constraint import Constraints
from rung.core.errors import SpecError
from rung.core.objective import Objective, Objectives
from rung.core.resource import Replicates, Resource
from rung.core.space import Config, Space
from rung.problems.goals import Goals

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """Recorded learning curves.

    Attributes:
        name: What it is called.
        space: What varied.
        configs: The n configurations.
        objective: The main metric, and which way is better.
        resource: What a unit of training is; a resource `r` is the r-th recorded level.
        values: Of the main metric, shape (seeds, n, levels); NaN: diverged, or not recorded.
        seconds: What each unit took, or what a run to it took where the resource restarts; shape as `values`, with
            one seed or as many.
        lengths: How many levels of each configuration were recorded, shape (n,); what is NaN before that diverged.
        is_whole: Whether training was over where a record ends; if not, somebody stopped it there.
        others: Values of further metrics by name, shape as `values`, with one seed or as many.
        further: Those of them that are objectives, too.
        constraints: Limits that were to be kept.
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
    others: Mapping[str, Floats] = field(default_factory=dict)
    further: Objectives = ()
    constraints: Constraints = ()

    @property
    def goals(self) -> Goals:
        """What was looked for when it was recorded."""
        return Goals((self.objective, *self.further), self.constraints)

    @property
    def metrics(self) -> dict[str, Floats]:
        """The values of each metric, the main one first."""
        return {self.objective.metric: self.values, **self.others}

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
        return self.finals_of(self.objective.metric)

    def finals_of(self, metric: str) -> Floats:
        """The same of any metric."""
        means = self.means if metric == self.objective.metric else self.others[metric].mean(axis=0)
        if self.resource.averages:
            return np.asarray(means.mean(axis=1))
        last = np.maximum(self.lengths - 1, 0)
        return np.asarray(means[np.arange(len(last)), last])

    @property
    def best(self) -> float:
        """The best of the final values."""
        finite = self.finals[np.isfinite(self.finals)]
        return float(finite.max() if self.objective.maximize else finite.min())

    @property
    def typical(self) -> float:
        """The median of the final values."""
        return float(np.median(self.finals[np.isfinite(self.finals)]))

    def over_replicates(self) -> "Table":
        """The same table with its seeds as the resource: unit r is the whole training with seed r.

        Raises:
            SpecError: If it holds one run of each configuration.
        """
        if self.resource.averages:
            return self
        if len(self.values) < 2:
            raise SpecError(
                f"the table {self.name} holds one run of each configuration, so there are no replicates to race on. "
                "Record several with rung record --repeats 5, or leave out --over replicates."
            )
        n_seeds, n, _ = self.values.shape
        last = np.maximum(self.lengths - 1, 0)[None, :, None]

        def ends(values: Floats) -> Floats:
            whole = np.broadcast_to(values, (n_seeds, n, self.max_resource))
            return np.moveaxis(np.take_along_axis(whole, last, axis=2), 0, 2)[:, 0][None]

        recorded = np.arange(self.max_resource) < self.lengths[:, None]
        took = (
            np.where(recorded, self.seconds, 0.0).cumsum(axis=2)
            if not self.resource.restarts
            else self.seconds
        )
        return replace(
            self,
            resource=Replicates("seed"),
            values=ends(self.values),
            seconds=ends(took),
            lengths=np.full(n, n_seeds),
            others={name: ends(values) for name, values in self.others.items()},
        )
