"""Shares of variance: exact for a tree, and near the closed form for functions that have one."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from rung.models.fanova import Shares, shares, single_shares
from rung.models.forest import fit

Floats = NDArray[np.float64]
Function = Callable[[Floats], Floats]
TOLERANCE = 0.06  # of all variance; a forest of 1000 points smooths what is sharp


def explained(
    function: Function, d: int, *, options: tuple[int | None, ...] | None = None, n: int = 1000
) -> Shares:
    """Mean shares over the trees of a forest fitted on the function at random points."""
    X = np.random.default_rng(0).random((n, d))
    forest = fit(X, function(X), options or (None,) * d, seed=0, n_trees=24)
    found = shares(forest.partitions)
    return Shares(np.mean([part.single for part in found], 0), np.mean([part.pair for part in found], 0))


def ishigami(X: Floats) -> Floats:
    x = np.pi * (2 * X - 1)
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def option_times_line(X: Floats) -> Floats:
    """A choice of three that sets the slope: 0, 1 or 2 times (u - 1/2)."""
    return np.floor(X[:, 0] * 3) * (X[:, 1] - 0.5)


@pytest.mark.parametrize(
    ("function", "single", "pair", "options"),
    [
        # Sobol indices in closed form; Var(c * u) = c² / 12
        (lambda X: X[:, 0] + 2 * X[:, 1], [0.2, 0.8, 0], {}, None),
        (lambda X: (2 * X[:, 0] - 1) ** 2 + 0 * X[:, 1], [1, 0], {}, None),
        (lambda X: (X[:, 0] - 0.5) * (X[:, 1] - 0.5), [0, 0, 0], {(0, 1): 1}, None),
        # x1 * x2: variance 7/144, of which 1/48 each alone and 1/144 together
        (lambda X: X[:, 0] * X[:, 1], [3 / 7, 3 / 7], {(0, 1): 1 / 7}, None),
        # slopes 0, 1, 2 have mean 1 and variance 2/3: the line has 1/12, the interaction 2/3 of 1/12
        (option_times_line, [0, 0.6], {(0, 1): 0.4}, (3, None)),
        # options in an order that means nothing: 0, 1, 0, 1, 0
        (lambda X: np.floor(X[:, 0] * 5) % 2 + 0 * X[:, 1], [1, 0], {}, (5, None)),
    ],
    ids=["linear", "quadratic", "pure interaction", "product", "choice by line", "unordered"],
)
def test_shares_are_near_their_closed_form(
    function: Function,
    single: list[float],
    pair: dict[tuple[int, int], float],
    options: tuple[int | None, ...] | None,
) -> None:
    found = explained(function, len(single), options=options)
    np.testing.assert_allclose(found.single, single, atol=TOLERANCE)
    for i, j in np.ndindex(found.pair.shape):
        assert found.pair[i, j] == pytest.approx(pair.get((min(i, j), max(i, j)), 0), abs=TOLERANCE)


def test_ishigami_is_near_its_closed_form() -> None:
    found = explained(ishigami, 3, n=1500)  # S1 = 0.314, S2 = 0.442, S3 = 0, S13 = 0.244
    np.testing.assert_allclose(found.single, [0.314, 0.442, 0], atol=0.09)
    assert found.pair[0, 2] == pytest.approx(0.244, abs=0.05)
    assert found.pair[0, 1] < 0.03
    assert found.pair[1, 2] < 0.06


def test_shares_of_a_tree_equal_brute_force_on_a_grid_that_its_splits_lie_on() -> None:
    rng = np.random.default_rng(0)
    n = 8
    X = (rng.integers(0, n, (300, 3)) + 0.5) / n  # splits lie halfway between these, or on them
    y = rng.standard_normal((n, n, n))[tuple((X * n).astype(int).T)]
    forest = fit(X, y, (None,) * 3, seed=0, n_trees=3)
    fine = 2 * n  # so that each split is a border of the grid
    places = (np.arange(fine) + 0.5) / fine
    cube = np.stack(np.meshgrid(*[places] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    for tree, found in zip(forest.trees, shares(forest.partitions), strict=True):
        f = tree.predict(cube).reshape(fine, fine, fine)
        f -= f.mean()
        first, second = f.mean(axis=(1, 2)), f.mean(axis=(0, 2))
        joint = f.mean(axis=2) - first[:, None] - second
        assert found.single[0] == pytest.approx((first**2).mean() / f.var(), abs=1e-6)
        assert found.single[1] == pytest.approx((second**2).mean() / f.var(), abs=1e-6)
        assert found.pair[0, 1] == pytest.approx((joint**2).mean() / f.var(), abs=1e-6)


def test_shares_of_two_columns_and_of_their_pair_sum_to_one() -> None:
    X = np.random.default_rng(0).random((100, 2))
    forest = fit(X, np.sin(9 * X[:, 0]) * X[:, 1], (None, None), seed=0, n_trees=3)
    for found in shares(forest.partitions):
        assert found.single.sum() + found.pair[0, 1] == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(
        single_shares(forest.partitions), [found.single for found in shares(forest.partitions)]
    )


def test_a_constant_function_has_no_shares() -> None:
    X = np.random.default_rng(0).random((30, 2))
    partitions = fit(X, np.full(30, 7.0), (None, None), seed=0, n_trees=3).partitions
    assert shares(partitions) == []
    assert single_shares(partitions).shape == (0, 2)
