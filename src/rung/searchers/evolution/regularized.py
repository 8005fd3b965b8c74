"""Regularized evolution: the oldest dies, not the worst; so what was lucky once does not stay for ever.

Reference:
    Real et al., Regularized Evolution for Image Classifier Architecture Search, AAAI 2019, section 3.2, Algorithm 1.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from rung.core.history import Ints
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.models.variation import Kinds, filled, mutated, some
from rung.searchers.checks import check_count, check_positive
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.live import Children, LiveEvolution
from rung.searchers.evolution.pool import STEP, Pool


class RegularizedEvolution(
    msgspec.Struct,
    frozen=True,
    tag="regularized-evolution",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Change one value of the best of some young configurations.

    The paper has a population of 100 and a sample of 25, for 20,000 trials; the defaults here are for some hundreds.

    Attributes:
        population: How many of the youngest trials are alive.
        sample: How many of them are drawn, the best of which is the parent.
        eta: How near a changed number is to what it was: the larger, the nearer.
    """

    population: int = 20
    sample: int = 6
    eta: float = 3.0

    def __post_init__(self) -> None:
        check_count("RegularizedEvolution", "population", self.population, 1)
        check_count("RegularizedEvolution", "sample", self.sample, 1)
        check_positive("RegularizedEvolution", "eta", self.eta)

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> LiveEvolution:
        """A live searcher."""
        pool = Pool(STEP, youngest(self.population))
        breed = Mutation(Kinds.of(space), self.sample, self.eta)
        return LiveEvolution(space, seed, "regularized evolution", pool, breed, self.population)


@dataclass(frozen=True, slots=True)
class youngest:  # noqa: N801  # a selection, made by its size
    """Selection: the trials with the highest numbers live on."""

    size: int

    def __call__(self, evidence: Evidence) -> Ints:
        """The rows of the youngest, best first."""
        young = np.argsort(evidence.trials)[-self.size :]
        return young[np.argsort(ranks(evidence)[young])]


@dataclass(frozen=True, slots=True)
class Mutation:
    """The best of a sample has a child that differs in one value."""

    kinds: Kinds
    sample: int
    eta: float

    def __call__(self, pool: Evidence, trial: int, n: int, rng: np.random.Generator) -> Children:
        """Some children for a trial."""
        size = min(self.sample, len(pool))
        parents = rng.random((n, len(pool))).argsort(axis=1)[:, :size].min(axis=1)  # the pool is in order
        points = pool.points[parents]
        X = filled(points, rng)
        X = mutated(X, some(~np.isnan(points), rng, rate=0.0), self.kinds, rng, self.eta)
        return Children(X, pool.trials[parents][:, None])
