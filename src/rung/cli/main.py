"""`rung`: the commands, and how errors are told."""

import sys
from collections.abc import Sequence
from importlib import import_module
from keyword import iskeyword
from typing import Annotated

import typer

from rung.cli.start import TEXT
from rung.core.errors import ObjectiveError, RungError
from rung.version import __version__

WRONG = 2  # exit code of a sentence on stderr

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: quick, and the same everywhere
    context_settings={"help_option_names": ["-h", "--help"]},
)
# Each stands in the file that is named after it, which is imported when it is called: `ls` waits for no training.
COMMANDS = (
    *("run", "init", "ls", "show", "space", "best", "why", "card", "trials", "report", "plot", "doctor"),
    *("replay", "confirm", "importance", "export", "import", "copy", "gc", "simulate", "plan", "record"),
    *("schedule", "workers"),
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show tracebacks; may also stand behind the command.")
    ] = False,
) -> None:
    """Hyperparameter optimization as resource scheduling."""
    if version:
        print(f"rung {__version__}")
    elif context.invoked_subcommand is None:
        print(TEXT, end="")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit."""
    words, debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    try:
        _load(words[:1] if words[:1] and words[0] in COMMANDS else COMMANDS)
        app(words, prog_name="rung")
    except RungError as error:
        if debug:
            raise
        if isinstance(error, ObjectiveError) and error.traceback:
            print(error.traceback.rstrip(), file=sys.stderr)
        print(f"rung: {error}", file=sys.stderr)
        sys.exit(WRONG)


def _load(names: Sequence[str]) -> None:
    """Make commands known to `app`."""
    app.registered_commands.clear()
    for name in names:
        word = f"{name}_" if iskeyword(name) else name
        app.command(name)(getattr(import_module(f"rung.cli.{word}"), word))


def _without_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """`--debug` is taken wherever it stands; what follows `--` is not ours."""
    end = list(words).index("--") if "--" in words else len(words)
    left = [word for word in words[:end] if word != "--debug"]
    return [*left, *words[end:]], len(left) < end
