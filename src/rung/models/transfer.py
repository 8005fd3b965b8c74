"""Models of a task that know other tasks: a quantile prior, an ensemble weighted by ranks, a multi-task process.

Each is a belief about losses on a scale of its own, lower is better: mean and standard deviation at points, what is to
be improved on, and the same belief after what it expects of pending points has come true.

References:
    Salinas, Shen & Perrone, A Quantile-based Approach for Hyperparameter Transfer Learning, ICML 2020.
    Feurer, Letham & Bakshy, Scalable Meta-Learning for Bayesian Optimization using Ranking-Weighted Gaussian Process
    Ensembles (RGPE), AutoML workshop at ICML 2018.
    Swersky, Snoek & Adams, Multi-Task Bayesian Optimization, NeurIPS 2013.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np

from rung.models.gp import GP
from rung.models.grove import Filled
from rung.models.kernels import Floats

SHARPEST = 0.25  # standard deviation of the quantile prior at least: no prior is certain
FEWEST_RANKS = 5  # results that may show that a prior misleads
SAMPLES = 64  # functions by which an ensemble judges ranks
HOPELESS = 95  # percentile of the own losses beyond which another model gets no weight


class Belief(Protocol):
    """What is believed of losses.

    Attributes:
        best: What is to be improved on; None: nothing of this task is known yet.
    """

    @property
    def best(self) -> float | None:
        """See the class."""
        ...

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at points, shape (m,) each."""
        ...

    def expecting(self, X: Floats) -> Self:
        """After pending points have brought what is expected of them."""
        ...


def normal_scores(losses: Floats) -> Floats:
    """Losses by their ranks, as if they were drawn from a standard normal: (rank - 1/2) / n as its quantile."""
    from scipy.special import ndtri
    from scipy.stats import rankdata

    scores: Floats = ndtri((rankdata(losses) - 0.5) / len(losses))
    return scores


@dataclass(frozen=True)
class QuantileBelief:
    """Where on the scale of ranks a point lies by other tasks, and how this one departs from that.

    The paper's prior is a neural network; a forest knows mean and variance without training for long.

    Attributes:
        prior: Of the scores of all other tasks together; None: they are of no use here.
        rest: A process of how many standard deviations of the prior this task lies above it; None: nothing is known.
        best: See `Belief`.
    """

    prior: Filled | None
    rest: GP | None
    best: float | None

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Belief`."""
        mean, std = expected(self.prior, X)
        if self.rest is None:
            return mean, std
        off, spread = self.rest.predict(X)
        return mean + std * off, std * spread

    def expecting(self, X: Floats) -> "QuantileBelief":
        """See `Belief`."""
        return self if self.rest is None else replace(self, rest=self.rest.fantasized(X))


def expected(prior: Filled | None, X: Floats) -> tuple[Floats, Floats]:
    """What a quantile prior expects at points, and its doubt; without one, what ranks alone say."""
    if prior is None:
        return np.zeros(len(X)), np.ones(len(X))
    mean, std = prior.predict(X)
    return mean, np.maximum(std, SHARPEST)


def misleads(expected: Floats, losses: Floats) -> bool:
    """Whether expectations order results worse than chance: a Kendall's tau so low comes by chance once in twenty."""
    n = len(losses)
    if n < FEWEST_RANKS:
        return False
    pairs = n * (n - 1) / 2
    tau = 1.0 - float(misordered(expected[None], losses)[0]) / pairs
    return tau < -1.64 * math.sqrt(2 * (2 * n + 5) / (9 * n * (n - 1)))


@dataclass(frozen=True)
class EnsembleBelief:
    """A weighted mean of processes, one for each task, the last one of this task.

    Attributes:
        models: The processes.
        weights: Not negative, with the sum 1, shape (models,).
        best: See `Belief`.
    """

    models: tuple[GP, ...]
    weights: Floats
    best: float | None

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Belief`."""
        pairs = [
            (weight, *model.predict(X))
            for model, weight in zip(self.models, self.weights, strict=True)
            if weight
        ]
        mean = np.sum([weight * mean for weight, mean, _ in pairs], axis=0)
        variance = np.sum([(weight * std) ** 2 for weight, _, std in pairs], axis=0)
        return mean, np.sqrt(variance)

    def expecting(self, X: Floats) -> "EnsembleBelief":
        """See `Belief`."""
        return replace(self, models=tuple(model.fantasized(X) for model in self.models))


def ranking_weights(others: Sequence[GP], own: GP, rng: np.random.Generator) -> Floats:
    """How often each model orders the observations of this task best, the last number being that of its own model.

    The own model is judged by what it says of each observation after all others. A model whose median number of
    misordered pairs lies above almost all of the own model's gets nothing, so that many useless ones do not drown the
    own one.

    Returns:
        Shape (others + 1,), with the sum 1.
    """
    drawn = [model.sample(own.X, SAMPLES, rng) for model in others]
    mean, std = own.leave_one_out()
    drawn.append(mean + std * rng.standard_normal((SAMPLES, len(own))))
    losses = np.array([misordered(each, own.y) for each in drawn], float)
    losses[:-1][np.median(losses[:-1], axis=1) > np.percentile(losses[-1], HOPELESS)] = np.inf
    first = losses == losses.min(axis=0)
    shares = first / first.sum(axis=0)
    weights: Floats = shares.mean(axis=1)
    return weights


def misordered(drawn: Floats, y: Floats) -> Floats:
    """How many pairs of observations functions put in the wrong order, shape (functions,) from (functions, n)."""
    before = drawn[:, :, None] < drawn[:, None, :]
    found: Floats = (before != (y[:, None] < y[None, :])).sum(axis=(1, 2)).astype(np.float64)
    return found


@dataclass(frozen=True)
class MultiTaskBelief:
    """One process over points and tasks, asked about this task, which has the number 0.

    Attributes:
        model: The process; the last column of its points is the number of the task.
        best: See `Belief`.
    """

    model: GP
    best: float | None

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Belief`."""
        return self.model.predict(of_task(X, 0))

    def expecting(self, X: Floats) -> "MultiTaskBelief":
        """See `Belief`."""
        return replace(self, model=self.model.fantasized(of_task(X, 0)))


def of_task(X: Floats, task: int) -> Floats:
    """Points with the number of their task behind."""
    return np.hstack([X, np.full((len(X), 1), float(task))])
