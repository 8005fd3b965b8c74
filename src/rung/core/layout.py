"""The shape of a space: which hyperparameter is which column of the encoding, and when it is active.

A space is a tree: a group of hyperparameters that are active together, whose choices open further groups. The
functions here build that tree from the parameters, refuse names that would meet in one configuration, and
walk it for questions that are not about arrays. They must not know how a space is written or compared.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, scale, subspaces
from rung.core.scale import Axis, Scalar, Scale, listed, nearest

Config = dict[str, Scalar]
"""A value for each active hyperparameter, and the constants."""


@dataclass(frozen=True, slots=True)
class Column:
    """One hyperparameter in one branch: a column of the encoding.

    Attributes:
        index: Which column.
        name: Its key in a configuration.
        label: The name, with its branch where the name stands in several: `lr[optimizer=adam]`.
        parameter: Its specification.
        scale: Its values and their places in `[0, 1]`.
        parent: Index of the choice that opens its branch; None at the top level.
        option: Number of the option of `parent` for which it is active; None at the top level.
    """

    index: int
    name: str
    label: str
    parameter: Float | Int | Choice
    scale: Scale
    parent: int | None
    option: int | None

    @property
    def n_values(self) -> int | float:
        """How many distinct values it has; `math.inf` for a Float without step."""
        return self.scale.n_values


@dataclass(frozen=True, slots=True)
class Group:
    """Hyperparameters that are active together.

    Attributes:
        branch: When they are active: `optimizer=adam`, nested ones joined by commas; empty at the top.
        members: Columns and constants by name, in the order in which they were given.
        branches: For each choice among the members that opens sub-spaces: a group per option, in their order.
    """

    branch: str
    members: dict[str, Column | Constant]
    branches: dict[str, tuple["Group", ...]]


def layout(parameters: Mapping[str, Parameter]) -> tuple[Group, tuple[Column, ...]]:
    """The tree of a space and its columns; SpecError if a name could stand twice in one configuration."""
    _places(parameters, "")
    columns: list[Column] = []
    group = _grow(parameters, columns, Counter(_names(parameters)))
    return group, tuple(columns)


def count(group: Group, n_values: Callable[[Column], int | float]) -> int | float:
    """Number of configurations if columns have so many values: sums over options, products over the rest."""
    factors = [
        sum(count(branch, n_values) for branch in group.branches[name])
        if name in group.branches
        else n_values(member)
        for name, member in group.members.items()
        if isinstance(member, Column)
    ]
    # The product of an infinite float and a large integer overflows.
    return math.inf if math.inf in factors else math.prod(factors)


def pick(group: Group, axes: Sequence[Axis], index: int) -> Config:
    """The configuration at a place of the grid over `axes`, the last column the fastest; O(d * depth)."""
    config: Config = {}
    inner: Config = {}
    for name, member in reversed(group.members.items()):
        if isinstance(member, Constant):
            config[name] = member.value
        elif name in group.branches:
            sizes = [_whole(branch, axes) for branch in group.branches[name]]
            index, place = divmod(index, sum(sizes))
            option = 0
            while place >= sizes[option]:
                place -= sizes[option]
                option += 1
            config[name] = axes[member.index].value(option)
            inner |= pick(group.branches[name][option], axes, place)
        else:
            axis = axes[member.index]
            index, place = divmod(index, axis.size)
            config[name] = axis.value(place)
    return {name: config[name] for name in group.members} | inner


def defaults(group: Group) -> Config | None:
    """The default of each hyperparameter that the defaults make active; None if one has none."""
    config: Config = {}
    for name, member in group.members.items():
        default = _default(member)
        if default is msgspec.UNSET:
            return None
        config[name] = default
    for branch in _open(group, config):
        opened = defaults(branch)
        if opened is None:
            return None
        config |= opened
    return config


def completed(group: Group, config: Config) -> Config:
    """A configuration with the default of each active hyperparameter that it lacks; itself if it lacks none."""
    found = dict(config)
    _complete(group, found)
    return found if len(found) > len(config) else config


def faults(group: Group, config: object) -> Iterator[str]:
    """What keeps a configuration from fitting, a sentence each; nothing if it fits."""
    if not isinstance(config, Mapping):
        yield f"A configuration must be a dict, got {config!r}. Give a value for each name."
        return
    active: set[object] = set()
    for part in _active(group, config):
        active |= part.members.keys()
        for name, member in part.members.items():
            if name not in config:
                when = f", which is active with {part.branch}" if part.branch else ""
                yield f"{name} is missing{when}; got {listed(config)}. Add a value for it."
            elif fault := _fault(member, config[name]):
                yield f"{name} {fault}"
    places = dict(_branches(group))
    for name in config:
        if name in active:
            continue
        if name in places:
            yield (
                f"{name} is active only with {places[name]}, got {name}={config[name]!r} in another branch. "
                "Leave it out, or change the choice."
            )
        else:
            hint = nearest(name, places) or f" Known here: {listed(active)}."
            yield f"{name!r} is no hyperparameter of this space, got {config[name]!r} for it.{hint}"


def _complete(group: Group, config: Config) -> None:
    for name, member in group.members.items():
        if name not in config and (default := _default(member)) is not msgspec.UNSET:
            config[name] = default
    for branch in _open(group, config):
        _complete(branch, config)


def _default(member: Column | Constant) -> Scalar | msgspec.UnsetType:
    """The default of a hyperparameter, the value of a constant; UNSET if there is none."""
    if isinstance(member, Constant):
        return member.value
    default = member.parameter.default
    if default is None and not isinstance(member.parameter, Choice):  # None may be an option
        return msgspec.UNSET
    return default


def _fault(member: Column | Constant, value: object) -> str | None:
    if isinstance(member, Column):
        return member.scale.fault(value)
    if type(value) is type(member.value) and value == member.value:
        return None
    return f"is the constant {member.value!r} here, got {value!r}. Give that, or make it a Choice."


def _open(group: Group, config: Mapping[str, object]) -> Iterator[Group]:
    """The branches that a configuration opens directly below a group."""
    for name, branches in group.branches.items():
        member = group.members[name]
        assert isinstance(member, Column) and isinstance(member.parameter, Choice)
        for option, branch in zip(member.parameter.options, branches, strict=True):
            if name in config and config[name] == option:
                yield branch


def _active(group: Group, config: Mapping[str, object]) -> Iterator[Group]:
    yield group
    for branch in _open(group, config):
        yield from _active(branch, config)


def _whole(group: Group, axes: Sequence[Axis]) -> int:
    size = count(group, lambda column: axes[column.index].size)
    assert isinstance(size, int)
    return size


def _branches(group: Group) -> Iterator[tuple[str, str]]:
    """Each name with a branch in which it stands."""
    for name in group.members:
        yield name, group.branch
    for branches in group.branches.values():
        for branch in branches:
            yield from _branches(branch)


def _names(parameters: Mapping[str, Parameter]) -> Iterator[str]:
    for name, parameter in parameters.items():
        yield name
        if isinstance(parameter, Choice):
            for subspace in subspaces(parameter).values():
                yield from _names(subspace)


def _places(parameters: Mapping[str, Parameter], branch: str) -> dict[str, str]:
    """The label of each name from here down; SpecError if two equal ones can be active together."""
    places = {name: _label(name, branch) for name in parameters}
    for name, parameter in parameters.items():
        below: dict[str, str] = {}
        if isinstance(parameter, Choice):
            for option, subspace in subspaces(parameter).items():
                below |= _places(subspace, _within(branch, name, option))
        for inner, place in below.items():
            if inner in places:
                raise SpecError(
                    f"A name may stand only once in a configuration, got {places[inner]} and {place}, which "
                    "can be active together. Rename one; only branches of one choice may share a name."
                )
        places |= below
    return places


def _grow(
    parameters: Mapping[str, Parameter],
    columns: list[Column],
    uses: Counter[str],
    *,
    branch: str = "",
    parent: int | None = None,
    option: int | None = None,
) -> Group:
    group = Group(branch, {}, {})
    for name, parameter in parameters.items():
        if isinstance(parameter, Constant):
            group.members[name] = parameter
            continue
        label = _label(name, branch) if uses[name] > 1 else name
        column = Column(len(columns), name, label, parameter, scale(parameter), parent, option)
        columns.append(column)
        group.members[name] = column
        if isinstance(parameter, Choice) and (opened := subspaces(parameter)):
            group.branches[name] = tuple(
                _grow(
                    subspace,
                    columns,
                    uses,
                    branch=_within(branch, name, key),
                    parent=column.index,
                    option=number,
                )
                for number, (key, subspace) in enumerate(opened.items())
            )
    return group


def _within(branch: str, choice: str, option: str) -> str:
    return f"{branch}, {choice}={option}" if branch else f"{choice}={option}"


def _label(name: str, branch: str) -> str:
    return f"{name}[{branch}]" if branch else name
