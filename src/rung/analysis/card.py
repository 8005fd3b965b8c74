"""The card of a study: a short Markdown page to publish with its best configuration."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from rung.analysis.formats import as_args, as_python
from rung.analysis.interval import Interval, interval, repeated_values, replicate_values
from rung.analysis.source import program_source
from rung.analysis.spaces import rows
from rung.core import event as ev
from rung.core.space import Config
from rung.core.why import plural
from rung.results import feasibility, full_cost
from rung.study import Study
from rung.trial_result import TrialResult
from rung.words import conjoined, counts, duration, number, scalar, units


def card(study: Study) -> str:
    """What was tuned, the best configuration and how far its value may be trusted, what it cost, how to repeat it.

    Raises:
        NoResultError: If the study has no result yet.
    """
    result = _front(study) if len(study.state.objectives) > 1 else _best(study)
    parts = [
        f"# {study.name}",
        _problem(study),
        result,
        "## Space",
        _space(study),
        "## Budget spent",
        _spent(study),
        "## How to reproduce",
        _reproduce(study),
    ]
    return "\n\n".join(parts) + "\n"


# What was tuned


def _problem(study: Study) -> str:
    state = study.state
    goals = [
        f"{'maximize' if goal.maximize else 'minimize'} {_code(goal.metric)}" for goal in state.objectives
    ]
    unit = plural(state.resource.unit, None)
    kind = {"Steps": "one after another", "Fraction": "shares of the data", "Replicates": "repetitions"}
    limits = _code(conjoined([str(limit) for limit in state.constraints]))
    return _list(
        {"Objective": " and ".join(goals)}
        | ({"Constraints": limits} if state.constraints else {})
        | {"Resource": f"{unit}, {kind[type(state.resource).__name__]}", "Trials": f"{state.n_trials}"}
        | ({"Feasible": feasibility(state)} if state.constraints else {})
    )


def _space(study: Study) -> str:
    found = [
        (_code(row.name), row.values, row.default, row.when) for row in rows(study.space.parameters, _code)
    ]
    if any(when for *_, when in found):
        return _table(("hyperparameter", "values", "default", "only with"), found)
    return _table(("hyperparameter", "values", "default"), [row[:3] for row in found])


# The best


def _best(study: Study) -> str:
    best = study.best
    metric = study.state.objectives[0].metric
    reached = units(best.resource, study.state.resource.unit)
    return "\n\n".join(
        [
            "## Best configuration",
            f"**{_plain(metric)} {number(best.value)}** at {reached} (trial {best.number})",
            *([f"**It breaks a constraint: {conjoined(best.broken)}.**"] if best.broken else []),
            _trust(study, best),
            _configuration(best.config),
        ]
    )


def _trust(study: Study, best: TrialResult) -> str:
    """How far the value of the best may be trusted, in sentences."""
    state = study.state
    n = len(set(state.history.view().at(best.resource)[0].tolist()))
    unit = state.resource.unit
    chosen = (
        f"It was chosen as the best of {n} trials that came to {units(best.resource, unit)}, which makes its "
        "value optimistic: expect a little less from data and seeds that the study has not seen."
        if n > 1
        else "No other trial came as far."
    )
    if len(values := replicate_values(state, best.number)) > 1:
        found = _interval(interval(values), plural(unit, None))
        shared = " Folds share training data, so the true interval is wider." if unit == "fold" else ""
        return f"{found}{shared} {chosen}"
    if len(values := repeated_values(state, best.config, best.resource)) > 1:
        return f"{_interval(interval(values), 'trials of this configuration')} {chosen}"
    return (
        f"This is one run, from which no interval can be made. {chosen} "
        "Train it with other seeds before you quote it."
    )


def _interval(found: Interval, what: str) -> str:
    if found.low == found.high:
        return f"All {found.n} {what} gave {number(found.mean)}."
    low, high = number(found.low), number(found.high)
    return f"Mean over {found.n} {what}: {number(found.mean)}, 95 % interval {low} to {high} (Student's t)."


def _configuration(config: Config) -> str:
    rows = [(_code(name), _code(scalar(value))) for name, value in config.items()]
    return _table(("hyperparameter", "value"), rows)


def _front(study: Study) -> str:
    front = study.front
    metrics = [goal.metric for goal in study.state.objectives]
    names = list(dict.fromkeys(name for each in front for name in each.config))
    rows = [
        (
            str(each.number),
            *[number(each.values.get(metric)) for metric in metrics],
            *[_code(scalar(each.config[name])) if name in each.config else "" for name in names],
        )
        for each in front
    ]
    resource = study.state.resource
    reached = units(front[0].resource, resource.unit)
    of = (
        f"the mean over {reached}"
        if resource.averages
        else "that of one run, from which no interval can be made"
    )
    return "\n\n".join(
        [
            "## Front",
            f"{len(front)} trials that no other one dominates at {reached}. Each value is {of}; "
            "it is optimistic, as the trials were chosen by it.",
            _table(("trial", *map(_plain, metrics), *map(_code, names)), rows, right=1 + len(metrics)),
        ]
    )


# What it cost


def _spent(study: Study) -> str:
    state, account = study.state, study.state.account
    full = full_cost(state)
    share = (
        f", {100 * account.resource / full:.0f} % of the {full} for every trial to the end"
        if account.resource < full
        else ""
    )
    rows = {
        "Trials": f"{state.n_trials}: {counts(state.counts)}",
        "Training": f"{units(account.resource, state.resource.unit)}{share}",
        "Training time": f"{duration(account.seconds)}, summed over workers",
    }
    paid = ({account.budget.cost_metric: account.cost} if account.cost else {}) | {**account.spent}
    if paid:
        rows["Cost"] = ", ".join(f"{number(value)} ({_code(name)})" for name, value in paid.items())
    return _list(rows)


# How to repeat it


def _reproduce(study: Study) -> str:
    opened = next(study.events())
    assert isinstance(opened.event, ev.Opened)
    versions = ", ".join(f"{name} {version}" for name, version in opened.event.versions.items())
    day = datetime.fromtimestamp(opened.time, UTC).date()
    spec = msgspec.structs.replace(study.spec, space=study.space.parameters)
    code = program_source(spec, study.state.account.budget)
    text = [
        f"Begun on {day} with {versions}. The same seed gives the same study where results arrive in the same "
        "order, as with one worker; `train` is the training function, not part of this card.",
        _block("python", code),
    ]
    if len(study.state.objectives) == 1:
        config = study.best.config
        text += [
            "The best configuration alone, for Python and for a command line:",
            _block("python", f"config = {as_python(config)}"),
            _block("sh", as_args(config)),
        ]
    return "\n\n".join(text)


# Markdown


def _list(rows: Mapping[str, str]) -> str:
    return "\n".join(f"- **{name}:** {text}" for name, text in rows.items())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """A table; the first `right` columns hold numbers."""
    rules = ["---:" if i < right else "---" for i in range(len(head))]
    lines = [head, rules, *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _block(language: str, code: str) -> str:
    return f"```{language}\n{code}\n```"


def _code(text: str) -> str:
    one_line = " ".join(text.split()) or " "
    return f"`` {one_line} ``" if "`" in one_line else f"`{one_line}`"


def _plain(text: str) -> str:
    """Text in which Markdown marks nothing up."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]<>#|" else sign for sign in text)
