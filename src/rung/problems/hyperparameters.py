"""Hyperparameters as tables describe them, a list of flat records with conditions, and as a `Space`, a tree."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from rung.core.errors import SpecError
from rung.core.scale import Scalar
from rung.core.space import Choice, Column, Config, Constant, Float, Int, Parameter, Space

Floats = npt.NDArray[np.float64]


class Hyperparameter(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column of the configurations of a table.

    Attributes:
        name: Of the column; no two are the same.
        type: float, int, cat (options without order) or ord (options in order).
        low, high: The range of a number.
        log: Whether values are spread evenly in the logarithm.
        choices: The options; a table holds their indices.
        active_if: The options of another hyperparameter for which it is active; None: always.
        key: Its name in a configuration, where several columns share it; empty: `name`.
    """

    name: str
    type: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: list[Scalar] | None = None
    active_if: dict[str, list[Scalar]] | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if self.type not in ("float", "int", "cat", "ord"):
            raise SpecError(f"type of {self.name!r} must be float, int, cat or ord, got {self.type!r}.")
        if self.type in ("cat", "ord") and not self.choices:
            raise SpecError(f"{self.name!r} of type {self.type} needs choices, got {self.choices!r}.")
        if self.type in ("float", "int") and (self.low is None or self.high is None):
            raise SpecError(f"{self.name!r} of type {self.type} needs low and high.")
        if self.active_if is not None and len(self.active_if) > 1:
            raise SpecError(
                f"{self.name!r} is active under conditions on {sorted(self.active_if)}: rung's spaces are trees, "
                "so one of them must stand below the other. Name the lower one only."
            )

    @property
    def parent(self) -> str | None:
        """The hyperparameter on which it depends."""
        return next(iter(self.active_if)) if self.active_if else None

    @property
    def in_configs(self) -> str:
        """Its name in a configuration."""
        return self.key or self.name


def space_of(parameters: Sequence[Hyperparameter]) -> Space:
    """The space of a table.

    Raises:
        SpecError: If a condition names no other hyperparameter of the table.
    """
    names = {each.name for each in parameters}
    for each in parameters:
        if each.parent is not None and each.parent not in names:
            raise SpecError(
                f"{each.name!r} is active if {each.parent!r} is chosen, which the table does not have."
            )
    return Space(_group(parameters, None, None))


def _group(
    parameters: Sequence[Hyperparameter], parent: str | None, option: Scalar
) -> dict[str, Parameter | Scalar]:
    return {
        each.in_configs: _parameter(each, parameters)
        for each in parameters
        if _stands_in(each, parent, option)
    }


def _stands_in(each: Hyperparameter, parent: str | None, option: Scalar) -> bool:
    if each.parent != parent:
        return False
    return parent is None or each.active_if is None or option in each.active_if[parent]


def _parameter(each: Hyperparameter, all_of_them: Sequence[Hyperparameter]) -> Parameter:
    if each.choices is not None:
        return _choice(each, all_of_them)
    low, high = float(each.low or 0.0), float(each.high or 0.0)
    if low == high:
        return Constant(_whole(low) if each.type == "int" else low)
    if each.type == "int":
        return Int(_whole(low), _whole(high), log=each.log and low >= 1)
    return Float(low, high, log=each.log and low > 0)


def _choice(each: Hyperparameter, all_of_them: Sequence[Hyperparameter]) -> Choice:
    options = each.choices or []
    inner = {_word(option): _group(all_of_them, each.name, option) for option in options}
    if any(inner.values()):
        return Choice(inner, ordered=each.type == "ord")
    return Choice(options, ordered=each.type == "ord")


def _word(option: Scalar) -> str:
    """An option that opens a sub-space is a string."""
    return option if isinstance(option, str) else msgspec.json.encode(option).decode()


def _whole(value: float) -> int:
    return round(value)


def configs_of(parameters: Sequence[Hyperparameter], raw: Floats) -> list[Config]:
    """The configurations in the rows of a table; what lies outside a range by rounding lies at its end.

    Args:
        parameters: Of the columns.
        raw: Values, indices of options, and NaN where inactive, shape (n, d).
    """
    opening = {each.parent for each in parameters}
    configs: list[Config] = [{} for _ in raw]
    for column, each in enumerate(parameters):
        values = raw[:, column]
        for row in np.flatnonzero(~np.isnan(values)).tolist():
            configs[row][each.in_configs] = _value(each, float(values[row]), each.name in opening)
    return configs


def _value(each: Hyperparameter, value: float, opens: bool) -> Scalar:
    if each.choices is not None:
        option = each.choices[_whole(value)]
        return _word(option) if opens else option
    low, high = float(each.low or 0.0), float(each.high or 0.0)
    clipped = min(max(value, low), high)
    return _whole(clipped) if each.type == "int" else clipped


def of_space(space: Space) -> list[Hyperparameter]:
    """The columns of a space as a table describes them; constants have none."""
    names = _names(space)
    return [_hyperparameter(column, space, names) for column in space.columns]


def _names(space: Space) -> list[str]:
    """A name for each column: its own, or with its branch where several share it."""
    return [column.label for column in space.columns]


def _hyperparameter(column: Column, space: Space, names: Sequence[str]) -> Hyperparameter:
    active: dict[str, list[Scalar]] | None = None
    if column.parent is not None and column.option is not None:
        parent = space.columns[column.parent].parameter
        assert isinstance(parent, Choice)  # only a choice opens a branch
        active = {names[column.parent]: [list(parent.options)[column.option]]}
    name = names[column.index]
    key = "" if column.name == name else column.name
    match column.parameter:
        case Choice(options=options, ordered=ordered):
            kind = "ord" if ordered else "cat"
            return Hyperparameter(name, kind, choices=list(options), active_if=active, key=key)
        case Int(low=low, high=high, log=log):
            return Hyperparameter(name, "int", low, high, log, active_if=active, key=key)
        case Float(low=low, high=high, log=log):
            return Hyperparameter(name, "float", low, high, log, active_if=active, key=key)


def raw_of(parameters: Sequence[Hyperparameter], configs: Sequence[Mapping[str, Scalar]]) -> Floats:
    """Configurations as the rows of a table, the inverse of `configs_of`."""
    raw = np.full((len(configs), len(parameters)), np.nan)
    for row, config in enumerate(configs):
        for column, value in _active(parameters, config):
            raw[row, column] = value
    return raw


def _active(
    parameters: Sequence[Hyperparameter], config: Mapping[str, Scalar]
) -> Iterator[tuple[int, float]]:
    chosen: dict[str, Scalar] = {}
    for column, each in enumerate(parameters):
        if each.in_configs not in config or not _is_active(each, chosen):
            continue
        value = config[each.in_configs]
        if each.choices is None:
            assert isinstance(value, int | float)  # a number, as its space says
            yield column, float(value)
            continue
        words = [_word(option) for option in each.choices]
        chosen[each.name] = _word(value)
        yield column, float(words.index(_word(value)))


def _is_active(each: Hyperparameter, chosen: Mapping[str, Scalar]) -> bool:
    if each.parent is None or each.active_if is None:
        return True
    return chosen.get(each.parent) in [_word(option) for option in each.active_if[each.parent]]
