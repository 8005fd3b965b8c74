"""Spaces in which a choice opens hyperparameters of its own, made so that the best is known."""

from collections.abc import Iterator, Mapping

import numpy as np

from rung.core.rng import rng
from rung.core.space import Choice, Column, Config, Float, Int, Parameter, Scalar, Space
from tasks.base import Split, Task


def bowls(name: str, split: Split, space: Space, floors: Mapping[str, float], ripple: float = 0.0) -> Task:
    """Each branch is a bowl around a hidden point of its active hyperparameters, above a floor of its own.

    The distance is measured in the unit cube, its axes turned against each other, and rippled.

    Args:
        name: Of the task.
        split: Where it belongs.
        space: Whose choices open branches.
        floors: By option, what choosing it adds; the best options add nothing.
        ripple: Height of the waves, 0 at the best point.
    """
    d = len(space.columns)
    generator = rng(0, name, 0)
    centre = generator.uniform(0.1, 0.9, d)
    weights = np.exp(generator.normal(0, 0.8, d))
    turn = np.eye(d) + 0.4 * generator.normal(size=(d, d)) / np.sqrt(d)
    numbers = [column for column in space.columns if not isinstance(column.parameter, Choice)]
    centres = {
        column.name: _place(column, column.scale.decode(centre[[column.index]])[0]) for column in numbers
    }

    def loss(config: Config) -> float:
        off = np.zeros(d)
        for column in numbers:
            if column.name in config:
                off[column.index] = _place(column, config[column.name]) - centres[column.name]
        off = turn @ off * weights
        waves = ripple * (1 - np.cos(6 * np.pi * off)).sum()
        return float(off @ off + waves + sum(floors.get(str(value), 0.0) for value in config.values()))

    return Task(name, "conditional", split, space, loss, 0.0)


def _place(column: Column, value: Scalar) -> float:
    """Where a number lies between the bounds of its column, 0 to 1."""
    parameter = column.parameter
    assert isinstance(parameter, Float | Int) and isinstance(value, float | int)
    if parameter.log:
        return float(np.log(value / parameter.low) / np.log(parameter.high / parameter.low))
    return (value - parameter.low) / (parameter.high - parameter.low)


def optimizers() -> Task:
    """A network's optimizer and regularization."""
    options: dict[str, dict[str, Parameter]] = {
        "sgd": {"momentum": Float(0, 0.99), "nesterov": Choice([True, False])},
        "adam": {"beta1": Float(0.8, 0.99), "epsilon": Float(1e-9, 1e-4, log=True)},
        "rprop": {},
    }
    parts: dict[str, Parameter] = {
        "optimizer": Choice({name: dict(inside) for name, inside in options.items()}),
        "lr": Float(1e-5, 1, log=True),
        "regularizer": Choice(
            {"dropout": {"rate": Float(0, 0.9)}, "decay": {"factor": Float(1e-6, 1e-1, log=True)}}
        ),
        "layers": Int(1, 8),
    }
    floors = {"sgd": 0.05, "rprop": 0.6, "decay": 0.1}
    return bowls("optimizers", "development", Space(parts), floors)


def pipeline() -> Task:
    """Six models behind a preprocessor, with two to four hyperparameters each, of which three are close."""
    models: dict[str, dict[str, Parameter]] = {
        "linear": {"linear.c": Float(1e-4, 1e3, log=True), "linear.l1": Float(0, 1)},
        "kernel": {
            "kernel.c": Float(1e-3, 1e4, log=True),
            "kernel.gamma": Float(1e-5, 1e1, log=True),
            "kernel.shape": Choice(
                {"rbf": {}, "poly": {"kernel.degree": Int(2, 6), "kernel.coef": Float(-1, 1)}}
            ),
        },
        "forest": {
            "forest.depth": Int(2, 30),
            "forest.leaf": Int(1, 50, log=True),
            "forest.features": Float(0.1, 1),
        },
        "boosting": {
            "boosting.lr": Float(1e-3, 1, log=True),
            "boosting.trees": Int(10, 1000, log=True),
            "boosting.depth": Int(1, 12),
            "boosting.rows": Float(0.3, 1),
        },
        "neighbours": {"neighbours.k": Int(1, 100, log=True), "neighbours.p": Float(1, 3)},
        "net": {
            "net.lr": Float(1e-5, 1, log=True),
            "net.width": Int(8, 512, log=True),
            "net.decay": Float(1e-8, 1, log=True),
        },
    }
    scalers: dict[str, dict[str, Parameter]] = {
        "raw": {},
        "standard": {},
        "pca": {"pca.share": Float(0.1, 1)},
        "quantile": {"quantile.n": Int(10, 1000, log=True)},
    }
    space = Space(model=Choice(models), scaler=Choice(scalers))
    floors = {
        "linear": 0.3,
        "kernel": 0.03,
        "forest": 0.1,
        "neighbours": 0.5,
        "net": 0.02,
        "raw": 0.1,
        "quantile": 0.02,
    }
    return bowls("pipeline", "report", space, floors)


def rippled_pipeline() -> Task:
    """A tree three choices deep, with waves on its bowls."""

    def block(name: str, n: int) -> dict[str, Parameter]:
        return {f"{name}.{i}": Float(0, 1) for i in range(n)}

    def inner(name: str) -> dict[str, Parameter]:
        leaves = {f"{name}{letter}": block(f"{name}{letter}", 2) for letter in "xyz"}
        return {f"{name}.kind": Choice(leaves), **block(name, 1)}

    space = Space(
        root=Choice({name: inner(name) for name in "abcd"}), common=Float(0, 1), lr=Float(1e-4, 1, log=True)
    )
    floors = {name: 0.15 * i for i, name in enumerate("cadb")} | {
        f"{a}{b}": 0.05 * j for a in "abcd" for j, b in enumerate("zxy")
    }
    return bowls("rippled tree", "report", space, floors, ripple=0.01)


def layers() -> Task:
    """How many layers decides how many widths there are."""
    nested = {
        str(n): {f"width{n}.{i}": Int(4, 512, log=True) for i in range(n)} | {f"dropout{n}": Float(0, 0.8)}
        for n in range(1, 6)
    }
    space = Space(
        layers=Choice(nested, ordered=True),
        lr=Float(1e-5, 1, log=True),
        batch=Choice([16, 32, 64, 128], ordered=True),
    )
    return bowls("layers", "report", space, {"1": 0.5, "2": 0.1, "4": 0.03, "5": 0.2})


def development() -> Iterator[Task]:
    """Those that defaults may be chosen on."""
    yield optimizers()


def report() -> Iterator[Task]:
    """Those that no default was chosen on."""
    yield pipeline()
    yield rippled_pipeline()
    yield layers()
