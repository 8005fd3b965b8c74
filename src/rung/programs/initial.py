"""The first study file of a script: its options with proposed ranges, and a comment on everything else."""

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from rung.core.parameter import Choice, Float, Int, Parameter
from rung.programs.options import Option
from rung.programs.proposals import is_epochs, propose

_TO_MAXIMIZE = (
    "val_accuracy",
    "accuracy",
    "val_acc",
    "acc",
    "val_auc",
    "auc",
    "val_f1",
    "f1",
    "score",
    "reward",
    "r2",
)
_TO_MINIMIZE = ("val_loss", "rmse", "mse", "mae", "val_error", "error", "loss", "perplexity", "ppl")


def guess_objective(source: str) -> tuple[str, str] | None:
    """The direction and name of a metric that a script seems to print; None if none is seen.

    Args:
        source: The script.
    """
    for direction, names in (("maximize", _TO_MAXIMIZE), ("minimize", _TO_MINIMIZE)):
        for name in names:
            if re.search(
                rf"""(?<![\w.]){name}["']?\s*[=:]\s*\{{|["']{name}["']\s*:|(?<![\w.]){name}[=:]\s*%""", source
            ):
                return direction, name
    return None


def study_file(
    script: Path, python: str, options: Sequence[Option], objective: tuple[str, str] | None
) -> str:
    """The text of a study file.

    Args:
        script: The script.
        python: The interpreter that runs it, as a person would write it.
        options: The script's options.
        objective: Direction and name of the metric; None: not known.
    """
    proposed = {_name(option): found for option in options if (found := propose(option)) is not None}
    tuned = [option for option in options if _name(option) in proposed]
    epochs = next((option for option in options if is_epochs(option)), None)
    parts = [
        *_head(script, [python, str(script)], options, tuned),
        "",
        *_objective(script, objective),
        "",
        *_scheduler(script, epochs),
        "",
        "[budget]",
        "trials = 30",
        "# seconds = 600          # of each run",
        "",
        "[executor]",
        "workers = 2",
        *_space(tuned, proposed),
        *_left_out(options, tuned, epochs),
    ]
    return "\n".join(parts) + "\n"


def _name(option: Option) -> str:
    return option.option.lstrip("-") or option.name


def _head(
    script: Path, start: list[str], options: Sequence[Option], tuned: Sequence[Option]
) -> Iterator[str]:
    words = [shlex.quote(word) for word in start]
    needed = [option for option in options if option.required and option not in tuned]
    words += [f"{option.option} {{{_name(option)}}}".strip() for option in needed]
    for option in tuned:
        words.append(
            f"{{{option.option}}}" if option.kind == "flag" else f"{option.option} {{{_name(option)}}}"
        )
    yield f"# Written by `rung init {script}`: look over the ranges, then run it, again and again: rung run FILE"
    yield f"name = {_text(re.sub(r'[^A-Za-z0-9._+-]+', '-', script.stem).strip('-.') or 'study')}"
    yield f"command = {_text(' '.join(words))}"
    for option in needed:
        yield f"# The script needs {option.option or option.name}: put it in the place of {{{_name(option)}}}."


def _objective(script: Path, objective: tuple[str, str] | None) -> Iterator[str]:
    direction, name = objective or ("minimize", "loss")
    yield f"# What {script.name} prints: {name}=0.5 in any line, or the JSON object {{{_text(name)}: 0.5}} as a line."
    if objective is None:
        yield "# No metric was recognized in it: correct the name, and let it print that."
    yield f"{direction} = {_text(name)}"


def _scheduler(script: Path, epochs: Option | None) -> Iterator[str]:
    if epochs is None:
        yield "# Each trial is one run of the program, and its last report counts. A program that reports as it trains"
        yield "# need not run to its end:"
        yield "# [scheduler]"
        yield '# type = "stopping-asha"'
        yield "# max_resource = 27       # reports of a whole run"
        return
    yield f"# {script.name} should report once an epoch; at 1, 3, 9 … of them only the best third trains on."
    yield "# If it reports only at its end, delete these two tables."
    yield "[scheduler]"
    yield 'type = "stopping-asha"   # "asha" pauses instead: for programs that save checkpoints'
    yield f"max_resource = {epochs.default}         # as many as {epochs.option or epochs.name} says"
    yield ""
    yield "[resource]"
    yield 'type = "steps"'
    yield 'unit = "epoch"'


def _space(tuned: Sequence[Option], proposed: dict[str, Parameter]) -> Iterator[str]:
    for option in tuned:
        name = _name(option)
        yield ""
        if option.kind == "flag":
            yield f"# {{{option.option}}} is there or not.{_remark(option)}"
            continue
        yield f"[space.{_key(name)}]{_remark(option, '   #')}"
        for key, value in _fields(proposed[name]):
            yield f"{key} = {value}"


def _left_out(options: Sequence[Option], tuned: Sequence[Option], epochs: Option | None) -> Iterator[str]:
    left = [
        option for option in options if option not in tuned and option is not epochs and not option.required
    ]
    if left:
        yield ""
        yield "# Left at their defaults. To tune one, add it to the command and give it a table like those above."
    for option in left:
        yield f"#   {option.option or option.name} = {json.dumps(option.default)}{_remark(option, '   ')}"


def _fields(parameter: Parameter) -> Iterator[tuple[str, str]]:
    match parameter:
        case Float() | Int():
            yield "type", '"float"' if isinstance(parameter, Float) else '"int"'
            yield "low", _text(parameter.low)
            yield "high", _text(parameter.high)
            if parameter.log:
                yield "log", "true"
        case Choice(options=options):
            yield "type", '"choice"'
            yield "options", f"[{', '.join(_text(option) for option in options)}]"
            if parameter.ordered:
                yield "ordered", "true"
        case _:
            raise AssertionError(parameter)
    if parameter.default is not None and parameter.default is not msgspec.UNSET:
        yield "default", _text(parameter.default)


def _text(value: object) -> str:
    """A value in TOML."""
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _remark(option: Option, before: str = "") -> str:
    return f"{before} {option.help[:80]}" if option.help else ""
