"""The rules of one space: bound to its columns, judged on points or on a configuration.

A rule binds where all hyperparameters that it names are active.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.core.layout import Column, Group
from rung.core.parameter import Choice, Constant
from rung.core.rules import Known, Rule, array, arrays, parse
from rung.core.scale import Scalar
from rung.core.snapping import Array, Mask, active, chosen


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name stands: a hyperparameter or a constant of one group.

    Attributes:
        member: What stands there.
        parent: The choice that opens the group; None at the top level.
        option: For which of its options.
    """

    member: Column | Constant
    parent: Column | None
    option: int | None


class Rules:
    """What configurations of a space must keep.

    Attributes:
        all: The rules, in the order in which they were given.
    """

    def __init__(self, texts: Sequence[str], root: Group, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._places: dict[str, list[Place]] = {}
        for name, place in _places(root, None, None):
            self._places.setdefault(name, []).append(place)
        self._known = {name: _known(places) for name, places in self._places.items()}
        self.all: tuple[Rule, ...] = tuple(parse(text, self._known) for text in texts)

    def kept(self, X: Array) -> Mask:
        """Which rules points keep, shape (rules, n)."""
        where = active(self._columns, X)
        seen: dict[str, tuple[Mask, NDArray[Any]]] = {}
        found = np.ones((len(self.all), len(X)), np.bool_)
        for row, rule in zip(found, self.all, strict=True):
            for name in rule.names:
                if name not in seen:
                    seen[name] = self._read(name, X, where)
            rows = np.flatnonzero(np.logical_and.reduce([seen[name][0] for name in rule.names]))
            row[rows] = rule.kept({name: seen[name][1][rows] for name in rule.names}, len(rows))
        return found

    def broken(self, config: Mapping[str, Scalar]) -> Iterator[Rule]:
        """The rules that a configuration breaks, all of whose values fit."""
        for rule in self.all:
            if all(name in config for name in rule.names):
                values = arrays({name: [config[name]] for name in rule.names}, self._known)
                if not rule.kept(values, 1)[0]:
                    yield rule

    def _read(self, name: str, X: Array, where: Mask) -> tuple[Mask, NDArray[Any]]:
        """Where a name is active in points, and its values there; elsewhere anything."""
        kind = self._known[name].kind
        found = np.zeros(len(X), np.bool_)
        values = array(np.zeros(len(X)), kind)
        for place in self._places[name]:
            here = np.flatnonzero(_standing(place, X, where))
            found[here] = True
            values[here] = _values(place.member, X, here)
        return found, values


def _places(group: Group, parent: Column | None, option: int | None) -> Iterator[tuple[str, Place]]:
    for name, member in group.members.items():
        yield name, Place(member, parent, option)
    for name, branches in group.branches.items():
        choice = group.members[name]
        assert isinstance(choice, Column)
        for number, branch in enumerate(branches):
            yield from _places(branch, choice, number)


def _known(places: Sequence[Place]) -> Known:
    """What a name means: a number if it is one wherever it stands, and one of all its options."""
    options: list[Scalar] = []
    ranges = False
    for place in places:
        match place.member:
            case Constant(value=value):
                options.append(value)
            case Column(parameter=Choice(options=listed)):
                options.extend(listed)
            case _:
                ranges = True
    found = Known.listing(options)
    return Known(found.kind if found.kind == "a number" else "an option", None) if ranges else found


def _standing(place: Place, X: Array, where: Mask) -> Mask:
    if isinstance(place.member, Column):
        return where[:, place.member.index]
    if place.parent is None:
        return np.ones(len(X), np.bool_)
    found: Mask = chosen(place.parent, X, where[:, place.parent.index]) == place.option
    return found


def _values(member: Column | Constant, X: Array, rows: NDArray[np.intp]) -> Any:
    if isinstance(member, Constant):
        return member.value
    return member.scale.values(X[rows, member.index])
