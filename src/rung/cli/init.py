"""`rung init`: a study file to start from, for a script that reads its arguments with argparse."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.programs.initial import guess_objective, study_file
from rung.programs.options import read_options
from rung.programs.proposals import propose


def init(
    script: Annotated[Path, typer.Argument(help="A Python script that reads its arguments with argparse.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")] = Path(
        "study.toml"
    ),
    minimize: Annotated[
        str | None, typer.Option(metavar="METRIC", help="What the script reports, to minimize.")
    ] = None,
    maximize: Annotated[
        str | None, typer.Option(metavar="METRIC", help="What the script reports, to maximize.")
    ] = None,
) -> None:
    """Write a commented study file for a script, with ranges proposed from its options.

    The script is run with --help, up to where it reads its arguments.
    """
    if output.exists():
        raise CommandError(
            f"{output} exists and is not overwritten. Name another file with -o, or delete it."
        )
    if output.suffix != ".toml":
        raise CommandError(f"a study file ends in .toml, got -o {output}.")
    python = next((name for name in ("python", "python3") if shutil.which(name)), sys.executable)
    options = read_options(script, python)
    objective = _objective(minimize, maximize) or guess_objective(script.read_text("utf-8", errors="replace"))
    text = study_file(script, python, options, objective)
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}.") from None
    proposed = sum(propose(option) is not None for option in options)
    print(
        f"{output}: {proposed} of {len(options)} options with ranges. Look it over, then: rung run {output}"
    )
    if not proposed:
        print("No option has a range yet: add one to the command, such as --lr {lr:1e-5..1e-1 log}.")


def _objective(minimize: str | None, maximize: str | None) -> tuple[str, str] | None:
    if minimize and maximize:
        raise CommandError(
            "say --minimize or --maximize, not both. More objectives can be written into the file."
        )
    if minimize:
        return "minimize", minimize
    return ("maximize", maximize) if maximize else None
