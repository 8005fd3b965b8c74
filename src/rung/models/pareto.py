"""Pareto dominance between vectors of losses."""

import numpy as np
import numpy.typing as npt


def non_dominated(losses: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which rows no other row dominates (is nowhere worse than and somewhere better). Equal rows stand together.

    Takes O(n²) comparisons in the worst case, vectorized over one axis.

    Args:
        losses: Lower is better, shape (n, k).

    Returns:
        A mask, shape (n,).
    """
    front = np.ones(len(losses), bool)
    for row in np.lexsort(losses.T[::-1]):
        if front[row]:
            worse = (losses[row] <= losses).all(axis=1) & (losses[row] < losses).any(axis=1)
            front &= ~worse
    return front
