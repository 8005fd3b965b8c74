"""Mean ranks over tasks, with bootstrap intervals.

On each task and seed the methods are ranked by regret, 1 the best, ties share the mean of their places; a method's
mean rank on a task is that over seeds, and its mean rank that over tasks. For the interval tasks and, within each,
seeds are drawn again with replacement.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

FINE = 1e-6  # regrets below it count as equal: nobody could use the difference


def ranked(regrets: Array) -> Array:
    """Ranks along the last axis; what lies below `FINE` is equal.

    Args:
        regrets: Shape (seeds, methods).
    """
    from scipy.stats import rankdata

    found: Array = rankdata(np.maximum(regrets, FINE), axis=1)
    return found


def mean_ranks(tasks: Sequence[Array], draws: int = 2000, seed: int = 0) -> tuple[Array, Array]:
    """Mean ranks of m methods, shape (m,), and their 95 % intervals, shape (2, m).

    Args:
        tasks: Ranks on each task, shape (seeds, m); the numbers of seeds may differ.
        draws: Of the bootstrap.
        seed: Of the bootstrap.
    """
    generator = np.random.default_rng(seed)
    means = np.mean([ranks.mean(axis=0) for ranks in tasks], axis=0)
    resampled = np.stack([_resampled(ranks, draws, generator) for ranks in tasks])  # (tasks, draws, m)
    chosen = generator.integers(len(tasks), size=(draws, len(tasks)))
    drawn = resampled[chosen, np.arange(draws)[:, None]].mean(axis=1)
    return means, np.quantile(drawn, [0.025, 0.975], axis=0)


def _resampled(ranks: Array, draws: int, generator: np.random.Generator) -> Array:
    """Mean ranks on one task under other draws of its seeds, shape (draws, m)."""
    rows = generator.integers(len(ranks), size=(draws, len(ranks)))
    found: Array = ranks[rows].mean(axis=1)
    return found
