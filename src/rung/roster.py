"""Roster: which trials free workers hold in memory, as far as a log tells.

Commands to workers are not events: that a worker was released or left while it was free shows only in what follows.
So this is a picture, put right by each job's beginning, which says for sure whether its trial was held.
"""

from collections.abc import Set

from rung.core import event as ev
from rung.core.state import State


class Roster:
    """Folds a log, beside its state.

    Attributes:
        held: Trials that workers hold by the rules of a run: a worker holds one trial at a time, and is released when
            it is given another one or the run ends.
        told: Trials whose last job ended held and that have not gone on since. Whoever asks and tells holds just these.
        callers: Whether this may be a study of ask and tell, which knows one worker and saves nothing.
    """

    def __init__(self) -> None:
        self.held: dict[int, int] = {}  # trial: the worker
        self.told: dict[int, None] = {}
        self.callers = True
        self._holding: dict[int, int] = {}  # the other way round
        self._time = 0.0

    def pictures(self) -> list[Set[int]]:
        """What may have been held at a question, the likelier first."""
        return [self.held.keys(), self.told.keys()] if self.callers else [self.held.keys()]

    def correct(self, started: ev.Started, state: State) -> None:
        """Learn from a job that is about to begin whether its trial was held: then it begins where that stood."""
        if not state.resource.needs_checkpoint or started.trial >= len(state.trials) or started.reuses:
            return
        position = state.trials[started.trial].position
        if started.restore is None and 0 < started.start == position:
            self._hold(started.trial, started.worker)
        else:
            self._leave(started.trial)

    def see(self, entry: ev.Entry, state: State) -> None:
        """Learn an event that the state is about to learn."""
        if entry.time < self._time:
            self._all_released()  # virtual time begins anew with each run
        self._time = entry.time
        match entry.event:
            case ev.Started(reuses=True):
                pass  # no worker has to do with it
            case ev.Started(trial=trial, worker=worker):
                self.callers = self.callers and worker == 0
                self._leave(trial)
                self._released(worker)
            case ev.Ended(failure=ev.Failure(type="driver lost")) | ev.SpecChanged():
                self._all_released()  # a new run, or a new caller
                self.told.clear()
            case ev.BudgetChanged():
                self._all_released()  # a new run, or a caller who goes on
            case ev.Ended(job=job, trial=trial, held=True) if (
                not state.resource.restarts and job in state.jobs
            ):
                self._hold(trial, state.jobs[job].worker)
            case ev.Saved() | ev.Sampled():
                self.callers = False
            case _:
                pass

    def _hold(self, trial: int, worker: int) -> None:
        self._released(worker)
        self.held[trial] = worker
        self._holding[worker] = trial
        self.told[trial] = None

    def _leave(self, trial: int) -> None:
        """A trial is not held any more."""
        self.told.pop(trial, None)
        if trial in self.held:
            del self._holding[self.held.pop(trial)]

    def _released(self, worker: int) -> None:
        """A worker of a run does not hold a trial any more."""
        trial = self._holding.pop(worker, None)
        if trial is not None:
            del self.held[trial]

    def _all_released(self) -> None:
        self.held.clear()
        self._holding.clear()
