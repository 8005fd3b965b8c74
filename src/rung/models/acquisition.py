"""What a trial at a point may gain, from the mean and standard deviation of a model there, with derivatives.

Values are losses: lower is better. All that is returned is to be maximized, and is a logarithm or adds up like one, so
that the logarithm of a probability or of a price can be added.

References:
    Jones, Schonlau & Welch, Efficient Global Optimization of Expensive Black-Box Functions, 1998 (EI).
    Ament, Daulton, Eriksson, Balandat & Bakshy, Unexpected Improvements to Expected Improvement for Bayesian
    Optimization, NeurIPS 2023, section 4.1 and appendix A.1 (LogEI).
    Huang, Allen, Notz & Zeng, Global Optimization of Stochastic Black-Box Systems via Sequential Kriging
    Meta-Models, Journal of Global Optimization 2006, section 3 (the augmented expected improvement).
    Srinivas, Krause, Kakade & Seeger, Gaussian Process Optimization in the Bandit Setting, ICML 2010 (UCB).
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
from scipy.special import erfcx, log1p, log_ndtr, ndtr

from rung.models.kernels import Floats

Gain = tuple[Floats, Floats, Floats]
"""Values at points and their derivatives for the mean and for the standard deviation there, shape (m,) each."""

Criterion = Callable[[Floats, Floats], Gain]
"""From means and standard deviations, shape (m,) each."""

Name = Literal["log_ei", "ei", "pi", "ucb"]

MARGIN = 0.3  # of an improvement whose probability is asked for; without it the search stays beside the best
UCB_STDS = 2.0  # by how many standard deviations the bound lies below the mean
SMALLEST = 1e-300
HOPELESS, SLOW = -20.0, 10.0
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def criterion(name: Name, best: float) -> Criterion:
    """The criterion of a name, where `best` is the loss to be improved on."""
    if name == "ucb":
        return upper_confidence_bound
    if name == "pi":
        return partial(log_probability, best=best - MARGIN)
    return partial(log_expected_improvement if name == "log_ei" else plain_ei, best=best)


def log_expected_improvement(mean: Floats, std: Floats, best: float) -> Gain:
    """Logarithm of the expected improvement on `best`; also where the improvement itself underflows."""
    z = (best - mean) / std
    value = log_h(z)
    ratio = np.exp(np.minimum(log_ndtr(z) - value, 600.0))  # derivative of log_h: Φ(z) / h(z)
    return value + np.log(std), -ratio / std, (1 - ratio * z) / std


def augmented(gain: Criterion, noise: float) -> Criterion:
    """A gain, times the share of what is unknown about a trial's value that the trial would tell (Huang et al. 2006).

    Noise that was inferred, also from dents that the model cannot follow, would else draw trial after trial to the
    best one.

    Args:
        gain: A logarithm.
        noise: Its standard deviation.
    """

    def criterion(mean: Floats, std: Floats) -> Gain:
        value, for_mean, for_std = gain(mean, std)
        whole = np.hypot(std, noise)
        told = std * (std / (whole * (whole + noise)))  # 1 - noise / whole, without cancellation
        return value + np.log(told), for_mean, for_std + noise * std / (whole**3 * told)

    return criterion


def bounded(gain: Criterion) -> Criterion:
    """The same order of points, but what is hopeless falls slowly, so that terms beside it still count there.

    Where a model is sure, the logarithm of an improvement may be -1e6: no probability of a failure would weigh that up.
    """

    def criterion(mean: Floats, std: Floats) -> Gain:
        value, for_mean, for_std = gain(mean, std)
        value, slope = softened(value)
        return value, slope * for_mean, slope * for_std

    return criterion


def softened(value: Floats) -> tuple[Floats, Floats]:
    """Logarithms of gains as `bounded` makes them, and the derivatives for them."""
    below = np.maximum(HOPELESS - value, 0.0) / SLOW
    return np.maximum(value, HOPELESS) - SLOW * np.log1p(below), 1 / (1 + below)


def expected_improvement(mean: Floats, std: Floats, best: float) -> Floats:
    """How much better than `best` a trial is expected to be, where worse counts as 0."""
    z = (best - mean) / std
    improvement: Floats = std * (np.exp(_log_density(z)) + z * ndtr(z))
    return np.maximum(improvement, 0.0)


def plain_ei(mean: Floats, std: Floats, best: float) -> Gain:
    """Logarithm of the expected improvement as it comes out in floating point: flat where that is zero."""
    z = (best - mean) / std
    value = expected_improvement(mean, std, best)
    flat = value < SMALLEST
    value = np.where(flat, SMALLEST, value)
    d_mean = np.where(flat, 0.0, -ndtr(z) / value)
    return np.log(value), d_mean, np.where(flat, 0.0, np.exp(_log_density(z)) / value)


def log_probability(mean: Floats, std: Floats, best: float) -> Gain:
    """Logarithm of the probability to be better than `best` (probability of improvement, or of keeping a limit)."""
    z = (best - mean) / std
    value = log_ndtr(z)
    hazard = np.exp(_log_density(z) - value)
    return value, -hazard / std, -hazard * z / std


def upper_confidence_bound(mean: Floats, std: Floats) -> Gain:
    """How good a point may well be: the negative of `mean - 2 std`."""
    return UCB_STDS * std - mean, np.full_like(mean, -1.0), np.full_like(std, UCB_STDS)


def _log_density(z: Floats) -> Floats:
    density: Floats = -0.5 * z**2 - _HALF_LOG_2PI
    return density


def log_h(z: Floats) -> Floats:
    """log(φ(z) + z Φ(z)) without cancellation (Ament et al. 2023, eq. 9 and A.1)."""
    near = np.maximum(z, -1.0)
    far = np.minimum(z, -1.0)
    # φ + zΦ = φ (1 - |z| √(π/2) erfcx(|z|/√2)); the difference is about 1/z² and lost to rounding from 1e4 on.
    rest = np.abs(far) * math.sqrt(math.pi / 2) * erfcx(-far / math.sqrt(2))
    tail = np.where(far < -1e3, -2 * np.log(-far), log1p(-np.minimum(rest, 1 - 1e-16)))
    value: Floats = np.where(
        z > -1.0, np.log(np.exp(_log_density(near)) + near * ndtr(near)), _log_density(far) + tail
    )
    return value
