"""Partitions: averages over boxes equal integration by brute force."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeRegressor

from rung.models.forest import features, fit
from rung.models.partition import Partition, marginal, over_cells, restricted

OPTIONS = (None, 4, None)  # the second column is a choice of four
NAN = np.nan


def tree(seed: int = 0) -> tuple[Partition, DecisionTreeRegressor]:
    """A forest of one tree: as boxes, and as scikit-learn has it."""
    rng = np.random.default_rng(seed)
    X = rng.random((120, 3))
    y = X[:, 0] * (np.floor(X[:, 1] * 4) == 2) + np.sin(5 * X[:, 2])
    forest = fit(X, y, OPTIONS, seed=seed, n_trees=1)
    return forest.partitions[0], forest.trees[0]


def grid(n: int = 60) -> NDArray[np.float64]:
    """Midpoints of a fine grid, shape (n * 4 * n, 3); the choice has one point for each option."""
    fine, options = (np.arange(n) + 0.5) / n, (np.arange(4) + 0.5) / 4
    return np.stack(np.meshgrid(fine, options, fine, indexing="ij"), axis=-1).reshape(-1, 3)


def test_boxes_predict_what_the_tree_predicts() -> None:
    partition, sklearns = tree()
    X = np.random.default_rng(1).random((500, 3))
    np.testing.assert_allclose(partition.at(X), sklearns.predict(features(X, OPTIONS)), atol=1e-12)


def test_the_leaves_fill_the_cube() -> None:
    for seed in range(5):
        assert tree(seed)[0].lengths.prod(axis=1).sum() == pytest.approx(1, abs=1e-12)


def test_marginals_equal_the_mean_over_a_fine_grid() -> None:
    partition, sklearns = tree()
    n = 60
    values = sklearns.predict(features(grid(n), OPTIONS)).reshape(n, 4, n)
    np.testing.assert_allclose(marginal(partition, 1), values.mean(axis=(0, 2)), atol=0.02)
    places = (np.arange(n) + 0.5) / n
    by_grid = values.mean(axis=(1, 2))
    np.testing.assert_allclose(over_cells(partition, 0, places), by_grid, atol=0.03)


def test_nan_is_averaged_over() -> None:
    partition, _ = tree()
    X = np.array([[0.3, NAN, NAN], [NAN, 0.625, NAN], [NAN, NAN, NAN]])
    expected = [
        over_cells(partition, 0, np.array([0.3]))[0],
        marginal(partition, 1)[2],
        partition.lengths.prod(axis=1) @ partition.values,
    ]
    np.testing.assert_allclose(partition.at(X), expected, atol=1e-12)


def test_a_slice_is_the_function_where_a_column_is_restricted() -> None:
    partition, _ = tree()
    sliced = restricted(partition, 1, 0.5, 0.75)  # the third option
    assert sliced.lengths.prod(axis=1).sum() == pytest.approx(1, abs=1e-12)
    places = np.linspace(0.01, 0.99, 40)
    expected = partition.at(np.stack([places, np.full(40, 0.625), np.full(40, NAN)], axis=1))
    np.testing.assert_allclose(over_cells(sliced, 0, places), expected, atol=1e-12)
    half = restricted(partition, 0, 0.25, 0.5)
    fine = (np.arange(4000) + 0.5) / 4000
    inside = fine[(fine > 0.25) & (fine < 0.5)]
    mean = partition.at(np.stack([inside, *[np.full(len(inside), NAN)] * 2], axis=1)).mean()
    assert half.lengths.prod(axis=1) @ half.values == pytest.approx(mean, abs=1e-3)
