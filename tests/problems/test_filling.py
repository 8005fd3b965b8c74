"""Configurations off the table: the nearest curve, or a forest; stopped curves go on as their neighbours did."""

import numpy as np

import rung
from rung.core.objective import Objective
from rung.problems.features import Features
from rung.problems.filling import Fitted, Nearest
from rung.problems.table import Table

from .tables import table

NAN = float("nan")


def test_the_nearest_curve_counts() -> None:
    filling = Nearest(table([[3.0, 2.0], [4.0, 3.0], [5.0, 1.0]]))
    assert [filling.row({"x": x}) for x in (0.0, 0.2, 0.3, 0.7, 0.8, 1.0)] == [0, 0, 1, 1, 2, 2]
    values, seconds = filling.curves({"x": 0.9})
    assert values["loss"].tolist() == [[5.0, 1.0]]
    assert seconds.tolist() == [[1.0, 1.0]]


def test_two_options_are_as_far_apart_as_the_ends_of_a_range() -> None:
    features = Features(
        rung.Space(a=rung.Choice({"u": {"b": rung.Float(0, 1)}, "v": {}}), c=rung.Float(0, 1))
    )
    points = features([{"a": "u", "b": 0.5, "c": 0.0}, {"a": "v", "c": 0.0}, {"a": "v", "c": 1.0}])
    assert np.isclose(np.linalg.norm(points[0] - points[1]), 1.0)
    assert np.isclose(np.linalg.norm(points[1] - points[2]), 1.0)


def test_a_run_that_was_over_holds_its_value_and_takes_no_more_time() -> None:
    values, seconds = Nearest(table([[3.0, 2.0, NAN], [4.0, 3.0, 1.0]], lengths=[2, 3])).curves({"x": 0.0})
    assert values["loss"].tolist() == [[3.0, 2.0, 2.0]]
    assert seconds.tolist() == [[1.0, 1.0, 0.0]]


def test_a_run_that_was_stopped_goes_on_as_its_nearest_neighbour_that_went_further() -> None:
    stopped = table(
        [[9.0, NAN, NAN, NAN], [8.0, 6.0, NAN, NAN], [5.0, 4.0, 2.0, 1.0]],
        x=[0.0, 0.4, 1.0],
        lengths=[1, 2, 4],
        is_whole=False,
    )
    filling = Nearest(stopped)
    assert filling.curves({"x": 0.4})[0]["loss"].tolist() == [
        [8.0, 6.0, 4.0, 3.0]
    ]  # as far down as its neighbour went
    assert filling.curves({"x": 0.0})[0]["loss"].tolist() == [[9.0, 7.0, 5.0, 4.0]]
    assert filling.curves({"x": 0.0})[1].tolist() == [[1.0, 1.0, 1.0, 1.0]]


def test_a_run_that_diverged_stays_so_however_far_it_is_asked() -> None:
    failed = table([[9.0, NAN, NAN], [5.0, 4.0, 2.0]], lengths=[2, 3], is_whole=False)
    values, _ = Nearest(failed).curves({"x": 0.1})
    assert np.isnan(values["loss"]).tolist() == [[False, True, True]]


def test_a_forest_foretells_smoothly_between_rows() -> None:
    places = np.linspace(0, 1, 60)
    levels = np.arange(1, 11)
    smooth = table((places[:, None] + 1 / levels).tolist())
    filling = Fitted(smooth)
    for x in (0.105, 0.5, 0.905):
        values, seconds = filling.curves({"x": x})
        assert np.abs(values["loss"][0] - (x + 1 / levels)).max() < 0.12
        assert np.allclose(seconds, 1.0)
    bad, good = (filling.curves({"x": x})[0]["loss"][0] for x in (0.9, 0.1))
    assert (bad > good).all()


def test_a_forest_reads_the_worst_values_by_rank() -> None:
    curves = [[1.0 + x, 0.5 + x] for x in np.linspace(0, 1, 30)]
    curves[-1] = [1e30, 1e30]
    filling = Fitted(table(curves))
    assert filling.curves({"x": 0.2})[0]["loss"].max() < 2.0


def test_a_forest_keeps_the_direction_of_an_objective() -> None:
    made = table([[x] for x in np.linspace(0, 1, 30)])
    turned = Table(
        made.name,
        made.space,
        made.configs,
        Objective("loss", maximize=True),
        made.resource,
        made.values,
        made.seconds,
        made.lengths,
    )
    assert turned.best == 1.0
    assert Fitted(turned).curves({"x": 0.9})[0]["loss"][0, 0] > 0.7
