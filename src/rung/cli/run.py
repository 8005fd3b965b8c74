"""`rung run`: run the study that a Python file defines, or go on with it."""

import logging
import shlex
import shutil
import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from rung.cli.errors import CommandError
from rung.cli.loading import Program, load
from rung.cli.progress import Lines, StatusLine
from rung.cli.summary import summary
from rung.core.budget import Budget
from rung.executors.base import Executor
from rung.executors.local import Local
from rung.study import Study
from rung.words import units

INTERRUPTED = 130


def run(  # noqa: PLR0917  typer's options
    file: Annotated[Path, typer.Argument(help="Defines study and train; also budget, executor.")],
    trials: Annotated[int | None, typer.Option(help="How many trials the study may have in all.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long this run may take.")] = None,
    resource: Annotated[
        int | None, typer.Option(help="Units of training the study may spend in all.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many worker processes.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the summary.")] = False,
) -> None:
    """Run the study that a Python file defines; run it again to go on.

    The options win over the file's budget and executor.
    """
    command = shlex.join(["rung", *sys.argv[1:]])
    program = load(file)
    budget = _budget(program.budget, trials, seconds, resource)
    executor = _executor(program.executor, workers)
    with program.study as study:
        if not quiet:
            print(_opening(study, budget), file=sys.stderr)
        try:
            _run(study, program, budget, executor, quiet)
        except KeyboardInterrupt:
            print(
                "Left at once: what was training is lost since its last checkpoint, nothing else.\n"
                f"Go on with: {command}",
                file=sys.stderr,
            )
            sys.exit(INTERRUPTED)
        print(summary(study, command))
        if study.interrupted:
            sys.exit(INTERRUPTED)


def _run(study: Study, program: Program, budget: Budget, executor: Executor, quiet: bool) -> None:
    progress = None if quiet else _progress()
    handler = _WarningHandler(progress)
    logging.getLogger("rung").addHandler(handler)
    try:
        study.run(program.train, executor=executor, budget=budget, watch=[progress] if progress else [])
    finally:
        logging.getLogger("rung").removeHandler(handler)
        if progress is not None:
            progress.clear()


def _progress() -> StatusLine | Lines:
    if sys.stderr.isatty():
        return StatusLine(sys.stderr, lambda: shutil.get_terminal_size().columns)
    return Lines(sys.stderr)


class _WarningHandler(logging.Handler):
    """Prints rung's own warnings above the status line."""

    def __init__(self, progress: StatusLine | Lines | None) -> None:
        super().__init__(logging.WARNING)
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if self._progress is not None:
            self._progress.clear()
        print(f"rung: {self.format(record)}", file=sys.stderr)


def _opening(study: Study, budget: Budget) -> str:
    state = study.state
    known = "new" if not state.trials else f"goes on after {units(len(state.trials), 'trial')}"
    endless = "" if budget != Budget(cost_metric=budget.cost_metric) else "; no budget: until Ctrl-C"
    return f"study {study.name} in {study.url}: {known}{endless}"


def _budget(given: Budget, trials: int | None, seconds: float | None, resource: int | None) -> Budget:
    flags = {"trials": trials, "seconds": seconds, "resource": resource}
    return msgspec.structs.replace(
        given, **{name: value for name, value in flags.items() if value is not None}
    )


def _executor(given: Executor | None, workers: int | None) -> Executor:
    if workers is None:
        return given or Local()
    if given is None:
        return Local(workers=workers)
    if not isinstance(given, Local):
        raise CommandError(
            f"--workers goes with rung.Local, but the file's executor is {given!r}. Leave it out."
        )
    return msgspec.structs.replace(given, workers=workers)
