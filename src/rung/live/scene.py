"""What there is to see of a run, as plain values: a pure fold that a terminal, a notebook or a page draws.

It begins with the state of a study, which may hold many trials of earlier runs, in one pass over its trials, and
follows the events from there on, O(1) each (with several objectives O(size of the front) for a report). It knows no
clock: whoever draws says how many seconds have passed since the last event.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rung.core import event as ev
from rung.core.constraint import limited, violations
from rung.core.decision import Status
from rung.core.objective import Objectives
from rung.core.record import Incumbent, TrialRecord
from rung.core.space import Config
from rung.core.state import State
from rung.core.why import Why, plural
from rung.live.curves import Curve, Curves, best_so_far
from rung.live.front import Front
from rung.live.rungs import Rung, Rungs
from rung.watching import RunBegun, RunEnded, StudyView

LAST_FAILURES = 5
OVER: tuple[Status, ...] = ("stopped", "failed", "complete")


@dataclass(slots=True)
class Running:
    """A trial in training.

    Attributes:
        job: Its job.
        trial: Its number.
        worker: Who trains it.
        node: On which machine; empty: the driver's own.
        start: Where its job began.
        target: Where its job ends.
        position: Where it stands.
        value: The first objective's last value; None before the first report.
        since: When its job began, by the study's clock; None: before this run.
    """

    job: int
    trial: int
    worker: int
    node: str
    start: int
    target: int
    position: int
    value: float | None
    since: float | None


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that failed or was lost.

    Attributes:
        trial: Its trial.
        type: Name of the exception, or a word.
        message: The first line of its message.
        again: Whether it is granted again, as the trial is not to blame.
    """

    trial: int
    type: str
    message: str
    again: bool


@dataclass(frozen=True, slots=True)
class Part:
    """A limited part of the budget.

    Attributes:
        name: What is spent: a key of `Budget`.
        unit: What it is counted in.
        spent: How much of it is spent.
        limit: How much may be.
        left_s: Seconds until it is used up, at the pace of this run; None: not known.
    """

    name: str
    unit: str
    spent: float
    limit: float
    left_s: float | None


class Scene:
    """What there is to see.

    Attributes:
        name: Of the study.
        method: Names of its scheduler and its searcher.
        objectives: What is optimized.
        unit: What a unit of resource is called.
        workers: How many there are; at least as many as were at work at once.
        time: Of the last event; None before the first one of this run.
        account: The budget, and what is spent.
        counts: Trials per status.
        incumbent: The best so far, None where there is none.
        front: With several objectives, the trials that no other one dominates.
        best_so_far: With one, the value of each incumbent, by the number of reports.
        n_reports: How many reports there are.
        running: All and only the trials in training, by number.
        failures: The last ones, newest last.
        idle: Why workers are idle; None: they have work, or none has begun.
        leaving: Why running jobs were asked to end early; None: they were not.
        ended: How the run has ended; None: it goes on.
    """

    def __init__(self, run: RunBegun) -> None:
        state = run.state
        self.name = run.name
        self.method = _method(run.spec)
        self.objectives: Objectives = state.objectives
        self._constraints = state.constraints
        self.unit = state.resource.unit
        self.workers = run.workers or 0
        self.time: float | None = None
        self.account = replace(state.account, budget=run.budget)
        self.counts: Mapping[Status, int] = dict(state.counts)
        self.incumbent: Incumbent | None = state.incumbent
        self.front = Front(state)
        self.best_so_far = best_so_far(state)
        self.n_reports = len(state.history)
        self.running = _running(state)
        self.failures = deque(_failures(state.trials), LAST_FAILURES)
        self.idle: Why | None = None
        self.leaving: Why | None = None
        self.ended: RunEnded | None = None
        self._before = replace(self.account)
        self._passed_s = 0.0
        self._busy_s = 0.0
        self._rungs = Rungs(state)
        self._curves = Curves(state)
        self._configs = list(state.history.configs)

    # Readings

    @property
    def rungs(self) -> list[Rung]:
        """The rungs, by bracket and level."""
        return self._rungs.rows

    @property
    def incumbent_value(self) -> float | None:
        """The first objective's value of the incumbent."""
        best = self.incumbent
        return None if best is None else self.objectives[0].value(best.losses[0])

    @property
    def jobs(self) -> list[Running]:
        """The trials in training: those with the highest target first, then those that began first."""
        return sorted(self.running.values(), key=lambda job: (-job.target, job.job))

    def config(self, trial: int) -> Config:
        """The configuration of a trial."""
        return self._configs[trial]

    def curve(self, trial: int) -> Curve:
        """The first objective along the training of a trial that runs, or is the best."""
        return self._curves.of(trial)

    def elapsed(self, late_s: float) -> float:
        """Seconds since this run began, `late_s` seconds after the last event."""
        return self._passed_s + late_s

    def busy(self, late_s: float) -> float | None:
        """The share of the workers' time in this run in which they had work; None: not known yet."""
        whole = self.workers * self.elapsed(late_s)
        return (
            (self._busy_s + len(self.running) * late_s) / whole if whole and self.time is not None else None
        )

    def pace(self, late_s: float) -> float:
        """Units of resource trained per second in this run."""
        elapsed = self.elapsed(late_s)
        return (self.account.trained - self._before.trained) / elapsed if elapsed else 0.0

    def parts(self, late_s: float) -> list[Part]:
        """The limited parts of the budget."""
        now, before, budget = self.account, self._before, self.account.budget
        elapsed = self.elapsed(late_s)
        found = [
            ("trials", "trials", now.trials, before.trials, budget.trials),
            ("resource", plural(self.unit, None), now.resource, before.resource, budget.resource),
            ("seconds", "time", elapsed, 0.0, budget.seconds),
            ("worker_seconds", "worker time", now.seconds, before.seconds, budget.worker_seconds),
            *(
                (
                    "cost" if name == budget.cost_metric else name,
                    name,
                    now.paid(name),
                    before.paid(name),
                    limit,
                )
                for name, limit in budget.costs.items()
            ),
        ]
        return [
            Part(name, unit, spent, limit, _left(spent, limit, spent - at_first, elapsed))
            for name, unit, spent, at_first, limit in found
            if limit is not None
        ]

    # The fold

    def apply(self, event: ev.AnyEvent, view: StudyView) -> None:
        """Learn an event."""
        self._pass(view.time)
        if self.incumbent != view.incumbent and view.incumbent is not None:
            self.best_so_far.add(self.n_reports, self.objectives[0].value(view.incumbent.losses[0]))
        self.account, self.counts, self.incumbent = view.account, view.counts, view.incumbent
        self._rungs.apply(event, view.standings)
        match event:
            case ev.Created():
                self._configs.append(event.config)
            case ev.Started():
                self._started(event, view.time)
            case ev.Reported():
                self._reported(event)
            case ev.Ended():
                self._ended(event, view)
            case ev.YieldAsked(owed=True):
                self.leaving = event.why
            case ev.Idled():
                self.idle = event.why
            case _:
                pass
        self._forget(view)

    def end(self, ended: RunEnded) -> None:
        """The run is over."""
        self.ended = ended
        self.counts, self.account = ended.view.counts, ended.view.account

    def _pass(self, time: float) -> None:
        passed = 0.0 if self.time is None else max(0.0, time - self.time)  # a clock may be set back
        self._passed_s += passed
        self._busy_s += len(self.running) * passed
        self.time = time

    def _started(self, event: ev.Started, time: float) -> None:
        self.idle = None
        self.running[event.trial] = Running(
            event.job,
            event.trial,
            event.worker,
            event.node,
            event.start,
            event.target,
            event.start,
            None,
            time,
        )
        self.workers = max(self.workers, len(self.running))

    def _reported(self, event: ev.Reported) -> None:
        found = self._curves.report(event)
        if found is not None and not event.repeat:
            self.n_reports += 1
            self.front.add(event.trial, event.resource, found, self._violation(event))
        running = self.running.get(event.trial)
        if running is not None and running.job == event.job:
            running.position = event.resource
            running.value = running.value if found is None else self.objectives[0].value(found[0])

    def _violation(self, event: ev.Reported) -> float:
        values = limited(self._constraints, event.metrics)
        return math.inf if values is None else sum(violations(self._constraints, values))

    def _ended(self, event: ev.Ended, view: StudyView) -> None:
        self.running.pop(event.trial, None)
        if event.failure is not None:
            self.failures.append(
                _failed(event.trial, event.failure, view.standings.get(event.trial) != "failed")
            )

    def _forget(self, view: StudyView) -> None:
        best = None if view.incumbent is None else view.incumbent.trial
        for trial, status in view.standings.items():
            if status in OVER and trial != best:
                self._curves.forget(trial)


def _left(spent: float, limit: float, here: float, elapsed: float) -> float | None:
    """Seconds until the limit, if it goes on as in this run, which has spent `here`."""
    if spent >= limit:
        return 0.0
    return (limit - spent) * elapsed / here if here > 0 else None


def _method(spec: Mapping[str, Any]) -> str:
    return " + ".join(str(spec[part]["type"]) for part in ("scheduler", "searcher"))


def _running(state: State) -> dict[int, Running]:
    """Jobs that a driver which died has left open."""
    return {
        job.trial: Running(
            job.number, job.trial, job.worker, job.node, job.start, job.target, job.position, None, None
        )
        for job in state.jobs.values()
    }


def _failures(records: Sequence[TrialRecord]) -> list[Failed]:
    found: list[Failed] = []
    for record in reversed(records):
        if record.failure is not None:
            found.append(_failed(record.number, record.failure, again=False))
            if len(found) == LAST_FAILURES:
                break
    return found[::-1]


def _failed(trial: int, failure: ev.Failure, again: bool) -> Failed:
    lines = failure.message.strip().splitlines()
    return Failed(trial, failure.type, lines[0] if lines else "", again)
