"""The space of configurations: what may vary, sampled, encoded, counted and enumerated.

A configuration is a plain dict of plain values in which inactive hyperparameters are absent. Encoded, it is a
point of the unit cube with one column per hyperparameter and branch, NaN where inactive; `decode` takes any
point of the cube, so searchers work on arrays and need no knowledge of conditions. What is drawn is decoded
from uniform numbers: there is one way from a point to a configuration.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rung.core.errors import ConfigurationError, SpecError
from rung.core.layout import Column, Config, Group, completed, count, defaults, faults, layout, pick
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, normals_of
from rung.core.scale import Axis, Scalar, bins, listed, nearest

__all__ = ["Choice", "Column", "Config", "Constant", "Float", "Int", "Parameter", "Scalar", "Space"]

Array = NDArray[np.float64]


class Space:
    """Hyperparameters by name, some of them active only in a branch of a choice.

    Two spaces are equal if they write the same JSON. The order of the hyperparameters counts: it is that of
    the columns, and so a part of what a seed means.

    Args:
        parameters: Parameters and constants by name; names may contain dots.
        named: More of them, as keywords.

    Attributes:
        parameters: The parameters by name, in normal form (a plain value as Constant); not to be changed.
        columns: The columns of the encoding, a choice before what it opens; constants have none.

    Raises:
        SpecError: If nothing is given, a name is no string or stands twice where both can be active, or a
            value is neither a parameter nor a JSON scalar.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter | Scalar] | None = None,
        /,
        **named: Parameter | Scalar,
    ) -> None:
        self.parameters: dict[str, Parameter] = normals_of(_merged(parameters, named))
        self._root, self.columns = layout(self.parameters)

    @classmethod
    def from_builtins(cls, data: object) -> "Space":
        """The space that `to_builtins`, JSON or TOML wrote: a table per name, or a plain value as a constant.

        Raises:
            SpecError: If the data is no space; the sentence begins with the path of the field.
        """
        if not isinstance(data, Mapping):
            raise SpecError(f"A space must be a table of hyperparameters, got {data!r}. {_FORMS}")
        return cls({name: _parameter(value, str(name)) for name, value in data.items()})

    def to_builtins(self) -> dict[str, Any]:  # Any: the nested dicts, lists and scalars of JSON
        """The space in JSON's own types; `from_builtins` gives an equal space."""
        data: dict[str, Any] = msgspec.to_builtins(self.parameters)
        return data

    @property
    def size(self) -> int | float:
        """Number of distinct configurations; `math.inf` if there is a Float without step."""
        return count(self._root, lambda column: column.n_values)

    def sample(self, n: int, rng: np.random.Generator) -> list[Config]:
        """Configurations at random: decoded from n uniform points of the cube."""
        return self.decode(rng.random((n, len(self.columns))))

    def encode(self, configs: Sequence[Mapping[str, Scalar]]) -> Array:
        """Configurations as points.

        Only the values of active columns are read: constants and foreign names are not looked at.

        Args:
            configs: n configurations.

        Returns:
            Points of the unit cube, shape (n, d), NaN where a column is inactive.

        Raises:
            ConfigurationError: If an active value is missing or does not fit.
        """
        X = np.full((len(configs), len(self.columns)), np.nan)
        try:
            if configs:
                _encode(self._root, configs, X, np.arange(len(configs)))
        except (LookupError, TypeError, ConfigurationError):
            for config in configs:
                self.check(config)
            raise
        return X

    def decode(self, X: Array) -> list[Config]:
        """The configurations at points, each value a plain Python object.

        Args:
            X: Points of the unit cube, shape (n, d). What stands in a column that is inactive at its point is
                not looked at.

        Raises:
            ConfigurationError: If X has another shape, or leaves the cube in an active column.
        """
        X = np.asarray(X, dtype=np.float64)
        if X.ndim != 2 or X.shape[1] != len(self.columns):
            raise ConfigurationError(
                f"Points to decode must have shape (n, {len(self.columns)}), got {X.shape}. "
                "Give a column for each of space.columns."
            )
        configs: list[Config] = [{} for _ in range(len(X))]
        _decode(self._root, X, configs)
        return configs

    def check(self, config: Mapping[str, Scalar]) -> None:
        """Raise a ConfigurationError that says what is wrong with a configuration, if anything is.

        A Float takes any number in its range, also one with more digits than it would sample.
        """
        for fault in faults(self._root, config):
            raise ConfigurationError(fault)

    def contains(self, config: Mapping[str, Scalar]) -> bool:
        """Whether a configuration fits."""
        return next(faults(self._root, config), None) is None

    def defaults(self) -> Config | None:
        """The configuration of all defaults; None if a hyperparameter that is active in it has none."""
        return defaults(self._root)

    def completed(self, config: Config) -> Config:
        """A configuration with the default of each active hyperparameter that it lacks.

        So counts what was tried before a hyperparameter was added. It need not fit the space otherwise. Itself,
        if it lacks nothing that has a default.
        """
        return completed(self._root, config)

    def grid(self, points: int | Mapping[str, int] | None = None) -> Iterator[Config]:
        """All configurations of a grid, the last column the fastest.

        A choice has all its options; an Int or a Float with step all its values, or `points` of them spread
        evenly over the encoding if they are more; a Float `points` values from low to high.

        Args:
            points: How many values a hyperparameter has at most; a mapping gives it by name, and to those it
                leaves out no limit. None: no limit, for spaces where each Float has a step.

        Raises:
            SpecError: If `points` is below 1, names no hyperparameter, or is lacking for a Float.
        """
        axes = self._axes(points)
        return (pick(self._root, axes, index) for index in range(self._grid_size(axes)))

    def grid_size(self, points: int | Mapping[str, int] | None = None) -> int:
        """How many configurations `grid` gives, without listing them."""
        return self._grid_size(self._axes(points))

    def grid_config(self, index: int, points: int | Mapping[str, int] | None = None) -> Config:
        """The configuration that `grid` gives at an index from 0, without those before it."""
        axes = self._axes(points)
        size = self._grid_size(axes)
        if not 0 <= index < size:
            raise SpecError(
                f"index into this grid must be from 0 to {size - 1}, got {index}. Ask grid_size()."
            )
        return pick(self._root, axes, index)

    def difference(self, other: "Space") -> str | None:
        """A sentence on what changed from this space to the other; None if they are equal."""
        if self == other:
            return None
        return "; ".join(_changes(self.parameters, other.parameters, "")) + "."

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return _written(self.parameters) == _written(other.parameters)

    __hash__ = None  # type: ignore[assignment]  # holds a dict, like the dict it stands for

    def __repr__(self) -> str:
        return f"Space({self.parameters!r})"

    def _axes(self, points: int | Mapping[str, int] | None) -> list[Axis]:
        """The values of each column in a grid."""
        if isinstance(points, Mapping):
            names = {column.name: None for column in self.columns}
            for name in points:
                if name not in names:
                    hint = nearest(name, names) or f" Known here: {listed(names)}."
                    raise SpecError(
                        f"points of a grid must be given for hyperparameters, got {name!r}.{hint}"
                    )
            return [_axis(column, points.get(column.name)) for column in self.columns]
        return [_axis(column, points) for column in self.columns]

    def _grid_size(self, axes: Sequence[Axis]) -> int:
        return int(count(self._root, lambda column: axes[column.index].size))


_FORMS = (
    "A hyperparameter is a plain value or a table with type = float (low, high, log, step, default), "
    "int (the same), choice (options, ordered, default) or constant (value)."
)


def _merged(
    parameters: Mapping[str, Parameter | Scalar] | None, named: dict[str, Parameter | Scalar]
) -> dict[str, Parameter | Scalar]:
    if parameters is not None and not isinstance(parameters, Mapping):
        raise SpecError(
            f"A space must be made of a dict or keywords, got {parameters!r}. "
            "Write Space({'model.lr': Float(1e-5, 1e-1, log=True)}) or Space(lr=...)."
        )
    merged = dict(parameters or {})
    for name, value in named.items():
        if name in merged:
            raise SpecError(
                f"{name!r} must be given once, got it in the dict and as a keyword. Leave one out."
            )
        merged[name] = value
    if not merged:
        raise SpecError(
            "A space needs at least one hyperparameter, got none. Write Space(lr=Float(1e-5, 0.1, log=True))."
        )
    return merged


def _encode(group: Group, configs: Sequence[Mapping[str, Scalar]], X: Array, rows: NDArray[np.intp]) -> None:
    """Write the places of a group's values into the rows of the configurations."""
    for name, member in group.members.items():
        if isinstance(member, Column):
            X[rows, member.index] = member.scale.encode([config[name] for config in configs])
    if group.branches:
        for branch, chosen in _split(group, X[rows]):
            _encode(branch, [configs[row] for row in chosen.tolist()], X, rows[chosen])


def _decode(group: Group, X: Array, configs: Sequence[Config]) -> None:
    """Write a group's values into the configurations; by column, which was measured to be the fastest."""
    for name, member in group.members.items():
        if isinstance(member, Constant):
            for config in configs:
                config[name] = member.value
        else:
            for config, value in zip(configs, member.scale.decode(_inside(member, X)), strict=True):
                config[name] = value
    for branch, chosen in _split(group, X):
        _decode(branch, X[chosen], [configs[row] for row in chosen.tolist()])


def _split(group: Group, X: Array) -> Iterator[tuple[Group, NDArray[np.intp]]]:
    """Each branch that opens below a group, if it has members and rows, with its rows in X."""
    for name, branches in group.branches.items():
        column = group.members[name]
        assert isinstance(column, Column)
        numbers = bins(X[:, column.index], len(branches))
        for number, branch in enumerate(branches):
            if branch.members and len(chosen := np.flatnonzero(numbers == number)):
                yield branch, chosen


def _inside(column: Column, X: Array) -> Array:
    u = X[:, column.index]
    if len(u) and not (u.min() >= 0.0 and u.max() <= 1.0):  # also refuses NaN
        outside = u[~((u >= 0.0) & (u <= 1.0))][0]
        raise ConfigurationError(
            f"Points to decode must lie from 0 to 1 where they are active, got {outside} for {column.label}. "
            "Clip them to the unit cube."
        )
    return u


def _axis(column: Column, points: int | None) -> Axis:
    if points is not None and (type(points) is not int or points < 1):
        raise SpecError(
            f"points of a grid must be an integer of at least 1, got {points!r} for {column.label}. "
            "Use 5, or a mapping from names to numbers."
        )
    if points is None and column.n_values == math.inf:
        raise SpecError(
            f"A grid over {column.label} needs a number of points, got none for {column.parameter!r}. "
            f"Use points=5, points={{{column.name!r}: 5}}, or give it a step."
        )
    return column.scale.axis(points)


def _parameter(data: object, path: str) -> Parameter:
    """One decoded parameter; what is wrong inside a sub-space is said with its own path."""
    options = data.get("options") if isinstance(data, Mapping) else None
    if isinstance(options, Mapping):
        for option, subspace in options.items():
            for name, inner in subspace.items() if isinstance(subspace, Mapping) else ():
                _parameter(inner, f"{path}.options.{option}.{name}")
    try:
        if not isinstance(data, Mapping):
            return Constant(data)  # type: ignore[arg-type]  # its rule refuses what is no scalar
        parameter: Parameter = msgspec.convert(data, Parameter)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, SpecError):
            raise SpecError(f"{path}: {error.__cause__}") from None
        sentence, _, field = str(error).partition(" - at `$")
        raise SpecError(f"{path}{field.removesuffix('`')}: {sentence}. {_FORMS}") from None
    return parameter


def _changes(old: Mapping[str, Parameter], new: Mapping[str, Parameter], branch: str) -> Iterator[str]:
    """What was removed, added, changed and moved, a clause each."""
    yield from (f"{name}{branch} was removed" for name in old if name not in new)
    yield from (f"{name}{branch} was added" for name in new if name not in old)
    for name, before in old.items():
        if name in new and _written(before) != _written(new[name]):
            yield from _parameter_changes(f"{name}{branch}", name, before, new[name])
    yield from _moves(f"hyperparameters{branch}", old, new)


def _parameter_changes(label: str, name: str, old: Parameter, new: Parameter) -> Iterator[str]:
    if type(old) is not type(new):
        yield f"{label} changed from {old!r} to {new!r}"
        return
    for field in old.__struct_fields__:
        before, after = getattr(old, field), getattr(new, field)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from (
                f"option {option!r} of {label} was removed" for option in before if option not in after
            )
            yield from (f"option {option!r} of {label} was added" for option in after if option not in before)
            for option in before:
                if option in after:
                    yield from _changes(before[option], after[option], f"[{name}={option}]")
            yield from _moves(f"options of {label}", before, after)
        elif repr(before) != repr(after):
            yield f"{field} of {label} changed from {_shown(before)} to {_shown(after)}"


def _moves(what: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[str]:
    before, after = [name for name in old if name in new], [name for name in new if name in old]
    if before != after:
        yield f"the order of {what} changed from {', '.join(before)} to {', '.join(after)}"


def _shown(value: object) -> str:
    if value is msgspec.UNSET:
        return "none"
    return f"[{listed(value)}]" if isinstance(value, tuple) else repr(value)


def _written(parameters: object) -> bytes:
    return msgspec.json.encode(parameters)
