"""Marks, caution and the probability of success."""

import numpy as np

from rung.models.feasibility import caution, failure_marks, log_success, violation_marks
from rung.models.gp import Parameters, condition
from rung.models.kernels import Dimension, Stationary

X = np.linspace(0.0, 1.0, 21)[:, None]
FAILED = X[:, 0] > 0.5
MODEL = condition(
    X,
    failure_marks(FAILED.astype(np.float64)),
    Stationary((Dimension(),)),
    Parameters(np.log([0.2]), 1.0, 0.01, 0.0),
)


def test_success_is_probable_where_trials_succeeded_and_improbable_where_they_failed() -> None:
    p = np.exp(log_success(MODEL, 0.0).values(np.array([[0.1], [0.9]])))
    assert p[0] > 0.95
    assert p[1] < 0.05


def test_what_is_less_probable_than_is_demanded_pays_more_than_any_gain_brings() -> None:
    lenient, strict = log_success(MODEL, 0.0).values(X), log_success(MODEL, 0.9).values(X)
    p = np.exp(lenient)
    np.testing.assert_array_equal(strict[p >= 0.9], lenient[p >= 0.9])
    assert (lenient - strict)[FAILED].min() > 100


def test_the_gradient_is_that_of_finite_differences_on_both_sides_of_what_is_demanded() -> None:
    term, A = log_success(MODEL, 0.9), np.array([[0.13], [0.42], [0.56], [0.87]])
    difference = (term.values(A + 1e-6) - term.values(A - 1e-6)) / 2e-6
    np.testing.assert_allclose(term.slopes(A)[1][:, 0], difference, rtol=1e-4, atol=1e-4)


def test_caution_grows_with_the_share_of_the_latest_trials_that_went_wrong() -> None:
    never, once, often = (np.arange(30) < n for n in (0, 2, 10))
    assert 0.5 < caution(never) < caution(once) < caution(often) < 1
    assert caution(np.concatenate([often, never])) == caution(never), "what is long past does not count"
    assert caution(often[:5]) == caution(np.concatenate([np.zeros(25, np.bool_), often[:5]]))


def test_marks_order_violations_and_tell_them_from_what_was_kept() -> None:
    marks = violation_marks(np.array([0.0, 1e-9, 0.1, 0.2, 50.0, np.inf]))
    assert marks[0] == -1.0
    assert 0.4 < marks[1] < marks[2] < marks[3] < marks[4] <= marks[5] <= 2.0
    assert (violation_marks(np.zeros(3)) == -1.0).all()
