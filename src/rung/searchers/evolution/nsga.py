"""NSGA-II and NSGA-III: evolution towards a whole front of compromises between several objectives.

Both are steady-state here: selection takes place after every few observations, whichever they are.

References:
    Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE TEVC 2002.
    Deb & Jain, NSGA-III, Part I, IEEE TEVC 2014; Jain & Deb, Part II, IEEE TEVC 2014 (constraints).
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from rung.core.history import Floats, Ints
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.models.directions import associated, divisions_for, lattice, niched, normalized
from rung.models.fronts import fronts
from rung.models.variation import Kinds
from rung.searchers.checks import check_count, check_positive, check_share
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.genetic import Mating, fittest
from rung.searchers.evolution.live import LiveEvolution
from rung.searchers.evolution.pool import STEP, Pool


class _Options(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    population: int = 20
    initial: int = 10
    crossover: float = 0.9
    eta: float = 3.0

    def __post_init__(self) -> None:
        name = type(self).__name__
        check_count(name, "population", self.population, 2)
        check_count(name, "initial", self.initial, 1)
        check_share(name, "crossover", self.crossover)
        check_positive(name, "eta", self.eta)

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def _mating(self, space: Space, tournament: int) -> Mating:
        return Mating(Kinds.of(space), tournament, self.crossover, self.eta)


class NSGA2(_Options, frozen=True, tag="nsga-ii"):
    """Breed from the first fronts; within a front from where they are the least crowded. For two or three objectives.

    Attributes:
        population: How many survive.
        initial: How many of them it takes to begin to breed; before that configurations fill the space evenly.
        crossover: The chance that a child has two parents; else it is a changed copy of one.
        eta: How near a child is to its parents, and a changed value to what it was: the larger, the nearer.
    """

    def start(self, space: Space, objectives: Objectives, seed: int) -> LiveEvolution:
        """A live searcher."""
        pool = Pool(STEP, fittest(self.population))
        initial = min(self.initial, self.population)
        return LiveEvolution(space, seed, "nsga-ii", pool, self._mating(space, tournament=2), initial)


class NSGA3(_Options, frozen=True, tag="nsga-iii"):
    """Breed from the first fronts; within a front from those nearest to evenly spread directions. For three and more.

    Attributes:
        population: How many survive, and at most how many directions there are.
        initial: How many of them it takes to begin to breed; before that configurations fill the space evenly.
        crossover: The chance that a child has two parents; else it is a changed copy of one.
        eta: How near a child is to its parents, and a changed value to what it was: the larger, the nearer.
    """

    def start(self, space: Space, objectives: Objectives, seed: int) -> LiveEvolution:
        """A live searcher."""
        k = len(objectives)
        directions = lattice(k, divisions_for(k, self.population))
        pool = Pool(STEP, Niches(self.population, directions))
        initial = min(self.initial, self.population)
        return LiveEvolution(space, seed, "nsga-iii", pool, self._mating(space, tournament=2), initial)


@dataclass(frozen=True, slots=True, eq=False)
class Niches:
    """Selection: front by front; of the last one those that the least served directions lack."""

    size: int
    directions: Floats

    def __call__(self, evidence: Evidence) -> Ints:
        """The rows of the survivors, front by front."""
        order = np.argsort(ranks(evidence))
        if len(order) <= self.size or evidence.losses.shape[1] == 1:
            return order[: self.size]
        kept, last = self._split(evidence, order)
        if len(kept) + len(last) == self.size:
            return order[: self.size]
        rows = np.concatenate([kept, last])
        losses = evidence.losses[rows]
        scaled = normalized(losses, np.flatnonzero(fronts(losses) == 0))
        nearest, distance = associated(scaled, self.directions)
        wanted = self.size - len(kept)
        chosen = niched(nearest, distance, len(kept), wanted, len(self.directions))
        return np.concatenate([kept, rows[chosen]])

    def _split(self, evidence: Evidence, order: Ints) -> tuple[Ints, Ints]:
        """The rows of the fronts that fit in whole, and those of the first one that does not."""
        tiers = _fronts_in_order(evidence, order)
        last = tiers[self.size - 1]
        return order[tiers < last], order[tiers == last]


def _fronts_in_order(evidence: Evidence, order: Ints) -> Ints:
    """The front of each row in an order, counted through tiers of equal violation and resource, from 0."""
    broken, resources = evidence.violations.sum(axis=1)[order], evidence.resources[order]
    losses = evidence.losses[order]
    found = np.zeros(len(order), np.int64)
    changes = (broken[1:] != broken[:-1]) | (resources[1:] != resources[:-1])
    starts = np.concatenate([[0], 1 + np.flatnonzero(changes)])
    base = 0
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        found[start:stop] = base + fronts(losses[start:stop])
        base = int(found[start:stop].max()) + 1
    return found
