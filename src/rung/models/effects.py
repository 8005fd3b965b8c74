"""A covariance in which part of the loss is a sum of effects of single hyperparameters, the rest is joint.

A kernel of the distance between points knows little of a point that differs from all others in many columns. But good
learning rates are mostly good whatever the other hyperparameters are: if part of the function is a sum of functions of
single columns, then trials tell of every point that shares a value with them. How large that part is, is learned.

The functions of single columns are short Fourier series of period 2, and a number for each option of a choice: the
covariance of their sum is a product of matrices, which costs hardly anything.

References:
    Duvenaud, Nickisch & Rasmussen, Additive Gaussian Processes, NeurIPS 2011 (here the first order and the last).
    Solin & Särkkä, Hilbert Space Methods for Reduced-Rank Gaussian Process Regression, Statistics and Computing 2020.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rung.models.kernels import Dimension, Floats, Form, Ints, Prior, Pullback, Stationary

WAVES = 4  # of a column


@dataclass(frozen=True)
class WithEffects:
    """`(1 - share) * Stationary + share * mean of a kernel of each column`; both have the same lengthscales.

    `theta` holds the logarithms of the lengthscales, then the log odds of the share.

    Attributes:
        dimensions: Kinds of the columns that it reads.
        form: That of the joint part.
        first: The first of the columns that it reads; they stand side by side.
    """

    dimensions: tuple[Dimension, ...]
    form: Form = "matern52"
    first: int = 0

    @property
    def n_parameters(self) -> int:
        """One lengthscale for each column, and the share."""
        return len(self.dimensions) + 1

    @property
    def prior(self) -> Prior:
        """That of `Stationary`, and shares around one half."""
        joint = self.joint.prior
        return Prior(np.append(joint.mean, 0.0), np.append(joint.std, 1.0))

    @cached_property
    def joint(self) -> Stationary:
        """The joint part."""
        return Stationary(self.dimensions, self.form, self.first)

    @cached_property
    def effects(self) -> "Effects":
        """The other part."""
        return Effects(self.dimensions, self.first)

    def on(self, X: Floats) -> Callable[[Floats], tuple[Floats, Pullback]]:
        """See `Kernel`; features and distances are computed once."""
        F, evaluate_joint = self.effects.features(X), self.joint.on(X)

        def evaluate(theta: Floats) -> tuple[Floats, Pullback]:
            share = _share(theta)
            constant, powers, _ = self.effects.powers(theta[:-1])
            joint, pull_joint = evaluate_joint(theta[:-1])
            effects = constant + (F * powers) @ F.T

            def pullback(W: Floats) -> Floats:
                gains = ((W @ F) * F).sum(axis=0)
                lengths = self.effects.pull(theta[:-1], float(W.sum()), gains)
                of_share = share * (1 - share) * float((W * (effects - joint)).sum())
                return np.append((1 - share) * pull_joint(W) + share * lengths, of_share)

            return (1 - share) * joint + share * effects, pullback

        return evaluate

    def against(self, theta: Floats, X: Floats) -> "AgainstEffects":
        """See `Kernel`."""
        return AgainstEffects(self, theta, X)

    def diagonal(self, theta: Floats, A: Floats) -> Floats:
        """All ones."""
        return np.ones(len(A))


class AgainstEffects:
    """The kernel with its parameters and one side fixed."""

    def __init__(self, kernel: WithEffects, theta: Floats, X: Floats) -> None:
        share = _share(theta)
        constant, powers, _ = kernel.effects.powers(theta[:-1])
        self._joint, self._joint_share = kernel.joint.against(theta[:-1], X), 1 - share
        self._effects, self._constant = kernel.effects, share * constant
        self._F = kernel.effects.features(X) * (share * powers)

    def matrix(self, A: Floats) -> Floats:
        """See `Against`."""
        return self._whole(self._joint.matrix(A), self._effects.features(A))

    def slopes(self, A: Floats) -> tuple[Floats, Pullback]:
        """See `Against`."""
        joint, pull_joint = self._joint.slopes(A)
        F = self._effects.features(A)

        def pullback(W: Floats) -> Floats:
            gradient = self._joint_share * pull_joint(W)
            gradient[:, self._effects.numbers] += self._effects.climb(F, W @ self._F)
            return gradient

        return self._whole(joint, F), pullback

    def _whole(self, joint: Floats, F: Floats) -> Floats:
        whole: Floats = F @ self._F.T
        whole += self._constant
        whole += self._joint_share * joint
        return whole


class Effects:
    """Functions of single columns as weighted features: waves of a number, marks of the options of a choice.

    The variances of waves fall like those of the kernel 1 / (1 + r²/2), whose spectrum is exponential. Being inactive
    is an option; so each point has the same variance.

    Attributes:
        numbers: The columns that have an order, as those of points.
    """

    def __init__(self, dimensions: Sequence[Dimension], first: int) -> None:
        kinds = list(enumerate(dimensions))
        numbers = np.array([c for c, kind in kinds if kind.options is None], dtype=np.int64)
        self._d, self._waves = len(dimensions), len(numbers) * WAVES
        self.numbers: Ints = first + numbers
        self._conditional = np.array([dimensions[c].conditional for c in numbers], dtype=np.bool_)
        self._choices = [(first + c, kind.options) for c, kind in kinds if kind.options is not None]
        self._wave = np.tile(np.arange(1.0, WAVES + 1), len(numbers))
        of_wave = np.repeat(numbers, WAVES)
        options = [c for c, kind in kinds if kind.options is not None for _ in range(kind.options + 1)]
        self._owner: Ints = np.array(
            [*of_wave, *of_wave, *numbers[self._conditional], *options], dtype=np.int64
        )
        shares = [1 / (count + 1) for _, count in self._choices for _ in range(count + 1)]
        # How much of a feature's variance a point has: a cosine and its sine share theirs, so do options.
        self._once = np.concatenate(
            [np.ones(self._waves), np.zeros(self._waves + self._conditional.sum()), shares]
        )

    def features(self, X: Floats) -> Floats:
        """Shape (n, n_features)."""
        angles = math.pi * X[:, self.numbers]
        turned = np.cumprod(np.repeat(np.exp(1j * angles)[:, :, None], WAVES, axis=2), axis=2)
        parts = [turned.real.reshape(len(X), -1), turned.imag.reshape(len(X), -1)]
        if self._conditional.any():
            parts = [np.nan_to_num(part) for part in parts]
            parts.append(np.isnan(angles[:, self._conditional]).astype(np.float64))
        return np.concatenate([*parts, *(_marks(X[:, c], count) for c, count in self._choices)], axis=1)

    def powers(self, theta: Floats) -> tuple[float, Floats, Floats]:
        """The variance that is the same everywhere, that of each feature, and the derivative of these for `theta`."""
        n, lengths = self._waves, np.exp(theta)
        waves, d_waves = self._spectrum(lengths[self._owner[:n]])
        lost = [part.reshape(-1, WAVES).sum(axis=1)[self._conditional] for part in (waves, d_waves)]
        r2 = 0.5 / lengths[self._owner[2 * n + len(lost[0]) :]] ** 2
        powers = np.concatenate([waves, waves, lost[0], r2 / (1 + r2)]) / self._d
        slopes = np.concatenate([d_waves, d_waves, lost[1], -2 * r2 / (1 + r2) ** 2]) / self._d
        return 1 - float(powers @ self._once), powers, slopes

    def pull(self, theta: Floats, total: float, gains: Floats) -> Floats:
        """The gradient for `theta`, from those for the constant variance and for that of each feature."""
        slopes = self.powers(theta)[2]
        return np.bincount(self._owner, slopes * (gains - total * self._once), self._d).astype(np.float64)

    def climb(self, F: Floats, for_features: Floats) -> Floats:
        """The gradient for numbers, shape (m, n_numbers), of points with features F, from that for the features."""
        n = self._waves
        cosines, sines = F[:, :n], F[:, n : 2 * n]
        parts = self._wave * (for_features[:, n : 2 * n] * cosines - for_features[:, :n] * sines)
        gradient: Floats = math.pi * parts.reshape(len(F), -1, WAVES).sum(axis=2)
        return gradient

    def _spectrum(self, lengths: Floats) -> tuple[Floats, Floats]:
        """The variances of waves, and their derivatives for the logarithms of lengthscales."""
        k, slow = self._wave, math.sqrt(2) * math.pi * lengths
        q = np.exp(-slow)
        variances = 2 * q**k * (1 - q) / (1 + q)
        return variances, -slow * variances * (k - q / (1 - q) - q / (1 + q))


def _marks(u: Floats, options: int) -> Floats:
    """Which option it is, inactive being the last, shape (n, options + 1)."""
    option = np.where(np.isnan(u), options, np.minimum(np.floor(u * options), options - 1))
    marks: Floats = (option[:, None] == np.arange(options + 1)).astype(np.float64)
    return marks


def _share(theta: Floats) -> float:
    return 1 / (1 + math.exp(-float(theta[-1])))
