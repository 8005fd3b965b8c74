"""Finding the study that a command is about."""

from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.stores.events import open_store
from rung.study import Study

StoreOption = Annotated[
    str, typer.Option("--store", metavar="PATH", help="The store: the file that holds the studies.")
]
StudyArgument = Annotated[
    str | None,
    typer.Argument(metavar="[STUDY]", help="Name of the study; may be left out where there is one only."),
]
STORE = "rung.db"


def names_in(store: str) -> list[str]:
    """The studies of a store that exists, oldest first.

    Raises:
        CommandError: If there is no such file.
    """
    if not Path(store.removeprefix("sqlite:///")).expanduser().exists():
        raise CommandError(
            f"there is no store {store} here. Name one with --store, or make one: rung run FILE."
        )
    opened = open_store(store)
    try:
        return opened.names()
    finally:
        opened.close()


def open_study(name: str | None, store: str) -> Study:
    """The study of that name; without a name the only one of the store.

    Raises:
        CommandError: If the store does not exist, or does not hold exactly one study and none is named.
        StudyNotFoundError: If it has none of that name.
    """
    names = names_in(store)
    if name is None:
        if len(names) != 1:
            raise CommandError(_which(names, store))
        name = names[0]
    return Study.load(name, store)


def _which(names: list[str], store: str) -> str:
    if not names:
        return f"{store} holds no study yet. Make one: rung run FILE."
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{store} holds {len(names)} studies: {', '.join(names[:10])}{more}. Say which one is meant."
