"""`rung show`: the trials of a study."""

from collections.abc import Sequence
from typing import Annotated, get_args

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import (
    STORE,
    StoreOption,
    StudyArgument,
    meant,
    notes_in,
    open_study,
    summary_of,
)
from rung.cli.tables import Table, styled
from rung.core.decision import Status
from rung.core.why import plural
from rung.stores.checks import Note, not_found
from rung.summary import Row, Summary, row, summary
from rung.words import NOTHING, conjoined, counts, number, short, units

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
    every: Annotated[
        bool, typer.Option("--all", help="Every trial, where a large study shows its leading ones.")
    ] = False,
) -> None:
    """Show the trials of a study, and why each stands where it stands."""
    if status is not None and status not in get_args(Status):
        raise CommandError(f"no trial can be {status!r}. A trial is {', '.join(get_args(Status))}.")
    if every or status is not None:
        with open_study(study, store) as found:
            shown = [row(trial) for trial in found.trials if status in (None, trial.status)]
            _print(found.name, summary(found.state, found.name), shown)
        return
    note = _note(study, store)
    known = summary_of(note, store)
    _print(note.name, known, known.rows)
    if note.is_held and note.seq < note.last:
        print(f"\nIt is running: this is as of {note.last - note.seq} events ago.")
    if len(known.rows) < known.n_trials:
        print(f"\n{len(known.rows)} of {known.n_trials} trials, the best first. Every one: rung show --all")


def _note(study: str | None, store: str) -> Note:
    notes = {note.name: note for note in notes_in(store)}
    name = meant(study, list(notes), store)
    if name not in notes:
        raise not_found(name, list(notes), store)
    return notes[name]


def _print(name: str, known: Summary, shown: Sequence[Row]) -> None:
    print(styled(_header(name, known), "bold"))
    rows = Table(
        ">trial",
        "status",
        f">{plural(known.unit, None)}",
        *[f">{goal}" for goal in known.metrics],
        "~configuration",
        "~why",
    )
    for trial in shown:
        values = [number(trial.values.get(goal)) for goal in known.metrics]
        rows.add(
            str(trial.number),
            trial.status,
            str(trial.resource),
            *values,
            short(trial.config),
            _why(trial, known.unit),
            style=STYLES[trial.status],
        )
    if shown:
        print()
        rows.print()
    if known.members:
        shares = ", ".join(f"{name} {n}" for name, n in known.members.items())
        print(f"\nsuggested by: {shares}")
    if known.knee is not None:
        print(f"\na good compromise: trial {known.knee}, the knee of the front")
    if known.feasible:
        print(f"\nfeasible: {known.feasible}")
    if known.used:
        print(f"\ntrials used {known.used}")
    if known.audits:
        print("\naudits of early stopping:")
        for sentence in known.audits:
            print(f"  {sentence}")
    if known.confirmed:
        print("\nconfirmed:")
        for sentence in known.confirmed:
            print(f"  {sentence}")


def _header(name: str, known: Summary) -> str:
    costs = f" and {known.costs}" if known.costs else ""
    spent = f"{units(known.spent, known.unit)}{costs}"
    return f"{name}: {known.n_trials} trials ({counts(known.counts) or NOTHING}), {spent} spent"


def _why(trial: Row, unit: str) -> str:
    """The reason, without the resource that has a column of its own; and what it breaks."""
    why = trial.why.replace(f" at {trial.resource} {plural(unit, trial.resource)}", "").rstrip(",")
    return f"breaks {conjoined(trial.broken)}; {why}" if trial.broken else why
