import numpy as np
from scipy.optimize import approx_fprime

from rung.models.doubt import Doubted, with_doubt
from rung.models.gp import condition, fit, log_density
from rung.models.kernels import Dimension, Stationary

D = 2
PLAIN = Stationary((Dimension(),) * D)
KERNEL = Doubted(PLAIN, D)
X = np.random.default_rng(0).random((12, D))
Y = np.sin(4 * X[:, 0]) + X[:, 1]
VARIANCES = np.linspace(0.0, 2.0, 12)


def test_the_posterior_is_that_of_observations_with_these_variances() -> None:
    gp = fit(with_doubt(X, VARIANCES), Y, KERNEL)
    p = gp.parameters
    A = np.random.default_rng(1).random((5, D))
    K = p.scale * (PLAIN.against(p.theta, X).matrix(X) + np.diag(VARIANCES)) + p.noise * np.eye(12)
    k = p.scale * PLAIN.against(p.theta, X).matrix(A)
    mean, std = gp.predict(with_doubt(A))
    np.testing.assert_allclose(mean, p.mean + k @ np.linalg.solve(K, Y - p.mean), atol=1e-8)
    np.testing.assert_allclose(std**2, p.scale - (k * np.linalg.solve(K, k.T).T).sum(axis=1), atol=1e-8)


def test_without_doubt_it_is_the_other_kernel() -> None:
    plain = fit(X, Y, PLAIN)
    same = condition(with_doubt(X), Y, KERNEL, plain.parameters)
    A = np.random.default_rng(1).random((5, D))
    np.testing.assert_allclose(same.predict(with_doubt(A)), plain.predict(A), atol=1e-10)
    np.testing.assert_allclose(
        same.fantasized(with_doubt(A)).predict(with_doubt(A))[1], plain.fantasized(A).predict(A)[1], atol=1e-8
    )


def test_the_gradient_of_the_density_is_that_of_finite_differences() -> None:
    points, vector = with_doubt(X, VARIANCES), np.array([-0.5, 0.3, -0.2, -3.0])
    gradient = log_density(points, Y, KERNEL, vector)[1]
    expected = approx_fprime(vector, lambda v: log_density(points, Y, KERNEL, v)[0], 1e-6)
    np.testing.assert_allclose(gradient, expected, rtol=1e-3, atol=1e-4)


def test_what_is_doubted_moves_the_mean_less() -> None:
    y = np.where(np.arange(12) == 5, 5.0, Y)
    parameters = fit(X, Y, PLAIN).parameters
    at = with_doubt(X[5:6])
    sure = condition(with_doubt(X), y, KERNEL, parameters).predict(at)[0][0]
    doubted = condition(with_doubt(X, np.where(np.arange(12) == 5, 50.0, 0.0)), y, KERNEL, parameters)
    assert abs(sure - 5.0) < 0.5
    assert abs(doubted.predict(at)[0][0] - Y[5]) < 0.5
