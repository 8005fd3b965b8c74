"""The whole spec: the space, the scheduler, the searcher, the seed, the versions, and how to reproduce."""

import msgspec

from rung.analysis.report.html import Html, Part, code, element, joined, pairs, table
from rung.analysis.report.reading import Reading, Section
from rung.analysis.source import literal, program_source
from rung.analysis.spaces import rows
from rung.core import event as ev


def description(reading: Reading) -> Section:
    """What the study is."""
    data = reading.data
    spec = reading.study.spec
    facts: dict[str, Part] = {
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
    return Section(
        "spec", "Spec", joined(element("h3", "Space"), _space(reading), pairs(facts, "pairs wide"))
    )


def reproduce(reading: Reading) -> Section:
    """The code that makes the same study again."""
    spec = msgspec.structs.replace(reading.study.spec, space=reading.data.space.parameters)
    source = program_source(spec, reading.data.account.budget)
    said = element(
        "p",
        "The same seed gives the same study where results arrive in the same order, as with one worker. ",
        element("code", "train"),
        " is the training function, which is not a part of the study.",
    )
    return Section("reproduce", "How to reproduce", joined(said, code(source)))


def _space(reading: Reading) -> Html:
    found = [
        (element("code", row.name), row.values, row.default, row.when)
        for row in rows(reading.data.space.parameters)
    ]
    head = ("hyperparameter", "values", "default", "only with")
    if any(when for *_, when in found):
        return table(head, found)
    return table(head[:3], [row[:3] for row in found])


def _objectives(reading: Reading) -> str:
    words = []
    for goal in reading.data.objectives:
        limit = "" if goal.diverges_at is None else f" (diverges at {goal.diverges_at:g})"
        words.append(f"{'maximize' if goal.maximize else 'minimize'} {goal.metric}{limit}")
    words += [f"with {limit}" for limit in reading.study.spec.constraints]
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
