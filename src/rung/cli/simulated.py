"""What `rung simulate` answers: a table of the arms, what its columns mean, and what was found out on the way."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from rung.cli.tables import Table
from rung.words import duration, number, units

if TYPE_CHECKING:
    from rung.simulation.comparison import ArmResult
    from rung.simulation.experiment import Experiment


def answer(
    experiment: "Experiment",
    left_out: Mapping[str, str],
    processes: int | None,
    output: Path | None,
    json: Path | None,
) -> None:
    """Simulate, and print what came of it.

    Args:
        experiment: What is simulated.
        left_out: Schedulers that cannot work there, with the reasons.
        processes: In how many processes; None: one for each processor.
        output: Where to draw it; None: nowhere.
        json: Where to write all numbers; None: nowhere.
    """
    from rung.simulation.comparison import compare

    experiment.check()
    runs = experiment.runs(processes, _told(experiment.size))
    results = compare(runs)
    print(_heading(experiment))
    print()
    _table(results, experiment.of_fronts)
    print()
    for line in [*_legend(results, experiment), *_derived(experiment), *_missing(left_out)]:
        print(line)
    if json is not None:
        everything = {"world": experiment.world, "arms": experiment.arms, "results": results, "runs": runs}
        json.write_bytes(msgspec.json.encode(everything))
    if output is not None:
        from rung.analysis.plots.files import to_file
        from rung.simulation.figure import comparison_figure

        to_file(
            comparison_figure(
                results, _title(experiment), _length(experiment), of_fronts=experiment.of_fronts
            ),
            output,
        )
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


def _table(results: "list[ArmResult]", of_fronts: bool) -> None:
    shown = "hypervolume" if of_fronts else "regret"
    table = Table(
        *("~arm", ">rank", ">95 %", f">{shown}", ">middle half"),
        *(">busy", ">trials", ">units", ">saved", ">moved"),
    )
    quality = _covered if of_fronts else _regret
    for found in results:
        low, high = sorted((quality(found.regret_low), quality(found.regret_high)))
        table.add(
            found.arm,
            f"{found.rank:.2f}",
            f"{found.rank_low:.2f}-{found.rank_high:.2f}",
            quality(found.regret),
            f"{low}-{high}",
            f"{100 * found.utilization:.1f} %",
            f"{found.trials:.0f}",
            f"{found.units:.0f}",
            f"{found.written:.0f}",
            f"{found.moved:.0f}",
        )
    table.print()


def _regret(value: float) -> str:
    return f"{value:.3f}" if value < 1e3 else "none"


def _covered(lost: float) -> str:
    return f"{1 - min(lost, 1.0):.3f}"


def _legend(results: "list[ArmResult]", experiment: "Experiment") -> list[str]:
    rate = sum(found.results_per_s for found in results) / len(results)
    return [
        "rank: mean over problems and seeds, 1 is best; with the 95 % interval.",
        *(_of_fronts(experiment) if experiment.of_fronts else _of_best(experiment)),
        "busy: time in which workers had a job.",
        "saved, moved: checkpoints written, and those read by another worker.",
        f"{rate:.0f} results were simulated in a second.",
    ]


def _of_best(experiment: "Experiment") -> list[str]:
    limits = " and ".join(map(str, experiment.problems[0].goals.constraints))
    best = "the best known configuration" + (f" with {limits}" if limits else "")
    words = "regret: of what the study would call best, trained to the end;"
    broken = ", none one that breaks a limit" if limits else ""
    return [words, f"0 is {best}, 1 the median one{broken}."]


def _of_fronts(experiment: "Experiment") -> list[str]:
    goals = experiment.problems[0].goals
    limits = " and ".join(map(str, goals.constraints))
    named = ", ".join(f"{goal.metric} {'up' if goal.maximize else 'down'}" for goal in goals.objectives)
    return [
        f"hypervolume: of the front that the study would show ({named}),",
        f"trained to the end, as a part of that of the best known front{' with ' + limits if limits else ''}: "
        "1 is the whole front.",
    ]


def _derived(experiment: "Experiment") -> list[str]:
    """What was not said and had to be found out."""
    from rung.simulation.setting import needs_cost, scheduler_on

    found = []
    for arm in experiment.arms:
        if needs_cost(arm.scheduler):
            costs = [scheduler_on(problem, arm.scheduler)["max_cost"] for problem in experiment.problems]
            told = f"{min(costs):.4g}" if len(set(costs)) == 1 else f"{min(costs):.4g} to {max(costs):.4g}"
            what = arm.scheduler.get("cost", "seconds")
            found.append(f"{arm.name}: max_cost is {told} {what}, the median cost of a full training.")
    return found


def _missing(left_out: Mapping[str, str]) -> list[str]:
    if not left_out:
        return []
    return [
        f"Left out: {', '.join(left_out)}.",
        "Name one with --scheduler to read why it cannot work here.",
    ]
