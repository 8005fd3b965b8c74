"""Configurations as points between which distances mean something: where the nearest recorded one lies."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rung.core.space import Config, Space
from rung.problems.places import Places

Floats = npt.NDArray[np.float64]

INACTIVE = 0.5  # an inactive number is as far from both ends of its range


class Features:
    """Configurations of a space as features: a number as its place in 0..1, an unordered choice as one for each option.

    Two options are one apart, as are the ends of a range.
    """

    def __init__(self, space: Space) -> None:
        self._places = Places(space)

    def __call__(self, configs: Sequence[Config]) -> Floats:
        """Shape (n, number of features)."""
        return np.array([self._of(config) for config in configs])

    def _of(self, config: Config) -> list[float]:
        found: list[float] = []
        for place, options in zip(self._places(config), self._places.n_options, strict=True):
            if options is None:
                found.append(INACTIVE if place is None else place)
                continue
            chosen = [0.0] * options
            if place is not None:
                chosen[int(place * options)] = math.sqrt(0.5)
            found += chosen
        return found
