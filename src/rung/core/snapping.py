"""Points of the unit cube, many at once: which columns are active in them, and where their values are encoded.

A space is walked by column here, not by configuration: a choice comes before what it opens, so one pass is enough.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rung.core.layout import Column, Group, count
from rung.core.levels import EvenLevels
from rung.core.scale import bins

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]


def active(columns: Sequence[Column], X: Array) -> Mask:
    """Where columns are active in points, shape (n, d). What stands in a column that is not is not looked at."""
    found = np.ones(X.shape, np.bool_)
    options: dict[int, Indices] = {}
    for column in columns:
        if column.parent is not None and column.option is not None:
            if column.parent not in options:
                options[column.parent] = chosen(columns[column.parent], X, found[:, column.parent])
            found[:, column.index] = options[column.parent] == column.option
    return found


def chosen(choice: Column, X: Array, where: Mask) -> Indices:
    """The option of a choice in each point, -1 where the choice is not active, shape (n,)."""
    options = np.full(len(X), -1)
    options[where] = bins(X[where, choice.index], int(choice.n_values))
    return options


class Snapping:
    """Moves points to where the values that they decode to are encoded.

    Args:
        columns: Of the space.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        even = [column for column in columns if isinstance(column.scale, EvenLevels)]
        self._columns = columns
        self._even = np.array([column.index for column in even], np.intp)
        self._n_values = np.array([column.n_values for column in even], np.float64)
        self._uneven = [
            column
            for column in columns
            if not isinstance(column.scale, EvenLevels) and column.n_values < np.inf
        ]  # logarithmic integers
        self._conditional = any(column.parent is not None for column in columns)

    def __call__(self, X: Array) -> Array:
        """Points of the cube, shape (n, d), NaN where inactive; what lies beyond the cube is clipped first."""
        found: Array = np.minimum(np.maximum(X, 0.0), 1.0)
        places = active(self._columns, found) if self._conditional else None
        numbers = np.minimum(np.floor(found[:, self._even] * self._n_values), self._n_values - 1.0)
        found[:, self._even] = (numbers + 0.5) / self._n_values
        for column in self._uneven:
            here = slice(None) if places is None else places[:, column.index]
            found[here, column.index] = column.scale.snap(found[here, column.index])
        if places is not None:
            found[~places] = np.nan
        return found


def numbered(group: Group, n_columns: int, numbers: Indices) -> Array:
    """Configurations of a finite space by their numbers, as points: the order is that of its full grid.

    Args:
        group: The root of the space.
        n_columns: How many columns it has.
        numbers: Which configurations, from 0, shape (n,).

    Returns:
        Points, shape (n, n_columns), NaN where inactive.
    """
    found = np.full((len(numbers), n_columns), np.nan)
    _write(group, found, np.arange(len(numbers)), numbers)
    return found


def _write(group: Group, X: Array, rows: Indices, numbers: Indices) -> None:
    for name, member in reversed(group.members.items()):
        if not isinstance(member, Column):
            continue
        if name in group.branches:
            numbers, k = _open(group.branches[name], X, rows, numbers)
        else:
            numbers, k = np.divmod(numbers, int(member.n_values))
        X[rows, member.index] = member.scale.nth(k)


def _open(branches: Sequence[Group], X: Array, rows: Indices, numbers: Indices) -> tuple[Indices, Indices]:
    """Write what the branches of one choice hold: what is left of the numbers, and the options."""
    sizes = [int(count(branch, lambda column: column.n_values)) for branch in branches]
    ends = np.cumsum(sizes)
    numbers, place = np.divmod(numbers, ends[-1])
    k = np.searchsorted(ends, place, side="right")
    for number, branch in enumerate(branches):
        here = k == number
        _write(branch, X, rows[here], place[here] - (ends[number] - sizes[number]))
    return numbers, k
