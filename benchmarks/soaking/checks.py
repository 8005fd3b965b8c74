"""Checks: what must hold of every round, whatever was broken in it. Each is a question to a case; none changes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from rung.core import event as ev
from rung.core.event import Entry
from rung.replay import replay
from rung.spec import StudySpec
from soaking.case import Case, Run
from soaking.facts import Facts, gather
from soaking.idleness import idle
from soaking.reports import acknowledged, true, unbroken
from soaking.trials import exact, not_lost, not_twice


@dataclass(frozen=True, slots=True)
class Violation:
    """What does not hold.

    Attributes:
        invariant: Which one.
        words: What was found.
    """

    invariant: str
    words: str


Check = Callable[[Case, Facts], Iterator[str]]


def check(case: Case) -> list[Violation]:
    """All that does not hold; empty if all is well."""
    if not case.entries:
        return [Violation("the run ends", "the study was never created")]
    facts = gather(case)
    return [Violation(name, words) for name, each in CHECKS.items() for words in each(case, facts)]


def ends(case: Case, facts: Facts) -> Iterator[str]:
    """Every run ends by itself or by what was done to it, and the last one in order."""
    for run in case.runs:
        if run.hung:
            yield f"run {run.number} did not end; what its threads did is in its log"
        elif run.outcome is None and not run.killed and not _by_signal(run):
            yield f"run {run.number} died with status {run.status} and could not say why"
        elif run.outcome is not None and run.outcome.error is not None and not _explained(case, run):
            yield f"run {run.number} raised {run.outcome.error}, which no fault explains:\n{run.outcome.words}"
    if not case.runs[-1].in_order:
        yield "the study could not be brought to its end in a session without faults"


def _by_signal(run: Run) -> bool:
    return run.status == -15 and "SIGTERM" in run.may_raise


def _explained(case: Case, run: Run) -> bool:
    """Whether the faults done to a run, or those of its training, make it raise this."""
    assert run.outcome is not None
    explained = run.may_raise | {"ObjectiveError"}  # the first trials may all fail
    met = [fault for fault in case.faults if fault.run == run.number and fault.pid is not None]
    if met or case.plan.mishaps.dies or "StoreError" in explained:
        explained.add("ExecutorError")  # several trials in a row were lost to the machine
    return run.outcome.error in explained


def folds(case: Case, facts: Facts) -> Iterator[str]:
    """The log contradicts itself nowhere, has no gap, and each state that it folds into holds its invariants."""
    if facts.contradiction is not None:
        yield facts.contradiction
    for one, other in pairwise(case.entries):
        if other.seq != one.seq + 1:
            yield f"entry {other.seq} follows entry {one.seq}"


def replays(case: Case, facts: Facts) -> Iterator[str]:
    """Every decision of the log is answered the same when it is asked again."""
    if facts.contradiction is not None:
        return
    first = replay(lambda: case.entries, StudySpec.start).first
    if first is not None:
        yield f"entry {first.seq}: {first.logged}, but asked again: {first.answered}"


def kept(case: Case, facts: Facts) -> Iterator[str]:
    """The checkpoints that are there are those of the log, and hold what was saved; but for those that were broken."""
    there = {each.name: each for each in case.kept}
    logged = {saved.checkpoint: saved for record in facts.state.trials for saved in record.checkpoints}
    damaged = {entry.event.checkpoint for entry in case.entries if _gives_up(entry)}
    for name in logged.keys() - there.keys() - case.tampered:
        yield f"checkpoint {name} is in the log, but not there"
    for name in there.keys() - logged.keys() - damaged:
        yield f"checkpoint {name} is there, but not in the log"
    for name in (there.keys() & logged.keys()) - case.tampered:
        found, saved = there[name], logged[name]
        if found.fault is not None:
            yield f"checkpoint {name} is damaged: {found.fault}"
        elif found.state != (saved.trial, saved.resource):
            yield f"checkpoint {name} holds the state of {found.state}"


def _gives_up(entry: Entry) -> bool:
    event = entry.event
    return isinstance(event, ev.Dropped) and event.why is not None and event.why.rule == "damaged"


def tidy(case: Case, facts: Facts) -> Iterator[str]:
    """No process outlives its driver, and nothing half-written stays."""
    yield from (f"orphan: {words}" for words in case.orphans)
    yield from (f"leftover: {words}" for words in case.leftovers)


CHECKS: dict[str, Check] = {
    "every acknowledged report is there": acknowledged,
    "nothing is there that no training did": true,
    "no state is lost or mixed up": unbroken,
    "no trial is lost": not_lost,
    "no trial is run twice at once": not_twice,
    "budgets are exact": exact,
    "never idle with work left": idle,
    "the run ends": ends,
    "the log folds": folds,
    "replay agrees": replays,
    "checkpoints are those of the log": kept,
    "nothing is left behind": tidy,
}
