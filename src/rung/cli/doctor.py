"""`rung doctor`: what to look at in a study."""

import textwrap
from typing import TYPE_CHECKING

from rung.cli.opening import STORE, StoreOption, StudyArgument, open_study
from rung.cli.tables import styled, width

if TYPE_CHECKING:
    from rung.analysis.doctor.examine import Checked, Examination

WIDEST = 100


def doctor(study: StudyArgument = None, store: StoreOption = STORE) -> None:
    """Say what to look at in a study: ranges, noise, rungs, failures, workers."""
    from rung.analysis.doctor.examine import examine

    with open_study(study, store) as found:
        _print(found.name, examine(found))


def _print(name: str, found: "Examination") -> None:
    print(styled(f"{name}: {_summary(found)}", "bold"))
    for finding in found.findings:
        print()
        style = "red" if finding.severity == "warning" else ""
        print(_wrapped(finding.sentence, styled(f"{finding.severity:<7}", style), 7))
        print(_wrapped(finding.advice, "", 0, first=" " * 7 + "  -> "))
    print()
    fine = [check for check in found.checked if check.outcome == "fine"]
    unknown = [check for check in found.checked if check.outcome == "unknown"]
    if fine:
        print(styled("Fine", "bold"))
        for check in fine:
            print(f"  {check.question}")
    if unknown:
        print(styled("Could not be told", "bold"))
        for check in unknown:
            print(_unknown(check))


def _summary(found: "Examination") -> str:
    n = len(found.findings)
    if n == 0:
        return "nothing to complain about"
    return f"{n} thing{'s' if n > 1 else ''} to look at"


def _unknown(check: "Checked") -> str:
    return _wrapped(f"{check.question} ({check.why})", "", 0, first="  ", indent="    ")


def _wrapped(text: str, head: str, size: int, *, first: str = "", indent: str = "") -> str:
    """A text in the width of the terminal, its further lines indented; off a terminal in one line."""
    columns = width()
    first = first or f"{head}  "
    if columns is None:
        return first + text
    room = min(columns, WIDEST)
    lines = textwrap.wrap(text, max(30, room - (size + 2 if size else len(first))))
    return first + f"\n{indent or ' ' * (size + 2 if size else len(first))}".join(lines)
