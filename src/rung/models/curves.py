"""Learning curves, extrapolated: where will a loss that was observed for some units be at the last one?

A curve is `final + drop * g(r) + noise`, where the shape `g` falls from 1 at the first unit to 0 at the last, so that
`final` is the loss there. There are powers `r**-p` and exponentials `exp(-c * r)` of several speeds, each with several
levels of noise; a straight line is the slowest. A curve is explained by all of them together, weighted by how probable
they make it. For one shape and level the model is linear, so everything is in closed form, for all curves at once.

What curves have in common is learned from all of them by expectation maximization: how final losses and drops are
distributed, and which shapes and levels are frequent. So a curve of one unit tells something, by what others did from
there. Late observations weigh more than early ones, as no curve has just the shape of a formula.

    model = fit_curves(resources, losses)          # losses (n, m): NaN where a curve was not observed
    mean, std = model.extrapolate(losses)          # at the last unit

References:
    Domhan, Springenberg & Hutter, Speeding Up Automatic Hyperparameter Optimization of Deep Neural Networks by
    Extrapolation of Learning Curves, IJCAI 2015 (weighted ensembles of parametric curves).
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014 (exponential decay to a final loss with a prior).
    Kadra, Janowski, Wistuba & Grabocka, Scaling Laws for Hyperparameter Optimization, NeurIPS 2023 (ensembles of power
    laws).
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

POWERS = (0.05, 0.25, 0.5, 1.0, 2.0)
SPEEDS = (1e-3, 2.0, 5.0, 12.0, 30.0, 80.0)  # decay of the exponentials from the first unit to the last
NOISE = (0.01, 0.03, 0.1, 0.3)  # standard deviations, in units of the spread of losses
RECENT = 1.0  # an observation at half the resource of the last one weighs half
TEMPER = 0.5  # observations of one curve err together: n of them count as n**0.5
CLIP = 3.0  # losses worse than the median by more spreads count as this: how bad does not matter
FARTHEST = np.array([[-2.0, -2.0], [3.0, 3.0]])  # where the means of final loss and drop may lie
WIDEST = 2.0  # their standard deviations at most
STEPS = 4  # of expectation maximization in a fit
IMAGINED = 2.0  # curves of variance 1 that count besides, so that a few do not seem to be all alike
RIDGE = 1e-4
NEUTRAL = 0.2  # pseudo-count of every component

N_SHAPES = len(POWERS) + len(SPEEDS)
PRECISION = 1 / np.square(NOISE)
LOG_PRECISION = np.log(PRECISION)


@dataclass(frozen=True)
class Curves:
    """What is known of the curves of a problem.

    Attributes:
        resources: Where curves may be observed, shape (m,), ascending; the last one is extrapolated to.
        centre, spread: Losses are measured from the one in units of the other.
        mean: Of final loss and drop, shape (2,).
        covariance: Of both, shape (2, 2).
        weights: How frequent each shape with each level of noise is, shape (n_shapes, n_levels), sums to 1.
    """

    resources: Floats
    centre: float
    spread: float
    mean: Floats
    covariance: Floats
    weights: Floats

    def extrapolate(self, losses: Floats, resource: float | None = None) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the loss without noise.

        Args:
            losses: Of n curves, shape (n, m), NaN where not observed, inf where as bad as can be.
            resource: Where; None: at the last one.

        Returns:
            Both of shape (n,). A curve that was not observed at all gets what is known of all.
        """
        found = self.explain(self.scaled(losses))
        means, variances = found.final, found.final_variance
        if resource is not None:
            g = shapes(
                np.array([resource]), self.resources
            )  # (n_shapes, 1), the same for all levels of noise
            means = means + g * found.drop
            variances = variances + g * (2 * found.covariance + g * found.drop_variance)
        mean = (found.weights * means).sum(axis=(1, 2))
        variance = (found.weights * (variances + (means - mean[:, None, None]) ** 2)).sum(axis=(1, 2))
        return self.centre + self.spread * mean, self.spread * np.sqrt(variance)

    def scaled(self, losses: Floats) -> Floats:
        """Losses as the model sees them."""
        return np.clip((losses - self.centre) / self.spread, -100.0, CLIP)

    def explain(self, y: Floats) -> "Explained":
        """Each curve by each component: a linear model of final loss and drop with a normal prior.

        Args:
            y: Scaled losses, shape (n, m).
        """
        sums = self._sums(y)
        prior = _inverse(self.covariance)
        start = prior @ self.mean
        a = (
            prior[0, 0] + PRECISION * sums.total[:, None, None]
        )  # the precision of final loss and drop: a, b; b, c
        b = prior[0, 1] + PRECISION * sums.g[:, :, None]
        c = prior[1, 1] + PRECISION * sums.gg[:, :, None]
        u = start[0] + PRECISION * sums.y[:, None, None]
        v = start[1] + PRECISION * sums.gy[:, :, None]
        determinant = a * c - b * b
        final, drop = (c * u - b * v) / determinant, (a * v - b * u) / determinant
        fit = final * u + drop * v - PRECISION * sums.yy[:, None, None]
        normal = sums.total[:, None, None] * LOG_PRECISION - np.log(determinant)
        evidence = np.log(self.weights) + 0.5 * (fit + normal)
        weights = np.exp(evidence - evidence.max(axis=(1, 2), keepdims=True))
        weights /= weights.sum(axis=(1, 2), keepdims=True)
        return Explained(weights, final, drop, c / determinant, -b / determinant, a / determinant)

    def learned(self, y: Floats) -> "Curves":
        """One step of expectation maximization."""
        found = self.explain(y)
        rho = found.weights / len(y)
        mean = np.array([(rho * found.final).sum(), (rho * found.drop).sum()])
        final, drop = found.final - mean[0], found.drop - mean[1]
        covariance = np.empty((2, 2))
        covariance[0, 0] = (rho * (found.final_variance + final**2)).sum()
        covariance[0, 1] = covariance[1, 0] = (rho * (found.covariance + final * drop)).sum()
        covariance[1, 1] = (rho * (found.drop_variance + drop**2)).sum()
        counts = found.weights.sum(axis=0) + NEUTRAL
        return replace(
            self,
            mean=np.clip(mean, *FARTHEST),
            covariance=_bounded((len(y) * covariance + IMAGINED * np.eye(2)) / (len(y) + IMAGINED)),
            weights=counts / counts.sum(),
        )

    @cached_property
    def _basis(self) -> Floats:
        """Each shape at each resource, shape (n_shapes, m)."""
        return shapes(self.resources, self.resources)

    def _sums(self, y: Floats) -> "_Sums":
        known = ~np.isnan(y)
        y = np.where(known, y, 0.0)
        relative = np.where(known, self.resources, 0.0)
        relative /= np.maximum(relative.max(axis=1, keepdims=True), self.resources[0])
        w = relative**RECENT
        w *= np.maximum(w.sum(axis=1, keepdims=True), 1.0) ** (TEMPER - 1)
        g, wy = self._basis, w * y
        return _Sums(w.sum(axis=1), wy.sum(axis=1), (wy * y).sum(axis=1), w @ g.T, w @ (g**2).T, wy @ g.T)


@dataclass(frozen=True, slots=True)
class Explained:
    """Curves as components see them: n curves, shapes s, levels of noise v; all of shape (n, s, v).

    Attributes:
        weights: How probable each component is; they sum to 1 for each curve.
        final, drop: Their means.
        final_variance, covariance, drop_variance: How sure that is.
    """

    weights: Floats
    final: Floats
    drop: Floats
    final_variance: Floats
    covariance: Floats
    drop_variance: Floats


@dataclass(frozen=True, slots=True)
class _Sums:
    """Weighted sums over the observations of each curve: of 1, y and y², shape (n,), and by shape, (n, s)."""

    total: Floats
    y: Floats
    yy: Floats
    g: Floats
    gg: Floats
    gy: Floats


def fit_curves(resources: Floats, losses: Floats, before: Curves | None = None) -> Curves:
    """What some curves have in common. O(n m) for each of a few steps.

    Args:
        resources: Where curves may be observed, shape (m,), ascending.
        losses: Shape (n, m), NaN where not observed; each curve was observed somewhere, at finite losses.
        before: An earlier fit, to begin from; None: anew.
    """
    centre, spread = _scale(losses)
    if before is None:
        weights = np.full((N_SHAPES, len(NOISE)), 1 / (N_SHAPES * len(NOISE)))
        found = Curves(resources, centre, spread, np.array([-0.5, 0.5]), np.eye(2), weights)
    else:
        found = _rescaled(before, centre, spread)
    y = found.scaled(losses)
    for _ in range(STEPS):
        found = found.learned(y)
    return found


def shapes(at: Floats, resources: Floats) -> Floats:
    """Each shape at some resources: 1 at the first of `resources` and 0 at the last, shape (n_shapes, len(at))."""
    first, last = float(resources[0]), float(resources[-1])
    length = max(last - first, 1.0)

    def raw(r: Floats) -> Floats:
        powers = [(r / first) ** -power for power in POWERS]
        return np.stack(powers + [np.exp(-speed * (r - first) / length) for speed in SPEEDS])

    ends = raw(np.array([first, max(last, first + 1)]))
    return (raw(at) - ends[:, 1:]) / (ends[:, :1] - ends[:, 1:])


def _scale(losses: Floats) -> tuple[float, float]:
    """The median of the last losses of curves, and how far the better ones lie below it."""
    last = last_of(losses)
    centre, low, least = np.quantile(last, [0.5, 0.1, 0.0]).tolist()
    spread = max(centre - low, (centre - least) / 3)
    return centre, spread or float(np.ptp(last)) or abs(centre) or 1.0


def last_of(losses: Floats) -> Floats:
    """The last observation of each curve, shape (n,)."""
    m = losses.shape[1]
    column = m - 1 - np.argmax(~np.isnan(losses)[:, ::-1], axis=1)
    last: Floats = losses[np.arange(len(losses)), column]
    return last


def _rescaled(before: Curves, centre: float, spread: float) -> Curves:
    """The same belief, measured otherwise."""
    ratio = before.spread / spread
    shift = (before.centre - centre) / spread
    mean = before.mean * ratio + np.array([shift, 0.0])
    covariance = before.covariance * ratio**2 + RIDGE * np.eye(2)
    return replace(before, centre=centre, spread=spread, mean=mean, covariance=covariance)


def _bounded(covariance: Floats) -> Floats:
    """The same correlation, with standard deviations of at most `WIDEST`."""
    factors = np.minimum(1.0, WIDEST / np.sqrt(np.diag(covariance)))
    bounded: Floats = covariance * np.outer(factors, factors)
    return bounded


def _inverse(A: Floats) -> Floats:
    """Of a symmetric matrix of two rows."""
    determinant = A[0, 0] * A[1, 1] - A[0, 1] ** 2
    found: Floats = np.array([[A[1, 1], -A[0, 1]], [-A[0, 1], A[0, 0]]]) / determinant
    return found
