"""`rung import`: a study from a file, or from Optuna."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption
from rung.cli.tables import width
from rung.stores.checkpoints import redacted
from rung.stores.events import open_store
from rung.words import units

OPTUNA = "optuna:"


def import_(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A file of rung export; or optuna: and a storage: optuna:sqlite:///old.db, optuna:journal.log.",
        ),
    ],
    name: Annotated[str | None, typer.Option("--name", help="Its name here; else as it was.")] = None,
    store: StoreOption = STORE,
    study: Annotated[
        str | None,
        typer.Option(
            "--study", help="Which study of the Optuna storage; may be left out if it has one only."
        ),
    ] = None,
) -> None:
    """Bring a study into a store: from a file of `rung export`, or from Optuna."""
    if study is not None and not source.startswith(OPTUNA):
        raise CommandError(
            f"--study goes with an Optuna storage. {source} holds one study: leave --study out."
        )
    if source.startswith(OPTUNA):
        _from_optuna(source.removeprefix(OPTUNA), study, store, name)
    elif "://" in source:
        raise CommandError(
            f"{redacted(source)} is no file of rung export. From a store of rung: rung copy STUDY --from FROM --to TO; "
            f"from Optuna: rung import {OPTUNA}STORAGE."
        )
    else:
        _from_file(Path(source), store, name)


def _from_file(path: Path, store: str, name: str | None) -> None:
    from rung.portable.moving import import_study
    from rung.portable.reading import PortableFile

    _hint_at_optuna(path)
    file = PortableFile(path)  # before the store: what is damaged makes no new one
    with closing(open_store(store)) as opened:
        arrived = import_study(file, opened, name)
    print(f"{arrived.name} is in {opened.url}: {units(arrived.events, 'event')}")
    print_checkpoints(arrived.checkpoints, arrived.dropped)


def _hint_at_optuna(path: Path) -> None:
    """Say how a file is read that looks like a storage of Optuna."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        begin = file.read(11)
    scheme = {b"SQLite form": "sqlite:///", b'{"op_code":': ""}.get(begin)
    if scheme is not None:
        raise CommandError(
            f"{path} is no file of rung export. If it is a storage of Optuna: rung import {OPTUNA}{scheme}{path}; "
            "if it is a store of rung: rung copy STUDY --from FROM --to TO."
        )


def print_checkpoints(along: int, dropped: int) -> None:
    """What became of the checkpoints."""
    if along:
        print(f"with {units(along, 'checkpoint')}")
    if dropped:
        print(f"without {units(dropped, 'checkpoint')}: such trials begin again when they go on")


def _from_optuna(storage: str, study: str | None, store: str, name: str | None) -> None:
    import textwrap

    from rung.integrations.optuna.importing import import_study, read_study

    found = read_study(storage, study)
    with closing(open_store(store)) as opened:
        done = import_study(found, opened, name)
    print(f"{done.name} is in {opened.url}: {units(done.trials, 'trial')}")
    for note in done.notes:
        print(textwrap.fill(note, width() or 10_000, initial_indent="  ", subsequent_indent="  "))
