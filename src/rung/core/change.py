"""How a space may change in the middle of a study: which changes its trials survive, and why others are refused.

The rule behind all of them: each trial must keep a meaning. What was added counts with its default, what is left out
of a range lies outside and stays in the log, and a name never comes to mean something else.
"""

from collections.abc import Iterator, Mapping

from rung.core.parameter import Choice, Constant, Float, Int, Parameter, scale, subspaces
from rung.core.scale import Scalar
from rung.core.space import Space

Options = dict[tuple[type, Scalar], dict[str, Parameter]]


def refusal(old: Space, new: Space) -> str | None:
    """Why a study cannot go on from one space to the other, in a sentence that says what to do; None if it can.

    Options and ranges may grow, shrink and move, and orders, steps, logarithms and defaults may change. A
    hyperparameter may be added with a default, frozen to one of its values, and varied again from there.
    """
    return next(_refusals(old.parameters, new.parameters, ""), None)


def _refusals(old: Mapping[str, Parameter], new: Mapping[str, Parameter], branch: str) -> Iterator[str]:
    for name, before in old.items():
        if name in new:
            yield from _changed(name, branch, before, new[name])
        else:
            yield (
                f"{_label(name, branch)} cannot be removed: the trials so far were trained with it. "
                f"Freeze it instead, to the value that training shall have from now on: {name!r}: {_example(before)!r}."
            )
    for name, added in new.items():
        if name not in old and Space({name: added}).defaults() is None:
            yield (
                f"{_label(name, branch)} cannot be added without a default: the trials so far count with it. "
                f"Give it the default that they were trained with, and likewise what it opens; got {added!r}."
            )


def _changed(name: str, branch: str, before: Parameter, after: Parameter) -> Iterator[str]:
    if isinstance(before, Constant) and isinstance(after, Constant):
        return
    unfit = _unfit(_label(name, branch), before, after)
    if unfit is not None:
        yield unfit
        return
    old, new = _options(before), _options(after)
    for key in (key for key in old if key in new):
        inner = f"{branch}, {name}={key[1]}" if branch else f"{name}={key[1]}"
        yield from _refusals(old[key], new[key], inner)


def _unfit(label: str, before: Parameter, after: Parameter) -> str | None:
    """What keeps one hyperparameter from becoming the other, apart from what its options open."""
    if isinstance(before, Constant):
        assert not isinstance(after, Constant)
        fault = scale(after).fault(before.value)
        return fault and (
            f"{label} is the constant {before.value!r}, so what it becomes must hold this value, got {after!r}. "
            "Widen that until it does; it may be narrowed afterwards."
        )
    if isinstance(after, Constant):
        return _not_frozen(label, before, after.value)
    if type(before) is not type(after):
        return (
            f"{label} cannot change from {_kind(before)} to {_kind(after)}: its values would mean something else. "
            "Freeze it to one of its values, and add a hyperparameter of another name."
        )
    return None


def _not_frozen(label: str, before: Float | Int | Choice, value: Scalar) -> str | None:
    fault = scale(before).fault(value)
    if fault is not None:
        return f"{label} can be frozen to one of its values only: it {fault}"
    if isinstance(before, Float) and type(value) is int:
        return f"{label} is a Float, so freeze it to {float(value)!r}: got the whole number {value!r}."
    if isinstance(before, Choice) and subspaces(before).get(str(value)):
        return (
            f"{label} opens hyperparameters with {value!r}, which would be left without it. "
            f"Freeze it by leaving one option: Choice({{{value!r}: {{...}}}})."
        )
    return None


def _options(parameter: Parameter) -> Options:
    """What each option opens; a constant is an option that opens nothing. The type counts, as True == 1."""
    match parameter:
        case Choice(options=options):
            opened = subspaces(parameter)
            return {(type(option), option): opened.get(str(option), {}) for option in options}
        case Constant(value=value):
            return {(type(value), value): {}}
        case _:
            return {}


def _example(parameter: Parameter) -> Scalar:
    """A value to show how freezing is written."""
    return parameter.value if isinstance(parameter, Constant) else scale(parameter).axis(1).value(0)


def _kind(parameter: Parameter) -> str:
    return f"{'an' if isinstance(parameter, Int) else 'a'} {type(parameter).__name__}"


def _label(name: str, branch: str) -> str:
    return f"{name}[{branch}]" if branch else name
