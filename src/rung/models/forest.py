"""A random forest on the unit cube, made of scikit-learn's trees, whose leaves are known as boxes.

What is special here: an unordered choice is told to the trees as one feature for each option. And a column may be NaN
in a row, where that hyperparameter is inactive: each tree fills in uniform random places of its own. As any place in
an inactive column stands for the same configuration, this only says that such a column explains nothing there,
and the forest is a function on the whole cube with its uniform measure.

Reference:
    Breiman, Random Forests, Machine Learning 2001.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rung.core.rng import rng
from rung.models.partition import Floats, Partition, boxes

LEAF = 2  # training rows of a leaf at least: single rows are mostly noise


@dataclass(frozen=True, slots=True)
class Forest:
    """A fitted forest.

    Attributes:
        options: For each column the number of options of an unordered choice; None: the column has an order.
        trees: scikit-learn's trees, on features.
        partitions: The same trees as boxes of the cube.
        accuracy: R² on rows that a tree was not trained on; at most 1, below 0 worse than the mean.
    """

    options: tuple[int | None, ...]
    trees: tuple[Any, ...]  # scikit-learn has no types
    partitions: tuple[Partition, ...]
    accuracy: float

    def predict(self, X: Floats) -> Floats:
        """Mean over trees at points with NaN where inactive, shape (n,)."""
        mean: Floats = np.mean([partition.at(X) for partition in self.partitions], axis=0)
        return mean


def fit(X: Floats, y: Floats, options: Sequence[int | None], *, seed: int, n_trees: int) -> Forest:
    """Train a forest.

    Args:
        X: Points of the unit cube, shape (n, d), NaN where inactive.
        y: Finite numbers, shape (n,).
        options: See `Forest`.
        seed: Of everything random.
        n_trees: How many.
    """
    from sklearn.tree import DecisionTreeRegressor

    n = len(y)
    trees, partitions = [], []
    unseen_sum, unseen_count = np.zeros(n), np.zeros(n)
    for number in range(n_trees):
        draw = rng(seed, "forest", number)
        F = features(np.where(np.isnan(X), draw.random(X.shape), X), options)
        rows = draw.integers(0, n, n)
        tree = DecisionTreeRegressor(min_samples_leaf=LEAF, random_state=int(draw.integers(2**31)))
        tree.fit(F[rows], y[rows])
        unseen = np.setdiff1d(np.arange(n), rows)
        if len(unseen):
            unseen_sum[unseen] += tree.predict(F[unseen])
            unseen_count[unseen] += 1
        trees.append(tree)
        partitions.append(_partition(tree.tree_, options))
    known = unseen_count > 0
    accuracy = _r2(y[known], unseen_sum[known] / unseen_count[known])
    return Forest(tuple(options), tuple(trees), tuple(partitions), accuracy)


def features(X: Floats, options: Sequence[int | None]) -> Floats:
    """What trees are told of points without NaN: a column itself, or a 0 or 1 for each option."""
    parts: list[npt.NDArray[Any]] = []
    for column, n in enumerate(options):
        u = X[:, column]
        if n is None:
            parts.append(u[:, None])
        else:
            option = np.minimum((u * n).astype(np.int64), n - 1)
            parts.append(option[:, None] == np.arange(n))
    return np.hstack(parts).astype(np.float64)


def _partition(tree: Any, options: Sequence[int | None]) -> Partition:
    """The leaves as boxes, found from the root down, a level at a time."""
    n_features = sum(n or 1 for n in options)
    low, high = np.zeros((tree.node_count, n_features)), np.ones((tree.node_count, n_features))
    level = np.zeros(1, np.int64)
    while len(level):
        inner = level[tree.children_left[level] >= 0]
        left, right = tree.children_left[inner], tree.children_right[inner]
        low[left] = low[right] = low[inner]
        high[left] = high[right] = high[inner]
        high[left, tree.feature[inner]] = tree.threshold[inner]
        low[right, tree.feature[inner]] = tree.threshold[inner]
        level = np.concatenate([left, right])
    leaves = tree.children_left < 0
    return boxes(low[leaves], high[leaves], tree.value[leaves, 0, 0], options)


def _r2(y: Floats, predicted: Floats) -> float:
    spread = float(((y - y.mean()) ** 2).sum()) if len(y) else 0.0
    return 1.0 - float(((y - predicted) ** 2).sum()) / spread if spread > 0 else 0.0
