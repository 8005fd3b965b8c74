"""Edits of a space in words: `set lr "1e-6..1e-1 log"`, `add dropout "0..0.5 = 0.1"`, `freeze lr 0.01`.

A name that stands in several branches is given with its branch, as it is shown: `lr[optimizer=adam]`; so is one that
is added to a branch. Whether the study can go on in the space that results is the matter of `rung.core.change`.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, scale, subspaces
from rung.core.scale import Scalar, listed, nearest
from rung.core.space import Space
from rung.programs.ranges import NAME, parse_range, scalar

Place = tuple[tuple[str, str], ...]
"""A branch: the choices above it from the top, each with its option."""

_WRITTEN = re.compile(rf"(?P<name>{NAME.pattern})(?:\[(?P<branch>[^]]+)\])?")


def reset(space: Space, label: str, text: str) -> Space:
    """Give a hyperparameter another range or other options.

    Its default stays where it fits, and an option that stays keeps the sub-space that it opens.
    """
    place, name = _find(space, label)
    return _with(space, place, name, lambda before: _ranged(name, text, before))


def added(space: Space, label: str, text: str) -> Space:
    """Add a hyperparameter, or a constant, if the text is a single value."""
    place, name = _written(label)
    if place not in set(_places(space.parameters, ())):
        raise SpecError(
            f"{label} names no branch of this space. Write name[choice=option], the choices from the top."
        )
    if (place, name) in _members(space.parameters, ()):
        raise SpecError(f"{label} is there already. Use set or freeze to change it.")
    parameter = parse_range(name, text) if _is_range(text) else Constant(scalar(text))
    return _with(space, place, name, lambda before: parameter)


def frozen(space: Space, label: str, text: str) -> Space:
    """Freeze a hyperparameter to a value; a choice that opens sub-spaces keeps the one of that option."""
    place, name = _find(space, label)
    return _with(space, place, name, lambda before: _frozen(name, text, before))


def lifted(space: Space, rule: str) -> Space:
    """Take a rule away; it is given as it was written."""
    if rule not in space.rules:
        known = f"Its rules are {listed(space.rules)}." if space.rules else "It has none."
        raise SpecError(f"{rule!r} is no rule of this space. {known}")
    return Space(space.parameters, [each for each in space.rules if each != rule])


def _ranged(name: str, text: str, before: Parameter | None) -> Parameter:
    after = parse_range(name, text)
    match before, after:
        case Float(), Int():
            after = Float(float(after.low), float(after.high), log=after.log, step=_float(after.step),
                          default=_float(after.default))  # fmt: skip
        case Choice(), Choice():
            after = _optional(after, before)
    return _keeping_default(after, before)


def _keeping_default(after: Parameter, before: Parameter | None) -> Parameter:
    if isinstance(after, Constant) or type(before) is not type(after):
        return after
    default = before.default
    unset = msgspec.UNSET if isinstance(after, Choice) else None
    if after.default is not unset or default is unset or scale(after).fault(default) is not None:
        return after
    return msgspec.structs.replace(after, default=default)


def _optional(after: Choice, before: Choice) -> Choice:
    """Options that stay are what they were, and open what they opened."""
    options = [_option(option, before) for option in after.options]
    default = after.default if after.default is msgspec.UNSET else _option(after.default, before)
    opened = subspaces(before)
    if any(opened.get(str(option)) for option in options):
        kept = {str(option): opened.get(str(option), {}) for option in options}
        return Choice(kept, ordered=after.ordered, default=default)
    return Choice(tuple(options), ordered=after.ordered, default=default)


def _option(value: Scalar, choice: Choice) -> Scalar:
    """The option that is written like a value: the string "1" may be one; the value itself if there is none."""
    return next((option for option in choice.options if str(option) == str(value)), value)


def _frozen(name: str, text: str, before: Parameter | None) -> Parameter:
    value = scalar(text)
    match before:
        case Float() if type(value) is int:
            return Constant(float(value))
        case Choice():
            value = _option(value, before)
            if opened := subspaces(before).get(str(value)):
                return Choice({str(value): opened}, ordered=before.ordered)
    return Constant(value)


def _is_range(text: str) -> bool:
    return ".." in text or "|" in text


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)


def _written(label: str) -> tuple[Place, str]:
    """A name and the branch that is written behind it."""
    found = _WRITTEN.fullmatch(label)
    steps = [step.partition("=") for step in (found["branch"] or "").split(",") if step] if found else []
    if found is None or not all(equals for _, equals, _ in steps):
        raise SpecError(
            f"{label!r} is no name of a hyperparameter. Write lr, or lr[optimizer=adam] in a branch."
        )
    return tuple((choice.strip(), option.strip()) for choice, _, option in steps), found["name"]


def _find(space: Space, label: str) -> tuple[Place, str]:
    """Where a hyperparameter stands; its branch may be left out where its name stands once."""
    place, name = _written(label)
    members = list(_members(space.parameters, ()))
    if (place, name) in members:
        return place, name
    found = [member for member in members if member[1] == name]
    if not found or place:
        known = [_label(*member) for member in members]
        raise SpecError(
            f"{label} is no hyperparameter of this space.{nearest(label, known) or f' Known here: {listed(known)}.'}"
        )
    if len(found) > 1:
        raise SpecError(
            f"{name} stands in several branches: say which of {listed(_label(*each) for each in found)}."
        )
    return found[0]


def _label(place: Place, name: str) -> str:
    branch = ", ".join(f"{choice}={option}" for choice, option in place)
    return f"{name}[{branch}]" if branch else name


def _members(parameters: Mapping[str, Parameter], place: Place) -> Iterator[tuple[Place, str]]:
    for name, parameter in parameters.items():
        yield place, name
        for option, subspace in subspaces(parameter).items() if isinstance(parameter, Choice) else ():
            yield from _members(subspace, (*place, (name, option)))


def _places(parameters: Mapping[str, Parameter], place: Place) -> Iterator[Place]:
    yield place
    for name, parameter in parameters.items():
        if isinstance(parameter, Choice):
            opened = subspaces(parameter)
            for option in parameter.options:
                if isinstance(option, str):  # no other can open a sub-space
                    yield from _places(opened.get(option, {}), (*place, (name, option)))


Change = Callable[[Parameter | None], Parameter]


def _with(space: Space, place: Place, name: str, change: Change) -> Space:
    return Space(_changed(space.parameters, place, name, change), space.rules)


def _changed(
    parameters: Mapping[str, Parameter], place: Place, name: str, change: Change
) -> dict[str, Parameter | Scalar]:
    """The parameters with the one at a place changed, or added there."""
    if not place:
        return {**parameters, name: change(parameters.get(name))}
    (choice, chosen), *below = place
    before = parameters[choice]
    assert isinstance(before, Choice)
    opened = subspaces(before)
    options = {
        str(option): _changed(opened.get(str(option), {}), tuple(below), name, change)
        if str(option) == chosen
        else opened.get(str(option), {})
        for option in before.options
    }
    return {**parameters, choice: msgspec.structs.replace(before, options=options)}
