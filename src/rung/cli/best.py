"""`rung best`: the best configuration, for people and for programs."""

from enum import Enum
from typing import Annotated

import typer

from rung.analysis.formats import FORMATS
from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import Table
from rung.cli.weights import WeightsOption, weights_of
from rung.results import feasibility
from rung.results import trial as result_of
from rung.study import Study
from rung.trial_result import TrialResult
from rung.words import columns, conjoined, number, scalar, short, units


class Format(Enum):
    """How the configuration is written."""

    table = "table"
    json = "json"
    toml = "toml"
    args = "args"
    yaml = "yaml"
    python = "python"


def best(  # noqa: PLR0917  typer's options
    study: StudyArgument = None,
    store: StoreOption = STORE,
    format: Annotated[  # noqa: A002  the option is called so
        Format, typer.Option("--format", help="For reading, or the configuration alone for programs.")
    ] = Format.table,
    trial: Annotated[
        int | None,
        typer.Option("--trial", metavar="N", help="This trial; for several objectives, one of the front."),
    ] = None,
    compromise: Annotated[
        bool,
        typer.Option(
            "--compromise", help="For several objectives: the knee of the front, or what suits --weights."
        ),
    ] = False,
    weights: WeightsOption = None,
) -> None:
    """Show the best configuration; for several objectives, those that no other one dominates."""
    balanced = compromise or weights is not None
    if balanced and trial is not None:
        raise CommandError(f"--trial {trial} chooses one already. Leave out --compromise and --weights.")
    with open_study(study, store) as found:
        if format is Format.table and trial is None and not balanced and len(found.state.objectives) > 1:
            _print_front(found)
            return
        chosen = found.compromise(weights_of(weights)) if balanced else _chosen(found, trial)
        if format is Format.table:
            print(_as_table(found, chosen))
        else:
            print(FORMATS[format.value](chosen.config))


def _chosen(study: Study, trial: int | None) -> TrialResult:
    if trial is None and len(study.state.objectives) > 1:
        numbers = ", ".join(str(each.number) for each in study.front)
        raise CommandError(
            f"study {study.name} has several objectives, so no one trial is the best. "
            f"Take --compromise, or choose one of its front with --trial: {numbers}."
        )
    if trial is None:
        return study.best
    n = len(study.state.trials)
    if not 0 <= trial < n:
        raise CommandError(f"study {study.name} has trials 0 to {n - 1}, got --trial {trial}.")
    return result_of(study.state, trial)


def _as_table(study: Study, found: TrialResult) -> str:
    values = ", ".join(f"{metric} {number(value)}" for metric, value in found.values.items()) or "no result"
    reached = f"at {units(found.resource, study.spec.resource.unit)}"
    config = {name: scalar(value) for name, value in found.config.items()}
    head = f"{values} {reached}, trial {found.number} of {study.name}"
    breaks = f"\nIt breaks a constraint: {conjoined(found.broken)}." if found.broken else ""
    return f"{head}{breaks}\n\n{columns(config, '  ')}"


def _print_front(study: Study) -> None:
    front = study.front
    metrics = study.spec.required
    reached = units(front[0].resource, study.spec.resource.unit)
    print(f"{units(len(front), 'trial')} of {study.name} that no other one dominates at {reached}")
    if study.state.constraints:
        print(f"feasible: {feasibility(study.state)}")
    if front[0].broken:
        print(f"None is; what these break the least is {conjoined(front[0].broken)}.")
    print()
    knee = study.compromise().number
    rows = Table(">trial", *[f">{metric}" for metric in metrics], "~configuration")
    for each in front:
        values = [number(each.values.get(metric)) for metric in metrics]
        style = "bold" if each.number == knee else ""
        rows.add(str(each.number), *values, short(each.config), style=style)
    rows.print()
    print(f"\nA good compromise is trial {knee}, the knee: rung best --compromise")
