"""A piecewise constant function on the unit cube: the leaves of a regression tree, as boxes.

Each column of the cube is cut into cells, the stretches between all places at which the tree splits it; an unordered
choice has a cell for each option. A leaf covers some cells of each column. Averages over any columns are then sums
over leaves, exact, without sampling.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Partition:
    """Leaves of one tree over the cube, or over a slice of it.

    Attributes:
        values: What the function is on each leaf, shape (m,).
        edges: For each column the borders of its cells, rising from 0 to 1, shape (c + 1,).
        inside: For each column which cells a leaf covers, as 0.0 and 1.0, shape (m, c).
        widths: For each column the measure of its cells, which sums to 1, shape (c,).
    """

    values: Floats
    edges: tuple[Floats, ...]
    inside: tuple[Floats, ...]
    widths: tuple[Floats, ...]

    @property
    def lengths(self) -> Floats:
        """The measure of each leaf in each column, shape (m, d)."""
        return np.stack(
            [inside @ width for inside, width in zip(self.inside, self.widths, strict=True)], axis=1
        )

    def at(self, X: Floats) -> Floats:
        """The function at points, averaged over the columns in which a point is NaN.

        Args:
            X: Points of the cube, shape (n, d).

        Returns:
            Values, shape (n,).
        """
        shares = np.ones((len(X), len(self.values)))
        lengths = self.lengths
        for column, (edges, inside) in enumerate(zip(self.edges, self.inside, strict=True)):
            x = X[:, column]
            known = np.isfinite(x)
            shares[known] *= inside.T[_cells(edges, x[known])]
            shares[~known] *= lengths[:, column]
        averages: Floats = shares @ self.values / shares.sum(axis=1)
        return averages


def over_cells(partition: Partition, column: int, places: Floats) -> Floats:
    """The average over all columns but one, at places of that one; shape as `places`."""
    means: Floats = marginal(partition, column)[_cells(partition.edges[column], places)]
    return means


def marginal(partition: Partition, column: int) -> Floats:
    """The average over all columns but one, in each cell of that one; shape (c,)."""
    lengths = partition.lengths
    rest = partition.values * lengths.prod(axis=1) / lengths[:, column]
    means: Floats = rest @ partition.inside[column]
    return means


def restricted(partition: Partition, column: int, low: float, high: float) -> Partition:
    """The function on the slice of the cube where a column is from low to high, with the uniform measure there."""
    edges = partition.edges[column]
    cut = np.clip(edges, low, high)
    widths = list(partition.widths)
    widths[column] = np.diff(cut) / (high - low)
    left = partition.inside[column] @ widths[column] > 0
    return Partition(
        partition.values[left],
        partition.edges,
        tuple(inside[left] for inside in partition.inside),
        tuple(widths),
    )


def boxes(low: Floats, high: Floats, values: Floats, options: Sequence[int | None]) -> Partition:
    """A partition from boxes in features, where an unordered choice has a feature of 0 or 1 for each option.

    Args:
        low: Lower borders, shape (m, f).
        high: Upper borders, shape (m, f).
        values: Of the boxes, shape (m,).
        options: For each column of the cube: how many options, so many features; None: one feature, in order.
    """
    edges, inside = [], []
    feature = 0
    for n in options:
        width = n or 1
        part = slice(feature, feature + width)
        cells = (
            _stretches(low[:, feature], high[:, feature])
            if n is None
            else _chosen(low[:, part], high[:, part])
        )
        edges.append(cells[0])
        inside.append(cells[1])
        feature += width
    return Partition(values, tuple(edges), tuple(inside), tuple(np.diff(edge) for edge in edges))


def _stretches(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    edges = np.unique(np.concatenate([[0.0, 1.0], low, high]))
    covers = (low[:, None] <= edges[:-1]) & (edges[1:] <= high[:, None])
    return edges, covers.astype(np.float64)


def _chosen(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """An option is left to a box if it was not split off, and no other one was singled out."""
    singled = low >= 0.5
    left = np.where(singled.any(axis=1, keepdims=True), singled, high > 0.5)
    return np.linspace(0.0, 1.0, low.shape[1] + 1), left.astype(np.float64)


def _cells(edges: Floats, places: Floats) -> npt.NDArray[np.intp]:
    """Number of the cell that each place lies in; a border belongs to the cell below it, as a tree splits."""
    return np.clip(np.searchsorted(edges, places, side="left") - 1, 0, len(edges) - 2)
