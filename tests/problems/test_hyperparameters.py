"""Hyperparameters of tables: flat records with conditions are trees of a space, there and back."""

import numpy as np
import pytest

import rung
from rung.core.errors import SpecError
from rung.core.rng import rng
from rung.problems.hyperparameters import Hyperparameter, configs_of, of_space, raw_of, space_of

NESTED = rung.Space(
    lr=rung.Float(1e-4, 1.0, log=True),
    model=rung.Choice(
        {
            "net": {
                "layers": rung.Int(1, 4),
                "drop": rung.Choice({"yes": {"rate": rung.Float(0, 1)}, "no": {}}),
            },
            "tree": {"layers": rung.Int(2, 30, log=True)},
        }
    ),
    batch=rung.Choice([16, 32, 64], ordered=True),
)


def test_configurations_of_a_nested_space_survive_a_table() -> None:
    configs = NESTED.sample(200, rng(0, "configurations", 0))
    parameters = of_space(NESTED)
    assert len({each.name for each in parameters}) == len(parameters)  # `layers` stands in two branches
    assert configs_of(parameters, raw_of(parameters, configs)) == configs
    described = space_of(parameters)
    assert all(described.contains(config) for config in configs)


def test_a_parameter_active_for_two_options_of_a_boolean_stands_in_both_branches() -> None:
    parameters = [
        Hyperparameter("replay", "cat", choices=[True, False]),
        Hyperparameter("alpha", "float", 0.0, 1.0, active_if={"replay": [True]}),
        Hyperparameter("size", "int", 1, 9, active_if={"replay": [True, False]}),
    ]
    raw = np.array([[0.0, 0.25, 3.0], [1.0, np.nan, 9.0]])
    configs = configs_of(parameters, raw)
    assert configs == [{"replay": "true", "alpha": 0.25, "size": 3}, {"replay": "false", "size": 9}]
    space = space_of(parameters)
    assert all(space.contains(config) for config in configs)
    assert len(space.columns) == 4
    np.testing.assert_array_equal(raw_of(parameters, configs), raw)


def test_what_rounding_has_pushed_out_of_its_range_lies_at_its_end() -> None:
    parameters = [Hyperparameter("lr", "float", 1e-4, 0.1, log=True)]
    raw = np.array([[1e-4], [0.1]], np.float32).astype(float)
    assert [config["lr"] for config in configs_of(parameters, raw)] == [1e-4, 0.1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": "x", "type": "real"}, "float, int, cat or ord"),
        ({"name": "x", "type": "cat"}, "needs choices"),
        ({"name": "x", "type": "int", "low": 1}, "needs low and high"),
        ({"name": "x", "type": "cat", "choices": [1], "active_if": {"a": [1], "b": [1]}}, "trees"),
    ],
)
def test_what_is_wrong_with_a_hyperparameter_is_said(options: dict[str, object], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Hyperparameter(**options)  # type: ignore[arg-type]  # wrong on purpose
