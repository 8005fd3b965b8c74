"""Driving: what a study's driver needs, be it a run or ask and tell. The lease, all that was logged, a dispatcher."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.state import State
from rung.dispatcher import Dispatcher, Recorder
from rung.files import StudyFiles
from rung.spec import StudySpec, versions
from rung.stores.events import Log


class Driving:
    """A study in the hands of who may drive it.

    Args:
        spec: What it is.
        changed: Whether that is not what its log says; then the log is told at the first drive.
        state: The fold of its log.
        log: Its log.
        files: Its files.
    """

    def __init__(self, spec: StudySpec, changed: bool, state: State, log: Log, files: StudyFiles) -> None:
        self._spec = spec
        self._changed = changed
        self._state = state
        self._log = log
        self._files = files

    def acquire(self, owner: str) -> None:
        """Take the lease, and learn everything that was logged before.

        Raises:
            BusyError: If another driver holds it.
        """
        self._log.acquire(owner)
        try:
            for entry in self._log.read(after=self._state.seq):
                self._state.apply(entry)
        except BaseException:
            self._log.release()
            raise

    @contextmanager
    def held(self, owner: str) -> Iterator[None]:
        """Hold the lease for a while."""
        self.acquire(owner)
        try:
            yield
        finally:
            self._log.release()

    def dispatcher(
        self, clock: Callable[[], float] = time.time, recorded: Recorder | None = None
    ) -> Dispatcher:
        """What stamps and records events; `recorded` is told of each."""
        spec = self._spec
        searcher = spec.searcher_spec()
        return Dispatcher(
            self._state,
            self._log,
            searcher.start(self._state.space, spec.objectives, spec.seed),
            seed=spec.seed,
            tries_defaults=searcher.tries_defaults,
            clock=clock,
            recorded=recorded,
        )

    def prepare(self, dispatcher: Dispatcher, budget: Budget) -> None:
        """End what a driver that died has left open, and record what is new in this run."""
        trials = self._state.trials
        self._files.clean({saved.checkpoint for record in trials for saved in record.checkpoints})
        for job in list(self._state.jobs.values()):
            if job.position == job.target and job.losses is not None:
                dispatcher.record(ev.Ended(job.number, job.trial, "reached"))
            else:
                failure = ev.Failure("machine", "driver lost", "its driver died")
                dispatcher.record(ev.Ended(job.number, job.trial, "lost", failure))
        if self._changed:
            dispatcher.record(ev.SpecChanged(self._spec.to_builtins(), versions()))
            self._changed = False
        if budget != self._state.account.budget:
            dispatcher.record(ev.BudgetChanged(budget))

    def delete_dropped(self, dispatcher: Dispatcher) -> None:
        """Delete the checkpoints that were given up, once that is durable."""
        while dispatcher.doomed:
            self._files.checkpoints.drop(dispatcher.doomed.popleft()[1])
