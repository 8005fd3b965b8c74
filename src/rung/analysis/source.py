"""A study as the Python source that describes it."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from rung.core.budget import Budget
from rung.core.objective import Objectives
from rung.core.parameter import Choice, Constant
from rung.core.space import Space
from rung.spec import StudySpec

WIDTH = 80


def program_source(spec: StudySpec, budget: Budget) -> str:
    """A program that makes the same study again, but for its training function."""
    return f"import rung\n\nstudy = {study_source(spec)}\nstudy.run(train, budget={literal(budget)})"


def study_source(spec: StudySpec) -> str:
    """The call of `rung.Study` that describes this study; where it is stored is left out."""
    arguments = [
        literal(spec.name),
        space_source(spec.full_space()) if spec.where else _space(spec.space),
        *_goals(spec.objectives),
        f"resource={literal(spec.resource)}",
        f"scheduler={literal(spec.scheduler_spec())}",
        f"searcher={literal(spec.searcher_spec())}",
        f"seed={spec.seed}",
    ]
    if spec.retries != _RETRIES:
        arguments.append(f"retries={spec.retries}")
    if spec.duplicates != "forbid":
        arguments.append(f"duplicates={literal(spec.duplicates)}")
    if spec.constraints:
        arguments.append(f"constraints={literal(list(spec.constraints))}")
    if spec.audit is not None:
        arguments.append(f"audit={literal(spec.audit)}")
    if spec.confirm is not None:
        arguments.append(f"confirm={literal(spec.confirm)}")
    lines = ",\n".join(arguments).replace("\n", "\n    ")
    return f"rung.Study(\n    {lines},\n)"


def space_source(space: Space) -> str:
    """The call of `rung.Space` that describes this space."""
    rules = ", ".join(map(literal, space.rules))
    return f"rung.Space({_space(space.parameters)})" + (f".where({rules})" if rules else "")


def literal(value: object) -> str:
    """A plain value or an option such as `rung.Float(0.001, 1.0, log=True)`, in one line."""
    if isinstance(value, Constant):
        return literal(value.value)
    if isinstance(value, msgspec.Struct):
        return _call(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    if isinstance(value, str) and value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


_RETRIES = next(field.default for field in msgspec.structs.fields(StudySpec) if field.name == "retries")
_POSITIONAL = ("low", "high", "options", "value")


def _call(value: msgspec.Struct) -> str:
    kind: type[Any] = type(value)  # Any: its fields are its own
    arguments = []
    for field in msgspec.structs.fields(kind):
        given = getattr(value, field.name)
        if field.name in _POSITIONAL:
            arguments.append(literal(given))
        elif field.required or given != _default(field):
            arguments.append(f"{field.name}={literal(given)}")
    ours = "rung." if kind.__module__.startswith("rung.") else ""
    return f"{ours}{kind.__name__}({', '.join(arguments)})"


def _default(field: Any) -> object:  # Any: msgspec's FieldInfo
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default


def _space(parameters: Mapping[str, object]) -> str:
    return _broken(parameters, "")


def _broken(table: Mapping[str, object], indent: str) -> str:
    """A dict with a line for each key, and for each key of a sub-space where one line is too short."""
    lines = [
        f"{indent}    {literal(key)}: {_fitted(each, indent + '    ')},\n" for key, each in table.items()
    ]
    return "{\n" + "".join(lines) + indent + "}"


def _fitted(value: object, indent: str) -> str:
    text = literal(value)
    if len(indent) + len(text) <= WIDTH:
        return text
    if isinstance(value, Mapping):
        return _broken(value, indent)
    if isinstance(value, Choice) and isinstance(value.options, Mapping):
        return text.replace(literal(value.options), _broken(value.options, indent), 1)
    return text


def _goals(objectives: Objectives) -> list[str]:
    found = []
    for word, maximize in (("minimize", False), ("maximize", True)):
        if names := [goal.metric for goal in objectives if goal.maximize is maximize]:
            found.append(f"{word}={literal(names[0] if len(names) == 1 else names)}")
    if limits := {goal.metric: goal.diverges_at for goal in objectives if goal.diverges_at is not None}:
        found.append(f"diverges_at={literal(limits)}")
    return found
