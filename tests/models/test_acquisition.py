"""Acquisitions against numerical integration over what a trial may bring, and where rounding would spoil them."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from rung.models.acquisition import (
    Gain,
    augmented,
    bounded,
    criterion,
    expected_improvement,
    log_expected_improvement,
    log_probability,
    plain_ei,
    upper_confidence_bound,
)

MEAN = np.array([0.3, -1.0, 2.0, 0.0])
STD = np.array([0.5, 0.1, 1.5, 1.0])
BEST = 0.2


@pytest.mark.parametrize("row", range(4))
def test_expected_improvement_is_the_integral_over_outcomes(row: int) -> None:
    density = norm(MEAN[row], STD[row]).pdf
    low = MEAN[row] - 12 * STD[row]
    integral = quad(lambda y: (BEST - y) * density(y), low, BEST, limit=200)[0] if low < BEST else 0.0
    assert expected_improvement(MEAN, STD, BEST)[row] == pytest.approx(integral, rel=1e-6)
    assert np.exp(log_expected_improvement(MEAN, STD, BEST)[0][row]) == pytest.approx(integral, rel=1e-6)
    assert np.exp(plain_ei(MEAN, STD, BEST)[0][row]) == pytest.approx(integral, rel=1e-6)


@pytest.mark.parametrize("row", range(4))
def test_the_probability_of_an_improvement_is_the_integral_over_outcomes(row: int) -> None:
    probability = quad(norm(MEAN[row], STD[row]).pdf, MEAN[row] - 12 * STD[row], BEST)[0]
    assert np.exp(log_probability(MEAN, STD, BEST)[0][row]) == pytest.approx(probability, rel=1e-6)


CRITERIA: dict[str, Callable[[np.ndarray, np.ndarray], Gain]] = {
    name: criterion(name, BEST)
    for name in ("log_ei", "ei", "pi", "ucb")  # type: ignore[arg-type]
}
CRITERIA["bounded"] = bounded(criterion("log_ei", -8.0))
CRITERIA["augmented"] = augmented(criterion("log_ei", BEST), 0.4)


@pytest.mark.parametrize("name", list(CRITERIA))
def test_derivatives_are_those_of_finite_differences(name: str) -> None:
    found, h = CRITERIA[name], 1e-6
    _, for_mean, for_std = found(MEAN, STD)
    by_mean = (found(MEAN + h, STD)[0] - found(MEAN - h, STD)[0]) / (2 * h)
    by_std = (found(MEAN, STD + h)[0] - found(MEAN, STD - h)[0]) / (2 * h)
    np.testing.assert_allclose(for_mean, by_mean, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(for_std, by_std, rtol=1e-5, atol=1e-8)


def test_an_augmented_gain_is_the_gain_without_noise_and_falls_where_only_noise_is_left() -> None:
    gain = criterion("log_ei", BEST)
    np.testing.assert_allclose(augmented(gain, 0.0)(MEAN, STD)[0], gain(MEAN, STD)[0])
    known, unknown = (
        augmented(gain, 0.3)(np.array([0.2, 0.2]), np.array([1e-9, 3.0]))[0]
        - gain(np.array([0.2, 0.2]), np.array([1e-9, 3.0]))[0]
    )
    assert known == pytest.approx(np.log(0.5 * (1e-9 / 0.3) ** 2))
    assert unknown > np.log(0.9) - 0.01


def test_log_ei_tells_hopeless_points_apart_where_ei_is_zero() -> None:
    """Far in the tail log h(z) is -z²/2 - log √(2π) - 2 log |z|, up to terms of 1/z²."""
    z = np.array([-1e6, -1e4, -2e3, -1001.0, -999.0, -300.0, -60.0, -45.0])
    value, for_mean, for_std = log_expected_improvement(-z, np.ones(8), 0.0)
    np.testing.assert_allclose(value, -0.5 * z**2 - 0.5 * np.log(2 * np.pi) - 2 * np.log(-z), rtol=1e-5)
    np.testing.assert_allclose(for_mean, z, rtol=1e-2)
    assert (np.diff(value) > 0).all()
    assert np.isfinite(for_std).all()
    assert (expected_improvement(-z, np.ones(8), 0.0) == 0).all()
    assert (plain_ei(-z, np.ones(8), 0.0)[1] == 0).all()


def test_log_ei_is_smooth_where_its_formulas_meet() -> None:
    for meeting in (-1.0, -1e3):
        z = meeting + np.array([-1e-6, 1e-6])
        value, for_mean, _ = log_expected_improvement(-z, np.ones(2), 0.0)
        assert value[1] - value[0] == pytest.approx(-for_mean[0] * 2e-6, rel=1e-2, abs=1e-8)


def test_what_is_hopeless_keeps_its_order_and_falls_slowly() -> None:
    mean = np.array([0.0, 1.0, 5.0, 7.0, 60.0, 5000.0])
    plain = criterion("log_ei", 0.0)(mean, np.ones(6))[0]
    value = bounded(criterion("log_ei", 0.0))(mean, np.ones(6))[0]
    np.testing.assert_array_equal(value[plain > -20], plain[plain > -20])
    assert (np.diff(value) < 0).all()
    assert value[-1] > -200 > -1e6 > plain[-1]


def test_the_bound_is_the_lower_one_of_a_loss() -> None:
    assert upper_confidence_bound(np.array([1.0]), np.array([0.25]))[0] == pytest.approx(-0.5)
