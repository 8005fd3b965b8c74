"""`rung record`: learning curves of real trainings as a table for `rung simulate`."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rung.cli.errors import CommandError
from rung.cli.executing import chosen
from rung.cli.loading import CommandOptions, load
from rung.core.budget import Budget
from rung.core.space import Config
from rung.live.watcher import Live
from rung.problems.files import write_table
from rung.problems.goals import Goals
from rung.problems.logged import logged
from rung.schedulers.fifo import FIFO
from rung.spec import StudySpec
from rung.study import Study
from rung.words import size, units


def record(  # noqa: PLR0917  typer's options
    what: Annotated[
        str, typer.Argument(metavar="FILE", help="As for rung run: a Python file or a study file.")
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="TABLE", help="Where to: TABLE.npz and TABLE.json.")
    ],
    configs: Annotated[int, typer.Option(min=5, metavar="N", help="How many configurations.")] = 100,
    max_resource: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="How far each is trained; else as the file says.")
    ] = None,
    repeats: Annotated[
        int, typer.Option(min=1, metavar="N", help="How often each is trained, each time with another seed.")
    ] = 1,
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many processes.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show how far it is.")] = False,
) -> None:
    """Train random configurations to the end and write their learning curves as a table.

    What was trained stands in TABLE.db: say it again to go on after Ctrl-C, or with more --configs or
    --repeats. A study over folds (resource=rung.Replicates) records each configuration on each of them.
    """
    stem = output.with_suffix("") if output.suffix in (".npz", ".json") else output
    program = load(what, CommandOptions())
    spec = program.study.spec
    end = max_resource or getattr(spec.scheduler_spec(), "max_resource", None)
    if end is None:
        raise CommandError("how far is a configuration trained? Say --max-resource N.")
    if repeats > 1 and spec.resource.averages:
        unit = spec.resource.unit
        raise CommandError(
            f"--repeats goes with training in steps; this study has one run for each {unit} already."
        )
    program.study.close()
    with _recording(spec, end, stem) as study:
        executor = chosen(program.executor, workers=workers)
        watch = [] if quiet else [Live()]

        def train(trials: int) -> None:
            study.run(program.train, executor=executor, budget=Budget(trials=trials), watch=watch)
            if study.interrupted:
                raise CommandError("interrupted before all was trained. Say the same again to go on.")

        _train_all(study, configs, repeats, train)
        goals = Goals(spec.objectives, spec.constraints)
        table = logged(study.name, study.space, goals, spec.resource, study.history, repeats=repeats)
    data, words = write_table(table, stem)
    sizes = size(data.stat().st_size + words.stat().st_size)
    seeds = f", {units(repeats, 'seed')} each" if repeats > 1 else ""
    print(
        f"{data} and {words}: {units(len(table.configs), 'configuration')} to "
        f"{units(end, spec.resource.unit)}{seeds}, {sizes}"
    )


def _recording(spec: StudySpec, end: int, stem: Path) -> Study:
    """The study that trains what is recorded."""
    goals = spec.objectives
    return Study(
        spec.name,
        spec.space,
        minimize=[goal.metric for goal in goals if not goal.maximize] or None,
        maximize=[goal.metric for goal in goals if goal.maximize] or None,
        constraints=spec.constraints,
        resource=spec.resource,
        scheduler=FIFO(max_resource=end),
        seed=spec.seed,
        store=stem.with_name(f"{stem.name}.db"),
    )


def _train_all(study: Study, configs: int, repeats: int, train: Callable[[int], None]) -> None:
    """Train configurations, then each of them again until it was trained so often."""
    _train_enqueued(study, train)  # what an earlier call left undone
    again = Counter(_key(trial.config) for trial in study.trials if trial.source == "enqueued")
    train(configs + again.total())
    firsts = [trial.config for trial in study.trials if trial.source != "enqueued"]
    for config in firsts[:configs]:
        for _ in range(repeats - 1 - again[_key(config)]):
            study.enqueue(config)
            again[_key(config)] += 1
    _train_enqueued(study, train)


def _train_enqueued(study: Study, train: Callable[[int], None]) -> None:
    waiting = len(study.state.enqueued)
    if waiting:
        train(study.state.n_trials + waiting)


def _key(config: Config) -> bytes:
    return msgspec.json.encode(config, order="sorted")
