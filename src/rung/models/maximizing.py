"""The point of a mixed space where a score is highest: from many points, by gradients where they exist, else by moves.

Numbers with many values climb by L-BFGS-B, all starts together in one problem; choices and numbers with few values move
to each of their other values, one at a time. Between the two the points are snapped to values of the space, so that the
score that counts is that of a configuration. The work is bounded, and vectorized over points.

Reference:
    Balandat et al., BoTorch: A Framework for Efficient Monte-Carlo Bayesian Optimization, NeurIPS 2020, appendix F
    (starts chosen from many points, climbing together).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rung.core.space import Choice, Column, Space
from rung.models.kernels import Floats
from rung.models.scores import Score

FEW = 16  # values that are tried one by one; numbers with more of them climb
STARTS = 6
APART = 0.1  # of starts in some column at least
STEPS = 30  # of L-BFGS-B


@dataclass(frozen=True)
class Terrain:
    """What maximizing must know of a space, found once.

    Attributes:
        space: The space.
        climbs: The columns with gradients, shape (k,).
        columns: The column that each move changes, shape (n_moves,).
        places: Where it moves to, shape (n_moves,).
    """

    space: Space
    climbs: npt.NDArray[np.int64]
    columns: npt.NDArray[np.int64]
    places: Floats

    @classmethod
    def of(cls, space: Space) -> "Terrain":
        """That of a space."""
        moving = [column for column in space.columns if _moves(column)]
        climbs = [column.index for column in space.columns if not _moves(column)]
        places = [_places(column) for column in moving]
        columns = [np.full(len(found), column.index) for column, found in zip(moving, places, strict=True)]
        return cls(
            space,
            np.array(climbs, dtype=np.int64),
            np.concatenate([np.zeros(0, np.int64), *columns]),
            np.concatenate([np.zeros(0), *places]),
        )


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the unit cube in which points stay, in the columns that climb.

    Attributes:
        low: Its lower corner, shape (d,).
        high: Its upper corner, shape (d,).
    """

    low: Floats
    high: Floats

    @classmethod
    def whole(cls, d: int) -> "Box":
        """The cube."""
        return cls(np.zeros(d), np.ones(d))


def maximize(terrain: Terrain, score: Score, U: Floats, box: Box, taken: Floats) -> tuple[Floats, float]:
    """A point of high score.

    Args:
        terrain: Of the space.
        score: What is to be high.
        U: Points to begin with, shape (m, d), without NaN: also what is inactive has a place, in case it becomes
            active. At least one keeps the space's rules.
        box: Where climbing stays.
        taken: Points that are not wanted again, shape (n, d), NaN where inactive; one is returned only if nothing else
            was found.

    Returns:
        The point, shape (d,), NaN where inactive, and its score.
    """
    found = _Found(terrain.space, score.values)
    found.add(U)
    found.add(_climbed(terrain, score, found.starts(STARTS), box))
    moved = found.add(_moved(terrain, found.starts(2)))
    if moved:
        found.add(_climbed(terrain, score, found.starts(1), box))
    return found.best(taken)


def picked(
    terrain: Terrain, values: Callable[[Floats], Floats], U: Floats, taken: Floats
) -> tuple[Floats, float]:
    """Of the points themselves the one of the highest value, and the value; else like `maximize`."""
    found = _Found(terrain.space, values)
    found.add(U)
    return found.best(taken)


class _Found:
    """Points that were scored, as they were given and as they count."""

    def __init__(self, space: Space, score: Callable[[Floats], Floats]) -> None:
        d = len(space.columns)
        self._space, self._score = space, score
        self._given, self._points, self._values = np.zeros((0, d)), np.zeros((0, d)), np.zeros(0)

    def add(self, U: Floats) -> bool:
        """Score points; whether a new best one is among them."""
        X = self._space.snapped(U)
        if self._space.has_rules:
            kept = self._space.allows(X)
            U, X = U[kept], X[kept]
        if not len(X):
            return False
        values = np.nan_to_num(self._score(X), nan=-np.inf)
        better = not len(self._values) or bool(values.max() > self._values.max())
        self._given = np.vstack([self._given, np.where(np.isnan(X), U, X)])
        self._points = np.vstack([self._points, X])
        self._values = np.concatenate([self._values, values])
        return better

    def starts(self, n: int) -> Floats:
        """The best points that are not near a better one, without NaN, shape (at most n, d).

        What was found near the best trial would else leave no start for the rest of the space.
        """
        left = np.argsort(-self._values, kind="stable")
        rows: list[int] = []
        while len(left) and len(rows) < n:
            rows.append(int(left[0]))
            left = left[np.abs(self._given[left] - self._given[left[0]]).max(axis=1) > APART]
        return self._given[rows]

    def best(self, taken: Floats) -> tuple[Floats, float]:
        """The best point that is not taken; if all are, the best."""
        tried = set(map(bytes, np.nan_to_num(taken, nan=-1.0)))
        order = np.argsort(-self._values, kind="stable").tolist()
        keys = map(bytes, np.nan_to_num(self._points[order], nan=-1.0))
        free = (row for row, key in zip(order, keys, strict=True) if key not in tried)
        row = next(free, order[0])
        return self._points[row], float(self._values[row])


def _climbed(terrain: Terrain, score: Score, U: Floats, box: Box) -> Floats:
    """Points higher up, reached by gradients from each of some points."""
    climbs = terrain.climbs
    if not len(climbs) or not len(U):
        return U[:0]
    X = terrain.space.snapped(U)
    inactive = np.isnan(X)
    low, high = np.tile(box.low[climbs], len(U)), np.tile(box.high[climbs], len(U))

    def placed(flat: Floats) -> Floats:
        moved = np.where(inactive, U, X)
        moved[:, climbs] = flat.reshape(len(U), -1)
        return moved

    def negative(flat: Floats) -> tuple[float, Floats]:
        values, gradients = score.slopes(np.where(inactive, np.nan, placed(flat)))
        return -float(values.sum()), -gradients[:, climbs].ravel()

    start = np.clip(np.where(inactive, U, X)[:, climbs].ravel(), low, high)
    end = minimize(
        negative,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([low, high], axis=1),
        options={"maxiter": STEPS, "ftol": 1e-9, "gtol": 1e-6, "maxfun": 2 * STEPS},
    )
    return placed(np.clip(end.x, low, high))


def _moved(terrain: Terrain, U: Floats) -> Floats:
    """Each point with one of its choices, or of its numbers with few values, at each of its places."""
    n_moves = len(terrain.columns)
    moved = np.repeat(U, n_moves, axis=0)
    moved[np.arange(len(moved)), np.tile(terrain.columns, len(U))] = np.tile(terrain.places, len(U))
    return moved


def _moves(column: Column) -> bool:
    unordered = isinstance(column.parameter, Choice) and not column.parameter.ordered
    return unordered or column.n_values <= FEW


def _places(column: Column) -> Floats:
    axis = column.scale.axis(None)
    return column.scale.encode([axis.value(k) for k in range(axis.size)])
