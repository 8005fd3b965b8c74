"""Kernels: positive definite over mixed and conditional columns, and their gradients against finite differences."""

import numpy as np
import numpy.typing as npt
import pytest

from rung.models.effects import WithEffects
from rung.models.kernels import FORMS, Dimension, Form, Kernel, Product, Stationary

Floats = npt.NDArray[np.float64]

MIXED = (Dimension(), Dimension(options=3), Dimension(conditional=True), Dimension(4, conditional=True))


def points(n: int, seed: int = 0) -> Floats:
    """With the third and fourth column inactive for one option of the second, and a fifth column."""
    X = np.random.default_rng(seed).random((n, 5))
    X[X[:, 1] < 1 / 3, 2:4] = np.nan
    return X


def kernels() -> list[Kernel]:
    forms: list[Form] = ["matern52", "matern32", "rbf"]
    single: list[Kernel] = [Stationary(MIXED, form) for form in forms]
    single.append(WithEffects(MIXED))
    return [*single, Product((Stationary(MIXED), Stationary((Dimension(),), "rbf", first=4)))]


def theta_of(kernel: Kernel) -> Floats:
    return np.log(np.linspace(0.3, 0.9, kernel.n_parameters))


@pytest.mark.parametrize("kernel", kernels())
def test_rows_with_different_activity_have_a_positive_definite_covariance(kernel: Kernel) -> None:
    X = points(60)
    K = kernel.against(theta_of(kernel), X).matrix(X)
    assert np.isfinite(K).all()
    np.testing.assert_allclose(K, kernel.on(X)(theta_of(kernel))[0], atol=1e-7)
    np.testing.assert_allclose(np.diag(K), kernel.diagonal(theta_of(kernel), X))
    assert np.linalg.eigvalsh(K).min() > -1e-10


@pytest.mark.parametrize("kernel", kernels())
def test_the_gradient_for_parameters_is_that_of_finite_differences(kernel: Kernel) -> None:
    X, theta = points(7), theta_of(kernel)
    W = np.random.default_rng(1).random((7, 7))
    evaluate = kernel.on(X)
    gradient = evaluate(theta)[1](W)
    for i, step in enumerate(1e-6 * np.eye(len(theta))):
        difference = (W * (evaluate(theta + step)[0] - evaluate(theta - step)[0])).sum() / 2e-6
        assert gradient[i] == pytest.approx(difference, abs=1e-7)


@pytest.mark.parametrize("kernel", kernels())
def test_the_gradient_for_points_is_that_of_finite_differences_and_zero_where_there_is_none(
    kernel: Kernel,
) -> None:
    X, A = points(6), points(5, seed=2)
    against = kernel.against(theta_of(kernel), X)
    K, pullback = against.slopes(A)
    np.testing.assert_allclose(K, against.matrix(A))
    W = np.random.default_rng(1).random(K.shape)
    gradient = pullback(W)
    assert gradient.shape == A.shape
    assert (gradient[:, [1, 3]] == 0).all()
    assert (gradient[np.isnan(A)] == 0).all()
    for column in (0, 2, 4):
        step = np.where(np.arange(5) == column, 1e-6, 0.0)
        difference = (W * (against.matrix(A + step) - against.matrix(A - step))).sum(axis=1) / 2e-6
        np.testing.assert_allclose(gradient[:, column], difference, atol=1e-7)


def test_all_options_are_equally_far_apart_and_inactive_is_equally_far_from_all_values() -> None:
    kernel = Stationary((Dimension(options=3), Dimension(conditional=True)))
    X = np.array([[0.1, 0.2], [0.5, 0.2], [0.9, 0.2], [0.1, np.nan], [0.1, 0.9]])
    K = kernel.against(np.zeros(2), X).matrix(X)
    np.testing.assert_allclose([K[0, 1], K[0, 2]], K[1, 2])
    assert K[0, 3] == pytest.approx(K[4, 3])
    assert K[0, 3] < K[0, 4] < 1


@pytest.mark.parametrize("form", list(FORMS))
def test_the_slope_of_a_form_is_that_of_finite_differences(form: Form) -> None:
    r2 = np.array([0.01, 0.5, 3.0])
    value, slope = FORMS[form](r2)
    np.testing.assert_allclose(slope, (FORMS[form](r2 + 1e-7)[0] - value) / 1e-7, rtol=1e-4)
    assert FORMS[form](np.zeros(1))[0] == 1.0


def test_the_prior_is_that_of_a_log_normal_whose_location_grows_with_the_root_of_the_columns() -> None:
    """Its mode over lengthscales, exp(location - variance), is four times as large with 16 times as many columns."""
    few, many = Stationary((Dimension(),) * 2).prior, Stationary((Dimension(),) * 32).prior
    assert np.exp(few.mean[0]) == pytest.approx(np.exp(np.sqrt(2) + np.log(2) / 2 - 3))
    assert np.exp(many.mean - few.mean[0]) == pytest.approx(4.0)
