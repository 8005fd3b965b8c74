"""Intervals of a proportion and of a mean that were estimated from a weighted sample."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its 95 % interval; without a sample, all that is possible."""

    value: float
    low: float
    high: float


def proportion(hits: npt.NDArray[np.bool_], weights: Floats) -> Estimate:
    """The share of a population that a weighted sample tells, with the interval of Korn and Graubard.

    It is that of Clopper and Pearson, at the sample's effective size `sum(w)**2 / sum(w**2)`; with equal weights the
    two are the same. It covers the truth at least 95 times in 100, also where nothing, or everything, was hit.

    Args:
        hits: Which of the sample belong to the share, shape (n,).
        weights: One over the chance that each had to be drawn, shape (n,).

    References:
        Clopper & Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934.
        Korn & Graubard, Confidence Intervals for Proportions With Small Expected Number of Positive Counts, 1998.
    """
    from scipy.special import betaincinv

    if not len(hits):
        return Estimate(float("nan"), 0.0, 1.0)
    value = float(weights[hits].sum() / weights.sum())
    size = float(weights.sum() ** 2 / (weights**2).sum())
    count = value * size
    low = 0.0 if not hits.any() else float(betaincinv(count, size - count + 1, 0.025))
    high = 1.0 if hits.all() else float(betaincinv(count + 1, size - count, 0.975))
    return Estimate(value, low, high)


def mean(values: Floats) -> Estimate:
    """The mean of at least one value, with Student's interval; of a single value nothing is known about the spread."""
    from scipy.special import stdtrit

    middle = float(values.mean())
    if len(values) < 2:
        return Estimate(middle, -np.inf, np.inf)
    half = float(stdtrit(len(values) - 1, 0.975) * values.std(ddof=1) / np.sqrt(len(values)))
    return Estimate(middle, middle - half, middle + half)
