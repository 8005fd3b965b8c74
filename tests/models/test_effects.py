"""Effects of single columns: they tell of points that no trial was near to. Gradients stand in `test_kernels.py`."""

import numpy as np

from rung.models.effects import WithEffects
from rung.models.gp import fit
from rung.models.kernels import Dimension, Stationary

COLUMNS = tuple(Dimension(options=4) for _ in range(5)) + tuple(Dimension() for _ in range(3))


def test_a_sum_of_effects_is_learned_from_few_points_in_many_columns() -> None:
    generator = np.random.default_rng(0)
    X = generator.random((340, 8))
    worth = generator.standard_normal((5, 4))
    y = sum(worth[c, (X[:, c] * 4).astype(int)] for c in range(5)) + 4 * ((X[:, 5:] - 0.4) ** 2).sum(axis=1)
    y = (y - y[:40].mean()) / y[:40].std()
    errors = [
        float(np.abs(fit(X[:40], y[:40], kernel(COLUMNS)).mean(X[40:]) - y[40:]).mean())
        for kernel in (WithEffects, Stationary)
    ]
    assert errors[0] < 0.6 * errors[1]


def test_each_point_has_variance_one_whatever_is_inactive() -> None:
    kernel = WithEffects((Dimension(options=2, conditional=True), Dimension(conditional=True), Dimension()))
    X = np.array([[0.1, 0.3, 0.5], [np.nan, 0.3, 0.0], [0.9, np.nan, 1.0], [np.nan, np.nan, 0.2]])
    K = kernel.against(np.log([0.2, 0.5, 2.0, 3.0]), X).matrix(X)
    np.testing.assert_allclose(np.diag(K), 1.0)
    assert np.linalg.eigvalsh(K).min() > 0
