"""One run of a study: a pool of workers, a driver, and watchers who are told of what is safe in the log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.errors import SpecError
from rung.core.state import State
from rung.core.why import Why
from rung.dispatcher import Recorder
from rung.driver import Driver
from rung.driving import Driving
from rung.executors.base import Executor, Pool
from rung.executors.simulated import Simulated
from rung.files import StudyFiles
from rung.spec import StudySpec
from rung.stores.events import Log
from rung.trial import Trial, TrialCall
from rung.watching import RunBegun, Watcher, Watchers


@dataclass(frozen=True, slots=True)
class Running:
    """What a run of a study needs.

    Attributes:
        spec: What it is, with its present space.
        url: Where its log is.
        state: The fold of its log.
        log: Its log, of which the lease is held.
        files: Its files.
        driving: What records events.
        save_every_s: How often a training is saved.
        asked: The round of confirming that this run is for; None: it is for the search.
    """

    spec: StudySpec
    url: str
    state: State
    log: Log
    files: StudyFiles
    driving: Driving
    save_every_s: float
    asked: Callable[[State], ev.ConfirmBegun] | None = None

    def run(
        self,
        train: Callable[[Trial], object] | None,
        executor: Executor,
        budget: Budget,
        watch: Sequence[Watcher],
    ) -> Why:
        """Train until nothing is left to do; returns why it ended."""
        _check(executor, budget)
        pool = self._pool(train, executor, budget)
        try:
            if not watch:
                return self._drive(pool, budget, None)
            return self._watched(pool, budget, Watchers(watch, self._begun(executor, budget), self.log))
        finally:
            pool.close(0)  # where it is open still: something has gone wrong

    def _drive(self, pool: Pool, budget: Budget, recorded: Recorder | None) -> Why:
        dispatcher = self.driving.dispatcher(pool.clock, recorded)
        self.driving.prepare(dispatcher, budget)
        if self.asked is not None:
            dispatcher.record(self.asked(self.state))
        driver = Driver(
            dispatcher,
            pool,
            durable=lambda: self.log.committed,
            delete=self.files.checkpoints.drop,
            seconds=budget.seconds if self.asked is None else None,
        )
        why = driver.run()
        if self.asked is not None:
            dispatcher.record(ev.ConfirmEnded())
        self.log.flush()
        self.driving.delete_dropped(dispatcher)
        return why

    def _watched(self, pool: Pool, budget: Budget, watchers: Watchers) -> Why:
        """Drive, and tell watchers of all that is recorded, to the last event that becomes durable."""
        why: Why | None = None
        error: BaseException | None = None
        try:
            why = self._drive(pool, budget, watchers.recorded)
        except BaseException as raised:
            error = raised
            raise
        finally:
            try:
                self.log.flush()
            finally:
                watchers.close(why, error)
        return why

    def _begun(self, executor: Executor, budget: Budget) -> RunBegun:
        return RunBegun(
            self.spec.name,
            self.url,
            self.files.folder,
            self.spec.to_builtins(),
            budget,
            getattr(executor, "n_workers", getattr(executor, "workers", None)),
            self.state,
            self.log.read,
        )

    def _pool(self, train: Callable[[Trial], object] | None, executor: Executor, budget: Budget) -> Pool:
        if isinstance(executor, Simulated):
            spec = self.spec  # a problem in place of training
            return executor.open(spec.resource, spec.objectives, spec.ranked_by, budget)
        if not callable(train):
            raise SpecError(f"train must be a function that takes a trial, got {train!r}.")
        call = TrialCall(
            train,
            self.spec.objectives,
            self.spec.resource,
            folder=self.files.folder,
            checkpoints=self.files.checkpoints,
            every_s=self.save_every_s,
            cost_metric=budget.cost_metric,
            tariff=budget.tariff,
            required=self.spec.required,
        )
        return executor.start(call)


def _check(executor: Executor, budget: Budget) -> None:
    """Raise unless they are what their names say."""
    if isinstance(executor, type) or not callable(getattr(executor, "start", None)):
        raise SpecError(f"executor must be an executor such as rung.Local(workers=4), got {executor!r:.60}.")
    if not isinstance(budget, Budget):
        raise SpecError(f"budget must be a budget such as rung.Budget(trials=100), got {budget!r:.60}.")
