"""`rung record`: learning curves of real trainings as a table for `rung simulate`."""

from pathlib import Path
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.loading import CommandOptions, load
from rung.core.budget import Budget
from rung.executors.local import Local
from rung.live.watcher import Live
from rung.problems.files import write_table
from rung.problems.logged import logged
from rung.schedulers.fifo import FIFO
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
    workers: Annotated[int | None, typer.Option(min=1, metavar="N", help="How many processes.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show how far it is.")] = False,
) -> None:
    """Train random configurations to the end and write their learning curves as a table.

    What was trained stands in TABLE.db: say it again to go on after Ctrl-C, or with more --configs.
    """
    stem = output.with_suffix("") if output.suffix in (".npz", ".json") else output
    program = load(what, CommandOptions())
    spec = program.study.spec
    if len(spec.objectives) > 1:
        raise CommandError(f"a table holds one metric, got {[goal.metric for goal in spec.objectives]}.")
    goal = spec.objectives[0]
    end = max_resource or getattr(spec.scheduler_spec(), "max_resource", None)
    if end is None:
        raise CommandError("how far is a configuration trained? Say --max-resource N.")
    program.study.close()
    with Study(
        program.study.name,
        spec.space,
        minimize=None if goal.maximize else goal.metric,
        maximize=goal.metric if goal.maximize else None,
        resource=spec.resource,
        scheduler=FIFO(max_resource=end),
        seed=spec.seed,
        store=stem.with_name(f"{stem.name}.db"),
    ) as study:
        executor = Local(workers=workers) if workers is not None else program.executor or Local()
        watch = [] if quiet else [Live()]
        study.run(program.train, executor=executor, budget=Budget(trials=configs), watch=watch)
        if study.interrupted:
            raise CommandError("interrupted before all was trained. Say the same again to go on.")
        table = logged(study.name, study.space, goal, spec.resource, study.history)
    data, words = write_table(table, stem)
    sizes = size(data.stat().st_size + words.stat().st_size)
    print(
        f"{data} and {words}: {units(len(table.configs), 'configuration')} to {units(end, spec.resource.unit)}, {sizes}"
    )
