"""Which trial is better, by several objectives: the seam between halving and multi-objective optimization.

A ranking puts the trials that have arrived at one level into tiers, and the trials of a tier into an order; so the
best `n // eta` of a rung are as well defined as with one objective. No objective counts for more because its numbers
are larger: `EpsilonNet` and `Crowding` look at dominance, and scale each objective to its range within one front;
`Scalarization` scales it to its range at the level; `Lexicographic` compares each with itself alone.

Trials that break constraints come after all others, by how much they do, and failed ones last, whatever the ranking.

References:
    Schmucker et al., Multi-objective Asynchronous Successive Halving, 2021, section 4 (epsilon-net, scalarization).
    Deb et al., NSGA-II, IEEE TEVC 2002 (non-dominated sorting, crowding distance, constrained dominance).
    Knowles, ParEGO, IEEE TEVC 2006 (augmented Chebyshev scalarization, rho = 0.05).
"""

import math
from bisect import bisect_left
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec
import numpy as np

from rung.core.constraint import INFEASIBLE
from rung.core.errors import SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Objectives
from rung.core.rng import address, rng
from rung.models.fronts import crowding, epsilon_net, fronts

RHO = 0.05  # of ParEGO's sum
DRAWN = 32  # weights, where none are given


class Order(Protocol):
    """A ranking of the trials of a study: what is asked of it is about finite losses, shape (n, k)."""

    def tiers(self, losses: Floats) -> Ints:
        """The tier of each row: those of a lower one are better, shape (n,)."""
        ...

    def within(self, losses: Floats, trials: Sequence[int]) -> Ints:
        """The rows of one tier, best first, shape (n,); `trials` are their numbers, in this order."""
        ...

    def words(self, tier: int) -> str:
        """What the trials of a tier are ranked by."""
        ...


class _Options(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    pass


class EpsilonNet(_Options, frozen=True, tag="epsilon-net"):
    """Front by front; within one, each trial is the farthest from those before it, so that the whole front goes on.

    Each front begins with any one of its trials, as in the paper; here with the one that has the smallest random
    number, so that it stays the same while others arrive.
    """

    def start(self, objectives: Objectives, seed: int) -> Order:
        """The ranking of a study."""
        return _ByFronts(_Net(seed))


class Crowding(_Options, frozen=True, tag="crowding"):
    """Front by front; within one, those first whose neighbours are far apart, as in NSGA-II."""

    def start(self, objectives: Objectives, seed: int) -> Order:
        """The ranking of a study."""
        return _ByFronts(_LeastCrowded())


class Scalarization(_Options, frozen=True, tag="scalarization"):
    """By one number made of the weighted losses, each scaled to the range seen at the level.

    Attributes:
        weights: How much each objective counts, by metric. None: 32 weights are drawn at random, the same for the
            whole study, and a trial stands at the best place that it has under any of them. (In the paper it is the
            best value, which lets trials at the ends of the front win that are good in one objective alone.)
        form: "chebyshev": the largest weighted loss, and a twentieth of their sum; it finds every part of a front.
            "linear": the sum of the weighted losses.
    """

    weights: dict[str, float] | None = None
    form: Literal["chebyshev", "linear"] = "chebyshev"

    def __post_init__(self) -> None:
        if self.form not in ("chebyshev", "linear"):
            raise SpecError(f"form must be 'chebyshev' or 'linear', got {self.form!r}.")
        for metric, weight in (self.weights or {}).items():
            _check_number("weights", metric, weight)
        if self.weights is not None and not any(self.weights.values()):
            raise SpecError(f"weights must not all be 0, got {self.weights}. Leave them out to draw them.")

    def start(self, objectives: Objectives, seed: int) -> Order:
        """The ranking of a study."""
        if self.weights is None:
            weights = rng(seed, "scalarization", 0).dirichlet(np.ones(len(objectives)), DRAWN)
            return _ByWeights(weights, self.form)
        _check_names("weights", self.weights, objectives)
        given = np.array([[float(self.weights.get(goal.metric, 0.0)) for goal in objectives]])
        return _ByWeights(given / given.sum(), self.form)


class Lexicographic(_Options, frozen=True, tag="lexicographic"):
    """By the first objective; where trials are equal in it, by the second; and so on.

    Attributes:
        order: The metrics, the most important one first; None: the study's order, minimized ones before maximized.
        tolerances: By metric, how wide a step is within which values count as equal, in the metric's own unit. Steps
            are counted from 0, so two values may be closer than a step and yet differ. The last metric needs none.
    """

    order: tuple[str, ...] | None = None
    tolerances: dict[str, float] = {}

    def __post_init__(self) -> None:
        for metric, tolerance in self.tolerances.items():
            _check_number("tolerances", metric, tolerance)

    def start(self, objectives: Objectives, seed: int) -> Order:
        """The ranking of a study."""
        metrics = [goal.metric for goal in objectives]
        order = list(self.order or metrics)
        _check_names("order", order, objectives)
        _check_names("tolerances", self.tolerances, objectives)
        if sorted(order) != sorted(metrics):
            raise SpecError(
                f"order must name each objective once, got {order}. The objectives are {metrics}."
            )
        steps = tuple(float(self.tolerances.get(metric, 0.0)) for metric in order)
        return _InTurn(tuple(metrics.index(metric) for metric in order), steps)


AnyRanking = EpsilonNet | Crowding | Scalarization | Lexicographic


def order_of(ranking: AnyRanking | None, objectives: Objectives, seed: int) -> Order | None:
    """The ranking of a study with several objectives, `EpsilonNet()` if none is given; None where there is one.

    Raises:
        SpecError: If a ranking is given for one objective, or does not fit the objectives.
    """
    if len(objectives) > 1:
        return (ranking or EpsilonNet()).start(objectives, seed)
    if ranking is not None:
        raise SpecError(
            f"ranking= orders trials by several objectives, but there is one, {objectives[0].metric!r}. "
            "Leave it out, or name more objectives."
        )
    return None


class Places:
    """Trials in the order of a ranking, worked out as far as it is asked for; of equals the older one comes first.

    Args:
        order: The ranking.
        trials: Their numbers, shape (n,).
        losses: Shape (n, k).
    """

    def __init__(self, order: Order, trials: Ints, losses: Floats) -> None:
        by_number = np.argsort(trials, kind="stable")
        self._order = order
        self._losses = losses[by_number]
        self._trials: list[int] = trials[by_number].tolist()
        self._tiers, self._n_ranked = _tiers(order, self._losses)
        self._by_tier = np.argsort(self._tiers, kind="stable")
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(self._tiers))])
        self._sorted: dict[int, list[int]] = {}  # of the tiers that were asked for

    def best(self, n: int) -> list[int]:
        """The best `n` trials; those of a tier that all belong to them in any order."""
        last = (
            int(np.searchsorted(self._starts, n, side="right")) - 1
        )  # the first tier that does not fit in whole
        better = np.flatnonzero(self._tiers < last).tolist()
        found = [self._trials[row] for row in better]
        return found + (self.tier(last)[: n - len(found)] if len(found) < n else [])

    def first(self, trials: Collection[int]) -> int:
        """The best of some trials."""
        tiers = {trial: self.tier_of(trial) for trial in trials}
        lowest = min(tiers.values())
        among = {trial for trial, tier in tiers.items() if tier == lowest}
        return next(iter(among)) if len(among) == 1 else next(t for t in self.tier(lowest) if t in among)

    def in_order(self) -> list[int]:
        """All trials, best first."""
        return [trial for tier in range(len(self._starts) - 1) for trial in self.tier(tier)]

    def rank(self, trial: int) -> int:
        """The place of a trial, 1 is best."""
        tier = self.tier_of(trial)
        return int(self._starts[tier]) + self.tier(tier).index(trial) + 1

    def tier_of(self, trial: int) -> int:
        """The tier of a trial, 0 is best."""
        return int(self._tiers[bisect_left(self._trials, trial)])

    def tier(self, number: int) -> list[int]:
        """The trials of a tier, best first."""
        if number not in self._sorted:
            rows = self._by_tier[self._starts[number] : self._starts[number + 1]]
            if len(rows) > 1 and number < self._n_ranked:
                trials = [self._trials[row] for row in rows.tolist()]
                rows = rows[self._order.within(self._losses[rows], trials)]
            self._sorted[number] = [self._trials[row] for row in rows.tolist()]
        return self._sorted[number]

    def words(self, trial: int) -> str:
        """What a trial is ranked by."""
        tier = self.tier_of(trial)
        return self._order.words(tier) if tier < self._n_ranked else "what it breaks of the constraints"


def _tiers(order: Order, losses: Floats) -> tuple[Ints, int]:
    """The tier of each row, without gaps, and how many of the tiers hold feasible rows."""
    worst = losses.max(axis=1, initial=-np.inf)
    ranked = worst < INFEASIBLE
    tiers = np.empty(len(losses), np.int64)
    tiers[ranked] = _dense(order.tiers(losses[ranked]))
    n_ranked = int(tiers[ranked].max(initial=-1)) + 1
    tiers[~ranked] = n_ranked + _dense(worst[~ranked])
    return tiers, n_ranked


def _dense(values: Floats | Ints) -> Ints:
    """Values as whole numbers from 0 in the same order, without gaps."""
    found: Ints = np.unique(values, return_inverse=True)[1]
    return found


@dataclass(frozen=True, slots=True)
class _ByFronts:
    """Front by front, and each in its own order."""

    tie_break: "_Net | _LeastCrowded"

    def tiers(self, losses: Floats) -> Ints:
        return fronts(losses)

    def within(self, losses: Floats, trials: Sequence[int]) -> Ints:
        return self.tie_break(losses, trials)

    def words(self, tier: int) -> str:
        return f"non-domination (front {tier + 1})"


@dataclass(frozen=True, slots=True)
class _Net:
    """An epsilon-net; the random numbers derive from the seed and the number of the trial."""

    seed: int

    def __call__(self, losses: Floats, trials: Sequence[int]) -> Ints:
        chances = [address(self.seed, "epsilon-net", trial) for trial in trials]
        return epsilon_net(losses, chances.index(min(chances)))


@dataclass(frozen=True, slots=True)
class _LeastCrowded:
    """The largest crowding distance first."""

    def __call__(self, losses: Floats, trials: Sequence[int]) -> Ints:
        return np.argsort(-crowding(losses), kind="stable")


@dataclass(frozen=True, slots=True)
class _ByWeights:
    """The best place under any of some weights, shape (w, k); of equal places that under an earlier weight first."""

    weights: Floats
    form: Literal["chebyshev", "linear"]

    def tiers(self, losses: Floats) -> Ints:
        if not len(losses):
            return np.empty(0, np.int64)
        values = self._values(losses)
        places = np.stack([_dense(column) for column in values.T], axis=1)
        return _dense_pairs(places.min(axis=1), places.argmin(axis=1))

    def _values(self, losses: Floats) -> Floats:
        """The value of each row under each of the weights, shape (n, w)."""
        low, high = losses.min(axis=0), losses.max(axis=0)
        scaled = (losses - low) / np.where(high > low, high - low, 1.0)
        total: Floats = scaled @ self.weights.T
        if self.form == "linear":
            return total
        largest: Floats = np.max(scaled[:, None, :] * self.weights[None, :, :], axis=2)
        return largest + RHO * total

    def within(self, losses: Floats, trials: Sequence[int]) -> Ints:
        return np.arange(len(losses))

    def words(self, tier: int) -> str:
        return "weighted objectives"


@dataclass(frozen=True, slots=True)
class _InTurn:
    """By one objective after the other, each in steps; 0: exactly."""

    columns: tuple[int, ...]
    steps: tuple[float, ...]

    def tiers(self, losses: Floats) -> Ints:
        keys = [
            np.floor(losses[:, column] / step) if step else losses[:, column]
            for column, step in zip(self.columns, self.steps, strict=True)
        ]
        tiers = np.zeros(len(losses), np.int64)
        for key in keys:
            tiers = _dense_pairs(tiers, key)
        return tiers

    def within(self, losses: Floats, trials: Sequence[int]) -> Ints:
        return np.arange(len(losses))

    def words(self, tier: int) -> str:
        return "one objective after the other"


def _dense_pairs(first: Ints, second: Floats | Ints) -> Ints:
    """Pairs as whole numbers in their lexicographic order."""
    return _dense(first * (len(second) + 1) + _dense(second))


def _check_number(option: str, metric: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
        raise SpecError(f"{option} must be finite numbers of at least 0, got {value!r} for {metric!r}.")


def _check_names(option: str, given: Collection[str], objectives: Objectives) -> None:
    metrics = [goal.metric for goal in objectives]
    if unknown := sorted(set(given) - set(metrics)):
        raise SpecError(f"{option} names {unknown}, which is no objective. The objectives are {metrics}.")
