"""The space of configurations: what may vary, sampled, encoded, counted and enumerated.

A configuration is a plain dict of plain values in which inactive hyperparameters are absent. Encoded, it is a
point of the unit cube with one column per hyperparameter and branch, NaN where inactive; `decode` takes any
point of the cube, so searchers work on arrays and need no knowledge of conditions. What is drawn is decoded
from uniform numbers: there is one way from a point to a configuration.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from rung.core.differences import changes, rule_changes
from rung.core.drawing import drawn
from rung.core.errors import ConfigurationError, SpecError
from rung.core.layout import Column, Config, Group, completed, count, defaults, faults, layout, pick
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, belief, normals_of
from rung.core.ruled import Rules
from rung.core.scale import Axis, Scalar, bins, listed, nearest
from rung.core.single import beyond, decode_one, encode_one, is_whole
from rung.core.snapping import Snapping, active, numbered

__all__ = ["Choice", "Column", "Config", "Constant", "Float", "Int", "Parameter", "Scalar", "Space"]

Array = NDArray[np.float64]


class Space:
    """Hyperparameters by name, some of them active only in a branch of a choice.

    Two spaces are equal if they write the same JSON and have the same rules. The order of the hyperparameters
    counts: it is that of the columns, and so a part of what a seed means.

    Args:
        parameters: Parameters and constants by name; names may contain dots.
        rules: What configurations must keep, as in `where`.
        named: More parameters, as keywords.

    Attributes:
        parameters: The parameters by name, in normal form (a plain value as Constant); not to be changed.
        columns: The columns of the encoding, a choice before what it opens; constants have none.
        rules: What configurations must keep, each as it was written.

    Raises:
        SpecError: If nothing is given, a name is no string or stands twice where both can be active, a
            value is neither a parameter nor a JSON scalar, or rules are none or cannot be kept.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter | Scalar] | None = None,
        rules: Sequence[str] = (),
        /,
        **named: Parameter | Scalar,
    ) -> None:
        self.parameters: dict[str, Parameter] = normals_of(_merged(parameters, named))
        self._root, self.columns = layout(self.parameters)
        self._snap = Snapping(self.columns)
        self._beliefs = {
            column.index: found for column in self.columns if (found := belief(column.parameter)) is not None
        }
        self._rules = Rules(_texts(rules), self._root, self.columns) if rules else None
        self.rules = tuple(rule.text for rule in self._rules.all) if self._rules else ()
        if self.rules:
            self._check_rules()

    @classmethod
    def from_builtins(cls, data: object, rules: Sequence[str] = ()) -> "Space":
        """The space that `to_builtins`, JSON or TOML wrote: a table per name, or a plain value as a constant.

        Args:
            data: The hyperparameters.
            rules: What stands beside them, as in `where`.

        Raises:
            SpecError: If the data is no space; the sentence begins with the path of the field.
        """
        if not isinstance(data, Mapping):
            raise SpecError(f"A space must be a table of hyperparameters, got {data!r}. {_FORMS}")
        return cls({name: _parameter(value, str(name)) for name, value in data.items()}, rules)

    def where(self, *rules: str) -> "Space":
        """The space of those configurations that keep rules, besides those which they keep already.

        A rule is an expression that is true or false, such as `"batch_size * width <= 8192"`, made of names (one that
        is no word of Python stands in backticks), numbers, options in quotes, `+ - * / // % **`, comparisons, `in`,
        `and`, `or`, `not`, and `min`, `max`, `log`, `exp`, `sqrt`, `abs`. It binds where all hyperparameters that it
        names are active.

        Raises:
            SpecError: If one is no such expression, the defaults break one, or nothing keeps all of them.
        """
        return Space(self.parameters, (*self.rules, *rules))

    def to_builtins(self) -> dict[str, Any]:  # Any: the nested dicts, lists and scalars of JSON
        """The hyperparameters in JSON's own types; `from_builtins` gives an equal space, if it is told the rules."""
        data: dict[str, Any] = msgspec.to_builtins(self.parameters)
        return data

    @property
    def written(self) -> tuple[bytes, frozenset[str]]:
        """What equal spaces have in common."""
        return msgspec.json.encode(self.parameters), frozenset(self.rules)

    @property
    def has_rules(self) -> bool:
        """Whether there are rules between hyperparameters."""
        return self._rules is not None

    @property
    def has_prior(self) -> bool:
        """Whether the user believes something of a hyperparameter."""
        return bool(self._beliefs)

    @cached_property
    def size(self) -> int | float:
        """Number of distinct configurations; `math.inf` if there is a Float without step.

        With rules those that keep them are counted if at most 2**17 have to be looked at; else the rules do not count.
        """
        lattice = self.lattice_size
        if not self.has_rules or lattice > MOST_COUNTED:
            return lattice
        return int(self.allows(self.numbered(np.arange(int(lattice)))).sum())

    @property
    def lattice_size(self) -> int | float:
        """Number of distinct configurations if there were no rules."""
        return count(self._root, lambda column: column.n_values)

    def numbered(self, numbers: NDArray[np.int64]) -> Array:
        """The configurations of a finite space by their numbers below `lattice_size`, as points, shape (n, d)."""
        return numbered(self._root, len(self.columns), numbers)

    def sample(self, n: int, rng: np.random.Generator) -> list[Config]:
        """Configurations at random that keep the rules, drawn as `points` are."""
        return self.decode(self._drawn(n, rng))

    def points(self, n: int, rng: np.random.Generator) -> Array:
        """Points at random that keep the rules, each where its values are encoded.

        They are uniform. If something is believed, three of four are drawn from that.

        Returns:
            Points, shape (n, d), NaN where a column is inactive.
        """
        return self.snapped(self._drawn(n, rng))

    def believed(self, U: Array) -> Array:
        """Uniform points as points of what is believed, shape (n, d); where nothing is they stay."""
        found = U.copy()
        for column, believed in self._beliefs.items():
            found[:, column] = believed.quantile(U[:, column])
        return found

    def log_prior(self, X: Array) -> Array:
        """How much more likely the user believes points to be good than if all were alike: a logarithm, shape (n,).

        The sum over active columns of the logarithms of densities on the encoding; 0 where nothing is believed.
        """
        found = np.zeros(len(X))
        where = active(self.columns, X) if self._beliefs else None
        for column, believed in self._beliefs.items():
            assert where is not None
            rows = np.flatnonzero(where[:, column])
            found[rows] += believed.log_density(X[rows, column])
        return found

    def allows(self, X: Array) -> NDArray[np.bool_]:
        """Whether points keep the rules, shape (n,)."""
        if self._rules is None:
            return np.ones(len(X), np.bool_)
        kept: NDArray[np.bool_] = np.logical_and.reduce(self._rules.kept(X))
        return kept

    def snapped(self, X: Array) -> Array:
        """Points moved to where the values that they decode to are encoded, without a look at rules.

        Coordinates beyond the cube are clipped first. A continuous value stays where it is: the 12 digits that it
        has move it by less than 1e-11 of the range, and it decodes to the same.

        Args:
            X: Points, shape (n, d); what stands in an inactive column is not looked at.

        Returns:
            Points, shape (n, d), NaN where a column is inactive.
        """
        return self._snap(X)

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
            if len(configs) <= FEW:
                for row, config in enumerate(configs):
                    x = [math.nan] * len(self.columns)
                    encode_one(self._root, config, x)
                    X[row] = x
            else:
                _encode(self._root, configs, X, np.arange(len(configs)))
        except (LookupError, TypeError, ConfigurationError):
            for config in configs:
                self.check(config)
            raise
        return X

    def point(self, config: Mapping[str, Scalar]) -> list[float] | None:
        """A configuration as a point, NaN where inactive; None if it does not fit, be it for a foreign name."""
        x = [math.nan] * len(self.columns)
        try:
            parts = encode_one(self._root, config, x)
        except (LookupError, TypeError, ConfigurationError):
            return None
        return x if is_whole(parts, config) else None

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
        if len(X) <= FEW:
            for x, config in zip(X.tolist(), configs, strict=True):
                decode_one(self._root, x, config)
        else:
            _decode(self._root, X, configs)
        return configs

    def check(self, config: Mapping[str, Scalar]) -> None:
        """Raise a ConfigurationError that says what is wrong with a configuration, if anything is.

        A Float takes any number in its range, also one with more digits than it would sample.
        """
        for fault in faults(self._root, config):
            raise ConfigurationError(fault)
        for rule in self._rules.broken(config) if self._rules else ():
            given = ", ".join(f"{name}={config[name]!r}" for name in rule.names)
            raise ConfigurationError(
                f"A configuration must keep the rule {rule.text!r}, got {given}. Change one of these values."
            )

    def contains(self, config: Mapping[str, Scalar]) -> bool:
        """Whether a configuration fits, and keeps the rules."""
        return self.encodes(config) and not (self._rules and any(self._rules.broken(config)))

    def encodes(self, config: Mapping[str, Scalar]) -> bool:
        """Whether a configuration fits, be it against the rules: it is a point of the cube."""
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
        evenly over the encoding if they are more; a Float `points` values from low to high. What is against the
        rules is left out.

        Args:
            points: How many values a hyperparameter has at most; a mapping gives it by name, and to those it
                leaves out no limit. None: no limit, for spaces where each Float has a step.

        Raises:
            SpecError: If `points` is below 1, names no hyperparameter, or is lacking for a Float.
        """
        axes = self._axes(points)
        found = (pick(self._root, axes, index) for index in range(self._grid_size(axes)))
        return filter(self.contains, found) if self.has_rules else found

    def grid_size(self, points: int | Mapping[str, int] | None = None) -> int:
        """How many configurations `grid` gives, without listing them; those against the rules count too."""
        return self._grid_size(self._axes(points))

    def grid_config(self, index: int, points: int | Mapping[str, int] | None = None) -> Config:
        """The configuration of a grid at an index from 0, without those before it; it may be against the rules."""
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
        changed = changes(self.parameters, other.parameters, "")
        return "; ".join([*changed, *rule_changes(self.rules, other.rules)]) + "."

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return self.written == other.written

    __hash__ = None  # type: ignore[assignment]  # holds a dict, like the dict it stands for

    def __repr__(self) -> str:
        return f"Space({self.parameters!r})" + "".join(f".where({rule!r})" for rule in self.rules)

    def _drawn(self, n: int, rng: np.random.Generator) -> Array:
        return drawn(n, len(self.columns), rng, self.believed if self._beliefs else None, self._rules)

    def _check_rules(self) -> None:
        """Refuse rules that nothing keeps, or that the defaults break."""
        self._drawn(1, np.random.Generator(np.random.PCG64(0)))
        preset = self.defaults()
        if preset is not None and not self.contains(preset):
            try:
                self.check(preset)
            except ConfigurationError as error:
                raise SpecError(f"The defaults of a space must keep its rules. {error}") from None

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


MOST_COUNTED = 2**17
FEW = 12  # configurations up to which a walk for each is faster than one over columns

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


def _texts(rules: object) -> Sequence[str]:
    if isinstance(rules, str) or not isinstance(rules, Sequence):
        raise SpecError(
            f"The rules of a space must be a list of expressions, got {rules!r}. Write ['a * b <= 8']."
        )
    return list(dict.fromkeys(rules))


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
        raise beyond(column, float(u[~((u >= 0.0) & (u <= 1.0))][0]))
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
