"""`rung simulate`: which schedule, how many workers, how long, asked before anything is paid for."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, open_study
from rung.cli.simulated import answer

if TYPE_CHECKING:
    from rung.simulation.definition import Definition
    from rung.simulation.experiment import Experiment
    from rung.simulation.setting import World


def simulate(  # noqa: PLR0917  typer's options
    what: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]", help="An experiment in TOML, or a table of learning curves (.npz, .json)."
        ),
    ] = None,
    from_study: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="In place of FILE: the log of a study, and its schedule changed."),
    ] = None,
    store: StoreOption = STORE,
    scheduler: Annotated[
        list[str] | None,
        typer.Option(
            metavar="'TYPE OPTION=VALUE'", help="A scheduler, such as 'asha eta=4'; may be repeated."
        ),
    ] = None,
    searcher: Annotated[
        list[str] | None, typer.Option(metavar="'TYPE OPTION=VALUE'", help="A searcher; may be repeated.")
    ] = None,
    workers: Annotated[
        list[int] | None, typer.Option(metavar="N", help="How many workers; may be repeated.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Runs of each arm on each problem.")
    ] = None,
    horizon: Annotated[
        float | None,
        typer.Option(metavar="N", help="Length of a run, in times that one full training takes."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Length of a run in virtual seconds.")
    ] = None,
    resource: Annotated[
        int | None, typer.Option(metavar="N", help="Units of training that a run may spend at most.")
    ] = None,
    off_table: Annotated[
        str | None,
        typer.Option(metavar="nearest|fitted", help="Curves of configurations that a table does not hold."),
    ] = None,
    over: Annotated[
        str | None,
        typer.Option(
            metavar="training|replicates",
            help="A unit of resource on a table with several runs: a step of one, or a whole run.",
        ),
    ] = None,
    minimize: Annotated[
        list[str] | None,
        typer.Option(metavar="METRIC", help="Of the table, what to minimize; may be repeated."),
    ] = None,
    maximize: Annotated[
        list[str] | None, typer.Option(metavar="METRIC", help="What to maximize; may be repeated.")
    ] = None,
    constraint: Annotated[
        list[str] | None,
        typer.Option(metavar="LIMIT", help='A limit such as "latency<=0.1"; may be repeated.'),
    ] = None,
    straggling: Annotated[
        float | None, typer.Option(metavar="S", help="Slow jobs: 1 + |N(0, S)| times the time.")
    ] = None,
    losses_per_hour: Annotated[
        float | None, typer.Option(metavar="N", help="How often a busy worker is lost in an hour.")
    ] = None,
    charge_decisions: Annotated[
        bool, typer.Option("--charge-decisions", help="Let the real time of decisions pass, too.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Processes to simulate in; else one for each processor."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Draw it: .html, .png, .svg, .pdf.")
    ] = None,
    json: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="All numbers as JSON.")] = None,
) -> None:
    """Compare schedulers and searchers on virtual workers, on recorded learning curves or your own study's log."""
    asked = _Asked(
        scheduler or [], searcher or [], workers or [], seeds, off_table, over, minimize, maximize, constraint
    )
    changes = {
        "horizon": horizon,
        "seconds": seconds,
        "resource": resource,
        "straggling": straggling,
        "losses_per_hour": losses_per_hour,
        "charges_decisions": charge_decisions or None,
    }
    if (what is None) == (from_study is None):
        raise CommandError("say what to simulate: a FILE, or --from-study NAME.")
    asked.check()
    experiment, left_out = (
        (_from_log(from_study, store, asked), {}) if what is None else _from_file(what, asked)
    )
    experiment = _changed(experiment, {name: value for name, value in changes.items() if value is not None})
    answer(experiment, left_out, processes, output, json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What options say; empty or None where they say nothing."""

    schedulers: list[str]
    searchers: list[str]
    workers: list[int]
    seeds: int | None
    off_table: str | None
    over: str | None
    minimize: list[str] | None
    maximize: list[str] | None
    constraints: list[str] | None

    def check(self) -> None:
        """Raise unless options have one of their words."""
        for name, given, words in (
            ("off-table", self.off_table, ("nearest", "fitted")),
            ("over", self.over, ("training", "replicates")),
        ):
            if given not in (None, *words):
                raise CommandError(f"--{name} is {' or '.join(words)}, got {given!r}.")

    def changed(self, found: "Definition") -> "Definition":
        """A file's words, where options say nothing else; objectives are named together."""
        given = {"off_table": self.off_table, "over": self.over, "constraints": self.constraints}
        if self.minimize or self.maximize:
            given |= {"minimize": self.minimize or [], "maximize": self.maximize or []}
        told = {name: value for name, value in given.items() if value is not None}
        return msgspec.structs.replace(found, **told)


def _from_file(file: Path, asked: _Asked) -> "tuple[Experiment, dict[str, str]]":
    """The experiment, and why schedulers are left out that nobody named."""
    from rung.simulation.definition import (
        arms_of,
        option,
        problems_of,
        read_definition,
        usual_schedulers,
    )
    from rung.simulation.experiment import Experiment

    found = asked.changed(read_definition(file))
    problems = problems_of(found, file.parent)
    named = dict(option(text, "scheduler") for text in asked.schedulers) or found.scheduler
    searchers = dict(option(text, "searcher") for text in asked.searchers) or found.searcher
    usual, left_out = ({}, {}) if named else usual_schedulers(problems)
    arms = arms_of(
        named or usual,
        searchers or {"random": {"type": "random"}},
        asked.workers or found.workers,
    )
    return Experiment(problems, arms, found.world, asked.seeds or found.seeds), left_out


def _from_log(name: str | None, store: str, asked: _Asked) -> "Experiment":
    from rung.simulation.definition import arms_of, most_workers, option, problem_of, variants
    from rung.simulation.experiment import Experiment
    from rung.simulation.setting import World

    if asked.over or asked.minimize or asked.maximize or asked.constraints:
        raise CommandError(
            "--over, --minimize, --maximize and --constraint go with a FILE: the log of a study is simulated as it was."
        )
    with open_study(name, store) as study:
        problem = problem_of(study, "fitted" if asked.off_table == "fitted" else "nearest")
        spec = study.spec
        own = most_workers(study) if not asked.workers else asked.workers[0]
    named = dict(option(text, "scheduler") for text in asked.schedulers)
    schedulers = {
        **{
            key: value
            for key, value in variants(spec.scheduler, problem.max_resource).items()
            if not named or key == "as it was"
        },
        **named,
    }
    searchers = dict(option(text, "searcher") for text in asked.searchers) or {"": spec.searcher}
    arms = arms_of(schedulers, searchers, [own])
    more = asked.workers[1:] or [2 * own]
    for n in more:
        arms += [
            msgspec.structs.replace(arm, name=f"{arm.name}, {n} workers", workers=n)
            for arm in arms[: len(searchers)]
        ]
    return Experiment([problem], arms, World(), asked.seeds or 10)


def _changed(experiment: "Experiment", changes: dict[str, object]) -> "Experiment":
    from dataclasses import replace

    world: World = msgspec.structs.replace(experiment.world, **changes)
    return replace(experiment, world=msgspec.convert(msgspec.to_builtins(world), type(world)))
