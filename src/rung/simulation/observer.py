"""What is noted of a simulated run while it goes on, so that its events need not be kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rung.core import event as ev
from rung.core.space import Config
from rung.core.state import State
from rung.simulation.leaders import Leaders
from rung.simulation.notes import Notes


@dataclass(slots=True)
class _Open:
    """An open job: since when, where it stands, and where it goes."""

    begun: float
    position: int
    target: int
    reuses: bool = False  # nothing is trained


class Observer:
    """Told of every event, up to a horizon.

    Args:
        state: The state of the study.
        regret: How far configurations are from the best: the best one, or with several objectives the front.
        horizon_s: What happens later is not looked at; nor are checkpoints that are written just then.

    Attributes:
        notes: What was noted.
    """

    def __init__(self, state: State, regret: Callable[[Sequence[Config]], float], horizon_s: float) -> None:
        self.notes = Notes()
        self._state = state
        self._regret = regret
        self._horizon_s = horizon_s
        self._open: dict[int, _Open] = {}  # by job
        self._writer: dict[int, int] = {}  # trial: the worker that trained it last
        self._best: list[int] = []
        self._front = Leaders() if len(state.objectives) > 1 else None

    def __call__(self, entries: Sequence[ev.Entry], changed: Sequence[int]) -> None:
        """Look at what was recorded."""
        for entry in entries:
            if entry.time > self._horizon_s:
                return
            event = entry.event
            if isinstance(event, ev.Reported):
                self._reported(event)
            elif isinstance(event, ev.Started):
                self._started(event, entry.time)
            elif isinstance(event, ev.Ended):
                self._ended(event, entry.time)
            elif entry.time == self._horizon_s:
                continue
            elif isinstance(event, ev.Saved):
                self.notes.saved()
            elif isinstance(event, ev.Dropped):
                self.notes.held -= 1

    @property
    def busy_s(self) -> float:
        """Time that workers had a job, summed; one that is open at the horizon kept its worker busy until then."""
        return self.notes.busy_s + sum(self._horizon_s - job.begun for job in self._open.values())

    def _reported(self, event: ev.Reported) -> None:
        self.notes.results += 1
        job = self._open.get(event.job)
        if job is not None and not job.reuses:
            self.notes.trained[job.target] += event.resource - job.position
            job.position = event.resource

    def _started(self, event: ev.Started, now: float) -> None:
        self._open[event.job] = _Open(now, event.start, event.target, event.reuses)
        self.notes.jobs[event.target] += 1
        if event.restore is not None and self._writer.get(event.trial) != event.worker:
            self.notes.moved += 1
        self._writer[event.trial] = event.worker

    def _ended(self, event: ev.Ended, now: float) -> None:
        job = self._open.pop(event.job)
        notes = self.notes
        notes.busy_s += now - job.begun
        if event.outcome == "reached":
            notes.arrive(job.target, now)
        best = self._leaders(event, job.target)
        if best and best != self._best:
            self._best = best
            trials = self._state.trials
            notes.best(now, self._state.account.trained, self._regret([trials[each].config for each in best]))

    def _leaders(self, event: ev.Ended, target: int) -> list[int]:
        """What the study calls best now: a trial, or with several objectives the front."""
        if self._front is None:
            best = self._state.best
            return [] if best is None else [best.trial]
        record = self._state.trials[event.trial]
        if event.outcome == "reached" and record.losses is not None:
            self._front.arrive(event.trial, target, record.losses, sum(record.violations))
        return self._front.trials
