"""Gaussian processes against scikit-learn, finite differences and themselves."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from rung.models.gp import GP, Parameters, condition, fit, log_density, usual_starts
from rung.models.kernels import Dimension, Form, Product, Stationary

Floats = npt.NDArray[np.float64]

LENGTHS = np.array([0.2, 0.5, 1.4])
KERNEL = Stationary((Dimension(),) * 3)
PARAMETERS = Parameters(np.log(LENGTHS), 1.7, 0.01, 0.0)
THEIRS = {
    "matern52": Matern(LENGTHS, nu=2.5),
    "matern32": Matern(LENGTHS, nu=1.5),
    "rbf": RBF(LENGTHS),
}


def observed(n: int, seed: int = 0) -> tuple[Floats, Floats]:
    X = np.random.default_rng(seed).random((n, 3))
    y = np.sin(5 * X[:, 0]) + X[:, 1] ** 2
    return X, (y - y.mean()) / y.std()


@pytest.mark.parametrize("form", list(THEIRS))
def test_posterior_and_likelihood_are_those_of_scikit_learn(form: Form) -> None:
    (X, y), A = observed(25), observed(11, seed=1)[0]
    theirs = GaussianProcessRegressor(
        ConstantKernel(1.7) * THEIRS[form] + WhiteKernel(0.01), optimizer=None
    ).fit(X, y)
    ours = condition(X, y, Stationary((Dimension(),) * 3, form), PARAMETERS)
    mean, std = ours.predict(A)
    their_mean, their_covariance = theirs.predict(A, return_cov=True)
    np.testing.assert_allclose(mean, their_mean, atol=1e-9)
    np.testing.assert_allclose(std**2, np.diag(their_covariance) - 0.01, atol=1e-9)
    np.testing.assert_allclose(ours.covariance(A)[1], their_covariance - 0.01 * np.eye(len(A)), atol=1e-9)
    assert ours.log_likelihood() == pytest.approx(theirs.log_marginal_likelihood_value_)


@pytest.mark.parametrize(
    "kernel", [KERNEL, Product((Stationary((Dimension(),) * 2), Stationary((Dimension(),), "rbf", first=2)))]
)
def test_the_gradient_of_the_density_is_that_of_finite_differences(kernel: Stationary | Product) -> None:
    X, y = observed(15)
    vector = np.concatenate([np.log(LENGTHS), [0.3, -4.0]])
    gradient = log_density(X, y, kernel, vector)[1]
    for i, step in enumerate(1e-5 * np.eye(5)):
        up, down = log_density(X, y, kernel, vector + step)[0], log_density(X, y, kernel, vector - step)[0]
        assert gradient[i] == pytest.approx((up - down) / 2e-5, rel=1e-4, abs=1e-5)


def test_a_fit_ends_where_the_density_is_highest_and_is_the_same_each_time() -> None:
    X, y = observed(40)
    found = fit(X, y, KERNEL).parameters
    best = log_density(X, y, KERNEL, found.vector)[0]
    assert best >= max(log_density(X, y, KERNEL, start)[0] for start in usual_starts(KERNEL))
    for step in 0.05 * np.eye(5)[:4]:
        assert log_density(X, y, KERNEL, found.vector + step)[0] <= best + 0.05
        assert log_density(X, y, KERNEL, found.vector - step)[0] <= best + 0.05
    assert (fit(X, y, KERNEL).parameters.vector == found.vector).all()
    assert found.theta[2] > found.theta[0], "what does not matter has the longer lengthscale"


def test_a_fit_finds_the_noise() -> None:
    X, y = observed(150)
    noisy = y + 0.3 * np.random.default_rng(3).standard_normal(150)
    assert fit(X, noisy, KERNEL).parameters.noise == pytest.approx(0.09, rel=0.4)
    assert fit(X, y, KERNEL).parameters.noise < 1e-4


def test_slopes_are_those_of_finite_differences() -> None:
    gp, A = model(), observed(6, seed=2)[0]
    mean, std, d_mean, d_std = gp.slopes(A)
    np.testing.assert_allclose([mean, std], gp.predict(A))
    for column, step in enumerate(1e-5 * np.eye(3)):
        up, down = gp.predict(A + step), gp.predict(A - step)
        np.testing.assert_allclose(d_mean[:, column], (up[0] - down[0]) / 2e-5, atol=1e-5)
        np.testing.assert_allclose(d_std[:, column], (up[1] - down[1]) / 2e-5, atol=1e-5)


def test_observations_added_later_give_what_all_at_once_give() -> None:
    X, y = observed(30)
    whole = condition(X, y, KERNEL, PARAMETERS)
    grown = condition(X[:20], y[:20], KERNEL, PARAMETERS)
    for row in range(20, 25):
        grown = grown.extended(X[row : row + 1], y[row : row + 1])
    grown = grown.extended(X[25:], y[25:])
    A = observed(9, seed=5)[0]
    np.testing.assert_allclose(grown.predict(A), whole.predict(A), atol=1e-8)
    assert grown.log_likelihood() == pytest.approx(whole.log_likelihood())


def test_a_fantasy_leaves_the_mean_and_takes_the_doubt_away() -> None:
    gp, A = model(), observed(4, seed=7)[0]
    after = gp.fantasized(A)
    np.testing.assert_allclose(after.predict(A)[0], gp.predict(A)[0], atol=1e-6)
    assert (after.predict(A)[1] < 0.11).all()
    assert gp.fantasized(A[:0]) is gp


def test_leaving_one_out_is_what_a_model_without_it_says() -> None:
    X, y = observed(12)
    mean, std = condition(X, y, KERNEL, PARAMETERS).leave_one_out()
    rest = np.arange(12) != 5
    without_mean, without_std = condition(X[rest], y[rest], KERNEL, PARAMETERS).predict(X[5:6])
    assert mean[5] == pytest.approx(without_mean[0])
    assert std[5] ** 2 == pytest.approx(without_std[0] ** 2 + 0.01)


def test_samples_have_the_mean_and_covariance_of_the_belief() -> None:
    gp, A = model(), observed(3, seed=9)[0]
    drawn = gp.sample(A, 20_000, np.random.default_rng(0))
    mean, covariance = gp.covariance(A)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.03)
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.03)


def test_the_same_point_many_times_is_no_obstacle() -> None:
    X = np.full((20, 3), 0.5)
    gp = fit(X, np.zeros(20), KERNEL).extended(X[:2], np.zeros(2))
    mean, std = gp.predict(np.vstack([X[:1], [[0.0, 1.0, 0.0]]]))
    assert np.isfinite([*mean, *std]).all()
    assert std[0] < std[1]


def model() -> GP:
    return condition(*observed(20), KERNEL, PARAMETERS)
