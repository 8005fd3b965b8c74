"""`rung copy`: a study into another store."""

from contextlib import closing
from typing import Annotated

import typer

from rung.cli.import_ import print_checkpoints
from rung.cli.opening import STORE, StudyArgument, name_in
from rung.stores.events import open_store
from rung.words import units


def copy(
    study: StudyArgument = None,
    source: Annotated[str, typer.Option("--from", metavar="STORE", help="Where it is.")] = STORE,
    target: Annotated[str, typer.Option("--to", metavar="STORE", help="Where the copy comes to.")] = STORE,
    name: Annotated[str | None, typer.Option("--name", help="Its name there; else the same.")] = None,
    checkpoints: Annotated[
        bool, typer.Option("--checkpoints", help="Copy its checkpoints, too; it must not run meanwhile.")
    ] = False,
) -> None:
    """Copy a study into another store, or under another name into the same one."""
    from rung.portable.moving import copy_study

    chosen = name_in(study, source)
    with closing(open_store(source)) as here, closing(open_store(target)) as there:
        arrived = copy_study(here, chosen, there, name, checkpoints=checkpoints)
    print(f"{arrived.name} is in {there.url}: {units(arrived.events, 'event')}")
    print_checkpoints(arrived.checkpoints, arrived.dropped)
