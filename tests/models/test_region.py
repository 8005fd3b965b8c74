"""The trust region: it grows with success, shrinks without, and begins anew."""

import numpy as np

from rung.models.region import FIRST, LARGEST, SMALLEST, around, side


def test_improvements_in_a_row_double_it_up_to_a_limit() -> None:
    assert side(-np.arange(3.0), 4) == 2 * FIRST == LARGEST
    assert side(-np.arange(30.0), 4) == LARGEST


def test_as_many_trials_without_improvement_as_there_are_columns_halve_it() -> None:
    losses = np.array([0.0, *[1.0] * 6])
    assert side(losses, 6) == FIRST / 2
    assert side(losses, 7) == FIRST


def test_it_begins_anew_when_it_has_become_too_small() -> None:
    sides = [side(np.array([0.0, *[1.0] * n]), 4) for n in range(60)]
    assert min(sides) >= SMALLEST
    assert sides.count(FIRST) > 8
    assert side(np.full(5, np.inf), 4) == FIRST / 2


def test_the_box_lies_around_its_centre_and_within_the_cube() -> None:
    box = around(np.array([0.1, 0.5]), 0.4)
    np.testing.assert_allclose([box.low, box.high], [[0.0, 0.3], [0.3, 0.7]])
