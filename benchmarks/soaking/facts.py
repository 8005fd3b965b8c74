"""Facts: what the log and the evidence of a case say, brought together for the checks."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from rung.core import event as ev
from rung.core.errors import ContradictionError
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.state import State
from rung.spec import StudySpec
from soaking.case import Case
from soaking.evidence import Entered, Misbehaved, Returned, Said, Trained

VALIDATED = 200  # moments of a log at which every invariant is checked, which takes long


@dataclass(frozen=True, slots=True)
class Stretch:
    """A while in which a process trained a trial: from a call or the return of a report, to the next report."""

    run: int
    pid: int
    trial: int
    begun: float
    ended: float


@dataclass
class Facts:
    """What follows from a case.

    Attributes:
        state: The fold of the log, as far as it could be folded.
        contradiction: Why it could not be folded further.
        overspent: Where more was spent or promised than the budget allows, in words.
        said: What trainings said, by token.
        returned: Tokens of the reports that returned to their training.
        reports: The reports in the log, with the numbers of their entries.
        created: By trial.
        started: By job.
        stretches: When which process trained which trial.
        misbehaved: By trial, what its training has done.
    """

    state: State
    contradiction: str | None = None
    overspent: list[str] = field(default_factory=list)
    said: dict[int, Said] = field(default_factory=dict)
    returned: dict[int, Returned] = field(default_factory=dict)
    reports: list[tuple[Entry, ev.Reported]] = field(default_factory=list)
    created: dict[int, ev.Created] = field(default_factory=dict)
    started: dict[int, ev.Started] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)
    misbehaved: dict[int, set[str]] = field(default_factory=dict)


def gather(case: Case) -> Facts:
    """Read and fold everything once."""
    opened = case.entries[0].event
    assert isinstance(opened, ev.Opened)
    facts = Facts(StudySpec.from_builtins(opened.spec).start())
    _fold(case, facts)
    for line in case.trained:
        match line:
            case Said():
                facts.said[line.token] = line
            case Returned():
                facts.returned[line.token] = line
            case Misbehaved():
                facts.misbehaved.setdefault(line.trial, set()).add(line.what)
            case _:
                pass
    facts.stretches = list(_stretches(case.trained))
    return facts


def run_of(event: ev.Reported) -> int:
    """The run that a report came from."""
    return int(float(event.metrics["run"]))


def token_of(event: ev.Reported) -> int:
    """The token of a report."""
    return int(float(event.metrics["token"]))


def _fold(case: Case, facts: Facts) -> None:
    every = max(1, len(case.entries) // VALIDATED)
    for entry in case.entries:
        try:
            facts.state.apply(entry)
            if entry.seq % every == 0 or entry.seq == len(case.entries):
                validate(facts.state)
        except (ContradictionError, AssertionError, LookupError) as error:
            facts.contradiction = f"entry {entry.seq}, {entry.event}: {type(error).__name__}: {error}"
            return
        match entry.event:
            case ev.Reported() as event:
                facts.reports.append((entry, event))
            case ev.Created() as event:
                facts.created[event.trial] = event
            case ev.Started() as event:
                facts.started[event.job] = event
                _overspent(entry, facts)
            case _:
                pass


def _overspent(entry: Entry, facts: Facts) -> None:
    account = facts.state.account
    trials, units = account.budget.trials, account.budget.resource
    roots = sum(created.parent is None for created in facts.created.values())
    if trials is not None and roots > trials:
        facts.overspent.append(f"entry {entry.seq}: {roots} trials with a budget of {trials}")
    if units is not None and account.resource + account.reserved > units:
        spent = f"{account.resource} units spent and {account.reserved} promised"
        facts.overspent.append(f"entry {entry.seq}: {spent}, with a budget of {units}")


def _stretches(lines: list[Trained]) -> Iterator[Stretch]:
    since: dict[int, float] = {}
    for line in lines:
        match line:
            case Entered() | Returned(goes_on=True):
                since[line.pid] = line.time
            case Said():
                yield Stretch(line.run, line.pid, line.trial, since.pop(line.pid, line.time), line.time)
            case _:
                pass
