"""Preemption: a running job gives its worker to a promotion that would have to wait long for one.

It is a wrapper around a scheduler that promotes: `preempting(live, wait)`, behind their option `preempt=wait`.

The rule, asked after each report while no worker is free. A running job yields if all of this holds:

- A promotion is due, and the budget covers it.
- Every running job has more than `wait` seconds to go, by its own reports, so that no worker will be free soon.
- The job leads to a lower level than the promotion does, and has come at least one unit further since it began.
- Its trial has not yielded before, and nobody who was asked to yield is still running.

Of several the one to the lowest level yields, of these the one with the most seconds to go. It ends at its next report,
is saved, and the promotion takes its worker. It goes on to where it was going as soon as no promotion is due, before
any new trial begins.

What it costs: a checkpoint written and one read, and the memory of one more trial at rest. What it gains: the promotion
begins earlier, by more than `wait` seconds. So `wait` is to be a few times what writing and reading take.

Nobody starves: while a trial waits for its turn no new one begins, so promotions come to an end. Nobody thrashes, as a
trial yields once in its life. The scheduler inside knows nothing of all that: to it the trial runs on.

A question after a report costs what a decision costs, and O(workers) only while a promotion is due.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Auditable,
    Decision,
    Fact,
    Failed,
    Finished,
    JobGranted,
    New,
    Observed,
    RestingStatus,
    Slot,
    TrialStopped,
    Wait,
    Yield,
    Yielded,
    YieldRequested,
)
from rung.core.why import Why
from rung.schedulers.cost_price import Price

_SLOTS = (Slot(0),)


def preempting(live: Auditable, wait: float | None) -> Auditable:
    """A scheduler for whose promotions running jobs yield.

    Args:
        live: The scheduler; it never asks a job to yield itself.
        wait: Seconds that a promotion may have to wait for a worker; None: as long as it takes, nobody yields.
    """
    return live if wait is None else LivePreempting(live, wait)


@dataclass(slots=True)
class _Job:
    """A job that runs, or the rest of one: where it began, where it stands, where it leads, what a unit takes."""

    start: int
    position: int
    target: int
    pace: Price = field(default_factory=Price)

    def report(self, fact: Observed) -> None:
        """It has come further."""
        self.pace.add(fact.units, fact.seconds, first=self.position == self.start)
        self.position = fact.resource

    @property
    def left_s(self) -> float:
        """Seconds that it has to go; `inf` before its first report."""
        pace = self.pace.per_unit
        return math.inf if pace is None else pace * (self.target - self.position)


class LivePreempting:
    """State: besides the scheduler inside, which jobs run, and whose rest waits for its turn.

    Attributes:
        waiting: The rest of the jobs that have yielded, by trial, in that order.
        spared: Trials that have yielded once.
    """

    def __init__(self, live: Auditable, wait: float) -> None:
        self.waiting: dict[int, _Job] = {}
        self.spared: set[int] = set()
        self._live = live
        self._wait = wait
        self._jobs: dict[int, _Job] = {}
        self._asked: set[int] = set()  # running, and asked to yield
        self._vacant = False  # a worker was free after the last job that ended, and is before the next begins

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """What the scheduler inside decides; those who have yielded go on before any new trial."""
        found = self._live.decide(ask)
        if not ask.slots:
            return self._interruption(ask) or found if isinstance(found, Wait) else found
        if isinstance(found, New | Wait | Finished):
            return self._go_on(ask) or self._at_rest(found)
        return found

    def _go_on(self, ask: Ask) -> Advance | None:
        for trial, job in self.waiting.items():
            if job.target - ask.starts_at(trial) <= ask.room:
                return Advance(trial, job.target, Why("has its turn", resource=job.position))
        return None

    def _at_rest(self, found: New | Wait | Finished) -> New | Wait | Finished:
        """To the scheduler inside those who wait are running; if nobody else is, nothing will ever start."""
        if isinstance(found, Wait) and self.waiting and not self._jobs:
            return Finished(Why("budget"))
        return found

    def _interruption(self, ask: Ask) -> Yield | None:
        if self._asked or self._vacant:
            return None
        due = self._live.decide(msgspec.structs.replace(ask, slots=_SLOTS, may_create=False))
        if not isinstance(due, Advance) or any(job.left_s <= self._wait for job in self._jobs.values()):
            return None
        below = [
            (job.target, -job.left_s, trial)
            for trial, job in self._jobs.items()
            if job.target < due.target and job.position > job.start and trial not in self.spared
        ]
        if not below:
            return None
        trial = min(below)[-1]
        return Yield(trial, Why("preempted", resource=self._jobs[trial].position, trial=due.trial))

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """Note who runs; tell the scheduler inside all but that a job was interrupted and goes on."""
        match fact:
            case JobGranted(trial=trial, start=start, target=target):
                self._vacant = False
                self._jobs[trial] = _Job(start, start, target)
                if self.waiting.pop(trial, None) is not None:
                    return ()
            case Observed(trial=trial) if trial in self._jobs:
                self._jobs[trial].report(fact)
            case YieldRequested(trial=trial) if trial in self._jobs:
                self._asked.add(trial)
                return ()
            case Yielded(trial=trial, resource=resource) if trial in self._jobs:
                self._rest(trial, resource)
                return ()
            case Arrived(trial=trial) | Failed(trial=trial):
                self._end(trial)
                self._vacant = True
            case TrialStopped(trial=trial):
                self._end(trial)
                self.waiting.pop(trial, None)
            case _:
                pass
        return self._live.apply(fact)

    def _rest(self, trial: int, resource: int) -> None:
        job = self._jobs[trial]
        self._end(trial)
        self.waiting[trial] = _Job(job.start, resource, job.target)
        self.spared.add(trial)
        self._vacant = True

    def _end(self, trial: int) -> None:
        self._jobs.pop(trial, None)
        self._asked.discard(trial)

    # Standing

    @property
    def levels(self) -> Sequence[int]:
        """As the scheduler inside says."""
        return self._live.levels

    def passed_over(self, trial: int) -> bool:
        """As the scheduler inside says; nobody is who waits for its turn."""
        return trial not in self.waiting and self._live.passed_over(trial)

    def status(self, trial: int) -> RestingStatus:
        """Paused while it waits for its turn, else as the scheduler inside says."""
        return "paused" if trial in self.waiting else self._live.status(trial)

    def why(self, trial: int) -> Why:
        """That it has yielded, or what the scheduler inside says."""
        if trial in self.waiting:
            return Why("waits for its turn", resource=self.waiting[trial].position)
        return self._live.why(trial)
