"""`rung gc`: studies and files that nobody needs any more."""

import re
import time
from collections.abc import Sequence
from contextlib import closing
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, names_in
from rung.cli.tables import Table
from rung.garbage import Found, Leftover, delete_leftovers, delete_study, leftovers, look
from rung.stores.events import Store, open_store
from rung.words import duration, size, units

SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def gc(
    studies: Annotated[
        list[str] | None,
        typer.Argument(metavar="[STUDY]...", help="Studies to delete, with all their files."),
    ] = None,
    store: StoreOption = STORE,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="30d", help="Delete studies in which nothing has happened for so long."
        ),
    ] = None,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Delete studies in which trials have failed and none has a result."),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes/--dry-run", help="Really delete; else only show what would be deleted.")
    ] = False,
) -> None:
    """Show, and with --yes delete, what nobody needs: files that belong to no study, and the studies that are named.

    What runs is never touched.
    """
    age = None if older_than is None else _seconds(older_than)
    names = names_in(store)
    with closing(open_store(store)) as opened:
        going = _resting(_chosen(opened, names, studies or [], age, failed))
        inside = {found.name for found in going}
        waste = [each for each in leftovers(opened) if each.study not in inside]
        _collect(opened, going, waste, yes)


def _chosen(
    store: Store, names: Sequence[str], wanted: Sequence[str], age: float | None, failed: bool
) -> list[Found]:
    """The studies that are named, or all, narrowed by each condition; none if neither is given."""
    if not wanted and age is None and not failed:
        return []
    found = [look(store, name) for name in (dict.fromkeys(wanted) if wanted else names)]
    now = time.time()
    return [
        each for each in found if (age is None or now - each.last > age) and (not failed or each.fruitless)
    ]


def _resting(going: Sequence[Found]) -> list[Found]:
    for found in going:
        if found.is_driven:
            print(f"{found.name} is running and is kept")
    return [found for found in going if not found.is_driven]


def _collect(store: Store, going: Sequence[Found], waste: Sequence[Leftover], yes: bool) -> None:
    if not going and not waste:
        print(f"nothing to delete in {store.url} and its files")
        return
    rows = Table("~what", ">size", "~why")
    for found in going:
        age = duration(max(0.0, time.time() - found.last))
        rows.add(
            f"study {found.name}",
            size(found.size_bytes),
            f"{units(found.events, 'event')}, the last {age} ago",
        )
    for each in waste:
        rows.add(str(each.path), size(each.size_bytes), each.why)
    rows.print()
    total = _bytes(going) + _bytes(waste)
    if not yes:
        print(f"\n{_sum(len(going), len(waste), total)}; nothing was deleted. To delete it, add --yes.")
        return
    for found in going:
        delete_study(store, found)
    gone = delete_leftovers(store, waste)
    print(f"\ndeleted: {_sum(len(going), len(gone), _bytes(going) + _bytes(gone))}")


def _bytes(found: Sequence[Found] | Sequence[Leftover]) -> int:
    return sum(each.size_bytes for each in found)


def _sum(n_studies: int, n_files: int, n_bytes: int) -> str:
    studies = f"{n_studies} {'study' if n_studies == 1 else 'studies'}"
    return f"{studies}, {units(n_files, 'leftover')}, {size(n_bytes)} of files"


def _seconds(text: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|h|d|w)", text.strip())
    if found is None:
        raise CommandError(f"--older-than is a number with s, min, h, d or w, such as 30d, got {text!r}.")
    return float(found[1]) * SECONDS[found[2]]
