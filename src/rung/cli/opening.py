"""Finding the study that a command is about."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.cli.errors import CommandError
from rung.stores.checks import Note
from rung.stores.events import Store, open_store
from rung.summary import Summary, summary

if TYPE_CHECKING:
    from rung.study import Study

StoreOption = Annotated[
    str, typer.Option("--store", metavar="PATH|URL", help="The store: a file, or a database on a server.")
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
    with closing(_opened(store)) as opened:
        return opened.names()


def notes_in(store: str) -> list[Note]:
    """What a store that exists knows of its studies without reading their logs, oldest first.

    Raises:
        CommandError: If there is no such file.
    """
    with closing(_opened(store)) as opened:
        return opened.notes()


def summary_of(note: Note, store: str) -> Summary:
    """How a study stands, as its driver noted; from its log where no note holds.

    While a driver runs it, that is as of a few seconds ago.
    """
    known = Summary.decode(note.text) if note.seq else None
    if known is not None and (note.seq == note.last or note.is_held):
        return known
    with open_study(note.name, store) as study:
        return summary(study.state, study.name)


def _opened(store: str) -> Store:
    is_file = "://" not in store or store.startswith("sqlite:///")  # what else is no server is refused below
    if is_file and not Path(store.removeprefix("sqlite:///")).expanduser().exists():
        raise CommandError(
            f"there is no store {store} here. Name one with --store, or make one: rung run FILE."
        )
    return open_store(store)


def open_study(name: str | None, store: str) -> "Study":
    """The study of that name; without a name the only one of the store.

    Raises:
        CommandError: If the store does not exist, or does not hold exactly one study and none is named.
        StudyNotFoundError: If it has none of that name.
    """
    from rung.study import Study  # here: who only lists does not wait for it

    return Study.load(name_in(name, store), store)


def name_in(name: str | None, store: str) -> str:
    """The name that is meant: as given, or of the only study of a store that exists.

    Raises:
        CommandError: As `open_study` does.
    """
    return meant(name, names_in(store), store)


def meant(name: str | None, names: list[str], store: str) -> str:
    """The name as given, or the only one.

    Raises:
        CommandError: If none is given and there is not exactly one.
    """
    if name is not None:
        return name
    if len(names) != 1:
        raise CommandError(_which(names, store))
    return names[0]


def _which(names: list[str], store: str) -> str:
    if not names:
        return f"{store} holds no study yet. Make one: rung run FILE."
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{store} holds {len(names)} studies: {', '.join(names[:10])}{more}. Say which one is meant."
