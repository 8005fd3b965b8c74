"""Where the values of one configuration lie in their ranges; much quicker than encoding it as a column of one."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from rung.core.space import Choice, Config, Float, Int, Space

_Reader = Callable[[Config], float | None]


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
        self._space = space
        dimensions = _dimensions(space)
        self._readers = [_reader(each) for each in dimensions]
        self.n_options = [
            len(each.options) if isinstance(each.parameter, Choice) and not each.parameter.ordered else None
            for each in dimensions
        ]

    def __reduce__(self) -> tuple[type["Places"], tuple[Space]]:
        return Places, (self._space,)  # what reads the places cannot be pickled

    def __call__(self, config: Config) -> list[float | None]:
        """One for each column; None where it is inactive."""
        return [read(config) for read in self._readers]


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


def _reader(dimension: _Dimension) -> _Reader:
    """What finds the place of one column; made once, as it is called for every configuration."""
    read = _active_reader(dimension.name, dimension.parameter, dimension.options)
    above = dimension.above
    if not above:
        return read
    return lambda config: read(config) if all(config.get(name) == option for name, option in above) else None


def _active_reader(name: str, parameter: Float | Int | Choice, options: tuple[object, ...]) -> _Reader:
    if isinstance(parameter, Choice):
        return lambda config: (options.index(config[name]) + 0.5) / len(options)
    low, high, log = parameter.low, parameter.high, math.log
    if parameter.log:
        span = log(high / low)
        return lambda config: log(config[name] / low) / span  # type: ignore[operator]  # a number, as the space says
    width = high - low
    return lambda config: (config[name] - low) / width  # type: ignore[operator]  # the same
