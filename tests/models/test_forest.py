"""Forests: what they predict, what they do not see, and that they repeat themselves."""

import numpy as np

from rung.models.forest import features, fit


def test_an_unordered_choice_has_a_feature_for_each_option() -> None:
    X = np.array([[0.1, 0.1], [0.2, 0.5], [0.3, 1.0]])
    np.testing.assert_array_equal(features(X, (None, 3)), [[0.1, 1, 0, 0], [0.2, 0, 1, 0], [0.3, 0, 0, 1]])


def test_the_same_seed_gives_the_same_forest_and_another_one_another() -> None:
    X = np.random.default_rng(0).random((60, 2))
    one, same, other = (fit(X, X[:, 0], (None, None), seed=seed, n_trees=4).predict(X) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_accuracy_is_near_one_for_a_function_and_about_zero_for_noise() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((400, 3))
    assert fit(X, X @ [1, 2, 3], (None,) * 3, seed=0, n_trees=32).accuracy > 0.9
    assert fit(X, rng.standard_normal(400), (None,) * 3, seed=0, n_trees=32).accuracy < 0.1


def test_an_inactive_column_explains_nothing_where_it_is_inactive() -> None:
    rng = np.random.default_rng(0)
    X = rng.random((400, 2))
    y = np.where(X[:, 0] < 0.5, X[:, 1], 2.0)
    X[X[:, 0] >= 0.5, 1] = np.nan
    forest = fit(X, y, (None, None), seed=0, n_trees=16)
    np.testing.assert_allclose(forest.predict(np.array([[0.8, np.nan], [0.9, np.nan]])), 2.0, atol=0.02)
    low, high = forest.predict(np.array([[0.2, 0.1], [0.2, 0.9]]))
    assert abs(low - 0.1) < 0.1
    assert abs(high - 0.9) < 0.1
