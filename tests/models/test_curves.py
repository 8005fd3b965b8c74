import numpy as np
import pytest

from rung.core.rng import rng
from rung.models.curves import Curves, fit_curves, last_of, shapes

R = np.arange(1.0, 51.0)


def exponentials(final: np.ndarray, drop: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Curves that come close to `final` at the end."""
    return final[:, None] + drop[:, None] * np.exp(-speed[:, None] * (R - 1) / 49)


def powers(final: np.ndarray, drop: np.ndarray, power: np.ndarray) -> np.ndarray:
    return final[:, None] + drop[:, None] * (R ** -power[:, None] - 50.0 ** -power[:, None])


def cut(curves: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    return np.where(np.arange(50) < lengths[:, None], curves, np.nan)


@pytest.fixture(params=["exponential", "power"])
def population(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray]:
    """Noisy curves of different lengths, and their limits."""
    draw = rng(0, str(request.param), 0)
    final, drop = draw.uniform(0.1, 0.6, 60), draw.uniform(0.3, 1.0, 60)
    if request.param == "exponential":
        whole = exponentials(final, drop, draw.uniform(6, 20, 60))
    else:
        whole = powers(final, drop, draw.uniform(0.4, 1.2, 60))
    noisy = whole + 0.005 * draw.standard_normal(whole.shape)
    return cut(noisy, np.where(np.arange(60) < 6, 50, draw.integers(1, 30, 60))), whole[:, -1]


def test_limits_are_found_and_how_far_they_may_be_off(population: tuple[np.ndarray, np.ndarray]) -> None:
    losses, limits = population
    mean, std = fit_curves(R, losses).extrapolate(losses)
    length = (~np.isnan(losses)).sum(axis=1)
    off, off_last = np.abs(mean - limits), np.abs(last_of(losses) - limits)
    assert off[length >= 10].mean() < 0.05
    assert off[length < 10].mean() < 0.5 * off_last[length < 10].mean()
    within = np.abs(mean - limits) < 2 * std
    assert within.mean() >= 0.85
    assert std[length < 5].mean() > 2 * std[length >= 10].mean()


def test_a_curve_that_was_seen_to_the_end_is_known_there() -> None:
    curves = exponentials(np.array([0.1, 0.4, 0.7, 0.9]), np.ones(4), np.full(4, 8.0))
    mean, std = fit_curves(R, curves).extrapolate(curves)
    assert mean == pytest.approx(curves[:, -1], abs=0.03)
    assert (std < 0.05).all()


def test_what_others_did_tells_where_a_curve_of_one_unit_goes() -> None:
    final = np.linspace(0.1, 0.9, 20)
    known = exponentials(final, 0.5 + final, np.full(20, 10.0))
    short = cut(known, np.where(np.arange(20) % 4 == 0, 1, 50))
    mean, _ = fit_curves(R, short).extrapolate(short)
    assert mean[::4] == pytest.approx(final[::4], abs=0.1)


def test_a_line_goes_on_falling() -> None:
    lines = 1 - np.linspace(0.2, 0.9, 24)[:, None] * (R - 1) / 49
    seen = cut(lines, np.where(np.arange(24) % 2, 50, 25))
    mean, _ = fit_curves(R, seen).extrapolate(seen)
    assert mean == pytest.approx(lines[:, -1], abs=0.1)


def test_between_the_last_observation_and_the_end_it_interpolates() -> None:
    curves = exponentials(np.array([0.1, 0.3, 0.5, 0.7]), np.ones(4), np.full(4, 6.0))
    seen = cut(curves, np.array([50, 50, 50, 20]))
    model = fit_curves(R, seen)
    mean, std = model.extrapolate(seen, 30.0)
    assert mean[3] == pytest.approx(curves[3, 29], abs=0.1)
    assert std[3] <= model.extrapolate(seen)[1][3]


def test_shapes_fall_from_one_to_zero() -> None:
    found = shapes(R, R)
    assert found[:, 0] == pytest.approx(1)
    assert found[:, -1] == pytest.approx(0)
    assert (np.diff(found, axis=1) <= 1e-12).all()


@pytest.mark.parametrize(
    "losses",
    [
        np.array([[1.0, np.nan]]),
        np.array([[2.0, 2.0], [2.0, np.nan]]),
        np.array([[0.0, 0.0], [0.0, 0.0]]),
        np.array([[1e300, -1e300], [1e-300, np.nan], [0.0, 1.0]]),
        np.array([[np.nan, 5.0]]),
    ],
    ids=["one", "equal", "zero", "huge", "no first"],
)
def test_odd_curves_give_finite_answers(losses: np.ndarray) -> None:
    model = fit_curves(np.array([1.0, 2.0]), losses)
    again = fit_curves(np.array([1.0, 2.0]), losses, model)
    for each in (model, again):
        for found in each.extrapolate(losses):
            assert np.isfinite(found).all()


def test_a_problem_of_one_unit_has_curves_too() -> None:
    losses = np.array([[1.0], [2.0], [3.0]])
    mean, _ = fit_curves(np.array([1.0]), losses).extrapolate(losses)
    assert (np.diff(mean) > 0).all()


def test_a_curve_does_not_depend_on_those_it_is_asked_with() -> None:
    curves = exponentials(np.linspace(0, 1, 9), np.ones(9), np.full(9, 5.0))
    model: Curves = fit_curves(R, curves)
    apart = [model.extrapolate(curves[row : row + 1])[0][0] for row in range(9)]
    assert model.extrapolate(curves)[0] == pytest.approx(apart, rel=1e-12)
