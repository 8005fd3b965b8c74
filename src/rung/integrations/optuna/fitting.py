"""From what Optuna's trials were suggested to one space, and a configuration in it for each trial.

Hyperparameters that were asked for under one option of a choice only become a part of that option, as in `branches`.
Where no choice tells why a trial was not asked, the hyperparameter stands at the top, and such a trial gets a random
value for it, which its training has not used: any value would have led to the same result.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rung.core.errors import SpecError
from rung.core.layout import Column
from rung.core.levels import Steps
from rung.core.parameter import Choice, Constant, Float, Int, Parameter
from rung.core.rng import rng
from rung.core.scale import Scalar
from rung.core.space import Config, Space
from rung.integrations.optuna.branches import space_of_runs
from rung.integrations.optuna.probe import Asked, Run
from rung.integrations.optuna.stored import StoredTrial
from rung.integrations.optuna.suggesting import place_of

SAW_ALL = ("COMPLETE", "PRUNED")
"""Trials that were asked for everything that their branch needs."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """What the trials become.

    Attributes:
        space: Their space.
        configs: The configuration of each trial that fits, by Optuna's number.
        filled: For each hyperparameter, how many trials got a value for it that they were not asked for.
        united: Hyperparameters whose range was not the same in all trials.
    """

    space: Space
    configs: dict[int, Config] = field(default_factory=dict)
    filled: Counter[str] = field(default_factory=Counter)
    united: tuple[str, ...] = ()


def fit(trials: Sequence[StoredTrial], seed: int) -> Fitted:
    """The space of the trials, and their configurations.

    Raises:
        SpecError: If no trial was asked for anything.
    """
    asked = [trial for trial in trials if trial.parameters]
    if not asked:
        raise SpecError(
            "no trial of that study was suggested anything, so nobody knows its space. Run it in Optuna first."
        )
    space, united = _space(asked)
    found = Fitted(space, united=united)
    for trial in trials:
        known = trial.answers
        point = rng(seed, "import", trial.number).random(len(space.columns))
        config, missing = _config(space, known, point)
        may_fill = trial.state in SAW_ALL or (trial.state == "WAITING" and len(known) > 0)
        if space.contains(config) and known.keys() <= config.keys() and (may_fill or not missing):
            found.configs[trial.number] = config
            found.filled.update(missing if trial.state in SAW_ALL else ())
    return found


def _space(trials: Sequence[StoredTrial]) -> tuple[Space, tuple[str, ...]]:
    ranges: dict[str, list[Parameter]] = {}
    for trial in trials:
        for name, parameter in trial.parameters.items():
            if parameter not in (known := ranges.setdefault(name, [])):
                known.append(parameter)
    try:
        return space_of_runs([_run(trial, {}) for trial in trials]), ()
    except SpecError:  # a name has several ranges that no choice tells apart
        united = {name: _union(name, several) for name, several in ranges.items() if len(several) > 1}
        return space_of_runs([_run(trial, united) for trial in trials]), tuple(united)


def _run(trial: StoredTrial, united: Mapping[str, Parameter]) -> Run:
    asked = []
    for name, own in trial.parameters.items():
        parameter, answer = united.get(name, own), trial.answers[name]
        option = place_of(tuple(parameter.options), answer) if isinstance(parameter, Choice) else None
        asked.append(Asked(name, parameter, answer, option, late=False))
    return Run(asked, "returned" if trial.state in SAW_ALL else "failed")


def _union(name: str, several: Iterable[Parameter]) -> Parameter:
    """One range that holds all of them."""
    parts = list(several)
    if any(isinstance(each, Choice) for each in parts):
        raise SpecError(
            f"{name!r} has several sets of options, which one study of rung cannot hold: {parts!r:.200}."
        )
    numbers = [bound for each in parts for bound in _bounds(each)]
    ranges = [each for each in parts if isinstance(each, Float | Int)]
    log = bool(ranges) and all(each.log for each in ranges)
    low, high = min(numbers), max(numbers)
    if any(isinstance(bound, float) for bound in numbers):
        return Float(float(low), float(high), log=log)
    return Int(int(low), int(high), log=log)


def _bounds(parameter: Parameter) -> tuple[float, float]:
    match parameter:
        case Float(low=low, high=high) | Int(low=low, high=high):
            return low, high
        case Constant(value=int() | float() as value):
            return value, value
        case _:
            raise SpecError(f"{parameter!r} is no range of numbers.")


def _config(
    space: Space, known: Mapping[str, Scalar], point: NDArray[np.float64]
) -> tuple[Config, list[str]]:
    """The configuration with what is known, the rest from a random point; and the names of that rest."""
    values: dict[int, Scalar] = {}
    for column in space.columns:
        if column.name in known and (value := _value(column, known[column.name])) is not None:
            values[column.index] = value
            point[column.index] = column.scale.encode([value])[0]
    config = space.decode(point[np.newaxis])[0]
    active = _active(space.columns, config)
    exact = {column.name: values[column.index] for column in active if column.index in values}
    return config | exact, [column.name for column in active if column.index not in values]


def _active(columns: Sequence[Column], config: Config) -> list[Column]:
    found: dict[int, Column] = {}
    for column in columns:
        if column.parent is None:
            found[column.index] = column
        elif column.parent in found:
            choice = found[column.parent]
            assert isinstance(choice.parameter, Choice)
            if place_of(tuple(choice.parameter.options), config[choice.name]) == column.option:
                found[column.index] = column
    return list(found.values())


def _value(column: Column, answer: Scalar) -> Scalar | None:
    """The answer as this hyperparameter has it; None if it does not fit."""
    parameter = column.parameter
    if isinstance(parameter, Choice):
        options = tuple(parameter.options)
        place = place_of(options, answer)
        place = (
            place_of(options, str(answer)) if place is None else place
        )  # with sub-spaces, options are words
        return None if place is None else options[place]
    if isinstance(parameter, Float) and isinstance(answer, int | float):
        answer = _on_level(column, float(answer))
    return answer if column.scale.fault(answer) is None else None


def _on_level(column: Column, answer: float) -> float:
    """The level that is meant: Optuna's 0.1 + 2 * 0.1 is rung's 0.3."""
    scale = column.scale
    if not isinstance(scale, Steps):
        return answer
    level = scale.value(max(0, min(round((answer - scale.low) / scale.step), int(scale.n_values) - 1)))
    return level if math.isclose(level, answer, rel_tol=1e-9, abs_tol=1e-12) else answer
