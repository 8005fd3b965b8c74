"""`rung simulate`: which schedule, how many workers, how long, asked before anything is paid for."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, open_study
from rung.cli.tables import Table
from rung.words import duration, number, units

if TYPE_CHECKING:
    from rung.simulation.comparison import ArmResult
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
    asked = _Asked(scheduler or [], searcher or [], workers or [], seeds, off_table)
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
    experiment = _from_log(from_study, store, asked) if what is None else _from_file(what, asked)
    experiment = _changed(experiment, {name: value for name, value in changes.items() if value is not None})
    _answer(experiment, processes, output, json)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What options say; empty or None where they say nothing."""

    schedulers: list[str]
    searchers: list[str]
    workers: list[int]
    seeds: int | None
    off_table: str | None

    def filling(self, default: str) -> "str":
        """Where curves come from."""
        found = self.off_table or default
        if found not in ("nearest", "fitted"):
            raise CommandError(f"--off-table is nearest or fitted, got {found!r}.")
        return found


def _from_file(file: Path, asked: _Asked) -> "Experiment":
    from rung.simulation.definition import (
        arms_of,
        option,
        problems_of,
        read_definition,
        usual_schedulers,
    )
    from rung.simulation.experiment import Experiment

    found = read_definition(file)
    found = msgspec.structs.replace(found, off_table=asked.filling(found.off_table))
    problems = problems_of(found, file.parent)
    named = dict(option(text, "scheduler") for text in asked.schedulers) or found.scheduler
    searchers = dict(option(text, "searcher") for text in asked.searchers) or found.searcher
    arms = arms_of(
        named or usual_schedulers(problems),
        searchers or {"random": {"type": "random"}},
        asked.workers or found.workers,
    )
    return Experiment(problems, arms, found.world, asked.seeds or found.seeds)


def _from_log(name: str | None, store: str, asked: _Asked) -> "Experiment":
    from rung.simulation.definition import arms_of, most_workers, option, problem_of, variants
    from rung.simulation.experiment import Experiment
    from rung.simulation.setting import World

    with open_study(name, store) as study:
        problem = problem_of(study, "fitted" if asked.filling("nearest") == "fitted" else "nearest")
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


def _answer(experiment: "Experiment", processes: int | None, output: Path | None, json: Path | None) -> None:
    from rung.simulation.comparison import compare

    experiment.check()
    runs = experiment.runs(processes, _told(experiment.size))
    results = compare(runs)
    print(_heading(experiment))
    print()
    _table(results)
    print()
    print(_legend(results))
    if json is not None:
        everything = {"world": experiment.world, "arms": experiment.arms, "results": results, "runs": runs}
        json.write_bytes(msgspec.json.encode(everything))
    if output is not None:
        from rung.analysis.plots.files import to_file
        from rung.simulation.figure import comparison_figure

        to_file(comparison_figure(results, _title(experiment), _length(experiment)), output)
        print(f"\n{output}")


def _told(size: int) -> Callable[[int], None]:
    """Say on a terminal how far it is."""

    def told(done: int) -> None:
        if sys.stderr.isatty():
            end = "\r" if done < size else "\r\x1b[K"
            print(f"{done} of {size} runs" if done < size else "", end=end, file=sys.stderr, flush=True)

    return told


def _title(experiment: "Experiment") -> str:
    problems = experiment.problems
    return problems[0].name if len(problems) == 1 else units(len(problems), "problem")


def _length(experiment: "Experiment") -> str:
    world = experiment.world
    if world.seconds is not None:
        return duration(world.seconds)
    return f"{number(world.horizon)} full trainings"


def _heading(experiment: "Experiment") -> str:
    workers = sorted({arm.workers for arm in experiment.arms})
    words = " or ".join(map(str, workers)) + (" worker" if workers == [1] else " workers")
    limit = experiment.world.resource
    budget = "" if limit is None else f", at most {limit} units of training"
    return (
        f"{_title(experiment)}, {words}, {units(experiment.seeds, 'seed')}, "
        f"as long as {_length(experiment)} take{'s' if experiment.world.seconds is not None else ''}{budget}"
    )


def _table(results: "list[ArmResult]") -> None:
    table = Table(
        "~arm", ">rank", ">95 %", ">regret", ">middle half", ">busy", ">trials", ">units", ">saved", ">moved"
    )
    for found in results:
        table.add(
            found.arm,
            f"{found.rank:.2f}",
            f"{found.rank_low:.2f}-{found.rank_high:.2f}",
            _regret(found.regret),
            f"{_regret(found.regret_low)}-{_regret(found.regret_high)}",
            f"{100 * found.utilization:.1f} %",
            f"{found.trials:.0f}",
            f"{found.units:.0f}",
            f"{found.written:.0f}",
            f"{found.moved:.0f}",
        )
    table.print()


def _regret(value: float) -> str:
    return f"{value:.3f}" if value < 1e3 else "none"


def _legend(results: "list[ArmResult]") -> str:
    rate = sum(found.results_per_s for found in results) / len(results)
    return (
        "rank: mean over problems and seeds, 1 is best. regret: of what the study would call best, trained to\n"
        "the end; 0 is the best known configuration, 1 the median one. busy: time in which workers had a job.\n"
        "saved, moved: checkpoints written, and those read by another worker.\n"
        f"{rate:.0f} results were simulated in a second."
    )
