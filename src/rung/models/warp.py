"""A robust, monotone transform of losses to values that a Gaussian process can learn from.

What is better than the median keeps its shape, as that is where the search goes. What is worse is compressed, first
like a logarithm and in the end below a bound, and so is what is better by a multiple of the spread: one loss of 1e30
then changes little. The result has mean 0 and standard deviation 1 on the losses that it was fitted to. As more and
more trials are good ones, the median falls, and the scale with it.

Reference:
    Song et al., The Vizier Gaussian Process Bandit Algorithm, 2024, section 3.3 (the better half is kept, the worse
    half warped; there by ranks, here smoothly).
"""

from dataclasses import dataclass

import numpy as np

from rung.models.kernels import Floats

FAR = 8.0  # spreads above and below the median within which what is good is not compressed
BOUND = 6.0  # of what is compressed, in spreads
LARGEST = 1e150  # its square and its sums are finite


@dataclass(frozen=True, slots=True)
class Warp:
    """A fitted transform.

    Attributes:
        median: Of the losses.
        spread: From the median down to the good ones.
        shift: Mean of the compressed losses.
        scale: Their standard deviation.
    """

    median: float
    spread: float
    shift: float
    scale: float

    def __call__(self, losses: Floats) -> Floats:
        """Values of losses, which may be infinite; finite and in the same order."""
        return (self._compressed(losses) - self.shift) / self.scale

    def inverse(self, values: Floats) -> Floats:
        """Losses of values."""
        z = values * self.scale + self.shift
        losses: Floats = self.median + self.spread * (
            _stretched(np.maximum(z, 0.0)) + np.clip(z, -FAR, 0.0) - _stretched(np.maximum(-z - FAR, 0.0))
        )
        return losses

    def _compressed(self, losses: Floats) -> Floats:
        z = (np.clip(losses, -LARGEST, LARGEST) - self.median) / self.spread
        bad, far = _squeezed(np.maximum(z, 0.0)), _squeezed(np.maximum(-z - FAR, 0.0))
        compressed: Floats = bad + np.clip(z, -FAR, 0.0) - far
        return compressed


def fit_warp(losses: Floats) -> Warp:
    """The transform that suits losses, shape (n,); those that are infinite do not count."""
    finite = np.clip(losses[np.isfinite(losses)], -LARGEST, LARGEST)
    if not len(finite):
        return Warp(0.0, 1.0, 0.0, 1.0)
    median = float(np.median(finite))
    raw = Warp(median, _spread(finite, median), 0.0, 1.0)
    values = raw(finite)
    scale = float(values.std())
    return Warp(median, raw.spread, float(values.mean()), scale if scale > 1e-12 else 1.0)


def _spread(losses: Floats, median: float) -> float:
    """From the median to the tenth that is best, and at least a fifth of what lies between both extreme tenths.

    When half of the trials gather in one place all others would else look alike. The farthest loss counts if that is
    nothing, and 1 if all are equal.
    """
    best, worst = np.quantile(losses, [0.1, 0.9]).tolist()
    spread = max(median - best, 0.2 * (worst - best))
    if spread <= 1e-12 * abs(median):
        spread = float(np.abs(losses - median).max())
    return max(spread, 1 / LARGEST) if spread > 0 else 1.0


def _squeezed(z: Floats) -> Floats:
    """From 0 with slope 1 like a logarithm up to `BOUND`."""
    t = np.log1p(z)
    squeezed: Floats = t / (1 + t / BOUND)
    return squeezed


def _stretched(s: Floats) -> Floats:
    """The inverse, at most about `LARGEST`."""
    t = s / np.maximum(1 - s / BOUND, 1e-9)
    stretched: Floats = np.expm1(np.minimum(t, np.log(LARGEST)))
    return stretched
