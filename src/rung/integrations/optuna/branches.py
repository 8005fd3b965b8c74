"""From what probes were asked to a space: which hyperparameter is asked for under which option of which choice.

A hyperparameter that every complete run asks for stands at the top. One that is asked for exactly where a choice has
one of some options becomes part of their sub-spaces. Every other one (it may hang on an integer, on two choices at
once, on luck) stands at the top too: to suggest a value that nobody asks for costs little, to lack one ends the study.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Parameter
from rung.core.space import Space
from rung.integrations.optuna.probe import Asked, Run
from rung.integrations.optuna.suggesting import texts

Key = tuple[str, bytes]
"""A name with one range: a name that has several is several hyperparameters, in different branches."""


@dataclass(frozen=True, slots=True)
class _Guard:
    """Under which options of which choice something is asked for."""

    choice: Key
    options: frozenset[int]


def key(asked: Asked) -> Key:
    """The identity of what was asked for."""
    return asked.name, msgspec.json.encode(asked.parameter)


def space_of_runs(runs: Sequence[Run]) -> Space:
    """The space of the hyperparameters that runs have asked for.

    Raises:
        SpecError: If one name has several ranges that no choice tells apart.
    """
    tables = [{key(asked): asked for asked in run.asked} for run in runs]
    complete = [table for table, run in zip(tables, runs, strict=True) if run.is_complete]
    parameters = {each: asked.parameter for table in tables for each, asked in table.items()}
    guards = {each: _guard(each, tables, complete) for each in parameters}
    try:
        return Space(_group(guards, parameters, [each for each in parameters if guards[each] is None]))
    except SpecError:
        raise _ambiguous(parameters) from None


def _guard(
    wanted: Key, tables: Sequence[Mapping[Key, Asked]], complete: Iterable[Mapping[Key, Asked]]
) -> _Guard | None:
    """The outermost choice that tells exactly where it is asked for; None if none does, or nothing need tell."""
    present = [table for table in tables if wanted in table]
    absent = [table for table in complete if wanted not in table]
    if not absent or any(table[wanted].late for table in present):
        return None
    for choice in _before(wanted, present):
        options = frozenset(_option(table, choice) for table in present)
        if all(choice not in table or _option(table, choice) not in options for table in absent):
            return _Guard(choice, options)
    return None


def _before(wanted: Key, present: Sequence[Mapping[Key, Asked]]) -> Iterator[Key]:
    """The choices that every one of these runs has asked for earlier."""
    for each, asked in present[0].items():
        if each == wanted:
            return
        if asked.option is not None and all(_precedes(each, wanted, table) for table in present):
            yield each


def _precedes(first: Key, second: Key, table: Mapping[Key, Asked]) -> bool:
    order = list(table)
    return first in table and order.index(first) < order.index(second)


def _option(table: Mapping[Key, Asked], choice: Key) -> int:
    option = table[choice].option
    assert option is not None
    return option


def _group(
    guards: Mapping[Key, _Guard | None], parameters: Mapping[Key, Parameter], members: Iterable[Key]
) -> dict[str, Parameter]:
    """The parameters of a group by name, each choice with what its options open."""
    group: dict[str, Parameter] = {}
    for member in members:
        name, parameter = member[0], parameters[member]
        if name in group:
            raise SpecError(name)
        opened = {each: guard for each, guard in guards.items() if guard and guard.choice == member}
        if opened and isinstance(parameter, Choice):
            options = texts(tuple(parameter.options))
            parameter = Choice(
                {
                    text: _group(
                        guards, parameters, [each for each in opened if place in opened[each].options]
                    )
                    for place, text in enumerate(options)
                }
            )
        group[name] = parameter
    return group


def _ambiguous(parameters: Mapping[Key, Parameter]) -> SpecError:
    ranges: dict[str, list[Parameter]] = {}
    for (name, _), parameter in parameters.items():
        ranges.setdefault(name, []).append(parameter)
    name, several = next((name, found) for name, found in ranges.items() if len(found) > 1)
    return SpecError(
        f"the objective asks for {name!r} with several ranges, {several[0]!r} and {several[1]!r}, and no option of a "
        "choice tells which holds. Give the hyperparameters other names, or suggest a share of the range "
        f"(suggest_float({name!r}, 0, 1)) and scale it in the objective."
    )
