"""A forest as a surrogate: randomized trees whose leaves hold what was observed there, for mean and variance.

Growing trees is slow, filling their leaves is fast. So the two are apart: `grow` finds where to split, `fill` says what
lies in the leaves. Trees that were grown on the first observations are filled with all of them, with a target that
changes from question to question (a scalarization), or with what pending trials are believed to give.

The trees are extremely randomized: they see all rows, but split at random places. Their average is smoother than that
of bootstrapped trees, and where nothing was observed they disagree. An inactive column lies outside of the
cube, so that one split parts the rows in which it is active from the others; an unordered choice is one feature for
each option.

References:
    Hutter, Hoos & Leyton-Brown, Sequential Model-Based Optimization for General Algorithm Configuration, LION 2011,
    section 4.1 (a forest's mean and variance). Hutter, Xu, Hoos & Leyton-Brown, Algorithm Runtime Prediction:
    Methods & Evaluation, AIJ 2014, section 4.3.2 (the law of total variance). Geurts, Ernst & Wehenkel, Extremely
    Randomized Trees, Machine Learning 2006.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rung.core.rng import rng

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OUTSIDE = -1.0  # where an inactive column lies
TREES = 24
PER_LEAF = 2000
SHARE = 5 / 6  # of the features are looked at for each split, as in SMAC3


@dataclass(frozen=True, slots=True)
class Grove:
    """Where trees split.

    Attributes:
        options: For each column the number of options of an unordered choice; None: the column has an order.
        trees: scikit-learn's trees, on features.
        offsets: The number of the first node of each tree, if those of all trees are counted on; shape (trees,).
        n_nodes: Of all trees.
    """

    options: tuple[int | None, ...]
    trees: tuple[Any, ...]  # scikit-learn has no types
    offsets: Ints
    n_nodes: int

    def leaves(self, X: Floats) -> Ints:
        """The leaf of each tree in which each point lies, shape (trees, n); X as in `grow`."""
        F = features(X, self.options)
        found = [tree.apply(F) + offset for tree, offset in zip(self.trees, self.offsets, strict=True)]
        return np.array(found, np.int64).reshape(len(self.trees), len(X))


@dataclass(frozen=True, slots=True)
class Filled:
    """What lies in the leaves of a grove.

    Attributes:
        grove: The grove.
        means: Of the observations in each node, shape (nodes,); 0 in nodes that are no leaves.
        variances: Likewise.
    """

    grove: Grove
    means: Floats
    variances: Floats

    def predict(self, X: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation at points, each of shape (n,)."""
        return self.at(self.grove.leaves(X))

    def at(self, leaves: Ints) -> tuple[Floats, Floats]:
        """The same at points whose leaves are known: the law of total variance over trees."""
        means = self.means[leaves]
        variance = self.variances[leaves].mean(axis=0) + means.var(axis=0)
        return means.mean(axis=0), np.sqrt(variance)


def grow(
    X: Floats, Y: Floats, options: Sequence[int | None], *, seed: int, n_trees: int = TREES, leaf: int = 1
) -> Grove:
    """Find where to split.

    Args:
        X: Points of the unit cube, shape (n, d), NaN where inactive; at least one.
        Y: What to tell apart: finite numbers, shape (n, k); the columns are equally important once each is scaled.
        options: See `Grove`.
        seed: Of everything random.
        n_trees: How many.
        leaf: Rows of a leaf at least; one more for each 2,000 rows, as else trees would cost too much.
    """
    from sklearn.tree import ExtraTreeRegressor

    F = features(X, options)
    trees = []
    for number in range(n_trees):
        state = int(rng(seed, "grove", number).integers(2**31))
        tree = ExtraTreeRegressor(
            min_samples_leaf=leaf + len(X) // PER_LEAF, max_features=SHARE, random_state=state
        )
        trees.append(tree.fit(F, Y, check_input=False).tree_)
    sizes = [tree.node_count for tree in trees]
    return Grove(tuple(options), tuple(trees), np.cumsum([0, *sizes[:-1]]), sum(sizes))


def fill(grove: Grove, leaves: Ints, y: Floats) -> Filled:
    """Put observations into the leaves.

    Args:
        grove: The grove.
        leaves: Where they lie, as `Grove.leaves` says, shape (trees, n); each leaf must hold one of them.
        y: The observations, finite and of moderate size, shape (n,).
    """
    where, values = leaves.ravel(), np.broadcast_to(y, leaves.shape).ravel()
    counts = np.maximum(np.bincount(where, minlength=grove.n_nodes), 1)
    means = np.bincount(where, values, grove.n_nodes) / counts
    squares = np.bincount(where, values**2, grove.n_nodes) / counts
    return Filled(grove, means, np.maximum(squares - means**2, 0.0))


def features(X: Floats, options: Sequence[int | None]) -> npt.NDArray[np.float32]:
    """What trees are told of points: a column itself, or a 0 or 1 for each option; inactive ones lie outside."""
    width = sum(n or 1 for n in options)
    F = np.empty((len(X), width), np.float32)
    at = 0
    for column, n in enumerate(options):
        u = np.where(np.isnan(X[:, column]), OUTSIDE, X[:, column])
        if n is None:
            F[:, at] = u
        else:
            option = np.where(u < 0, -1, np.minimum(u * n, n - 1)).astype(np.int64)
            F[:, at : at + n] = option[:, None] == np.arange(n)
        at += n or 1
    return F
