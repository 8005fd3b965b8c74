"""Reference directions: where on a front the solutions of many objectives shall lie, and who survives for each.

References:
    Das & Dennis, Normal-Boundary Intersection, SIAM Journal on Optimization 8, 1998 (the simplex lattice).
    Deb & Jain, An Evolutionary Many-Objective Optimization Algorithm Using Reference-Point-Based Nondominated Sorting
        Approach, Part I (NSGA-III), IEEE TEVC 2014.
"""

import math
from itertools import combinations

import numpy as np

from rung.core.history import Floats, Ints

TINY = 1e-60  # of the largest number: smaller ranges count as none


def lattice(k: int, divisions: int) -> Floats:
    """All points of the unit simplex whose coordinates are multiples of `1 / divisions`.

    Args:
        k: Number of objectives.
        divisions: Steps along each edge.

    Returns:
        Shape (C(k + divisions - 1, divisions), k), each row with sum 1.
    """
    if k == 1:
        return np.ones((1, 1))
    bars = np.array(list(combinations(range(divisions + k - 1), k - 1)), np.int64)
    ends = np.hstack([np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), divisions + k - 1)])
    found: Floats = (np.diff(ends, axis=1) - 1) / divisions
    return found


def divisions_for(k: int, population: int) -> int:
    """The finest lattice with at most `population` directions (at least 1)."""
    found = 1
    while k > 1 and found < population and math.comb(k + found, found + 1) <= population:
        found += 1
    return found


def normalized(losses: Floats, front: Ints) -> Floats:
    """Losses between the ideal point (0) and the intercepts of the plane through the extreme points (1).

    Where there is no such plane, the worst of the first front stands for the intercepts.

    Args:
        losses: Finite, shape (n, k).
        front: The rows that no other dominates.

    Reference:
        Deb & Jain 2014, section IV-C, Algorithm 2.
    """
    size = np.abs(losses).max(initial=1.0)
    shifted = losses / size - (losses / size).min(
        axis=0
    )  # so that differences of the largest floats are finite
    worst = shifted[front].max(axis=0)
    intercepts = _intercepts(shifted[front])
    fits = np.isfinite(intercepts) & (intercepts > TINY) & (intercepts <= shifted.max(axis=0) * (1 + 1e-9))
    scale = intercepts if fits.all() else np.where(worst > TINY, worst, 1.0)
    found: Floats = shifted / scale
    return found


def associated(scaled: Floats, directions: Floats) -> tuple[Ints, Floats]:
    """The direction that each row is nearest to, and how far it is from that line, each of shape (n,)."""
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    along = scaled @ unit.T
    squared = np.maximum((scaled**2).sum(axis=1, keepdims=True) - along**2, 0.0)
    nearest = np.argmin(squared, axis=1)
    return nearest, np.sqrt(squared[np.arange(len(scaled)), nearest])


def niched(nearest: Ints, distance: Floats, n_kept: int, wanted: int, n_directions: int) -> Ints:
    """Rows to keep of the last front, one by one for the direction that has the fewest so far.

    The paper draws among equals; here the row nearest to its direction comes first, then the older one, so that the
    same rows always give the same survivors.

    Args:
        nearest: The direction of each row; the first `n_kept` rows are kept already, the others are the last front.
        distance: How far each row is from its direction, shape (n,).
        n_kept: How many are kept already.
        wanted: How many more to keep.
        n_directions: How many directions there are.

    Reference:
        Deb & Jain 2014, section IV-E, Algorithm 4.
    """
    counts = np.bincount(nearest[:n_kept], minlength=n_directions)
    order = n_kept + np.lexsort((distance[n_kept:], nearest[n_kept:]))
    found: list[int] = []
    queues: dict[int, list[int]] = {}
    for row in order[::-1].tolist():
        queues.setdefault(int(nearest[row]), []).append(row)
    while len(found) < wanted:
        direction = min(queues, key=lambda each: (counts[each], each))
        found.append(queues[direction].pop())
        counts[direction] += 1
        if not queues[direction]:
            del queues[direction]
    return np.array(found, np.int64)


def _intercepts(shifted: Floats) -> Floats:
    """Where the plane through the extreme points of a front meets the axes; NaN if there is none."""
    k = shifted.shape[1]
    axes = np.where(np.eye(k) > 0, 1.0, 1e6)
    extreme = shifted[np.argmin((shifted[None, :, :] * axes[:, None, :]).max(axis=2), axis=1)]
    try:
        planes = np.linalg.solve(extreme, np.ones(k))
    except np.linalg.LinAlgError:
        return np.full(k, np.nan)
    with np.errstate(divide="ignore", over="ignore"):
        found: Floats = 1 / planes
    return found
