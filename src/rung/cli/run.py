"""`rung run`: run the study of a Python file, a study file or a command, or go on with it."""

import shlex
import sys
from typing import Annotated

import msgspec
import typer
from typer.models import OptionInfo

from rung.cli.executing import EXECUTOR_HELP, chosen
from rung.cli.loading import CommandOptions, load
from rung.cli.summary import summary
from rung.cli.watching import LogFormat, watching
from rung.core.budget import Budget
from rung.integrations.trackers import tracker
from rung.searchers.auto import Auto
from rung.study import Study
from rung.words import units

INTERRUPTED = 130


def _of_command(metavar: str, words: str) -> OptionInfo:
    """An option that goes with a command only."""
    option: OptionInfo = typer.Option(metavar=metavar, help=f"For a COMMAND: {words}")
    return option


def run(  # noqa: PLR0917  typer's options
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|COMMAND",
            help="A Python file that defines study and train, a study file (.toml), a W&B sweep (.yaml), "
            "or a command with ranges in it.",
        ),
    ],
    trials: Annotated[int | None, typer.Option(help="How many trials the study may have in all.")] = None,
    seconds: Annotated[float | None, typer.Option(help="How long this run may take.")] = None,
    resource: Annotated[
        int | None, typer.Option(help="Units of training the study may spend in all.")
    ] = None,
    workers: Annotated[int | None, typer.Option(help="How many worker processes.")] = None,
    executor: Annotated[str | None, typer.Option(metavar="TYPE[,NAME=VALUE…]", help=EXECUTOR_HELP)] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the summary.")] = False,
    log: Annotated[
        LogFormat,
        typer.Option(help="Tell what happens as text, or as JSON on standard output, an object a line."),
    ] = LogFormat.text,
    minimize: Annotated[list[str] | None, _of_command("METRIC", "what to minimize; may be repeated.")] = None,
    maximize: Annotated[list[str] | None, _of_command("METRIC", "what to maximize; may be repeated.")] = None,
    max_resource: Annotated[
        int | None, _of_command("N", "up to how many epochs a trial may train; without it, whole runs.")
    ] = None,
    unit: Annotated[str | None, _of_command("WORD", "what N counts, such as epoch.")] = None,
    scheduler: Annotated[
        str | None, _of_command("TYPE", "asha, stopping-asha, hyperband, pasha, median-stopping, fifo …")
    ] = None,
    searcher: Annotated[
        str | None, _of_command("TYPE", "auto, gp, tpe, forest, quasi-random, random, grid …")
    ] = None,
    name: Annotated[
        str | None, _of_command("NAME", "the study's name; without it, one made of the command.")
    ] = None,
    seed: Annotated[int | None, _of_command("N", "from which everything random derives.")] = None,
    store: Annotated[str | None, _of_command("PATH", "the store; without it, rung.db.")] = None,
    audit: Annotated[
        float | None, _of_command("SHARE", "what part of the training audits early stopping, such as 0.03.")
    ] = None,
    confirm: Annotated[
        float | None, _of_command("SHARE", "what part of the budget confirms the best, such as 0.1.")
    ] = None,
    constraint: Annotated[
        list[str] | None, _of_command("LIMIT", 'a limit such as "latency<=0.1"; may be repeated.')
    ] = None,
    where: Annotated[
        list[str] | None,
        _of_command(
            "RULE", 'a rule between hyperparameters such as "batch * width <= 8192"; may be repeated.'
        ),
    ] = None,
    track: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TRACKER",
            help="Log to mlflow[=URI], wandb[=PROJECT] or tensorboard[=FOLDER]; may be repeated.",
        ),
    ] = None,
) -> None:
    """Run a study; run it again to go on.

    FILE defines the study; options win over its budget and executor. COMMAND is the study itself:

    rung run --maximize accuracy "python train.py --lr {lr:1e-5..1e-1 log} --opt {opt:adam|sgd}"
    """
    command = shlex.join(["rung", *sys.argv[1:]])
    options = CommandOptions(
        minimize,
        maximize,
        max_resource,
        unit,
        scheduler,
        searcher,
        name,
        seed,
        store,
        audit,
        constraint,
        confirm,
        where,
    )
    program = load(what, options)
    trackers = [tracker(text) for text in track or ()]
    budget = _budget(program.budget, trials, seconds, resource)
    place = chosen(program.executor, executor, workers)
    with program.study as study:
        if not quiet and log is LogFormat.text:
            print(_opening(study, budget), file=sys.stderr)
        try:
            with watching(quiet, log) as watch:
                study.run(
                    program.train, executor=place, budget=budget, watch=[*watch, *program.watch, *trackers]
                )
        except KeyboardInterrupt:
            print(
                "Left at once: what was training is lost since its last checkpoint, nothing else.\n"
                f"Go on with: {command}",
                file=sys.stderr,
            )
            sys.exit(INTERRUPTED)
        if log is LogFormat.text:
            print(summary(study, command))
        if study.interrupted:
            sys.exit(INTERRUPTED)


def _opening(study: Study, budget: Budget) -> str:
    state = study.state
    known = "new" if not state.trials else f"goes on after {units(state.n_trials, 'trial')}"
    endless = "; no budget: until Ctrl-C" if budget.is_endless else ""
    return f"study {study.name} in {study.url}: {known}{endless}{_choice(study, budget)}"


def _choice(study: Study, budget: Budget) -> str:
    """Which searcher begins, where rung chooses."""
    spec = study.spec.searcher_spec()
    if not isinstance(spec, Auto) or study.state.trials:
        return ""
    rule = spec.choice(study.space, study.state.objectives, budget.trials)
    return f"\nsearcher: {rule.searcher}, as {rule.why}"


def _budget(given: Budget, trials: int | None, seconds: float | None, resource: int | None) -> Budget:
    flags = {"trials": trials, "seconds": seconds, "resource": resource}
    return msgspec.structs.replace(
        given, **{name: value for name, value in flags.items() if value is not None}
    )
