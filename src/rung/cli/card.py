"""`rung card`: a short Markdown page about a study, to publish with its best configuration."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from rung.analysis.card import card as written
from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study


def card(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write it there, for example to CARD.md."),
    ] = None,
) -> None:
    """Write a card of the study: what was tuned, the best configuration, what it cost, how to repeat it."""
    with open_study(study, store) as found:
        text = written(found)
    if output is None:
        print(text, end="")
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"cannot write {output}: {error.strerror or error}.") from None
    print(f"card in {output}", file=sys.stderr)
