"""Pareto dominance between vectors of losses: fronts, their hypervolume, and the row to take if one must be taken."""

import numpy as np
import numpy.typing as npt

from rung.core.errors import SpecError

Losses = npt.NDArray[np.float64]
MANY = 5000  # rows from which on moocore is quicker, its import included


def non_dominated(losses: Losses) -> npt.NDArray[np.bool_]:
    """Which rows no other row dominates (is nowhere worse than and somewhere better). Equal rows stand together.

    Takes O(n log n) for two and three objectives and many rows, else O(n²) comparisons in the worst case.

    Args:
        losses: Lower is better, shape (n, k).

    Returns:
        A mask, shape (n,).
    """
    if len(losses) > MANY:
        import moocore

        found: npt.NDArray[np.bool_] = np.asarray(moocore.is_nondominated(losses, keep_weakly=True), bool)
        return found
    front = np.ones(len(losses), bool)
    for row in np.lexsort(losses.T[::-1]):
        if front[row]:
            worse = (losses[row] <= losses).all(axis=1) & (losses[row] < losses).any(axis=1)
            front &= ~worse
    return front


def hypervolume(losses: Losses, reference: Losses) -> float:
    """Volume of what lies above some row and below the reference.

    Args:
        losses: Lower is better, shape (n, k); rows that are not below the reference add nothing.
        reference: Shape (k,), finite.
    """
    below = losses[(losses < reference).all(axis=1)]
    if not len(below):
        return 0.0
    import moocore

    return float(moocore.hypervolume(below, ref=reference))


def knee(losses: Losses) -> int:
    """The row with the best balance: the farthest below the plane through the ends of the normalized axes.

    The front is scaled to `[0, 1]` in each objective, so this is the row with the least sum; the first of equal ones.

    Args:
        losses: Lower is better, shape (n, k), with a finite row at least.

    Reference:
        Das, On characterizing the "knee" of the Pareto curve based on normal-boundary intersection, Structural
        Optimization 18, 1999.
    """
    rows, scaled = _scaled_front(losses)
    return int(rows[np.argmin(scaled.sum(axis=1))])


def compromise(losses: Losses, weights: Losses) -> int:
    """The row of the front whose worst weighted loss is the least (augmented Chebyshev).

    Args:
        losses: Lower is better, shape (n, k), with a finite row at least.
        weights: How much each objective counts, not negative, some above 0, shape (k,).

    Raises:
        SpecError: If the weights are not so.

    Reference:
        Steuer and Choo, An interactive weighted Tchebycheff procedure for multiple objective programming,
        Mathematical Programming 26, 1983.
    """
    weights = np.asarray(weights, float)
    if (
        weights.shape != losses.shape[1:]
        or not (np.isfinite(weights).all() and (weights >= 0).all())
        or not weights.any()
    ):
        raise SpecError(
            f"weights of a compromise must be {losses.shape[1]} numbers of at least 0, not all 0, got "
            f"{weights.tolist()!r}. Give one for each objective."
        )
    rows, scaled = _scaled_front(losses)
    weighted = scaled * (weights / weights.sum())
    return int(rows[np.argmin(weighted.max(axis=1) + 1e-3 * weighted.sum(axis=1))])


def _scaled_front(losses: Losses) -> tuple[npt.NDArray[np.intp], Losses]:
    """The rows of the finite front, and their losses between the best (0) and the worst (1) of it."""
    finite = np.flatnonzero(np.isfinite(losses).all(axis=1))
    rows = finite[non_dominated(losses[finite])]
    low, high = losses[rows].min(axis=0), losses[rows].max(axis=0)
    return rows, (losses[rows] - low) / np.where(high > low, high - low, 1.0)
