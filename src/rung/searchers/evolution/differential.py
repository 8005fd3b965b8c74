"""Differential evolution: a configuration moves by the differences of others, and stays if that is no worse.

Here the places of the population are told by the numbers of the trials: trial `n` competes for place `n` modulo the
size of the population with the best trial of that place so far. So the population is known from the history alone, and
no worker waits for a generation. The factor and the rate of crossover are drawn anew for each trial.

References:
    Storn & Price, Differential Evolution, Journal of Global Optimization 11, 1997.
    Zhang & Sanderson, JADE, IEEE TEVC 2009, section III-A (current-to-pbest).
    Awad, Mallik & Hutter, DEHB, IJCAI 2021 (for hyperparameters).
"""

from dataclasses import dataclass

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.models.variation import Kinds, differences, filled, mutated, uniform_crossover
from rung.searchers.checks import check_count, check_share
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.live import Children, LiveEvolution
from rung.searchers.evolution.pool import STEP, Pool

Range = tuple[float, float]


class DifferentialEvolution(
    msgspec.Struct,
    frozen=True,
    tag="differential-evolution",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Move configurations by the differences of others.

    Attributes:
        population: How many places there are; each holds the best trial that competed for it.
        greed: A trial moves towards one of this share of the best (at least one).
        factor: How much of a difference is added: drawn from this range.
        crossover: Which share of the values moves: drawn from this range.
    """

    population: int = 10
    greed: float = 0.1
    factor: Range = (0.3, 0.9)
    crossover: Range = (0.1, 0.9)

    def __post_init__(self) -> None:
        check_count("DifferentialEvolution", "population", self.population, 4)
        check_share("DifferentialEvolution", "greed", self.greed)
        for option in ("factor", "crossover"):
            check_range("DifferentialEvolution", option, getattr(self, option))

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> LiveEvolution:
        """A live searcher."""
        breed = Movement(Kinds.of(space), self.population, self.greed, self.factor, self.crossover)
        pool = Pool(STEP, best_of_places(self.population))
        enough = max(4, self.population // 2)
        return LiveEvolution(space, seed, "differential evolution", pool, breed, enough)


@dataclass(frozen=True, slots=True)
class best_of_places:  # noqa: N801  # a selection, made by its size
    """Selection: for each place the best trial that competed for it."""

    size: int

    def __call__(self, evidence: Evidence) -> Ints:
        """The rows of the holders, best first."""
        order = np.argsort(ranks(evidence))
        _, first = np.unique(evidence.trials[order] % self.size, return_index=True)
        return order[np.sort(first)]


@dataclass(frozen=True, slots=True)
class Movement:
    """`current-to-pbest/1/bin`: towards one of the best and by the difference of two others, in some of the values."""

    kinds: Kinds
    size: int
    greed: float
    factor: Range
    crossover: Range

    def __call__(self, pool: Evidence, trial: int, n: int, rng: np.random.Generator) -> Children:
        """Some children for a trial."""
        target = np.full(n, self._target(pool, trial, rng))
        leaders = rng.integers(max(1, round(self.greed * len(pool))), size=n)
        others = rng.random((n, len(pool)))
        others[np.arange(n), target] = np.inf
        first, second = others.argsort(axis=1)[:, :2].T
        base = filled(pool.points[target], rng, pool.points[leaders])
        X = self._moved(base, pool.points[leaders], pool.points[first], pool.points[second], rng)
        if (
            np.isnan(pool.points).any()
            or self.kinds.unordered.any()
            or np.isfinite(self.kinds.n_values).any()
        ):
            X = self._stirred(X, base, rng)
        return Children(X, pool.trials[np.stack([target, leaders, first, second], axis=1)])

    def _target(self, pool: Evidence, trial: int, rng: np.random.Generator) -> int:
        """The one to compete with; any where nobody holds the place."""
        holders = np.flatnonzero(pool.trials % self.size == trial % self.size)
        return int(holders[0]) if len(holders) else int(rng.integers(len(pool)))

    def _moved(
        self, base: Floats, leader: Floats, first: Floats, second: Floats, rng: np.random.Generator
    ) -> Floats:
        factor = rng.uniform(*self.factor, size=(len(base), 1))
        leader, first, second = (filled(points, rng, base) for points in (leader, first, second))
        moved = differences(self.kinds, base, leader, base, factor, rng)
        moved = differences(self.kinds, moved, first, second, factor, rng)
        rate = rng.uniform(*self.crossover, size=(len(base), 1))
        crossed = uniform_crossover(base, moved, rng, rate)
        sure = rng.integers(base.shape[1], size=len(base))
        crossed[np.arange(len(base)), sure] = moved[np.arange(len(base)), sure]
        return crossed

    def _stirred(self, X: Floats, base: Floats, rng: np.random.Generator) -> Floats:
        """With a chance of one in `d` for each discrete value to be another: differences of few values soon vanish."""
        discrete = np.broadcast_to(np.isfinite(self.kinds.n_values), X.shape)
        chosen = discrete & (rng.random(X.shape) < 1 / X.shape[1])
        return mutated(X, chosen, self.kinds, rng, eta=10.0)


def check_range(searcher: str, option: str, value: object) -> None:
    """Refuse what is no pair of numbers from 0 to 2, the first not above the second."""
    fits = isinstance(value, tuple | list) and len(value) == 2
    if not fits or not all(isinstance(each, int | float) and 0 <= each <= 2 for each in value):  # type: ignore[attr-defined]
        raise SpecError(f"{option} of {searcher} is a range such as (0.3, 0.9), got {value!r}.")
    if value[0] > value[1]:  # type: ignore[index]
        raise SpecError(f"{option} of {searcher} begins with the lower number, got {value!r}. Swap them.")
