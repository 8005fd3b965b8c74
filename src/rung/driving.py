"""Driving: what a study's driver needs, be it a run or ask and tell. The lease, all that was logged, a dispatcher."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.errors import StoreError
from rung.core.space import Space
from rung.core.state import State
from rung.core.suggestion import Searcher
from rung.dispatcher import Dispatcher, Recorder
from rung.executors.clock import SteadyClock
from rung.files import StudyFiles
from rung.spec import StudySpec, versions
from rung.stores.events import Log
from rung.summary import summary

NOTE_EVERY_S = 5.0  # how old what `rung ls` shows of a running study may be
A_YEAR_S = 365 * 86_400.0  # a clock that is behind by more is a virtual one, which begins at 0
NOTE_REST = 50  # times as long as a note took, at least, before the next one: it costs at most 2 %


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
        self._holds = False
        self._note_at = 0.0  # by the monotonic clock

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
        self._holds = True
        self._note_at = time.monotonic() + NOTE_EVERY_S

    @contextmanager
    def held(self, owner: str) -> Iterator[None]:
        """Hold the lease for a while."""
        self.acquire(owner)
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Note how the study stands, for who lists it, and give the lease back. Idempotent."""
        try:
            if self._holds:
                self._holds = False
                self._note()
        finally:
            self._log.release()

    def _recorded(self, told: Recorder | None) -> Recorder:
        """Note from time to time how the study stands."""

        def recorded(entries: Sequence[ev.Entry], changed: Sequence[int]) -> None:
            if told is not None:
                told(entries, changed)
            if time.monotonic() >= self._note_at:
                self._note()

        return recorded

    def _note(self) -> None:
        begun = time.monotonic()
        text = summary(self._state, self._spec.name).encode()
        with suppress(StoreError):  # a note can be done without; whoever appends learns what is wrong
            self._log.note(self._state.seq, text)
        now = time.monotonic()
        self._note_at = now + max(NOTE_EVERY_S, NOTE_REST * (now - begun))

    def searcher(self, space: Space) -> Searcher:
        """A live searcher in a space.

        Raises:
            SpecError: If it cannot work there.
        """
        return self._spec.searcher_in(space)

    def dispatcher(
        self, clock: Callable[[], float] | None = None, recorded: Recorder | None = None
    ) -> Dispatcher:
        """What stamps and records events; `recorded` is told of each.

        Where the clock is behind the log, as it was set back since or is another machine's, events are stamped from the
        log's last time onward.
        """
        now = clock or SteadyClock()
        behind = self._state.time - now()
        behind = behind if 0.0 < behind < A_YEAR_S else 0.0
        return Dispatcher(
            self._state,
            self._log,
            self.searcher(self._state.space),
            seed=self._spec.seed,
            tries_defaults=self._spec.searcher_spec().tries_defaults,
            clock=lambda: behind + now(),
            recorded=self._recorded(recorded),
            quota_bytes=self._files.quota_bytes,
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
        if self._state.confirmations.round is not None:  # it is begun again once the search is over
            dispatcher.record(ev.ConfirmEnded())
        dispatcher.make_room()

    def delete_dropped(self, dispatcher: Dispatcher) -> None:
        """Delete the checkpoints that were given up, once that is durable."""
        while dispatcher.doomed:
            self._files.checkpoints.drop(dispatcher.doomed.popleft()[1])
