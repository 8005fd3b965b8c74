import numpy as np
import pytest

from rung.models.gp import fit
from rung.models.kernels import Dimension, Product, Stationary
from rung.models.tasks import Between

KERNEL = Product((Stationary((Dimension(),)), Between(3, 1)))


def sample(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    x, task = draw.random(30), np.repeat([0, 1, 2], [4, 13, 13])
    common = np.sin(6 * x)
    return np.stack([x, task], axis=1), np.where(task < 2, common, np.cos(6 * x))


def test_its_gradient_is_that_of_finite_differences() -> None:
    X, _ = sample()
    evaluate = Between(3, 1).on(X)
    theta, W = np.array([0.3, -0.8, 1.1]), np.random.default_rng(1).normal(size=(30, 30))
    found = evaluate(theta)[1](W)
    for j, step in enumerate(1e-6 * np.eye(3)):
        up, down = evaluate(theta + step)[0], evaluate(theta - step)[0]
        assert found[j] == pytest.approx(float((W * (up - down)).sum()) / 2e-6, rel=1e-6)


def test_it_is_a_covariance_and_the_same_from_both_sides() -> None:
    X, _ = sample()
    theta = np.array([0.3, -2.0, 1.1])
    K = Between(3, 1).on(X)(theta)[0]
    assert np.linalg.eigvalsh(K).min() > -1e-9
    np.testing.assert_allclose(Between(3, 1).against(theta, X).matrix(X), K)


def test_a_process_learns_from_a_related_task_and_not_from_another() -> None:
    X, y = sample()
    model = fit(X, y, KERNEL)
    shares = np.tanh(model.parameters.theta[1:])
    assert shares[0] * shares[1] > 0.5 > abs(shares[0] * shares[2])
    x = np.linspace(0, 1, 50)
    mean, _ = model.predict(np.stack([x, np.zeros(50)], axis=1))
    assert np.abs(mean - np.sin(6 * x)).mean() < 0.15
