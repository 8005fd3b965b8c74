"""`rung report`: a study as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study


def report(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page; one that exists is replaced.")
    ] = Path("report.html"),
    weights: Annotated[
        str | None,
        typer.Option(
            metavar="METRIC=WEIGHT,...",
            help="How much each objective counts where a compromise is looked for.",
        ),
    ] = None,
) -> None:
    """Write a study as one HTML page that opens without a network, and print where it is."""
    from rung.analysis.report import write_report

    chosen = None if weights is None else _weights(weights)
    with open_study(study, store) as found:
        print(write_report(found, output, weights=chosen))


def _weights(text: str) -> dict[str, float]:
    """`accuracy=2,latency=1`; a metric's own name may hold an =."""
    found = {}
    for part in text.split(","):
        metric, _, weight = part.rpartition("=")
        try:
            found[metric.strip()] = float(weight)
        except ValueError:
            raise _no_weights(text) from None
        if not metric:
            raise _no_weights(text)
    return found


def _no_weights(text: str) -> CommandError:
    return CommandError(
        f"weights must be numbers by metric, such as --weights accuracy=2,latency=1, got {text!r}."
    )
