"""Scores: each term's gradient, alone and in a sum."""

import numpy as np
import numpy.typing as npt
import pytest

from rung.models.acquisition import criterion
from rung.models.feasibility import log_success
from rung.models.gp import GP, Parameters, condition
from rung.models.kernels import Dimension, Stationary
from rung.models.scores import Apart, Believed, Judged, Lifted, Score, Sum, price

Floats = npt.NDArray[np.float64]


def gp(d: int) -> GP:
    X = np.random.default_rng(0).random((12, d))
    return condition(
        X, np.sin(6 * X[:, 0]), Stationary((Dimension(),) * d), Parameters(np.zeros(d), 1.0, 0.01, 0.0)
    )


def peaked(X: Floats) -> Floats:
    density: Floats = -20 * (np.nan_to_num(X[:, 1], nan=0.3) - 0.3) ** 2
    return density


def at_one(X: Floats) -> Floats:
    return np.hstack([X, np.ones((len(X), 1))])


TERMS: dict[str, Score] = {
    "gain": Judged(gp(2), criterion("log_ei", -0.5)),
    "success": log_success(gp(2), 0.8),
    "price": Judged(gp(2), price(0.7)),
    "belief": Believed(peaked, 0.5),
    "lifted": Judged(Lifted(gp(3), at_one), criterion("ucb", 0.0)),
}
TERMS["apart"] = Apart(np.array([[0.3, 0.4], [0.5, np.nan]]), radius=0.6)
TERMS["sum"] = Sum(tuple(TERMS.values()))


@pytest.mark.parametrize("name", list(TERMS))
def test_the_gradient_of_a_term_is_that_of_finite_differences(name: str) -> None:
    term, X = TERMS[name], np.random.default_rng(1).random((5, 2))
    values, gradient = term.slopes(X)
    np.testing.assert_allclose(values, term.values(X))
    for column, step in enumerate(1e-5 * np.eye(2)):
        difference = (term.values(X + step) - term.values(X - step)) / 2e-5
        np.testing.assert_allclose(gradient[:, column], difference, rtol=1e-3, atol=2e-4)


def test_a_belief_has_no_slope_where_a_column_is_inactive_and_stays_within_the_cube() -> None:
    inside: list[bool] = []

    def watched(X: Floats) -> Floats:
        inside.append(bool((np.nan_to_num(X) <= 1).all() and (np.nan_to_num(X) >= 0).all()))
        return peaked(X)

    gradient = Believed(watched, 1.0).slopes(np.array([[0.0, np.nan], [1.0, 1.0]]))[1]
    assert gradient[0].tolist() == [0.0, 0.0]
    assert all(inside)


def test_a_sum_of_nothing_is_zero_everywhere() -> None:
    values, gradient = Sum(()).slopes(np.zeros((3, 2)))
    assert values.tolist() == Sum(()).values(np.zeros((3, 2))).tolist() == [0.0] * 3
    assert gradient.shape == (3, 2)
