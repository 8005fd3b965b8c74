"""Non-dominated sorting, and two ways to put the rows of one front in an order that covers it well.

References:
    Deb et al., A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II, IEEE TEVC 2002 (fronts, crowding).
    Clarkson, Nearest-Neighbor Searching and Metric Space Dimensions, 2005, section 2.3 (epsilon-nets).
    Schmucker et al., Multi-objective Asynchronous Successive Halving, 2021 (epsilon-nets of fronts).
"""

import numpy as np

from rung.core.history import Floats, Ints


def fronts(losses: Floats) -> Ints:
    """The front of each row: 0 where no row dominates it, 1 where only rows of front 0 do, and so on.

    Takes O(n log n) for two objectives, more for others: 10,000 rows take 2 ms for two objectives, 25 ms for four.

    Args:
        losses: Lower is better, shape (n, k).

    Returns:
        Shape (n,). Equal rows are in the same front.
    """
    import moocore  # a third of a second, which only studies with several objectives shall pay

    if not len(losses):
        return np.empty(0, np.int64)
    found: Ints = np.asarray(moocore.pareto_rank(losses), np.int64)
    return found


def comparable(losses: Floats, violations: Floats, resources: Ints) -> Ints:
    """The observations among which the best is looked for: the finite ones that were made at the highest resource.

    Under constraints only the feasible ones are looked at, at whatever resource they were made; if there is none, those
    that break the constraints least.

    Args:
        losses: Shape (n, k).
        violations: By how much each constraint is broken, shape (n, c).
        resources: Shape (n,).

    Returns:
        Rows; none if there is nothing finite.
    """
    finite = np.isfinite(losses).all(axis=1)
    if not finite.any():
        return np.empty(0, np.int64)
    if violations.shape[1]:
        broken = np.where(finite, violations.sum(axis=1), np.inf)
        finite &= broken <= broken.min()
    return np.flatnonzero(finite & (resources == resources[finite].max()))


def epsilon_net(losses: Floats, start: int = 0) -> Ints:
    """The rows in the order in which each is the farthest from all those before it.

    Distances are Euclidean, with each objective scaled to the range that it has in these rows. Ties go to the row
    that comes first. O(n²).

    Args:
        losses: Finite, shape (n, k).
        start: The row to begin with.

    Returns:
        Rows, shape (n,).
    """
    scaled = _scaled(losses)
    order = np.empty(len(losses), np.int64)
    distance = np.full(len(losses), np.inf)
    row = start
    for place in range(len(losses)):
        order[place] = row
        distance = np.minimum(distance, ((scaled - scaled[row]) ** 2).sum(axis=1))
        distance[row] = -1.0
        row = int(np.argmax(distance))
    return order


def crowding(losses: Floats) -> Floats:
    """The crowding distance of each row: how far its neighbours on both sides are apart, summed over the objectives.

    Each objective is scaled to the range that it has in these rows; the rows at its ends are infinitely far.

    Args:
        losses: Finite, shape (n, k).

    Returns:
        Shape (n,).
    """
    scaled, found = _scaled(losses), np.zeros(len(losses))
    for column in scaled.T:
        order = np.argsort(column, kind="stable")
        found[order[[0, -1]]] = np.inf
        found[order[1:-1]] += column[order[2:]] - column[order[:-2]]
    return found


def _scaled(losses: Floats) -> Floats:
    """Each objective between the best (0) and the worst (1) of these rows."""
    if not len(losses):
        return losses
    low, high = losses.min(axis=0), losses.max(axis=0)
    scaled: Floats = (losses - low) / np.where(high > low, high - low, 1.0)
    return scaled
