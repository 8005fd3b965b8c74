"""How probable it is that a trial succeeds, by a forest of those that did and those that did not.

While none has succeeded nothing is known of where one may: points spread over the space then count as successes, so
that what is far from all failures is tried next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.models.grove import TREES, Filled, fill, grow
from rung.models.kernels import Floats

UNLIKELY = 0.7  # what succeeds less probably is tried only if there is nothing else
WALL = 1e4  # larger than any difference of logarithms of expected improvements that matters


@dataclass(frozen=True, slots=True)
class Success:
    """The chance of success.

    Attributes:
        chances: The mean of what went well (1) or did not (0); None: all went well.
        demanded: How probable success must be not to be avoided.
    """

    chances: Filled | None
    demanded: float = UNLIKELY

    def probability(self, X: Floats) -> Floats:
        """At points, shape (n,)."""
        return np.ones(len(X)) if self.chances is None else self.chances.predict(X)[0]

    def log_weight(self, X: Floats) -> Floats:
        """What to add to the logarithm of an expected improvement: twice that of the chance, and a wall, shape (n,)."""
        if self.chances is None:
            return np.zeros(len(X))
        chance = self.probability(X)
        weight: Floats = 2.0 * np.log(np.maximum(chance, 1e-4)) - WALL * (chance < self.demanded)
        return weight


def learn_success(
    X: Floats,
    well: npt.NDArray[np.bool_],
    spread: Floats,
    options: Sequence[int | None],
    *,
    seed: int,
    n_trees: int = TREES,
    demanded: float = UNLIKELY,
) -> Success:
    """What is known of success.

    Args:
        X: What was tried, shape (n, d), NaN where inactive.
        well: Who succeeded, shape (n,).
        spread: Points over the space, shape (m, d), that count as successes while there is none.
        options: As of `rung.models.grove.grow`.
        seed: Of the forest.
        n_trees: Of the forest.
        demanded: See `Success`.
    """
    if well.all():
        return Success(None)
    if not well.any():
        X, well = np.vstack([X, spread]), np.concatenate([well, np.ones(len(spread), np.bool_)])
    marks = well.astype(np.float64)
    grove = grow(X, marks[:, None], options, seed=seed, n_trees=n_trees)
    return Success(fill(grove, grove.leaves(X), marks), demanded)
