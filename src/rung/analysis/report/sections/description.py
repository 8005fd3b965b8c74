"""The whole spec: the space, the scheduler, the searcher, the seed, the versions, and how to reproduce."""

from collections.abc import Iterator, Mapping

import msgspec

from rung.analysis.report.html import Html, Part, code, element, joined, pairs, table
from rung.analysis.report.reading import Reading, Section
from rung.analysis.source import literal, study_source
from rung.core import event as ev
from rung.core.parameter import Choice, Constant, Float, Int, Parameter, subspaces
from rung.core.space import Scalar
from rung.words import NOTHING


def description(reading: Reading) -> Section:
    """What the study is."""
    data = reading.data
    spec = reading.study.spec
    rows: dict[str, Part] = {
        "objectives": _objectives(reading),
        "resource": literal(data.resource),
        "scheduler": _options(spec.scheduler_spec()),
        "searcher": _options(spec.searcher_spec()),
        "seed": str(spec.seed),
        "retries": f"{spec.retries}, of a job that was lost with its worker",
        "budget": literal(data.account.budget).removeprefix("rung."),
        "store": element("code", data.url),
        "versions": _versions(reading),
    }
    return Section("spec", "Spec", joined(element("h3", "Space"), _space(reading), pairs(rows, "pairs wide")))


def reproduce(reading: Reading) -> Section:
    """The code that makes the same study again."""
    spec = msgspec.structs.replace(reading.study.spec, space=reading.data.space.parameters)
    budget = literal(reading.data.account.budget)
    source = f"import rung\n\nstudy = {study_source(spec)}\nstudy.run(train, budget={budget})"
    said = element(
        "p",
        "The same seed gives the same study where results arrive in the same order, as with one worker. ",
        element("code", "train"),
        " is the training function, which is not a part of the study.",
    )
    return Section("reproduce", "How to reproduce", joined(said, code(source)))


def _space(reading: Reading) -> Html:
    rows = [
        (element("code", name), values(parameter), _default(parameter), when)
        for name, parameter, when in _listed(reading.data.space.parameters, "")
    ]
    head = ("hyperparameter", "values", "default", "only with")
    if any(row[3] for row in rows):
        return table(head, rows)
    return table(head[:3], [row[:3] for row in rows])


def _listed(parameters: Mapping[str, Parameter], when: str) -> Iterator[tuple[str, Parameter, str]]:
    """Each hyperparameter, those of a branch behind the choice that opens it."""
    for name, parameter in parameters.items():
        yield name, parameter, when
        for option, subspace in subspaces(parameter).items() if isinstance(parameter, Choice) else ():
            branch = f"{name}={option}"
            yield from _listed(subspace, f"{when}, {branch}" if when else branch)


def values(parameter: Parameter) -> str:
    """What a hyperparameter may be, in words."""
    match parameter:
        case Constant(value=value):
            return f"always {_written(value)}"
        case Choice(options=options, ordered=ordered):
            return (" < " if ordered else ", ").join(map(_written, options))
        case Float(low=low, high=high, log=log, step=step) | Int(low=low, high=high, log=log, step=step):
            whole = "whole numbers " if isinstance(parameter, Int) else ""
            steps = "" if step is None else f", in steps of {_written(step)}"
            return f"{whole}{_written(low)} to {_written(high)}{', logarithmic' if log else ''}{steps}"


def _default(parameter: Parameter) -> str:
    default = None if isinstance(parameter, Constant) else parameter.default
    if default is msgspec.UNSET or (default is None and not isinstance(parameter, Choice)):
        return NOTHING
    return _written(default)


def _objectives(reading: Reading) -> str:
    words = []
    for goal in reading.data.objectives:
        limit = "" if goal.diverges_at is None else f" (diverges at {goal.diverges_at:g})"
        words.append(f"{'maximize' if goal.maximize else 'minimize'} {goal.metric}{limit}")
    return ", ".join(words)


def _options(spec: object) -> Html:
    """Every option of a scheduler or searcher, those with their defaults too."""
    assert isinstance(spec, msgspec.Struct)
    options = [
        f"{field.name}={literal(getattr(spec, field.name))}" for field in msgspec.structs.fields(type(spec))
    ]
    return element("code", f"{type(spec).__name__}({', '.join(options)})")


def _versions(reading: Reading) -> str:
    opened = next(reading.study.events()).event
    assert isinstance(opened, ev.Opened)
    return ", ".join(f"{name} {version}" for name, version in opened.versions.items())


def _written(value: Scalar) -> str:
    return f"{value:.12g}" if isinstance(value, float) else str(value)
