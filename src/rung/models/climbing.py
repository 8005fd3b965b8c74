"""Local search in a mixed space: from many points at once to their best neighbours, for scores without a gradient.

Reference:
    Hutter, Hoos & Leyton-Brown, LION 2011, section 4.3 (one-exchange neighbourhoods: a normal step for a number,
    any other option for a choice). Here the width of steps varies, too.
"""

from collections.abc import Callable

import numpy as np

from rung.core.space import Space
from rung.models.kernels import Floats
from rung.models.variation import Kinds, Random, filled

WIDEST, NARROWEST = 0.3, 0.01  # standard deviations of steps, in parts of the range

Score = Callable[[Floats], Floats]
"""How good points are, shape (n, d) to (n,)."""


def climb(
    space: Space, score: Score, starts: Floats, rng: Random, *, rounds: int, neighbours: int
) -> tuple[Floats, Floats]:
    """Go to the best neighbour, as long as it is better, from each start.

    Args:
        space: The space; its rules are kept.
        score: What is to be maximized.
        starts: Where to begin, shape (s, d), NaN where inactive.
        rng: Where the neighbours come from.
        rounds: How often neighbours are looked at.
        neighbours: How many of each point.

    Returns:
        Where it ended, shape (s, d), and the scores there, shape (s,).
    """
    points, scores = starts.copy(), score(starts)
    kinds = Kinds.of(space)
    for _ in range(rounds):
        found = neighbourhood(space, kinds, points, rng, neighbours)
        values = np.where(space.allows(found), score(found), -np.inf).reshape(len(points), neighbours)
        best = values.argmax(axis=1)
        row = np.arange(len(points))
        better = values[row, best] > scores
        points[better] = found.reshape(len(points), neighbours, -1)[row, best][better]
        scores[better] = values[row, best][better]
    return points, scores


def neighbourhood(space: Space, kinds: Kinds, points: Floats, rng: Random, neighbours: int) -> Floats:
    """Neighbours of points, those of the first point first: each differs in one active column, and in what it opens.

    Returns:
        Shape (s * neighbours, d), canonical, NaN where inactive.
    """
    active = ~np.isnan(np.repeat(points, neighbours, axis=0))
    found = np.repeat(points, neighbours, axis=0)
    row = np.arange(len(found))
    column = np.where(active, rng.random(found.shape), -1.0).argmax(axis=1)
    found[row, column] = _moved(found[row, column], kinds.n_values[column], kinds.unordered[column], rng)
    return space.snapped(filled(found, rng))


def _moved(u: Floats, n_values: Floats, unordered: Floats, rng: Random) -> Floats:
    """Other values: a normal step for what has an order, at least to the next value; else any other option."""
    m = len(u)
    width = NARROWEST * (WIDEST / NARROWEST) ** rng.random(m)
    step = rng.normal(size=m) * width
    step = np.sign(step) * np.maximum(np.abs(step), np.where(np.isfinite(n_values), 1.0 / n_values, 0.0))
    stepped = u + step
    stepped = np.where((stepped < 0) | (stepped > 1), u - step, stepped)  # back into the cube
    n = np.where(np.isfinite(n_values), n_values, 2.0)
    others = rng.integers(1, np.maximum(n, 2.0).astype(np.int64))
    option = (np.minimum(np.floor(u * n), n - 1) + others) % n
    moved: Floats = np.where(unordered, (option + 0.5) / n, np.clip(stepped, 0.0, 1.0))
    return moved
