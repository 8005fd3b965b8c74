"""Genetic search: the fitter of a few survivors are parents; their child is a mixture of both, changed a little.

References:
    Goldberg & Deb, A Comparative Analysis of Selection Schemes Used in Genetic Algorithms, 1991 (tournaments).
    Syswerda, A Study of Reproduction in Generational and Steady-State Genetic Algorithms, 1991.
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from rung.core.history import Ints
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.models.variation import Kinds, binary_crossover, filled, mutated, some
from rung.searchers.checks import check_count, check_positive, check_share
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.live import Children, LiveEvolution
from rung.searchers.evolution.pool import STEP, Pool


class GeneticSearch(
    msgspec.Struct,
    frozen=True,
    tag="genetic",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Breed from the best configurations.

    Attributes:
        population: How many of the best survive.
        initial: How many of them it takes to begin to breed; before that configurations fill the space evenly.
        tournament: A parent is the best of so many survivors that are drawn at random; 1: any of them.
        crossover: The chance that a child has two parents; else it is a changed copy of one.
        eta: How near a child is to its parents, and a changed value to what it was: the larger, the nearer.
    """

    population: int = 10
    initial: int = 10
    tournament: int = 3
    crossover: float = 0.9
    eta: float = 5.0

    def __post_init__(self) -> None:
        for option, least in (("population", 2), ("initial", 1), ("tournament", 1)):
            check_count("GeneticSearch", option, getattr(self, option), least)
        check_share("GeneticSearch", "crossover", self.crossover)
        check_positive("GeneticSearch", "eta", self.eta)

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> LiveEvolution:
        """A live searcher."""
        breed = Mating(Kinds.of(space), self.tournament, self.crossover, self.eta)
        pool = Pool(STEP, fittest(self.population))
        return LiveEvolution(space, seed, "genetic search", pool, breed, min(self.initial, self.population))


@dataclass(frozen=True, slots=True)
class fittest:  # noqa: N801  # a selection, made by its size
    """Selection: the best of a sound order live on."""

    size: int

    def __call__(self, evidence: Evidence) -> Ints:
        """The rows of the best, best first."""
        return np.argsort(ranks(evidence))[: self.size]


@dataclass(frozen=True, slots=True)
class Mating:
    """Two winners of tournaments have a child by binary crossover; then about one of its values mutates."""

    kinds: Kinds
    tournament: int
    crossover: float
    eta: float

    def __call__(self, pool: Evidence, trial: int, n: int, rng: np.random.Generator) -> Children:
        """Some children for a trial."""
        entrants = rng.integers(len(pool), size=(2, n, self.tournament))
        first, second = entrants.min(axis=2)  # the pool is in order, so the lowest number wins
        second = np.where(rng.random(n) < self.crossover, second, first)
        A, B = pool.points[first], pool.points[second]
        active = ~(np.isnan(A) & np.isnan(B))
        if not active.all() or np.isnan(A - B).any():
            A, B = filled(A, rng, B), filled(B, rng, A)
        X = binary_crossover(A, B, self.kinds, rng, self.eta)
        chosen = some(active, rng) & ((rng.random((n, 1)) < MUTATED) | (first == second)[:, None])
        X = mutated(X, chosen, self.kinds, rng, self.eta)
        return Children(X, np.stack([pool.trials[first], pool.trials[second]], axis=1))


MUTATED = 0.9  # of the children of two; a changed copy of one is always changed
