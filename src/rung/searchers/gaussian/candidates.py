"""Where a search for the highest score begins: points spread over a box, and points near the best ones."""

from dataclasses import dataclass

import numpy as np

from rung.core.history import Floats
from rung.core.space import Choice, Space
from rung.models.designs import sobol
from rung.models.maximizing import Box

WIDE, NEAR = 384, 256
CHANGED = 20  # columns of a point near a good one that differ from it, on average at most
CLOSEST, FARTHEST = 1e-3, 0.3  # standard deviations of steps from good points


@dataclass(frozen=True)
class Start:
    """Draws points to begin with.

    Attributes:
        space: Their space.
    """

    space: Space

    def __call__(self, good: Floats, box: Box, rng: np.random.Generator) -> Floats:
        """Points without NaN, shape (WIDE + NEAR, d); the first ones keep the space's rules.

        Args:
            good: The points to stay near to, best first, shape (n, d), n at least 1, NaN where inactive.
            box: Where they shall lie, in the columns that have an order.
            rng: Of everything random.
        """
        wide = _filled(sobol(self.space, WIDE, int(rng.integers(2**62))), rng)
        return np.vstack([self._within(wide, box), self._near(_filled(good, rng), box, rng)])

    def _near(self, good: Floats, box: Box, rng: np.random.Generator) -> Floats:
        """Steps of many lengths, in some of the columns, from each of the good points in turn."""
        d = good.shape[1]
        U = good[np.arange(NEAR) % len(good)]
        lengths = np.exp(rng.uniform(np.log(CLOSEST), np.log(FARTHEST), (NEAR, 1)))
        stepped = U + lengths * rng.standard_normal((NEAR, d))
        moved = np.where(self._unordered, rng.random((NEAR, d)), np.clip(stepped, box.low, box.high))
        changes = rng.random((NEAR, d)) < np.where(
            self._unordered, 0.5 / max(d, 1), min(1.0, CHANGED / max(d, 1))
        )
        return np.where(changes, moved, U)

    def _within(self, U: Floats, box: Box) -> Floats:
        return np.where(self._unordered, U, box.low + U * (box.high - box.low))

    @property
    def _unordered(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        kinds = [column.parameter for column in self.space.columns]
        return np.array([isinstance(kind, Choice) and not kind.ordered for kind in kinds], dtype=np.bool_)


def _filled(X: Floats, rng: np.random.Generator) -> Floats:
    """With any place where a column is inactive."""
    return np.where(np.isnan(X), rng.random(X.shape), X)
