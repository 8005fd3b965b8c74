"""`rung plan`: what a study will cost, before it runs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from rung.cli.errors import CommandError
from rung.cli.loading import CommandOptions, Program, load
from rung.cli.tables import Table
from rung.core.budget import Budget
from rung.core.event import Saved
from rung.core.why import plural
from rung.executors.local import Local
from rung.schedulers.fifo import FIFO
from rung.study import Study
from rung.words import duration, size, units

if TYPE_CHECKING:
    from rung.simulation.plan import BudgetPlan


def plan(  # noqa: PLR0917  typer's options
    what: Annotated[
        str, typer.Argument(metavar="FILE", help="As for rung run: a Python file or a study file.")
    ],
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="How many; else those of the file.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="How many trials the study may have in all.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long a run may take.")] = None,
    resource: Annotated[int | None, typer.Option(help="Units of training it may spend in all.")] = None,
    step_seconds: Annotated[
        float | None, typer.Option(metavar="S", help="How long a unit of training takes.")
    ] = None,
    pilot: Annotated[
        float | None, typer.Option(metavar="S", help="Train for so many seconds to measure that.")
    ] = None,
) -> None:
    """Tell what a study will cost: rungs, trials, resource, time, checkpoints, and what more would buy.

    Nothing is trained, but in a --pilot. What the study has trained already tells how long a unit takes.
    """
    from rung.simulation.plan import plan as planned

    program = load(what, CommandOptions())
    budget = _budget(program.budget, {"trials": trials, "seconds": seconds, "resource": resource})
    if workers is None:
        executor = program.executor or Local()
        workers = getattr(executor, "n_workers", getattr(executor, "workers", 1))
    with program.study as study:
        step = _given(step_seconds) or _pilot(program, pilot) or _measured(study) or _Step(1.0)
        if budget.seconds is not None and step.source is None:
            raise CommandError(
                "a budget in seconds needs the time of a unit: --step-seconds S, or --pilot 30."
            )
        plans = planned(study.spec, budget, workers, step.seconds)
        unit = study.state.resource.unit
        print(
            f"{study.name}: {study.spec.scheduler['type']}, {units(workers, 'worker')}, {_words(budget, unit)}\n"
        )
    _rungs(plans[0], unit)
    print()
    _budgets(plans, unit, step)
    print()
    print(_footing(step, unit))


@dataclass(frozen=True, slots=True)
class _Step:
    """How long a unit takes, how large a checkpoint is, and who says so; None: nobody."""

    seconds: float
    checkpoint_bytes: int = 0
    source: str | None = None


def _given(step_seconds: float | None) -> _Step | None:
    return None if step_seconds is None else _Step(step_seconds, source="as given")


def _measured(study: Study) -> _Step | None:
    account = study.state.account
    if not account.trained or not account.seconds:
        return None
    source = f"measured on {units(account.trained, study.state.resource.unit)} of this study"
    return _Step(account.seconds / account.trained, _checkpoint_bytes(study), source)


def _pilot(program: Program, seconds: float | None) -> _Step | None:
    """Train for a while as the study would, in a store of its own that is forgotten."""
    if seconds is None:
        return None
    spec = program.study.spec
    goals = spec.objectives
    pilot = Study(
        "pilot",
        spec.space,
        minimize=[goal.metric for goal in goals if not goal.maximize] or None,
        maximize=[goal.metric for goal in goals if goal.maximize] or None,
        constraints=spec.constraints,
        resource=spec.resource,
        scheduler=FIFO(max_resource=getattr(spec.scheduler_spec(), "max_resource", 1)),
        store=None,
    )
    pilot.run(program.train, executor=Local(workers=1), budget=Budget(seconds=seconds))
    found = _measured(pilot)
    if found is None:
        raise CommandError(f"no unit was trained in {duration(seconds)}. Give the --pilot more time.")
    words = f"measured on {units(pilot.state.account.trained, spec.resource.unit)} of a pilot"
    return _Step(found.seconds, found.checkpoint_bytes, words)


def _checkpoint_bytes(study: Study) -> int:
    sizes = [entry.event.size_bytes for entry in study.events() if isinstance(entry.event, Saved)]
    return round(sum(sizes) / len(sizes)) if sizes else 0


def _budget(given: Budget, flags: dict[str, float | None]) -> Budget:
    named = {name: value for name, value in flags.items() if value is not None}
    return msgspec.structs.replace(given, **named)


def _words(budget: Budget, unit: str) -> str:
    said = [
        "" if budget.trials is None else units(budget.trials, "trial"),
        "" if budget.resource is None else units(budget.resource, unit),
        "" if budget.seconds is None else duration(budget.seconds),
        "" if budget.worker_seconds is None else f"{duration(budget.worker_seconds)} of worker time",
    ]
    return " and ".join(word for word in said if word) or "no budget"


def _rungs(found: "BudgetPlan", unit: str) -> None:
    table = Table("rung", ">trials", ">share", f">{plural(unit, None)} trained", "~ ")
    total = sum(level.units for level in found.levels) or 1.0
    for level in found.levels:
        share = level.units / total
        table.add(
            units(level.resource, unit),
            f"{level.trials:.0f}" if level.trials >= 10 else f"{level.trials:.1f}",
            f"{100 * level.trials / max(found.trials, 1e-9):.0f} %",
            f"{level.units:.0f}",
            "█" * round(24 * share) or "▏",
        )
    table.print()


def _budgets(plans: "list[BudgetPlan]", unit: str, step: _Step) -> None:
    table = Table(
        "budget", ">trials", ">to the end", f">{plural(unit, None)}", ">time", ">busy", ">checkpoints at once"
    )
    for found in plans:
        stored = f"{found.checkpoints:.0f}"
        if step.checkpoint_bytes:
            stored += f" ({size(round(found.checkpoints * step.checkpoint_bytes))})"
        table.add(
            "this one" if found.multiple == 1 else f"{found.multiple} times",
            f"{found.trials:.0f}",
            f"{found.complete:.1f}",
            f"{found.units:.0f}",
            duration(found.seconds) if step.source else "-",
            f"{100 * found.busy:.0f} %",
            stored,
        )
    table.print()


def _footing(step: _Step, unit: str) -> str:
    if step.source is None:
        return (
            "Means of 5 simulations of this schedule on synthetic curves. For times, say how long a unit takes:\n"
            "--step-seconds S, or --pilot 30 to train that long and measure it."
        )
    return (
        "Means of 5 simulations of this schedule on synthetic curves, "
        f"{duration(step.seconds)} for each {unit}, {step.source}."
    )
