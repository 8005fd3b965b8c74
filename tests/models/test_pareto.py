"""Dominance, hypervolume and compromises, against values found by hand and against the definition."""

import numpy as np
import pytest

import rung.models.pareto as pareto
from rung.core.errors import SpecError
from rung.models.pareto import compromise, hypervolume, knee, non_dominated

inf = np.inf


def test_no_row_of_the_front_is_dominated_and_equal_rows_stand_together() -> None:
    losses = np.array([[1.0, 4.0], [2.0, 2.0], [2.0, 2.0], [3.0, 3.0], [4.0, 1.0], [1.0, 5.0]])
    assert non_dominated(losses).tolist() == [True, True, True, False, True, False]


def test_a_row_that_is_infinite_in_one_loss_may_stand_in_the_other() -> None:
    assert non_dominated(np.array([[inf, inf], [1.0, inf], [inf, 1.0]])).tolist() == [False, True, True]


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_both_ways_to_find_the_front_agree(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    losses = np.random.default_rng(k).integers(0, 12, (400, k)).astype(float)  # with many ties
    losses[7, 0] = inf
    by_comparison = non_dominated(losses)
    monkeypatch.setattr(pareto, "MANY", 0)
    assert (non_dominated(losses) == by_comparison).all()
    assert by_comparison.any()


def test_the_hypervolume_is_the_area_of_the_union_of_boxes() -> None:
    losses = np.array([[0.0, 0.5], [0.5, 0.0], [0.75, 0.75]])
    assert hypervolume(losses, np.ones(2)) == pytest.approx(0.75)


def test_what_is_not_below_the_reference_adds_no_volume() -> None:
    assert hypervolume(np.array([[2.0, 0.0], [1.0, 0.0]]), np.ones(2)) == 0.0
    assert hypervolume(np.zeros((0, 3)), np.ones(3)) == 0.0
    assert hypervolume(np.array([[inf, 0.0], [0.5, 0.5]]), np.ones(2)) == pytest.approx(0.25)


def test_the_knee_is_where_the_front_bends() -> None:
    losses = np.array([[0.0, 10.0], [1.0, 2.0], [5.0, 1.0], [10.0, 0.0], [6.0, 6.0]])
    assert knee(losses) == 1


def test_the_knee_does_not_depend_on_the_scale_of_an_objective() -> None:
    losses = np.array([[0.0, 10.0], [1.0, 2.0], [5.0, 1.0], [10.0, 0.0]])
    assert knee(losses * [1000.0, 0.001] + [5.0, -3.0]) == 1


def test_the_knee_of_one_row_is_that_row_and_infinite_rows_are_left_out() -> None:
    assert knee(np.array([[inf, 0.0], [3.0, 4.0]])) == 1


def test_a_front_that_bulges_outwards_has_no_knee_but_an_even_row() -> None:
    angles = np.linspace(0.0, np.pi / 2, 7)
    assert knee(np.stack([np.cos(angles), np.sin(angles)], axis=1)) == 3
    sphere = np.array(
        [[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0], [0.9, 0.4, 0.1], [0.57, 0.58, 0.58], [0.1, 0.3, 0.95]]
    )
    assert knee(sphere) == 4


def test_the_knee_of_a_straight_front_is_its_middle_and_of_two_rows_the_first() -> None:
    assert knee(np.array([[1.0, 0.0], [0.7, 0.3], [0.4, 0.6], [0.0, 1.0]])) == 2
    assert knee(np.array([[4.0, 1.0], [3.0, 2.0]])) == 0
    assert knee(np.array([[3.0, 2.0], [3.0, 2.0], [3.0, 3.0]])) == 0


def test_the_largest_numbers_make_a_knee_without_overflow() -> None:
    assert knee(np.array([[-1.7e308, 1.7e308], [-1.7e308, 1e308], [1.0, -1.7e308], [-5.0, -5.0]])) in {1, 3}
    assert compromise(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1e308, 1e308])) == 0


def test_a_compromise_leans_to_the_objective_that_weighs_more() -> None:
    losses = np.array([[0.0, 10.0], [1.0, 6.0], [4.0, 4.0], [6.0, 1.0], [10.0, 0.0]])
    assert compromise(losses, np.array([9.0, 1.0])) == 1
    assert compromise(losses, np.array([1.0, 1.0])) == 2
    assert compromise(losses, np.array([1.0, 9.0])) == 3
    assert compromise(losses, np.array([1.0, 0.0])) == 0


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, inf], [[1.0, 1.0]]])
def test_weights_that_do_not_fit_are_refused(weights: list[float]) -> None:
    with pytest.raises(SpecError, match=r"must be 2 numbers of at least 0, not all 0"):
        compromise(np.array([[0.0, 1.0], [1.0, 0.0]]), np.array(weights))
