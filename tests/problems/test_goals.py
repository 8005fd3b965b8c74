"""Goals and fronts: what counts as best with several objectives and with limits."""

import math

import numpy as np
import pytest

import rung
from rung.core.objective import Objective
from rung.problems.goals import Front, Goals


def test_what_a_front_covers_is_measured_against_the_whole_of_it() -> None:
    """The corners are 0, 0 and 3, 3 (the median is no worse): the front covers 2 + 2 + 4 of 9 unit squares."""
    front = Front.of(np.array([[0.0, 2.0], [1.0, 1.0], [2.0, 0.0], [4.0, 4.0], [3.0, 3.0], [5.0, 5.0]]))
    assert front.reference.tolist() == pytest.approx([2.5, 2.5])
    whole = 2.5 * 0.5 + 1.5 * 1.0 + 0.5 * 1.0
    assert front.volume == pytest.approx(whole / 2.5**2)
    assert front.lost([(0.0, 2.0), (1.0, 1.0), (2.0, 0.0)]) == pytest.approx(0.0)
    assert front.lost([(1.0, 1.0), (9.0, 0.0)]) == pytest.approx(1 - 1.5**2 / whole)
    assert front.lost([(math.inf, 0.0)]) == front.lost([]) == 1.0


def test_the_reference_lies_a_tenth_beyond_a_front_that_is_worse_than_the_median() -> None:
    front = Front.of(np.array([[0.0, 10.0], [10.0, 0.0]]))
    assert front.reference.tolist() == pytest.approx([11.0, 11.0])
    assert front.lost([(0.0, 10.0)]) == pytest.approx(10 / 21)


def test_a_front_of_one_point_can_be_held_or_missed() -> None:
    front = Front.of(np.array([[2.0, 3.0]]))
    assert front.lost([(2.0, 3.0)]) == 0.0
    assert front.lost([(2.5, 3.5)]) == pytest.approx(0.75)


def test_goals_turn_signs_and_see_which_limits_are_kept() -> None:
    goals = Goals((Objective("loss"), Objective("acc", maximize=True)), (rung.Constraint("mb", upper=5),))
    assert goals.metrics == ["loss", "acc", "mb"]
    assert goals.losses({"loss": 1.0, "acc": 0.75, "mb": 9.0}) == (1.0, -0.75)
    assert goals.losses({"loss": math.nan, "acc": 0.75, "mb": 9.0}) == (math.inf, -0.75)
    assert [goals.are_kept({"mb": mb}) for mb in (5.0, 5.1, math.nan)] == [True, False, False]
