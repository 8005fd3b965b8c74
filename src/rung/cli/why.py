"""`rung why`: the story of a trial."""

import textwrap
from typing import Annotated

import typer

from rung.cli.errors import CommandError
from rung.cli.opening import STORE, StoreOption, open_study
from rung.cli.tables import width
from rung.study import Study
from rung.words import costs, duration, used


def why(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="[STUDY] TRIAL", help="The study, unless there is only one; the trial's number."
        ),
    ],
    store: StoreOption = STORE,
) -> None:
    """Tell the story of a trial: what happened to it, and why."""
    if len(words) > 2:
        raise CommandError(f"rung why takes a study and a trial, got {len(words)} words: {' '.join(words)}.")
    name = words[0] if len(words) == 2 else None
    with open_study(name, store) as study:
        _print(study, _number(words[-1], study))


def _print(study: Study, trial: int) -> None:
    lines = study.story(trial)
    began = lines[0].time
    print(f"trial {trial} of {study.name}\n")
    stamps = [f"+{duration(line.time - began)}" for line in lines[1:-1]]
    size = max(map(len, ["now", "0 s", *stamps]))
    for stamp, line in zip(["0 s", *stamps, "now"], lines, strict=True):
        print(_hanging(line.text, f"  {stamp:>{size}}  "))
    record = study.state.trials[trial]
    if (usage := study.state.usages.trials.get(trial)) is not None:
        print(f"\n{_hanging(f'It used {used(usage)}.', '')}")
    if record.spent:
        print(f"\n{_hanging(f'It has spent {costs(record.spent)}.', '')}")
    if record.rests and (level := study.audits.at(record.rested)).n_audited:
        print(f"\n{_hanging(study.audits.sentence(level), '')}")


def _hanging(text: str, stamp: str) -> str:
    """A text beside its time, its further lines below its first."""
    columns = width()
    if columns is None:
        return stamp + text
    return textwrap.fill(text, max(40, columns), initial_indent=stamp, subsequent_indent=" " * len(stamp))


def _number(word: str, study: Study) -> int:
    n = len(study.state.trials)
    known = f"its trials are 0 to {n - 1}" if n else "it has none yet"
    if not word.isdecimal():
        raise CommandError(f"{word!r} is no number of a trial. Study {study.name!r}: {known}.")
    if int(word) >= n:
        raise CommandError(f"study {study.name!r} has no trial {word}: {known}.")
    return int(word)
