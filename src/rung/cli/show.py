"""`rung show`: the trials of a study."""

from typing import Annotated, get_args

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import Table, styled
from rung.core.decision import Status
from rung.core.why import plural
from rung.study import Study
from rung.trial_result import TrialResult
from rung.words import NOTHING, counts, number, short, units

STYLES = {
    "running": "green",
    "complete": "bold",
    "failed": "red",
    "stopped": "dim",
    "paused": "",
    "queued": "",
}


def show(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    status: Annotated[
        str | None, typer.Option("--status", help=f"Only trials that are {' or '.join(get_args(Status))}.")
    ] = None,
) -> None:
    """Show the trials of a study, and why each stands where it stands."""
    if status is not None and status not in get_args(Status):
        raise CommandError(f"no trial can be {status!r}. A trial is {', '.join(get_args(Status))}.")
    with open_study(study, store) as found:
        _print(found, status)


def _print(study: Study, status: str | None) -> None:
    state = study.state
    unit = state.resource.unit
    goals = [goal.metric for goal in state.objectives]
    print(styled(_header(study), "bold"))
    rows = Table(
        ">trial",
        "status",
        f">{plural(unit, None)}",
        *[f">{goal}" for goal in goals],
        "~configuration",
        "~why",
    )
    shown = [trial for trial in study.trials if status in (None, trial.status)]
    for trial in shown:
        values = [number(trial.values.get(goal)) for goal in goals]
        rows.add(
            str(trial.number),
            trial.status,
            str(trial.resource),
            *values,
            short(trial.config),
            _why(trial, unit),
            style=STYLES[trial.status],
        )
    if shown:
        print()
        rows.print()


def _header(study: Study) -> str:
    state = study.state
    spent = units(state.account.resource, state.resource.unit)
    return f"{study.name}: {len(state.trials)} trials ({counts(state.counts) or NOTHING}), {spent} spent"


def _why(trial: TrialResult, unit: str) -> str:
    """The reason, without the resource that has a column of its own."""
    return trial.why.splitlines()[0].replace(f" at {trial.resource} {plural(unit, trial.resource)}", "")
