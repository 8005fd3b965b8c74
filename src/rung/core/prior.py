"""Beliefs of the user about where good values lie: densities on the encoding, to draw from and to weigh with.

What is believed of a hyperparameter is a normal around a value, on the scale on which values are encoded, or a weight
for each option of a choice without order. Hyperparameters are believed to be independent.

References:
    Souza et al., Bayesian Optimization with a Prior for the Optimum (BOPrO), ECML PKDD 2021.
    Hvarfner et al., piBO: Augmenting Acquisition Functions with User Beliefs, ICLR 2022.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from rung.core.errors import SpecError
from rung.core.scale import Scalar, bins, is_number

Array = NDArray[np.float64]

SHARE = 0.75  # of what is drawn at random: the rest is uniform, so that a wrong belief hides nothing
SPREAD = 0.2


class Near(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, repr_omit_defaults=True
):
    """Good values are believed to lie near one, as if drawn from a normal around it.

    Attributes:
        value: The most likely one, in the units of the hyperparameter.
        spread: Standard deviation in parts of the range, on its own scale: 0.1 of a Float from 1e-5 to 1 with log=True
            is half a power of ten.
    """

    value: Scalar
    spread: float = SPREAD

    def __post_init__(self) -> None:
        if not is_number(self.spread) or not 0.001 <= self.spread <= 10:
            raise SpecError(
                f"spread of a prior must be a number from 0.001 to 10, got {self.spread!r}. "
                "It is in parts of the range: 0.2 says that the value may be off by a fifth of it."
            )


class Normal:
    """A normal on the unit interval, cut off at its ends."""

    def __init__(self, center: float, spread: float) -> None:
        from scipy.special import ndtr

        self._center, self._spread = center, spread
        self._below, above = ndtr(-center / spread), ndtr((1.0 - center) / spread)
        self._mass = above - self._below

    def log_density(self, u: Array) -> Array:
        """Logarithm of its density at places, which for a uniform one is 0."""
        z = (u - self._center) / self._spread
        scale = np.log(self._spread * np.sqrt(2.0 * np.pi) * self._mass)
        density: Array = -0.5 * z * z - scale
        return density

    def quantile(self, u: Array) -> Array:
        """Places of it for uniform numbers."""
        from scipy.special import ndtri

        places = self._center + self._spread * ndtri(self._below + u * self._mass)
        found: Array = np.clip(places, 0.0, 1.0)
        return found


class Weights:
    """A probability for each of m equal bins of the unit interval."""

    def __init__(self, weights: Sequence[float]) -> None:
        shares = np.array(weights, dtype=np.float64)
        self._shares = shares / shares.sum()
        self._ends = np.cumsum(self._shares)

    def log_density(self, u: Array) -> Array:
        """As of a `Normal`; what has no weight is as unlikely as one in a million."""
        density = np.log(np.maximum(self._shares * len(self._shares), 1e-6))
        found: Array = density[bins(u, len(self._shares))]
        return found

    def quantile(self, u: Array) -> Array:
        """As of a `Normal`."""
        m = len(self._shares)
        k = np.minimum(np.searchsorted(self._ends, u, side="right"), m - 1)
        return (k + 0.5) / m


Belief = Normal | Weights
