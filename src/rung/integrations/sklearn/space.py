"""What users of scikit-learn write as a space, as a space of rung's; its configurations as parameters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rung.core.errors import SpecError
from rung.core.parameter import is_scalar
from rung.core.space import Choice, Config, Constant, Float, Int, Parameter, Space
from rung.study import SpaceLike

_PARAMETERS = (Float, Int, Choice, Constant)


@dataclass(frozen=True, slots=True)
class ParameterSpace:
    """A space, and the objects that its options stand for.

    Attributes:
        space: The space; options that are no JSON scalars are named by what they print.
        objects: Those objects by parameter and name.
    """

    space: Space
    objects: Mapping[str, Mapping[str, object]]

    def parameters(self, config: Config) -> dict[str, Any]:
        """A configuration as arguments of `set_params`."""
        return {
            name: self.objects[name][value] if isinstance(value, str) and name in self.objects else value
            for name, value in config.items()
        }


def parameter_space(given: SpaceLike | Mapping[str, Any]) -> ParameterSpace:
    """The space that is meant by a dict of rung's parameters, lists, SciPy distributions and plain values.

    Raises:
        SpecError: If it cannot be told what a value means.
    """
    if isinstance(given, Space):
        return ParameterSpace(given, {})
    if not isinstance(given, Mapping):
        raise SpecError(
            f"a space is a dict from names of parameters to what they may be, got {given!r:.80}. "
            'Write {"C": rung.Float(1e-3, 1e3, log=True)}; where one choice opens others, '
            'rung.Choice({"rbf": {"gamma": ...}, "linear": {}}).'
        )
    listed: dict[str, Any] = {name: value for name, value in given.items() if _is_list(value)}
    objects = {name: _objects(value) for name, value in listed.items()}
    space = Space({name: _parameter(name, value) for name, value in given.items()})
    return ParameterSpace(space, {name: found for name, found in objects.items() if found})


def _parameter(
    name: str, value: Any
) -> Any:  # Any: a parameter, or what Space itself refuses with a sentence
    if isinstance(value, _PARAMETERS):
        return value
    if _is_list(value):
        return Choice([_plain(option) if _is_plain(option) else repr(option) for option in value])
    if hasattr(value, "rvs"):
        return _distribution(name, value)
    return _plain(value)


def _distribution(name: str, value: Any) -> Parameter:
    kind = getattr(getattr(value, "dist", None), "name", type(value).__name__)
    if kind not in {"loguniform", "reciprocal", "uniform", "randint"}:
        raise SpecError(
            f"{name!r} is a distribution of kind {kind!r}, which has no counterpart here. "
            "Use loguniform, uniform or randint, or write rung.Float(low, high) with log=True or not."
        )
    low, high = value.support()
    if kind == "randint":
        return Int(int(low), int(high))
    return Float(float(low), float(high), log=kind != "uniform")


def _objects(options: Sequence[object]) -> dict[str, object]:
    """The options that are no scalars, by what they print; a string among them stands for itself."""
    found = {repr(option): option for option in options if not _is_plain(option)}
    return {**found, **{option: option for option in options if isinstance(option, str)}} if found else {}


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence | np.ndarray) and not isinstance(value, str)


def _is_plain(value: object) -> bool:
    return is_scalar(_plain(value))


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
