"""Functional ANOVA of a forest: which share of its variance over the unit cube each column, and each pair, explains.

Exact for the forest: a tree is constant on boxes, so averages over columns are sums over leaves (`partition.py`). The
measure is uniform on the cube, and so uniform on the encoded scale of each hyperparameter: the logarithm where a
range is logarithmic, equal shares for options and integers.

Reference:
    Hutter, Hoos, Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance, ICML 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rung.models.partition import Floats, Partition


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of a function's variance.

    Attributes:
        single: Explained by one column alone, shape (d,).
        pair: Explained by two columns together beyond what each explains alone, shape (d, d), symmetric, zero on
            the diagonal.
    """

    single: Floats
    pair: Floats


def single_shares(partitions: Sequence[Partition]) -> Floats:
    """The share that each column explains alone, shape (n, d); trees that are constant are left out."""
    found = [_Effects(partition) for partition in partitions]
    d = len(partitions[0].edges)
    return np.reshape([effects.single() for effects in found if effects.variance], (-1, d))


def shares(partitions: Sequence[Partition]) -> list[Shares]:
    """The shares of columns and of pairs, for each tree that is not constant."""
    found = [_Effects(partition) for partition in partitions]
    return [Shares(effects.single(), effects.pair()) for effects in found if effects.variance]


class _Effects:
    """What the columns of one tree do.

    Attributes:
        variance: Of the tree; 0 if it is constant but for rounding.
        singles: For each column, how far its average is from the mean in each of its cells.
    """

    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._lengths = partition.lengths
        weights = self._lengths.prod(axis=1)
        mean = float(weights @ partition.values)
        centred = partition.values - mean
        variance = float(weights @ centred**2)
        self.variance = variance if variance > 1e-20 * mean**2 else 0.0
        self._rests = (weights * centred)[:, None] / self._lengths  # of each leaf, over all columns but one
        self.singles = [self._rests[:, j] @ inside for j, inside in enumerate(partition.inside)]

    def single(self) -> Floats:
        """The share of each column."""
        widths = self._partition.widths
        return np.array([effect**2 @ widths[j] for j, effect in enumerate(self.singles)]) / self.variance

    def pair(self) -> Floats:
        """The shares of pairs; 0 where the tree splits one of the two nowhere."""
        inside, widths = self._partition.inside, self._partition.widths
        found = np.zeros((len(widths), len(widths)))
        for i, j in combinations([j for j, width in enumerate(widths) if len(width) > 1], 2):
            rest = self._rests[:, i] / self._lengths[:, j]
            joint = (inside[i] * rest[:, None]).T @ inside[j]
            effect = joint - self.singles[i][:, None] - self.singles[j]
            found[i, j] = found[j, i] = widths[i] @ effect**2 @ widths[j]
        return found / self.variance
