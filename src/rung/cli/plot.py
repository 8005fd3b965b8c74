"""`rung plot`: a figure of a study, to a file."""

from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, open_study
from rung.core.scale import nearest
from rung.words import columns


def plot(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STUDY] FIGURE", help="The study, if the store has several, and the figure."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Ends in .png, .svg, .pdf, .html or .json."),
    ] = None,
    store: StoreOption = STORE,
    width: Annotated[int, typer.Option(min=200, help="Of an image, in pixels.")] = 1000,
    dark: Annotated[bool, typer.Option("--dark", help="On a dark page.")] = False,
) -> None:
    """Draw a figure of a study; without a figure, list them.

    Without --output it becomes an HTML file of that name, which opens in a browser without a network.
    """
    from rung.analysis import plots

    study, figure = _asked(words or [], list(plots.FIGURES))
    if figure is None:
        print(columns({name: kind.summary for name, kind in plots.FIGURES.items()}))
        return
    with open_study(study, store) as found:
        drawn = plots.FIGURES[figure].draw(plots.read(found))
    theme = plots.DARK if dark else plots.LIGHT
    path = plots.to_file(drawn, output or Path(f"{figure}.html"), width=width, theme=theme)
    print(path)


def _asked(words: list[str], known: list[str]) -> tuple[str | None, str | None]:
    """The study and the figure; None where they were left out."""
    match words:
        case []:
            return None, None
        case [figure]:
            study = None
        case [study, figure]:
            pass
        case _:
            raise CommandError(
                f"a study and a figure are wanted, got {' '.join(words)!r}. Say: rung plot [STUDY] FIGURE"
            )
    if figure not in known:
        hint = nearest(figure, known) or f" There are {', '.join(known)}."
        raise CommandError(f"there is no figure {figure!r}.{hint}")
    return study, figure
