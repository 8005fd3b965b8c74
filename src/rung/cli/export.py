"""`rung export`: a study as one file."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from rung.cli.opening import STORE, StoreOption, StudyArgument, name_in
from rung.stores.events import open_store
from rung.words import size, units


def export(
    study: StudyArgument = None,
    store: StoreOption = STORE,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="The file; STUDY.rung.gz if not given."),
    ] = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Take its checkpoints along; it must not run meanwhile.")
    ] = False,
) -> None:
    """Write a study into one file, which `rung import` reads anywhere."""
    from rung.portable.writing import export_study

    name = name_in(study, store)
    path = output or Path(f"{name}.rung.gz")
    with closing(open_store(store)) as opened:
        done = export_study(opened, name, path, checkpoints=checkpoints)
    along = f", {units(done.checkpoints, 'checkpoint')}" if done.checkpoints else ""
    print(f"{path}: {name}, {units(done.events, 'event')}{along}, {size(done.size_bytes)}")
    if done.left:
        why = "they are not beside the store, or damaged" if checkpoints else "--checkpoints takes them along"
        print(
            f"left out: {units(done.left, 'checkpoint')}; {why}. There, such trials begin again when they go on."
        )
