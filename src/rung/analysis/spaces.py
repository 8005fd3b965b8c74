"""A space in words: a row for each hyperparameter, as the card and the report show it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from rung.core.parameter import Choice, Constant, Float, Int, Parameter, subspaces
from rung.core.space import Scalar
from rung.words import NOTHING

Mark = Callable[[str], str]
"""How a value is set off from the words around it."""


def plainly(text: str) -> str:
    """Values as they are."""
    return text


@dataclass(frozen=True, slots=True)
class Row:
    """A hyperparameter in words.

    Attributes:
        name: Its name.
        values: What it may be.
        default: Its default, or `-`.
        when: The options of other hyperparameters with which it is active; empty: always.
    """

    name: str
    values: str
    default: str
    when: str


def rows(parameters: Mapping[str, Parameter], mark: Mark = plainly, when: str = "") -> Iterator[Row]:
    """A row for each hyperparameter; those of a branch follow the choice that opens it."""
    for name, parameter in parameters.items():
        yield Row(name, values(parameter, mark), _default(parameter, mark), when)
        for option, subspace in subspaces(parameter).items() if isinstance(parameter, Choice) else ():
            branch = mark(f"{name}={option}")
            yield from rows(subspace, mark, f"{when}, {branch}" if when else branch)


def values(parameter: Parameter, mark: Mark = plainly) -> str:
    """What a hyperparameter may be."""
    match parameter:
        case Constant(value=value):
            return f"always {mark(_written(value))}"
        case Choice(options=options, ordered=ordered):
            return (" < " if ordered else ", ").join(mark(_written(option)) for option in options)
        case Float(low=low, high=high, log=log, step=step) | Int(low=low, high=high, log=log, step=step):
            whole = "whole numbers " if isinstance(parameter, Int) else ""
            steps = "" if step is None else f", in steps of {_written(step)}"
            return f"{whole}{_written(low)} to {_written(high)}{', logarithmic' if log else ''}{steps}"


def _default(parameter: Parameter, mark: Mark) -> str:
    default = None if isinstance(parameter, Constant) else parameter.default
    if default is msgspec.UNSET or (default is None and not isinstance(parameter, Choice)):
        return NOTHING
    return mark(_written(default))


def _written(value: Scalar) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
