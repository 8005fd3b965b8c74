"""`rung space`: what is tuned, and going on in another space."""

from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import Table, styled
from rung.core.space import Space
from rung.study import Study

EDITS = ("set", "add", "freeze")
RULES = ("where", "lift")


def space(
    study: StudyArgument = None,
    edit: Annotated[
        str | None,
        typer.Argument(metavar="[set|add|freeze|where|lift]", help="What to change; left out: only show it."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME|RULE]",
            help="Of the hyperparameter; in a branch: name[optimizer=adam]. After where and lift: a rule.",
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Argument(
            metavar="[RANGE|VALUE]",
            help="`1e-5..1e-1 log`, `1..8`, `a|b|c`, and `= 3` for a default; or a value.",
        ),
    ] = None,
    store: StoreOption = STORE,
) -> None:
    """Show the space of a study, or change it: its trials stay, and the study goes on in the new one.

    rung space digits set lr "1e-6..1e-1 log" | add dropout "0..0.5 = 0.1" | freeze layers 2 |
    where "batch * width <= 8192" | lift "batch * width <= 8192"
    """
    with open_study(study, store) as found:
        if edit is not None:
            _change(found, edit, name, text)
            print()
        _show(found)
        if edit is not None:
            print(_ADVICE.format(source=_source(found)))


def _change(study: Study, edit: str, name: str | None, text: str | None) -> None:
    before = study.space
    after = _edited(study, edit, name, text)
    study.change_space(after)
    difference = before.difference(after)
    print(
        f"{study.name}: nothing to change: that is its space."
        if difference is None
        else f"{study.name}: {difference}"
    )


def _edited(study: Study, edit: str, name: str | None, text: str | None) -> Space:
    from rung.programs.edits import added, frozen, lifted, reset

    if name is not None and edit in RULES and text is None:
        return study.space.where(name) if edit == "where" else lifted(study.space, name)
    if edit not in EDITS or name is None or text is None:
        raise CommandError(
            f'to change the space write: rung space {study.name} set lr "1e-6..1e-1 log", or add with a range and '
            'its default, or freeze with a value, or where with a rule such as "batch * width <= 8192", or lift '
            "with a rule that shall hold no more."
        )
    return {"set": reset, "add": added, "freeze": frozen}[edit](study.space, name, text)


def _show(study: Study) -> None:
    from rung.analysis.spaces import rows

    print(styled(f"{study.name}: {len(study.space.parameters)} hyperparameters, {_trials(study)}", "bold"))
    print()
    table = Table("name", "~values", "default", "~active with")
    for row in rows(study.space.parameters):
        table.add(row.name, row.values, row.default, row.when)
    table.print()
    for rule in study.space.rules:
        print(f"where {rule}")


def _trials(study: Study) -> str:
    history = study.history
    outside = sum(not study.space.encodes(config) for config in history.completed)
    if not outside:
        return f"{history.n_trials} trials"
    return f"{outside} of {history.n_trials} trials outside"


def _source(study: Study) -> str:
    from rung.analysis.source import space_source

    return space_source(study.space)


_ADVICE = """
The program that opens the study must give this space from now on:

{source}"""
