"""The live TPE: from a history to two densities, from these to a configuration.

Both densities are made of kernels of the same widths. So their ratio says which part of the trials around a point is
good: where many have been and few were good it falls, however good those were, and the search goes on elsewhere.
(Wider kernels for the trials that are not good cannot outweigh a narrow peak: the search stays where it is.)
"""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.core.rng import address
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.designs import sobol
from rung.models.parzen import Bandwidths, Grain, drawn, features, queries
from rung.searchers.tpe.kernels import Kernels
from rung.searchers.tpe.standings import Standings, standings

if TYPE_CHECKING:
    from rung.searchers.tpe.options import TPE

PRIOR = 1.0  # weight of the uniform component of both densities, in trials
SPREAD = 0.5  # of the good trials in a column before there are any
SHARP = 0.5  # widths in those of Scott's rule; below, the search stays in the first valley more often
BROAD = 2.0  # likewise with early stopping: what is good early need not be good late (BOHB has 3)
SHUNNED = 1.0  # at least, of a second kernel of what failed or waits: next to it is nothing to be learned
NARROWEST = 0.03  # standard deviation of a kernel (Watanabe 2023, section 4)
OTHER = 0.2  # probability of another option in a kernel (the same)
GRADE = 1.1  # widths are powers of it, so that they seldom change
TINY = 1e-300


class LiveTPE:
    """A pure function of the history; what it keeps are features of its trials.

    Args:
        spec: The options.
        space: The space.
        seed: The study's.
    """

    def __init__(self, spec: "TPE", space: Space, seed: int) -> None:
        self._spec = spec
        self._space = space
        self._seed = address(seed, "tpe design", 0)
        self._grain = Grain.of(space.columns)
        self._kernels = Kernels(self._grain)
        self._is_finite = math.isfinite(space.lattice_size)
        self._narrowest = np.maximum(NARROWEST, self._grain.half_bins)
        n = self._grain.n_options
        self._other = np.minimum(OTHER, 1.0 - 1.0 / n)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """As many configurations as are wanted; each counts as waiting for those after it."""
        found = standings(history, self._spec.good_max)
        if found.trainings < self._spec.initial:
            X = sobol(self._space, request.count, self._seed, skip=request.index)
            return [Suggestion(config, {"model": "sobol"}) for config in self._space.decode(X)]
        X, waiting = history.encoded, found.waiting
        suggestions = []
        for number in range(request.index, request.index + request.count):
            if self._explores(found, number):
                point, fitted = sobol(self._space, 1, self._seed, skip=number)[0], {"model": "sobol"}
            else:
                shunned = np.concatenate([found.failed, waiting])
                point, fitted = self._likeliest(
                    X, history.n_trials, found, shunned, request.rng("tpe", number)
                )
            waiting = np.append(waiting, len(X))
            X = np.vstack([X, point])
            suggestions.append(Suggestion(self._space.decode(point[None])[0], fitted))
        return suggestions

    def _likeliest(
        self, X: Floats, settled: int, found: Standings, shunned: Ints, rng: np.random.Generator
    ) -> tuple[Floats, dict[str, Any]]:
        """The best candidate, and what to tell of it."""
        good = self._n_good(found)
        point, log_ratio = self._one(X, settled, found, good, shunned, rng)
        return point, {"model": "tpe", "good": good, "of": found.n_results, "log_ratio": round(log_ratio, 3)}

    def _explores(self, found: Standings, number: int) -> bool:
        """With early stopping a trial that is not good costs little, and what is good early may mislead."""
        share = 0.0 if found.is_even else self._spec.random
        return math.floor((number + 1) * share) > math.floor(number * share)

    def _n_good(self, found: Standings) -> int:
        return min(math.ceil(self._spec.good * found.n_results), self._spec.good_max, found.n_able)

    def _one(  # noqa: PLR0917  what is known, and what of it counts as what
        self, X: Floats, settled: int, found: Standings, n_good: int, shunned: Ints, rng: np.random.Generator
    ) -> tuple[Floats, float]:
        """The best candidate, and the logarithm of how much likelier it is among the good trials."""
        good = found.trials[:n_good]
        weights = _weights(n_good)
        factor = SHARP if found.is_even else BROAD
        widths = self._widths(X[good], weights, factor)
        C = self._candidates(X[good], weights, widths, rng)
        kernels = self._kernels.at(X, settled, widths)
        more = np.empty((len(C), 0))
        if len(shunned):
            broad = self._widths(X[good], weights, max(factor, SHUNNED))
            more = queries(self._grain, C, broad) @ features(self._grain, X[shunned], broad).T
        others = np.concatenate([found.trials[n_good:], shunned])
        score = self._log_ratio(C, kernels, good, others, more, widths)
        if self._space.has_prior:  # as in πBO, the belief fades with what was trained
            score += self._spec.initial / found.trainings * self._space.log_prior(C)
        best = np.argsort(-score, kind="stable")
        new = _first_new(X, C[best]) if self._is_finite else 0
        if new is None:
            C = self._space.points(4 * len(C), rng)
            return C[_first_new(X, C) or 0], 0.0
        chosen = best[new]
        return C[chosen], float(score[chosen])

    def _widths(self, points: Floats, weights: Floats, factor: float) -> Bandwidths:
        """By the spread of the good trials in each column, as if the whole range had been seen once more."""
        x = points[:, self._grain.numeric]
        active = ~np.isnan(x)
        n = active.sum(axis=0)
        weight = active * weights[:, None]
        total = np.maximum(weight.sum(axis=0), TINY)
        x = np.where(active, x, 0.0)
        mean = (weight * x).sum(axis=0) / total
        variance = (weight * (x - mean) ** 2).sum(axis=0) / total
        spread = np.sqrt((variance * n + SPREAD**2) / (n + 1))
        width = factor * spread * np.maximum(n, 1) ** (-1.0 / (len(self._space.columns) + 4))
        graded = GRADE ** np.rint(np.log(np.clip(width, self._narrowest, 1.0)) / math.log(GRADE))
        return Bandwidths(graded, self._other)

    def _candidates(
        self, points: Floats, weights: Floats, widths: Bandwidths, rng: np.random.Generator
    ) -> Floats:
        """Points from the density of the good trials that keep the rules, if any of them does; else from anywhere."""
        k, m = len(points), self._spec.candidates
        picks = np.searchsorted(np.cumsum(weights), rng.random(m) * (k + PRIOR))
        from_kernel = picks < k
        centers = np.full((m, points.shape[1]), np.nan)
        centers[from_kernel] = points[picks[from_kernel]]
        U = drawn(self._grain, centers, widths, rng)
        for group in (
            self._grain.groups
        ):  # where the option is another one now, what it opens comes from another trial
            having = np.flatnonzero(~np.isnan(points[:, group[0]]))
            lacking = np.flatnonzero(np.isnan(U[:, group[0]]) & from_kernel)
            if len(having) and len(lacking):
                donors = points[having[rng.integers(len(having), size=len(lacking))]]
                U[np.ix_(lacking, group)] = drawn(self._grain, donors, widths, rng)[:, group]
        lacking = np.isnan(U)
        if lacking.any():
            U = np.where(lacking, self._space.believed(rng.random(U.shape)), U)
        C = self._space.snapped(U)
        if self._space.has_rules:
            C = C[self._space.allows(C)]
        return C if len(C) else self._space.points(m, rng)

    def _log_ratio(  # noqa: PLR0917  as above
        self, C: Floats, kernels: Floats, good: Ints, others: Ints, more: Floats, widths: Bandwidths
    ) -> Floats:
        """Logarithm of the density of the good trials over that of the others, and of more kernels, shape (m,)."""
        logs = queries(self._grain, C, widths) @ kernels.T
        highest = np.maximum(logs.max(axis=1, initial=0.0), more.max(axis=1, initial=0.0))
        logs -= highest[:, None]
        np.exp(logs, out=logs)
        uniform = PRIOR * np.exp(-highest) + TINY
        believed = uniform * np.exp(self._space.log_prior(C)) if self._space.has_prior else uniform
        likely = (logs[:, good] @ _weights(len(good)) + believed) / (len(good) + PRIOR)
        counted = np.zeros(len(kernels))
        counted[others] = 1.0
        unlikely = logs @ counted + np.exp(more - highest[:, None]).sum(axis=1) + uniform
        ratio: Floats = np.log(likely) - np.log(unlikely / (len(others) + more.shape[1] + PRIOR))
        return ratio


def _weights(k: int) -> Floats:
    """The better, the more: logarithmic in the rank, as in CMA-ES; they sum to k."""
    weights: Floats = np.log(k + 0.5) - np.log(np.arange(1, k + 1))
    return weights * (k / float(weights.sum())) if k else weights


def _first_new(X: Floats, C: Floats) -> int | None:
    """The first candidate that is none of the points; None if all are."""
    known = np.nan_to_num(X, nan=-1.0)
    for number, point in enumerate(np.nan_to_num(C, nan=-1.0)):
        if not (known == point).all(axis=1).any():
            return number
    return None
