"""`--weights`: how much each objective counts, as text."""

from typing import Annotated

import typer

from rung.cli.errors import CommandError

WeightsOption = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="METRIC=WEIGHT,...",
        help="How much each objective counts where a compromise is looked for.",
    ),
]


def weights_of(text: str | None) -> dict[str, float] | None:
    """`accuracy=2,latency=1`; a metric's own name may hold an =. None stays None."""
    if text is None:
        return None
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
