import numpy as np
import pytest

from rung.core.rng import rng
from rung.models.gp import fit
from rung.models.kernels import Dimension, Stationary
from rung.models.levels import Ensemble

KERNEL = Stationary((Dimension(), Dimension()))
X = rng(0, "X", 0).random((12, 2))
MODELS = [fit(X, np.sin(3 * X[:, 0]) + level * X[:, 1], KERNEL) for level in (0.5, 1.0)]


def test_a_model_alone_is_itself() -> None:
    A = rng(0, "A", 0).random((5, 2))
    for found, own in zip(Ensemble(MODELS, np.array([0.0, 1.0])).slopes(A), MODELS[1].slopes(A), strict=True):
        assert found == pytest.approx(own, rel=1e-9)


def test_gradients_are_those_of_finite_differences() -> None:
    ensemble, A = Ensemble(MODELS, np.array([0.3, 0.7])), rng(0, "A", 0).random((4, 2))
    mean, std, d_mean, d_std = ensemble.slopes(A)
    for found, known in zip(ensemble.predict(A), (mean, std), strict=True):
        assert found == pytest.approx(known)
    for column in range(2):
        step = 1e-6 * np.eye(2)[column]
        up, down = ensemble.predict(A + step), ensemble.predict(A - step)
        assert d_mean[:, column] == pytest.approx((up[0] - down[0]) / 2e-6, rel=1e-4, abs=1e-6)
        assert d_std[:, column] == pytest.approx((up[1] - down[1]) / 2e-6, rel=1e-3, abs=1e-5)


def test_what_is_expected_is_less_doubted_and_not_moved() -> None:
    ensemble, A = Ensemble(MODELS, np.array([0.5, 0.5])), np.array([[0.9, 0.1]])
    before, after = ensemble.predict(A), ensemble.expecting(A).predict(A)
    assert after[0] == pytest.approx(before[0], abs=1e-4)
    assert after[1] < before[1]
