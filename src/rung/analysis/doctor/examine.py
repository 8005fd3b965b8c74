"""The examination: every check in turn, and what each said."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from rung.analysis.data import StudyData, data_of
from rung.analysis.doctor import failures, noise, ranges, rungs, size, usage, workers
from rung.analysis.doctor.case import Case, facts
from rung.analysis.doctor.finding import CannotTellError, Finding
from rung.core.errors import NoResultError
from rung.study import Study


@dataclass(frozen=True, slots=True)
class Check:
    """A question to a study.

    Attributes:
        name: As in its findings.
        question: In words; "yes" is good.
        ask: Gives the findings; raises `CannotTellError` or `NoResultError` if there is too little to go by.
    """

    name: str
    question: str
    ask: Callable[[Case], Iterable[Finding]]


CHECKS = (
    Check("failures", "Do trainings fail rarely, and in no region of the space?", failures.region),
    Check("defaults", "Do the defaults train?", size.defaults),
    Check("edge", "Are the best values inside their ranges?", ranges.edges),
    Check("logarithm", "Do wide ranges have a log scale where they need one?", ranges.logarithm),
    Check("unimportant", "Does every hyperparameter matter?", size.unimportant),
    Check("trials", "Are there enough trials for so many hyperparameters?", size.trials),
    Check("duplicates", "Are configurations tried once?", size.duplicates),
    Check("noise", "Do the leaders differ by more than noise?", noise.noise),
    Check("early_ranks", "Do early ranks tell the late ones?", rungs.early_ranks),
    Check("early_stopping", "Is hardly a better trial stopped early?", rungs.early_stopping),
    Check("top", "Did enough trials come to the last level?", rungs.top),
    Check("first_rung", "Did most training go beyond the first rung?", rungs.first_rung),
    Check("still_improving", "Have the curves flattened at the end?", noise.still_improving),
    Check("idle", "Were the workers busy?", workers.idle),
    Check("slow_worker", "Are the workers about as fast as each other?", workers.slow),
    Check("gpus", "Are the GPUs busy?", usage.gpus),
    Check("processors", "Do trials use the processors that they have, and no more?", usage.processors),
    Check("lost_time", "Did the workers' time come to something?", failures.lost_time),
    Check("saving", "Is saving cheap?", workers.saving),
)


@dataclass(frozen=True, slots=True)
class Checked:
    """A check that was made.

    Attributes:
        name: Its name.
        question: What it asks.
        outcome: found: it has findings; fine: it has none; unknown: there is too little to go by.
        why: What is missing, if unknown.
    """

    name: str
    question: str
    outcome: Literal["found", "fine", "unknown"]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the checks said.

    Attributes:
        findings: Warnings first, else in the order of the checks.
        checked: Every check.
    """

    findings: tuple[Finding, ...]
    checked: tuple[Checked, ...]


def doctor(study: Study | StudyData) -> list[Finding]:
    """What to look at in a study, warnings first; empty if nothing is to be complained about.

    Several objectives are looked at by the first of them. What needs the log (why workers waited, what saving cost) is
    left out if columns are given in place of a study.
    """
    return list(examine(study).findings)


def examine(study: Study | StudyData) -> Examination:
    """The same, with a list of what was checked and what could not be told."""
    data = data_of(study)
    log = facts(study.events(), data.unit) if isinstance(study, Study) else None
    case = Case(data, log, study.audits if isinstance(study, Study) else None)
    findings: list[Finding] = []
    checked = []
    for check in CHECKS:
        found, answer = _ask(check, case)
        findings += found
        checked.append(answer)
    findings.sort(key=lambda finding: finding.severity != "warning")
    return Examination(tuple(findings), tuple(checked))


def _ask(check: Check, case: Case) -> tuple[list[Finding], Checked]:
    try:
        found = list(check.ask(case))
    except (CannotTellError, NoResultError) as missing:
        return [], Checked(check.name, check.question, "unknown", str(missing).rstrip("."))
    return found, Checked(check.name, check.question, "found" if found else "fine")
