import numpy as np
import pytest

from rung.models.grove import features, fill, grow

OPTIONS = (None, None, 3)


def sample(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    X = draw.random((n, 3))
    X[X[:, 2] < 1 / 3, 1] = np.nan
    return X, np.nan_to_num(X[:, 1], nan=2.0) + (X[:, 2] > 2 / 3) * X[:, 0]


def test_mean_and_variance_follow_the_law_of_total_variance() -> None:
    X, y = sample(60)
    grove = grow(X, y[:, None], OPTIONS, seed=0, n_trees=5, leaf=4)
    leaves = grove.leaves(X)
    mean, std = fill(grove, leaves, y).predict(X[:7])
    for row in range(7):
        inside = [y[leaves[tree] == leaves[tree, row]] for tree in range(5)]
        means = np.array([each.mean() for each in inside])
        variance = np.mean([each.var() for each in inside]) + means.var()
        assert mean[row] == pytest.approx(means.mean())
        assert std[row] == pytest.approx(np.sqrt(variance))


def test_its_mean_is_that_of_the_trees_it_is_made_of() -> None:
    X, y = sample(60)
    grove = grow(X, y[:, None], OPTIONS, seed=0, n_trees=5)
    own = np.mean([tree.predict(features(X, OPTIONS))[:, 0] for tree in grove.trees], axis=0)
    np.testing.assert_allclose(fill(grove, grove.leaves(X), y).predict(X)[0], own)


def test_observations_that_come_later_fill_leaves_that_were_grown_before() -> None:
    X, y = sample(60)
    grove = grow(X[:40], y[:40, None], OPTIONS, seed=0)
    probe, _ = sample(200, seed=1)
    truth = sample(200, seed=1)[1]
    early = fill(grove, grove.leaves(X[:40]), y[:40]).predict(probe)[0]
    late = fill(grove, grove.leaves(X), y).predict(probe)[0]
    assert np.abs(late - truth).mean() < np.abs(early - truth).mean()
    shifted = fill(grove, grove.leaves(X), y + 5).predict(probe)[0]
    np.testing.assert_allclose(shifted, late + 5)


def test_inactive_columns_and_options_are_told_apart() -> None:
    F = features(np.array([[0.2, np.nan, 0.0], [0.2, 0.5, 1.0]]), OPTIONS)
    np.testing.assert_allclose(F, [[0.2, -1, 1, 0, 0], [0.2, 0.5, 0, 0, 1]], rtol=1e-6)


def test_doubt_is_large_where_nothing_was_seen() -> None:
    X = np.linspace(0, 0.5, 30)[:, None]
    y = np.sin(9 * X[:, 0])
    grove = grow(X, y[:, None], (None,), seed=0)
    filled = fill(grove, grove.leaves(X), y)
    between = np.array([[0.25]])  # halfway
    assert filled.predict(X)[1].max() < 1e-6
    assert filled.predict(between)[1][0] > 1e-3


@pytest.mark.parametrize("n", [1, 2])
def test_one_observation_is_enough(n: int) -> None:
    X, y = sample(n)
    grove = grow(X, y[:, None], OPTIONS, seed=0)
    mean, std = fill(grove, grove.leaves(X), y).predict(sample(9, 3)[0])
    assert np.isfinite(mean).all() and np.isfinite(std).all()
