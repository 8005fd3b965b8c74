"""What makes a point worth a trial: terms that add up, each with its gradient.

The terms are logarithms (of an expected improvement, of the probability that a limit is kept or that training does
not fail, of what the user believes, of a price), so that their sum is the logarithm of a weighted acquisition. Anything
with the two methods of `Score` can be a term, such as an expected hypervolume improvement.

References:
    Gardner, Kusner, Xu, Weinberger & Cunningham, Bayesian Optimization with Inequality Constraints, ICML 2014.
    Snoek, Larochelle & Adams, Practical Bayesian Optimization of Machine Learning Algorithms, NeurIPS 2012, section 3.2
    (improvement per second).
    Hvarfner, Stoll, Souza, Lindauer, Hutter & Nardi, πBO: Augmenting Acquisition Functions with User Beliefs for
    Bayesian Optimization, ICLR 2022.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rung.models.acquisition import Criterion, Gain
from rung.models.kernels import Floats

STEP = 1e-5  # of finite differences
PENALTY = 200.0  # of a point on another one


class Score(Protocol):
    """How good points are; more is better."""

    def values(self, X: Floats) -> Floats:
        """At points of the unit cube with NaN where inactive, shape (m, d): shape (m,)."""
        ...

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """The same, and the gradients for the points, shape (m, d), 0 where a column is inactive or has no order."""
        ...


class Model(Protocol):
    """What predicts, such as a `GP`."""

    def predict(self, A: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at points, shape (m,) each."""
        ...

    def slopes(self, A: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """The same and their gradients, shape (m, d) each."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """A criterion on what a model predicts.

    Attributes:
        model: It predicts.
        criterion: What is made of mean and standard deviation.
    """

    model: Model
    criterion: Criterion

    def values(self, X: Floats) -> Floats:
        """See `Score`."""
        return self.criterion(*self.model.predict(X))[0]

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Score`."""
        mean, std, d_mean, d_std = self.model.slopes(X)
        value, for_mean, for_std = self.criterion(mean, std)
        return value, for_mean[:, None] * d_mean + for_std[:, None] * d_std


@dataclass(frozen=True, slots=True)
class Lifted:
    """A model that is asked at points of the space and reads more columns.

    Attributes:
        model: The model.
        lift: Adds its columns after those of points, shape (m, d) to (m, d + extra).
    """

    model: Model
    lift: Callable[[Floats], Floats]

    def predict(self, A: Floats) -> tuple[Floats, Floats]:
        """See `Model`."""
        return self.model.predict(self.lift(A))

    def slopes(self, A: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """See `Model`; for the columns of the space."""
        d = A.shape[1]
        mean, std, d_mean, d_std = self.model.slopes(self.lift(A))
        return mean, std, d_mean[:, :d], d_std[:, :d]


@dataclass(frozen=True, slots=True)
class Believed:
    """The user's belief in where good values lie, which fades as evidence grows (Hvarfner et al. 2022, eq. 6).

    Attributes:
        log_prior: Its log density at points, shape (m, d) to (m,).
        weight: The factor on it: a constant over the number of observations.
    """

    log_prior: Callable[[Floats], Floats]
    weight: float

    def values(self, X: Floats) -> Floats:
        """See `Score`."""
        return self.weight * self.log_prior(X)

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Score`; by differences that stay within the cube."""
        m, d = X.shape
        step = np.where(X > 0.5, -STEP, STEP)
        moved = X[:, None, :] + np.eye(d) * step[:, None, :]
        value = self.values(X)
        difference = self.values(moved.reshape(m * d, d)).reshape(m, d) - value[:, None]
        return value, np.where(np.isnan(X), 0.0, difference / np.where(np.isnan(X), 1.0, step))


@dataclass(frozen=True, slots=True)
class Apart:
    """A penalty for points next to others, so that a batch does not gather where there is hardly anything to gain.

    Attributes:
        points: The others, shape (k, d), NaN where inactive.
        radius: How near is too near.
    """

    points: Floats
    radius: float = 0.005

    def values(self, X: Floats) -> Floats:
        """See `Score`."""
        return self.slopes(X)[0]

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Score`."""
        off = X[:, None, :] - self.points
        one, both = np.isnan(X)[:, None, :] ^ np.isnan(self.points), np.isnan(off)
        off = np.where(one, 1.0, np.where(both, 0.0, off)) / self.radius
        nearness = np.maximum(1 - (off**2).sum(axis=2), 0.0)
        away = 2 * PENALTY / self.radius * (off * (nearness > 0)[:, :, None]).sum(axis=1)
        return -PENALTY * nearness.sum(axis=1), away


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms together.

    Attributes:
        terms: Any number; none is 0 everywhere.
    """

    terms: tuple[Score, ...]

    def values(self, X: Floats) -> Floats:
        """See `Score`."""
        total: Floats = np.sum([np.zeros(len(X)), *[term.values(X) for term in self.terms]], axis=0)
        return total

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Score`."""
        found = [(np.zeros(len(X)), np.zeros(X.shape)), *[term.slopes(X) for term in self.terms]]
        values, gradients = zip(*found, strict=True)
        return np.sum(values, axis=0), np.sum(gradients, axis=0)


def price(weight: float) -> Criterion:
    """For a model of the logarithm of a cost: with weight 1, what is gained counts per second."""

    def criterion(mean: Floats, std: Floats) -> Gain:
        return -weight * mean, np.full_like(mean, -weight), np.zeros_like(std)

    return criterion
