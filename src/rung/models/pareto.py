"""Pareto dominance between vectors of losses: fronts, their hypervolume, and the row to take if one must be taken."""

import numpy as np
import numpy.typing as npt

from rung.core.errors import SpecError

Losses = npt.NDArray[np.float64]
BEND = 0.1  # how far a knee lies below the plane through the ends at least
LARGEST = 1e150  # sums and differences of such losses are finite
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
    """The row with the best balance: where the front bends, or, if it hardly does, the most even one.

    The front is scaled to `[0, 1]` in each objective. Its bend is the row the farthest below the plane through the ends
    of the axes, which is the one with the least sum. A front that is straight or bulges outwards has none: its least
    sums are at its ends. There the row whose worst scaled loss is the least is taken, and so it is among rows of one
    sum; the first of equal ones, such as of the two ends of a front that has nothing else.

    Args:
        losses: Lower is better, shape (n, k), with a finite row at least.

    References:
        Das, On characterizing the "knee" of the Pareto curve based on normal-boundary intersection, Structural
            Optimization 18, 1999.
        Yu, A class of solutions for group decision problems, Management Science 19, 1973 (the even one).
    """
    rows, scaled = _scaled_front(losses)
    sums, worst = scaled.sum(axis=1).round(9), scaled.max(axis=1).round(9)
    keys = (worst, sums) if sums.min() < 1 - BEND else (sums, worst)
    return int(rows[np.lexsort(keys)[0]])


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
    weighted = scaled * (weights / weights.max())
    return int(rows[np.argmin(weighted.max(axis=1) + 1e-3 * weighted.sum(axis=1))])


def _scaled_front(losses: Losses) -> tuple[npt.NDArray[np.intp], Losses]:
    """The rows of the finite front, and their losses between the best (0) and the worst (1) of it."""
    finite = np.flatnonzero(np.isfinite(losses).all(axis=1))
    rows = finite[non_dominated(losses[finite])]
    front = np.clip(losses[rows], -LARGEST, LARGEST)
    low, high = front.min(axis=0), front.max(axis=0)
    return rows, (front - low) / np.where(high > low, high - low, 1.0)
