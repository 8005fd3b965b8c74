"""The expected hypervolume improvement: by how much a trial is expected to extend a front of two or three objectives.

What no row of a front dominates, below a reference, is cut into boxes. In a box that reaches from `low` to `high`, a
trial with independent normal losses gains on average the product over objectives of `h(high) - h(low)`, where `h(c)` is
its expected improvement on `c`; the sum over boxes is exact. It is computed from logarithms throughout, so that it has
gradients also where a gain is next to impossible.

References:
    Emmerich, Deutz & Klinkenberg, Hypervolume-Based Expected Improvement: Monotonicity Properties and Exact
        Computation, CEC 2011 (the criterion).
    Yang, Emmerich, Deutz & Bäck, Efficient Computation of Expected Hypervolume Improvement Using Box Decomposition
        Algorithms, Journal of Global Optimization 75, 2019, sections 3 and 4 (the boxes, the product).
    Ament, Daulton, Eriksson, Balandat & Bakshy, Unexpected Improvements to Expected Improvement for Bayesian
        Optimization, NeurIPS 2023, section 4.3 (its logarithm).
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr

from rung.models.acquisition import Gain, log_h, softened
from rung.models.kernels import Floats, Ints
from rung.models.pareto import non_dominated
from rung.models.scores import Model

BEYOND = 0.1  # how far the reference lies beyond the ends of a front, in parts of its range
LEAST = 0.5  # that distance at least, in standard deviations of the losses
TINY = 1e-300
_HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def reference_of(front: Floats) -> Floats:
    """Beyond the worst of a front in each objective, by a tenth of its range; shape (k,).

    The least distance is what lets a front grow that has shrunk to a point. It would seem simpler to take the worst of
    all losses, but then what counts most are the ends of the front, which then are all that is improved.

    Args:
        front: Rows that none dominates, shape (n, k), n at least 1, of losses on a scale with standard deviation 1.
    """
    low, high = front.min(axis=0), front.max(axis=0)
    reference: Floats = high + np.maximum(BEYOND * (high - low), LEAST)
    return reference


def boxes(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """What lies below a reference and is not dominated, as boxes that do not overlap; for n rows about n or 2 n.

    Args:
        front: Shape (n, k), k 2 or 3; rows that are dominated, or not below the reference, change nothing.
        reference: Shape (k,).

    Returns:
        Lower corners, -inf where a box has no end, and upper corners, shape (b, k) each.
    """
    below = front[(front < reference).all(axis=1)]
    below = below[non_dominated(below)]
    low, high = (_strips if len(reference) == 2 else _slabs)(below, reference)
    real = (low < high).all(axis=1)
    return low[real], high[real]


@dataclass(frozen=True, slots=True)
class HypervolumeImprovement:
    """The logarithm of what a trial is expected to add to the hypervolume of a front.

    Attributes:
        edges: For each objective where boxes begin or end, -inf first, shape (e,) each.
        low: The edge at which each box begins, by number, shape (b, k).
        high: That at which it ends, shape (b, k).
    """

    edges: tuple[Floats, ...]
    low: Ints
    high: Ints

    @classmethod
    def on(cls, front: Floats, reference: Floats) -> "HypervolumeImprovement":
        """On a front, see `boxes`."""
        low, high = boxes(front, reference)
        edges = tuple(
            np.unique(np.concatenate([[-np.inf], *ends])) for ends in zip(low.T, high.T, strict=True)
        )
        numbers = [
            np.stack([np.searchsorted(edge, end) for edge, end in zip(edges, ends.T, strict=True)], axis=1)
            for ends in (low, high)
        ]
        return cls(edges, numbers[0], numbers[1])

    def values(self, mean: Floats, std: Floats) -> Floats:
        """At points with means and standard deviations of shape (m, k): shape (m,)."""
        return _summed(self._logs(mean, std).sum(axis=0))

    def __call__(self, mean: Floats, std: Floats) -> Gain:
        """The same, and the derivatives for the means and for the standard deviations, shape (m, k) each."""
        logs = self._logs(mean, std)
        total = logs.sum(axis=0)
        value = _summed(total)
        d_mean, d_std = np.empty_like(mean), np.empty_like(std)
        for j in range(len(self.edges)):
            others = (
                total - logs[j] - value[:, None]
            )  # of the product of the other objectives, in parts of the sum
            d_mean[:, j], d_std[:, j] = self._slopes(j, others, mean[:, j], std[:, j])
        return value, d_mean, d_std

    def _logs(self, mean: Floats, std: Floats) -> Floats:
        """log(h(high) - h(low)) for each objective, point and box, shape (k, m, b)."""
        found = [self._log(j, mean[:, j], std[:, j]) for j in range(len(self.edges))]
        return np.stack(found)

    def _log(self, j: int, mean: Floats, std: Floats) -> Floats:
        improvement = _at_edges(log_h(_z(self.edges[j], mean, std)) + np.log(std)[:, None])
        return _log_difference(improvement[:, self.high[:, j]], improvement[:, self.low[:, j]])

    def _slopes(self, j: int, others: Floats, mean: Floats, std: Floats) -> tuple[Floats, Floats]:
        """Of h: -Φ(z) for the mean, φ(z) for the standard deviation."""
        z = _z(self.edges[j], mean, std)
        below, density = _at_edges(log_ndtr(z)), _at_edges(-0.5 * z**2 - _HALF_LOG_2PI)
        low, high = self.low[:, j], self.high[:, j]
        between = _log_difference(below[:, high], below[:, low])
        d_std = _exp(others + density[:, high]) - _exp(others + density[:, low])
        return -_exp(others + between).sum(axis=1), d_std.sum(axis=1)


@dataclass(frozen=True, slots=True)
class Extending:
    """A score: the logarithm of the expected hypervolume improvement, softened where it is hopeless.

    Attributes:
        models: Of the objectives, k of them, independent of each other.
        improvement: Of a front of as many objectives.
    """

    models: tuple[Model, ...]
    improvement: HypervolumeImprovement

    def values(self, X: Floats) -> Floats:
        """See `Score`."""
        mean, std = (
            np.stack(part, axis=1) for part in zip(*(m.predict(X) for m in self.models), strict=True)
        )
        return softened(self.improvement.values(mean, std))[0]

    def slopes(self, X: Floats) -> tuple[Floats, Floats]:
        """See `Score`."""
        found = [np.stack(part, axis=1) for part in zip(*(m.slopes(X) for m in self.models), strict=True)]
        mean, std, d_mean, d_std = found
        value, for_mean, for_std = self.improvement(mean, std)
        value, slope = softened(value)
        gradient = np.einsum("mk,mkd->md", for_mean, d_mean) + np.einsum("mk,mkd->md", for_std, d_std)
        return value, slope[:, None] * gradient


def _strips(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Upright strips between neighbours of a front of two objectives."""
    a, b = front[np.argsort(front[:, 0], kind="stable")].T
    low = np.full((len(front) + 1, 2), -np.inf)
    low[1:, 0] = a
    return low, np.stack([np.append(a, reference[0]), np.append(reference[1], b)], axis=1)


def _slabs(front: Floats, reference: Floats) -> tuple[Floats, Floats]:
    """Boxes that rise from the third loss at which a strip of the first two comes up to that at which it is cut."""
    low, high = np.array([[-np.inf] * 3]), reference[None, :].copy()
    found = []
    for row in front[np.argsort(front[:, 2], kind="stable")]:
        cut = (high[:, :2] > row[:2]).all(axis=1)
        ended = high[cut]
        ended[:, 2] = row[2]
        found.append((low[cut], ended))
        new = _around(low[cut], high[cut], row)
        low, high = np.vstack([low[~cut], new[0]]), np.vstack([high[~cut], new[1]])
    lows, highs = zip(*found, (low, high), strict=True)
    return np.vstack(lows), np.vstack(highs)


def _around(low: Floats, high: Floats, row: Floats) -> tuple[Floats, Floats]:
    """What a row leaves of strips that it cuts: of the first the part before it, of all together what is below it."""
    if not len(low):
        return low, high
    left, right = low[:, 0].min(), high[:, 0].max()
    before = low[:, 0] < row[0]
    lows = np.vstack([low[before], [[max(left, row[0]), -np.inf, row[2]]]])
    highs = np.vstack([high[before], [[right, row[1], high[0, 2]]]])
    highs[: before.sum(), 0] = row[0]
    lows[: before.sum(), 2] = row[2]
    return lows, highs


def _z(edges: Floats, mean: Floats, std: Floats) -> Floats:
    """How many standard deviations the finite edges lie above means, shape (m, e - 1)."""
    z: Floats = (edges[1:] - mean[:, None]) / std[:, None]
    return z


def _at_edges(logs: Floats) -> Floats:
    """With the edge at -inf, below which nothing lies."""
    return np.concatenate([np.full((len(logs), 1), -np.inf), logs], axis=1)


def _log_difference(larger: Floats, smaller: Floats) -> Floats:
    """log(exp(larger) - exp(smaller))."""
    difference: Floats = larger + np.log(np.maximum(-np.expm1(np.minimum(smaller - larger, 0.0)), TINY))
    return difference


def _summed(logs: Floats) -> Floats:
    """log(sum(exp(logs))) over boxes, shape (m, b) to (m,)."""
    most = logs.max(axis=1)
    total: Floats = most + np.log(np.exp(logs - most[:, None]).sum(axis=1))
    return total


def _exp(logs: Floats) -> Floats:
    found: Floats = np.exp(np.minimum(logs, 600.0))
    return found
