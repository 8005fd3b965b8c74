"""Numbers and times as they are read."""

import pytest

from rung.core.usage import Usage
from rung.words import columns, counts, duration, number, short, size, units, used


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.97321456, "0.97321"),
        (1.2e-7, "1.2e-07"),
        (3.0, "3"),
        (12345678.9, "1.2346e+07"),
        (None, "-"),
        (7, "7"),
    ],
)
def test_numbers_have_five_significant_digits(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0123, "12.3 ms"),
        (2.34, "2.3 s"),
        (59.7, "1 min 0 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (2e5, "2 d 7 h"),
    ],
)
def test_times_have_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_units_stand_in_the_number_of_their_count() -> None:
    assert [units(1, "epoch"), units(9, "epoch"), units(5, "percent")] == ["1 epoch", "9 epochs", "5 percent"]
    assert [size(1), size(37), size(2_500_000)] == ["1 byte", "37 bytes", "2.5 MB"]


def test_lists_are_in_a_fixed_order_and_aligned() -> None:
    assert counts({"failed": 1, "paused": 0, "running": 2}) == "2 running, 1 failed"
    assert columns({"a": "1", "long": "2"}) == "a     1\nlong  2"
    assert short({"lr": 0.00123456789, "optimizer": "adam"}) == "lr=0.0012346 optimizer=adam"


@pytest.mark.parametrize(
    ("usage", "text"),
    [
        (Usage(100.0, 90.0, 100.0, 312 * 10**6), "0.9 of 1 CPU, 312 MB at most"),
        (Usage(100.0, 352.0, 0.0, 2 * 10**9), "3.5 CPUs, 2 GB at most"),
        (
            Usage(100.0, 90.0, 400.0, 312 * 10**6, 100.0, 100.0, 11.0, 2_100_000_000),
            "0.9 of 4 CPUs, 312 MB at most, 11 % of its GPU (2.1 GB at most)",
        ),
        (
            Usage(100.0, 90.0, 400.0, 312 * 10**6, 200.0, 100.0, 99.6),
            "0.9 of 4 CPUs, 312 MB at most, 100 % of its 2 GPUs",
        ),
        (Usage(100.0, 90.0, 400.0, 312 * 10**6, 100.0), "0.9 of 4 CPUs, 312 MB at most"),
    ],
)
def test_what_was_used_stands_in_one_line(usage: Usage, text: str) -> None:
    assert used(usage) == text
