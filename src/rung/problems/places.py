"""Where the values of one configuration lie in their ranges; much quicker than encoding it as a column of one."""

import math
from dataclasses import dataclass

from rung.core.space import Choice, Config, Float, Int, Space


@dataclass(frozen=True, slots=True)
class _Dimension:
    """A column of a space: its name, its parameter, its options, and the names and options of the choices above it."""

    name: str
    parameter: Float | Int | Choice
    options: tuple[object, ...]
    above: tuple[tuple[str, object], ...]


class Places:
    """Places in 0..1 of the values of configurations of a space, as `Space.encode` has them but for bins.

    Attributes:
        n_options: For each column the number of options of an unordered choice; None: the column has an order.
    """

    def __init__(self, space: Space) -> None:
        self._dimensions = _dimensions(space)
        self.n_options = [
            len(each.options) if isinstance(each.parameter, Choice) and not each.parameter.ordered else None
            for each in self._dimensions
        ]

    def __call__(self, config: Config) -> list[float | None]:
        """One for each column; None where it is inactive."""
        return [_place(each, config) for each in self._dimensions]


def _dimensions(space: Space) -> list[_Dimension]:
    found: list[_Dimension] = []
    for column in space.columns:
        parameter = column.parameter
        options = tuple(parameter.options) if isinstance(parameter, Choice) else ()
        above: tuple[tuple[str, object], ...] = ()
        if column.parent is not None and column.option is not None:
            parent = found[column.parent]
            above = (*parent.above, (parent.name, parent.options[column.option]))
        found.append(_Dimension(column.name, parameter, options, above))
    return found


def _place(dimension: _Dimension, config: Config) -> float | None:
    for name, option in dimension.above:
        if config.get(name) != option:
            return None
    parameter, value = dimension.parameter, config[dimension.name]
    if isinstance(parameter, Choice):
        return (dimension.options.index(value) + 0.5) / len(dimension.options)
    assert isinstance(value, int | float)  # as the space says
    low, high = parameter.low, parameter.high
    if parameter.log:
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)
