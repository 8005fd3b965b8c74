"""`rung importance`: which hyperparameters matter."""

from typing import TYPE_CHECKING, Annotated

import typer

from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import Table, styled
from rung.words import units

if TYPE_CHECKING:
    from rung.analysis.importance import Importance

BAR = 24  # columns of the longest bar
TRUST = 0.2


def importance(  # noqa: PLR0917  typer reads the options from the parameters
    study: StudyArgument = None,
    store: StoreOption = STORE,
    resource: Annotated[
        int | None,
        typer.Option(
            "--resource", metavar="N", help="Where trials are compared; else a level with enough of them."
        ),
    ] = None,
    objective: Annotated[
        str | None, typer.Option("--objective", metavar="METRIC", help="Which one; else the first.")
    ] = None,
    better_than: Annotated[
        float | None,
        typer.Option(
            "--better-than", metavar="VALUE", help="Ask what matters among values better than this."
        ),
    ] = None,
    pairs: Annotated[bool, typer.Option("--pairs", help="Show also what two explain together.")] = False,
) -> None:
    """Show which hyperparameters matter: the share of the variance that each explains."""
    from rung.analysis.importance import importance as measure

    with open_study(study, store) as found:
        result = measure(found, resource=resource, objective=objective, better_than=better_than)
        print(styled(_header(found.name, result), "bold"))
        print()
        _singles(result)
        if pairs:
            print()
            _pairs(result)
        print()
        print(_trust(result))


def _header(name: str, found: "Importance") -> str:
    of = f" drawn from {found.n_observed}" if found.n_observed > found.n_trials else ""
    failed = f", {found.n_failed} of them failed and count as the worst" if found.n_failed else ""
    where = units(found.resource, found.unit)
    return f"{name}: what matters for {found.objective} at {where} ({found.n_trials} trials{of}{failed})"


def _singles(found: "Importance") -> None:
    conditional = bool((found.within != found.importance).any())
    table = Table("hyperparameter", ">share", ">±", *([">where active"] if conditional else []), "~ ")
    for j in found.order:
        share = float(found.importance[j])
        inside = [_percent(float(found.within[j]))] if conditional else []
        style = "" if share > found.floor else "dim"
        table.add(
            found.labels[j], _percent(share), _percent(float(found.std[j])), *inside, _bar(share), style=style
        )
    table.print()


def _pairs(found: "Importance") -> None:
    table = Table("pair", ">share", ">±", "~ ")
    for pair in found.pairs[:10]:
        names = f"{found.labels[pair.first]} with {found.labels[pair.second]}"
        table.add(names, _percent(pair.importance), _percent(pair.std), _bar(pair.importance))
    table.print()


def _trust(found: "Importance") -> str:
    if found.accuracy < TRUST:
        return (
            f"Trust none of this: configurations predict {found.objective} of trials not seen hardly or not at all "
            f"(R² {found.accuracy:.2f}). More trials, or another --resource, may tell."
        )
    return (
        f"Configurations predict trials not seen with R² {found.accuracy:.2f}. "
        f"A column of random numbers would get up to {_percent(found.floor)}: shares below that may be chance."
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _bar(share: float) -> str:
    return "█" * round(BAR * share) or "▏"
