"""`rung trials`: every trial as a row, for spreadsheets and data frames."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rung.analysis.table import write_csv, write_trials
from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.tables import table


def trials(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .csv, .parquet or .json file."),
    ] = None,
) -> None:
    """Write every trial as a row: to a file, or as CSV to standard output."""
    with open_study(study, store) as found:
        if output is None:
            write_csv(sys.stdout, *table(found.state))
            return
        try:
            write_trials(found, output)
        except OSError as error:
            raise CommandError(f"cannot write {output}: {error.strerror or error}.") from None
        print(f"{len(found.state.trials)} trials in {output}", file=sys.stderr)
