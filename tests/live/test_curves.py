"""Curves in a few characters."""

import math

from rung.live.curves import MANY, Curve, sparkline


def test_a_sparkline_keeps_each_value_until_the_next_one() -> None:
    assert sparkline(Curve([(1, 0.0), (5, 7.0)]), 9, end=9) == "▁▁▁▁█████"


def test_it_is_no_longer_than_there_are_steps_and_never_wider_than_told() -> None:
    assert sparkline(Curve([(1, 0.0), (2, 1.0), (3, 0.5)]), 40) == "▁█▅"
    assert len(sparkline(Curve([(x, float(x)) for x in range(1000)]), 12)) == 12


def test_one_value_or_the_same_ones_are_a_flat_line_and_none_is_nothing() -> None:
    assert sparkline(Curve([(1, 3.0)]), 8) == "▄"
    assert sparkline(Curve([(1, 3.0), (4, 3.0)]), 8) == "▄▄▄▄"
    assert sparkline(Curve(), 8) == ""


def test_what_is_not_finite_is_left_out() -> None:
    assert sparkline(Curve([(1, 0.0), (2, math.inf), (3, 1.0)]), 8) == "▁▁█"


def test_of_many_points_the_first_and_the_latest_are_kept() -> None:
    curve = Curve()
    for x in range(10_000):
        curve.add(x, float(x))
    assert len(curve.points) <= MANY
    assert curve.points[0] == (0, 0.0)
    assert curve.points[-1] == (9_999, 9_999.0)


def test_its_steps_end_where_it_is_told() -> None:
    assert Curve([(1, 5.0), (3, 2.0)]).steps(7) == [(1, 5.0), (3, 5.0), (3, 2.0), (7, 2.0)]
    assert Curve().steps(7) == []
