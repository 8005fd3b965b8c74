"""`rung schedule`: the configurations that led to a trial, from the start of its training."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import Table
from rung.core.space import Config
from rung.schedulers.schedule import Schedule
from rung.study import Study
from rung.words import number, scalar, short, units


def schedule(
    study: StudyArgument = None,
    trial: Annotated[
        int | None, typer.Option("--trial", metavar="N", help="This trial; without it the best one.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, to train along it anew.")] = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the JSON there.")
    ] = None,
    store: StoreOption = STORE,
) -> None:
    """Show how the hyperparameters of the best trial changed in training, as population-based training found it."""
    with open_study(study, store) as found:
        of = found.best.number if trial is None else trial
        wanted = found.schedule(of)
        if output is not None:
            _write(wanted, output)
        elif as_json:
            print(wanted.to_json())
        else:
            _print(wanted, found, of)


def _write(wanted: Schedule, output: Path) -> None:
    try:
        output.write_text(wanted.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}.") from None
    print(f"schedule in {output}", file=sys.stderr)


def _print(wanted: Schedule, study: Study, trial: int) -> None:
    found = study.trials[trial]
    values = ", ".join(f"{metric} {number(value)}" for metric, value in found.values.items()) or "no result"
    reached = units(wanted.max_resource, study.spec.resource.unit)
    print(f"{values} at {reached}, trial {trial} of {study.name}\n")
    names = _varied([phase.config for phase in wanted.phases])
    table = (
        Table(">from", ">to", *(f"~{name}" for name in names))
        if names
        else Table(">from", ">to", "~configuration")
    )
    for phase in wanted.phases:
        config = phase.config
        shown = [scalar(config[name]) if name in config else "" for name in names] or [short(config)]
        table.add(str(phase.start), str(phase.end), *shown)
    table.print()
    same = {name: value for name, value in wanted.phases[0].config.items() if name not in names}
    if names and same:
        print(f"\nthe same throughout: {short(same)}")


def _varied(configs: list[Config]) -> list[str]:
    """Hyperparameters that are not the same in all phases."""
    every = dict.fromkeys(name for config in configs for name in config)
    return [name for name in every if len({repr(config.get(name)) for config in configs}) > 1]
