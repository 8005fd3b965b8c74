"""The short words are the long ones."""

import pytest

import rung


def test_each_shorthand_is_the_parameter_that_it_stands_for() -> None:
    assert rung.Space(
        dropout=rung.uniform(0.0, 0.5),
        lr=rung.log(1e-5, 1e-1, default=1e-3),
        layers=rung.integer(1, 4),
        width=rung.log_integer(16, 1024),
        optimizer=rung.choice("adam", "sgd"),
    ) == rung.Space(
        dropout=rung.Float(0.0, 0.5),
        lr=rung.Float(1e-5, 1e-1, log=True, default=1e-3),
        layers=rung.Int(1, 4),
        width=rung.Int(16, 1024, log=True),
        optimizer=rung.Choice(["adam", "sgd"]),
    )


def test_a_list_in_place_of_options_is_told() -> None:
    with pytest.raises(rung.SpecError, match=r"one by one, as in choice\(16, 32, 64\), got \[16, 32\]"):
        rung.choice([16, 32])  # type: ignore[arg-type]


def test_a_wrong_range_is_told_as_for_the_long_form() -> None:
    with pytest.raises(rung.SpecError, match="low must be above 0"):
        rung.log(0.0, 1.0)
