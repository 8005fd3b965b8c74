"""Spaces of ConfigSpace become rung's, with the same conditions and defaults."""

import logging

import numpy as np
import pytest

import rung

CS = pytest.importorskip("ConfigSpace")

from rung.integrations.configspace import configuration_of, space_of  # noqa: E402


def test_every_kind_of_hyperparameter_is_read() -> None:
    configspace = CS.ConfigurationSpace()
    configspace.add(
        CS.Float("lr", (1e-5, 1e-1), log=True, default=1e-3),
        CS.Integer("layers", (1, 8), default=2),
        CS.Integer("width", (16, 1024), log=True, default=64),
        CS.Categorical("activation", ["relu", "tanh"], default="tanh"),
        CS.Categorical("batch", [16, 32, 64], ordered=True, default=32),
        CS.Constant("seed", 7),
    )
    space = space_of(configspace)
    assert space.parameters == {
        "lr": rung.Float(1e-5, 1e-1, log=True, default=1e-3),
        "layers": rung.Int(1, 8, default=2),
        "width": rung.Int(16, 1024, log=True, default=64),
        "activation": rung.Choice(("relu", "tanh"), default="tanh"),
        "batch": rung.Choice((16, 32, 64), ordered=True, default=32),
        "seed": rung.Space(seed=7).parameters["seed"],
    }
    assert space.defaults() == dict(configspace.get_default_configuration())


def conditional() -> "CS.ConfigurationSpace":
    configspace = CS.ConfigurationSpace(seed=0)
    model = CS.Categorical("model", ["tree", "net", "knn"], default="net")
    batchnorm = CS.Categorical("batchnorm", [True, False])
    size = CS.Categorical("size", [1, 2, 3], ordered=True)
    depth, momentum = CS.Integer("depth", (1, 9)), CS.Float("momentum", (0.0, 0.9))
    scale, share = CS.Float("scale", (0.1, 1.0)), CS.Float("share", (0.1, 1.0))
    configspace.add(model, batchnorm, size, depth, momentum, scale, share)
    configspace.add(
        CS.EqualsCondition(batchnorm, model, "net"),
        CS.InCondition(depth, model, ["tree", "net"]),
        CS.AndConjunction(
            CS.EqualsCondition(momentum, model, "net"), CS.EqualsCondition(momentum, batchnorm, True)
        ),
        CS.GreaterThanCondition(scale, size, 1),
        CS.OrConjunction(
            CS.EqualsCondition(share, model, "tree"), CS.NotEqualsCondition(share, model, "net")
        ),
    )
    return configspace


def test_conditions_become_sub_spaces() -> None:
    space = space_of(conditional())
    where = {
        (column.name, None if column.parent is None else space.columns[column.parent].name, column.option)
        for column in space.columns
    }
    assert where == {
        ("model", None, None),
        ("size", None, None),
        ("batchnorm", "model", 1),
        ("depth", "model", 0),
        ("depth", "model", 1),
        ("momentum", "batchnorm", 0),
        ("scale", "size", 1),
        ("scale", "size", 2),
        ("share", "model", 0),
        ("share", "model", 2),
    }


def test_what_rung_samples_is_legal_in_configspace() -> None:
    configspace = conditional()
    for config in space_of(configspace).sample(300, np.random.default_rng(0)):
        configuration = configuration_of(configspace, config)
        configuration.check_valid_configuration()
        assert set(configuration) == set(config)
    default = space_of(configspace).defaults()
    assert default is not None
    assert configuration_of(configspace, default) == configspace.get_default_configuration()


def test_weights_and_bells_are_dropped_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    configspace = CS.ConfigurationSpace()
    configspace.add(
        CS.Categorical("a", ["u", "v"], weights=[1, 3]),
        CS.Float("x", (0.0, 1.0), distribution=CS.Normal(0.5, 0.1)),
        CS.Integer("n", (1, 9), distribution=CS.Beta(2, 3)),
    )
    space = space_of(configspace)
    assert {type(column.parameter) for column in space.columns} == {rung.Choice, rung.Float, rung.Int}
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert "x: its normal distribution becomes an even one from 0 to 1." in caplog.messages


def test_a_condition_on_two_choices_is_told() -> None:
    configspace = CS.ConfigurationSpace({"a": ["u", "v"], "b": ["w", "z"], "x": (0.0, 1.0)})
    parts = [
        CS.EqualsCondition(configspace["x"], configspace[parent], option) for parent, option in ("au", "bw")
    ]
    configspace.add(CS.AndConjunction(*parts))
    with pytest.raises(rung.SpecError, match="x hangs on a and b at once"):
        space_of(configspace)


def test_a_condition_on_a_number_is_told() -> None:
    configspace = CS.ConfigurationSpace({"n": (1, 9), "x": (0.0, 1.0)})
    configspace.add(CS.GreaterThanCondition(configspace["x"], configspace["n"], 4))
    with pytest.raises(rung.SpecError, match=r"hangs on the options of one choice, got x \| n > 4"):
        space_of(configspace)


def test_forbidden_combinations_are_told() -> None:
    configspace = CS.ConfigurationSpace({"a": ["u", "v"], "b": ["w", "z"]})
    clauses = [
        CS.ForbiddenEqualsClause(configspace["a"], "v"),
        CS.ForbiddenEqualsClause(configspace["b"], "z"),
    ]
    configspace.add(CS.ForbiddenAndConjunction(*clauses))
    with pytest.raises(rung.SpecError, match=r"no forbidden combinations, got .*raise an error in train"):
        space_of(configspace)
