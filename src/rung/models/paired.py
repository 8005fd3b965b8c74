"""Tests on paired losses: what was measured of several candidates on the same instances, and whether it differs.

Everywhere `losses` has shape (n, m): a row is an instance (a seed, a fold), a column a candidate, lower is better. A
test of candidates against a reference gives for each column the p-value, two-sided, that it differs from the
column `reference`, shape (m,); 1 for the reference itself.

References:
    Conover, Practical Nonparametric Statistics, 3rd edition 1999, section 5.8 (Friedman's test, comparisons after
    it) and section 5.7 (Wilcoxon's signed ranks).
    Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Friedman:
    """What Friedman's test says of several candidates.

    Attributes:
        rank_sums: Sum of the ranks of each candidate, 1 is the best on an instance, shape (m,).
        statistic: Chi-squared with m - 1 degrees of freedom, corrected for ties.
        p: That candidates which are all alike differ so much.
    """

    rank_sums: Floats
    statistic: float
    p: float


def friedman(losses: Floats) -> Friedman:
    """Friedman's test that candidates do not differ; infinite losses rank last, together."""
    from scipy.special import chdtrc

    n, m = losses.shape
    ranks = ranked(losses)
    sums = ranks.sum(axis=0)
    spread = (ranks**2).sum() - n * m * (m + 1) ** 2 / 4
    if spread == 0:  # all are equal on each instance
        return Friedman(sums, 0.0, 1.0)
    statistic = float((m - 1) * ((sums - n * (m + 1) / 2) ** 2).sum() / spread)
    return Friedman(sums, statistic, float(chdtrc(m - 1, statistic)))


def conover(losses: Floats, reference: int) -> Floats:
    """Conover's comparison of rank sums, to be looked at after Friedman's test was significant; at least 2 rows."""
    from scipy.special import stdtr

    n, m = losses.shape
    ranks = ranked(losses)
    sums = ranks.sum(axis=0)
    freedom = (n - 1) * (m - 1)
    variance = 2 * (n * (ranks**2).sum() - (sums**2).sum()) / freedom
    distances = _ratio(np.abs(sums - sums[reference]), np.sqrt(max(0.0, variance)))
    p: Floats = 2 * stdtr(freedom, -distances)
    return p


def paired_t(losses: Floats, reference: int) -> Floats:
    """Student's t-test of the differences, which must be finite; at least 2 rows."""
    from scipy.special import stdtr

    n = len(losses)
    differences = losses - losses[:, [reference]]
    mean, error = differences.mean(axis=0), differences.std(axis=0, ddof=1) / np.sqrt(n)
    error[np.ptp(differences, axis=0) == 0] = 0.0  # not a rounding error of the mean
    p: Floats = 2 * stdtr(n - 1, -_ratio(np.abs(mean), error))
    return p


def wilcoxon(losses: Floats, reference: int) -> Floats:
    """Wilcoxon's signed ranks, by the normal approximation with its corrections for continuity and ties.

    Differences of 0 are left out.
    """
    return np.array([_signed_ranks(column - losses[:, reference]) for column in losses.T])


def holm(p: Floats) -> Floats:
    """P-values of one family, adjusted so that any false rejection among them is as rare as the level says."""
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    adjusted[order] = np.maximum.accumulate(np.arange(len(p), 0, -1) * p[order])
    return np.minimum(adjusted, 1.0)


def ranked(losses: Floats) -> Floats:
    """Rank of each candidate on each instance, 1 is best; equal ones share the mean of their ranks."""
    found = np.empty(losses.shape)
    for row, ranks in zip(losses, found, strict=True):
        ordered = np.sort(row)
        ranks[:] = (np.searchsorted(ordered, row, "left") + np.searchsorted(ordered, row, "right") + 1) / 2
    return found


def _ratio(distance: Floats, error: Floats | float) -> Floats:
    """Distances in units of their error; without any error, a distance is infinite and no distance 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0, distance / error)


def _signed_ranks(differences: Floats) -> float:
    from scipy.special import ndtr

    differences = differences[differences != 0]
    n = len(differences)
    if n == 0:
        return 1.0
    size = np.abs(differences)
    ranks = ranked(size[None])[0]
    _, ties = np.unique(size, return_counts=True)
    variance = n * (n + 1) * (2 * n + 1) / 24 - (ties**3 - ties).sum() / 48
    distance = abs(ranks[differences > 0].sum() - n * (n + 1) / 4)
    return float(min(1.0, 2 * ndtr(-max(0.0, distance - 0.5) / np.sqrt(variance))))
