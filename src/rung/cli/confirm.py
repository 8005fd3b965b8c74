"""`rung confirm`: is the best really the best? Trains the leaders of a study anew, or shows what that has told."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, open_study
from rung.cli.tables import Table, styled
from rung.words import number, short

if TYPE_CHECKING:
    from rung.confirmed import Confirmed, Difference, Leader

INTERRUPTED = 130
PROGRAMS = (".py", ".toml", ".yaml", ".yml")


def confirm(  # noqa: PLR0917  typer's options
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="[STUDY|FILE]",
            help="A file that `rung run` has run: its leaders are trained anew. A study: what that has told is shown.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(help="How many leaders race.")] = 3,
    seeds: Annotated[
        int, typer.Option(help="How often each is trained, unless it falls clearly behind.")
    ] = 5,
    neighbours: Annotated[
        int, typer.Option(help="Configurations near the winner to train, too: was it a lucky point?")
    ] = 0,
    workers: Annotated[int | None, typer.Option(help="How many worker processes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the result.")] = False,
    store: StoreOption = STORE,
) -> None:
    """Tell whether the best is really the best: train the leaders anew, with fresh seeds.

    rung confirm train.py --top 3 --seeds 5 | rung confirm STUDY
    """
    if what is not None and Path(what).suffix in PROGRAMS:
        name, found, interrupted = _run(what, top, seeds, neighbours, workers, quiet=quiet or as_json)
    else:
        name, found, interrupted = *_known(what, store), False
    if as_json:
        print(json.dumps(found.to_builtins(), indent=2))
    else:
        _print(name, found)
    if interrupted:
        sys.exit(INTERRUPTED)


def _known(study: str | None, store: str) -> tuple[str, "Confirmed"]:
    with open_study(study, store) as found:
        if len(found.spec.objectives) > 1:
            raise CommandError(f"study {found.name} has several objectives: no one trial is the best.")
        if found.state.confirmations.last is None:
            raise CommandError(
                f"nothing was confirmed in study {found.name} yet. Do it: rung confirm FILE, or study.confirm(train)."
            )
        return found.name, found.confirmed


def _run(
    file: str, top: int, seeds: int, neighbours: int, workers: int | None, *, quiet: bool
) -> tuple[str, "Confirmed", bool]:
    from rung.cli.executing import chosen
    from rung.cli.loading import CommandOptions, load
    from rung.cli.watching import LogFormat, watching

    program = load(file, CommandOptions())
    executor = chosen(program.executor, workers=workers)
    with program.study as study, watching(quiet, LogFormat.text) as watch:
        found = study.confirm(
            program.train, top=top, seeds=seeds, neighbours=neighbours, executor=executor, watch=watch
        )
        return study.name, found, study.interrupted


def _print(name: str, found: "Confirmed") -> None:
    print(styled(f"{name}: {found.verdict}", "bold"))
    if not found.n:
        return
    print()
    _leaders(found).print()
    if found.differences:
        print()
        _differences(found).print()
    print("\n" + "\n".join(found.notes()))


def _leaders(found: "Confirmed") -> Table:
    rows = Table(
        ">trial",
        f">{found.metric}",
        ">95 %",
        ">trainings",
        ">failed",
        ">in the search",
        ">at",
        "~configuration",
    )
    for leader in found.leaders:
        rows.add(*_leader(leader), style="" if not leader.is_behind else "dim")
    return rows


def _leader(leader: "Leader") -> list[str]:
    known = leader.measured
    return [
        str(leader.trial),
        number(known.mean) if known.n else "",
        f"{number(known.low)} to {number(known.high)}" if known.n > 1 else "",
        str(known.n),
        str(known.n_failed or ""),
        number(leader.searched),
        str(leader.searched_at),
        short(leader.config),
    ]


def _differences(found: "Confirmed") -> Table:
    rows = Table(">better", ">worse", ">by", ">95 %", ">seeds", ">p", "real")
    for each in found.differences:
        rows.add(*_difference(each))
    return rows


def _difference(each: "Difference") -> list[str]:
    return [
        str(each.better),
        str(each.worse),
        number(each.gap),
        f"{number(each.low)} to {number(each.high)}" if each.n > 1 else "",
        str(each.n),
        f"{each.p:.2g}",
        "yes" if each.is_real else "not shown",
    ]
