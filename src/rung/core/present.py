"""Configurations as they count in the present space: completed with defaults, and encoded when they are read."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rung.core.columns import GrowingArray
from rung.core.space import Config, Space


class Present:
    """All configurations in one space.

    Attributes:
        space: The space.
        since: How many trials there were when it began to hold.
        configs: With the defaults of what was added to the space after a trial was created.
    """

    __slots__ = ("_rows", "configs", "since", "space")

    def __init__(self, space: Space, before: Sequence[Config] = ()) -> None:
        self.space = space
        self.since = len(before)
        self.configs = [space.completed(config) for config in before]
        self._rows = GrowingArray(np.float64, len(space.columns))

    def encoded(self, n: int) -> npt.NDArray[np.float64]:
        """The first `n` of them in the unit cube; a row of NaN where one lies outside the space."""
        known = len(self._rows)
        if known < n:
            self._rows.extend(_encode(self.space, self.configs[known:n]))
        return self._rows.first(n)


def _encode(space: Space, configs: Sequence[Config]) -> npt.NDArray[np.float64]:
    outside = [np.nan] * len(space.columns)
    rows = [space.point(config) or outside for config in configs]
    return np.array(rows, np.float64).reshape(len(configs), len(space.columns))
