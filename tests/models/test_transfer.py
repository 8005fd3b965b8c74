import numpy as np
import pytest
from scipy.stats import norm

from rung.models.gp import GP, fit
from rung.models.kernels import Dimension, Stationary
from rung.models.transfer import EnsembleBelief, misordered, normal_scores, ranking_weights

KERNEL = Stationary((Dimension(),))


def model(f: object, n: int, seed: int) -> GP:
    X = np.random.default_rng(seed).random((n, 1))
    return fit(X, f(X[:, 0]), KERNEL)  # type: ignore[operator]


def rising(x: np.ndarray) -> np.ndarray:
    return 3 * (x - 0.5)


def test_normal_scores_depend_on_ranks_alone() -> None:
    losses = np.array([5.0, -1.0, 2.0, 1e9])
    np.testing.assert_allclose(normal_scores(losses), norm.ppf([0.625, 0.125, 0.375, 0.875]))
    np.testing.assert_allclose(normal_scores(np.exp(losses[:3])), normal_scores(losses[:3]))
    np.testing.assert_allclose(normal_scores(np.ones(3)), 0.0, atol=1e-12)


def test_misordered_pairs_are_counted_one_by_one() -> None:
    draw = np.random.default_rng(0)
    functions, y = draw.normal(size=(3, 6)), draw.normal(size=6)
    for f, found in zip(functions, misordered(functions, y), strict=True):
        assert found == sum((f[j] < f[k]) != (y[j] < y[k]) for j in range(6) for k in range(6))


def test_who_orders_the_observations_right_has_the_weight() -> None:
    others = [model(lambda x: -rising(x), 12, 1), model(lambda x: 2 * rising(x), 12, 2)]
    weights = ranking_weights(others, model(rising, 4, 3), np.random.default_rng(0))
    assert weights.sum() == pytest.approx(1.0)
    assert weights[0] == 0.0 and weights[1] > 0.3


def test_useless_models_do_not_drown_the_own_one() -> None:
    noise = [model(np.random.default_rng(k).permutation, 12, k) for k in range(8)]
    weights = ranking_weights(noise, model(rising, 15, 3), np.random.default_rng(0))
    assert weights[-1] > 0.9


def test_an_ensemble_is_the_weighted_mean_of_its_models() -> None:
    models = (model(rising, 8, 1), model(np.sin, 8, 2))
    X = np.linspace(0, 1, 5)[:, None]
    mean, std = EnsembleBelief(models, np.array([0.25, 0.75]), None).predict(X)
    parts = [each.predict(X) for each in models]
    np.testing.assert_allclose(mean, 0.25 * parts[0][0] + 0.75 * parts[1][0])
    np.testing.assert_allclose(std**2, (0.25 * parts[0][1]) ** 2 + (0.75 * parts[1][1]) ** 2)
