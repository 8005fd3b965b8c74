"""Columns: what was appended, in any rhythm, is what is read."""

import numpy as np
import pytest

from rung.core.columns import GrowingArray, GrowingMetrics
from rung.core.objective import Metrics


@pytest.mark.parametrize("width", [None, 2])
def test_a_growing_array_holds_what_was_appended_in_any_rhythm(width: int | None) -> None:
    array = GrowingArray(np.float64, width)
    expected: list[object] = []
    for burst in (1, 14, 1, 1, 40, 0, 100):
        for _ in range(burst):
            row: object = float(len(expected)) if width is None else [float(len(expected))] * width
            array.append(row)
            expected.append(row)
        assert array.first(len(array)).tolist() == expected
    assert array.first(3).tolist() == expected[:3]


def test_many_rows_can_follow_single_ones() -> None:
    array = GrowingArray(np.int64, 2)
    array.append((1, 2))
    array.extend(np.array([[3, 4], [5, 6]]))
    array.append((7, 8))
    assert len(array) == 4
    assert array.first(4).tolist() == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_rows_without_columns_are_counted() -> None:
    array = GrowingArray(np.float64, 0)
    array.extend(np.empty((3, 0)))
    assert (len(array), array.first(2).shape) == (3, (2, 0))


def test_metrics_come_back_as_they_were_reported() -> None:
    given: list[Metrics] = [
        {"loss": 0.5},
        {"loss": "nan", "b": 1.0},
        {},
        {"b": -0.0, "loss": "-inf"},
        {"loss": 1e300, "b": "inf"},
    ]
    rows = GrowingMetrics()
    early = rows.first(0)
    for metrics in given:
        rows.append(metrics)
    found = rows.first(4)
    rows.append({"loss": 0.0})
    assert (list(early), len(found), list(found)) == ([], 4, given[:4])
    assert [list(row) for row in found] == [list(metrics) for metrics in given[:4]]
    assert repr(found[3]) == repr(given[3])
    assert (found[-1], found[1:3]) == (given[3], given[1:3])
    with pytest.raises(IndexError):
        found[4]
