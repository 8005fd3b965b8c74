"""`rung report`: a study as one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.weights import WeightsOption, weights_of


def report(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The page; one that exists is replaced.")
    ] = Path("report.html"),
    weights: WeightsOption = None,
) -> None:
    """Write a study as one HTML page that opens without a network, and print where it is."""
    from rung.analysis.report import write_report

    chosen = weights_of(weights)
    with open_study(study, store) as found:
        print(write_report(found, output, weights=chosen))
