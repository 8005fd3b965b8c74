"""From the past of a study and its own results to a belief, for the searchers that transfer.

What depends on the past alone, and the parameters of a process at scheduled numbers of results, are kept as memos.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rung.core.history import Floats
from rung.core.past import Past
from rung.core.space import Space
from rung.models.gp import GP, Parameters, condition, fit, fit_parameters
from rung.models.grove import Filled, fill, grow
from rung.models.kernels import Kernel, Product, Stationary
from rung.models.tasks import Between
from rung.models.transfer import (
    Belief,
    EnsembleBelief,
    MultiTaskBelief,
    QuantileBelief,
    expected,
    misleads,
    normal_scores,
    of_task,
    ranking_weights,
)
from rung.models.warp import fit_warp
from rung.searchers.forest import scheduled
from rung.searchers.gaussian.rows import dimensions
from rung.searchers.transfer.earlier import Task, options_of, tasks_of

SPARSE = 1.4  # growth of the number of results from one search for parameters to the next
SMOOTH = 4  # rows of a leaf of the quantile prior at least
ENOUGH = 2  # own results from which a process of this task can be made


class Model(Protocol):
    """Makes beliefs."""

    def belief(
        self, past: Sequence[Past], X: Floats, losses: Floats, rng: np.random.Generator
    ) -> Belief | None:
        """What is believed; None if neither the past nor this study has told anything.

        Args:
            past: Of the study.
            X: What was tried in this study, in the order in which it became known, shape (n, d), NaN where inactive.
            losses: Finite, lower is better, shape (n,).
            rng: For what is random in it.
        """
        ...


class _Tasks:
    """The tasks of the past that was seen last."""

    def __init__(self) -> None:
        self._past: tuple[Past, ...] = ()
        self.tasks: list[Task] = []

    def learn(self, past: Sequence[Past]) -> bool:
        """Whether it is another past than before."""
        if len(past) == len(self._past) and all(a is b for a, b in zip(past, self._past, strict=True)):
            return False
        self._past, self.tasks = tuple(past), tasks_of(past)
        return True


class _Fits:
    """Parameters of a process, found at scheduled numbers of results."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._key = b""
        self._parameters: Parameters | None = None

    def model(self, X: Floats, y: Floats, X0: Floats, y0: Floats) -> GP:
        """The process on rows, with the parameters that suit those of the last scheduled number."""
        key = X0.tobytes() + y0.tobytes()
        if self._parameters is None or key != self._key:
            self._parameters = fit_parameters(X0, y0, self.kernel)
            self._key = key
        return condition(X, y, self.kernel, self._parameters)


class QuantileModel:
    """See `QuantileBelief`."""

    def __init__(self, space: Space, seed: int) -> None:
        self._options = options_of(space)
        self._seed = seed
        self._seen = _Tasks()
        self._prior: Filled | None = None
        self._fits = _Fits(Stationary(dimensions(space)))

    def belief(
        self, past: Sequence[Past], X: Floats, losses: Floats, rng: np.random.Generator
    ) -> Belief | None:
        """See `Model`."""
        if self._seen.learn(past):
            self._prior = self._learned(self._seen.tasks)
        if self._prior is None:
            return None
        if len(X) < ENOUGH:
            return QuantileBelief(self._prior, None, None)
        prior = None if misleads(self._prior.predict(X)[0], losses) else self._prior
        n = scheduled(len(X))
        rest = self._fits.model(X, _above(prior, X, losses), X[:n], _above(prior, X[:n], losses[:n]))
        return QuantileBelief(prior, rest, float(normal_scores(losses).min()))

    def _learned(self, tasks: Sequence[Task]) -> Filled | None:
        if not tasks:
            return None
        X, z = (
            np.vstack([task.points for task in tasks]),
            np.concatenate([normal_scores(t.losses) for t in tasks]),
        )
        leaf = max(SMOOTH, len(tasks))  # so that it holds several tasks, whose differences are the doubt
        grove = grow(X, z[:, None], self._options, seed=self._seed, leaf=leaf)
        return fill(grove, grove.leaves(X), z)


def _above(prior: Filled | None, X: Floats, losses: Floats) -> Floats:
    """How far results lie above what a prior expects, in its standard deviations."""
    mean, std = expected(prior, X)
    return (normal_scores(losses) - mean) / std


class EnsembleModel:
    """See `EnsembleBelief`."""

    def __init__(self, space: Space, rows: int) -> None:
        self._rows = rows
        self._kernel = Stationary(dimensions(space))
        self._seen = _Tasks()
        self._others: tuple[GP, ...] = ()
        self._fits = _Fits(self._kernel)

    def belief(
        self, past: Sequence[Past], X: Floats, losses: Floats, rng: np.random.Generator
    ) -> Belief | None:
        """See `Model`."""
        if self._seen.learn(past):
            thinned = [task.thinned(self._rows) for task in self._seen.tasks]
            self._others = tuple(fit(t.points, fit_warp(t.losses)(t.losses), self._kernel) for t in thinned)
        if len(X) < ENOUGH:
            n = len(self._others)
            return EnsembleBelief(self._others, np.full(n, 1.0 / n), None) if n else None
        n, warp = scheduled(len(X)), fit_warp(losses)
        own = self._fits.model(X, warp(losses), X[:n], fit_warp(losses[:n])(losses[:n]))
        weights = ranking_weights(self._others, own, rng)
        found = EnsembleBelief((*self._others, own), weights, None)
        best = float(found.predict(X)[0].min())
        return EnsembleBelief(found.models, weights, best)


class MultiTaskModel:
    """See `MultiTaskBelief`."""

    def __init__(self, space: Space, rows: int) -> None:
        self._space = space
        self._rows = rows
        self._seen = _Tasks()
        self._fits: _Fits | None = None
        self._X, self._y = np.zeros((0, 0)), np.zeros(0)  # of the past

    def belief(
        self, past: Sequence[Past], X: Floats, losses: Floats, rng: np.random.Generator
    ) -> Belief | None:
        """See `Model`."""
        if self._seen.learn(past) or self._fits is None:
            self._learn([task.thinned(self._rows) for task in self._seen.tasks])
        assert self._fits is not None  # just made
        if not len(self._y) and len(X) < ENOUGH:
            return None
        n = _sparse(len(X))
        model = self._fits.model(*self._joined(X, losses), *self._joined(X[:n], losses[:n]))
        best = float(model.predict(of_task(X, 0))[0].min()) if len(X) else None
        return MultiTaskBelief(model, best)

    def _learn(self, tasks: Sequence[Task]) -> None:
        d = len(self._space.columns)
        kernel = Product((Stationary(dimensions(self._space)), Between(len(tasks) + 1, d)))
        self._fits = _Fits(kernel)
        parts = [of_task(task.points, number) for number, task in enumerate(tasks, 1)]
        self._X = np.vstack([np.zeros((0, d + 1)), *parts])
        self._y = np.concatenate([np.zeros(0), *(fit_warp(t.losses)(t.losses) for t in tasks)])

    def _joined(self, X: Floats, losses: Floats) -> tuple[Floats, Floats]:
        own = fit_warp(losses)(losses) if len(losses) else losses
        return np.vstack([self._X, of_task(X, 0)]), np.concatenate([self._y, own])


def _sparse(n: int) -> int:
    """Of the counts 1, 2, 3, 4, 5, 7, 9 … the last one up to n: as often parameters are sought where that is dear."""
    count = min(n, 1)
    while count and max(count + 1, int(count * SPARSE)) <= n:
        count = max(count + 1, int(count * SPARSE))
    return count
