"""Watchers: what is called while a study runs. After the commit, off the loop; an error in one harms nothing.

A watcher is a callable that is given each event and a view of the study. One that wants to know when a run begins and
ends also has the methods of `RunWatcher`.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from rung.core.budget import Account, Budget
from rung.core.decision import Status
from rung.core.event import AnyEvent, Entry
from rung.core.objective import Objectives
from rung.core.record import Incumbent
from rung.core.state import State
from rung.core.why import Why
from rung.stores.events import Log

logger = logging.getLogger("rung")


@dataclass(frozen=True, slots=True)
class StudyView:
    """Where a study stood after an event; nothing in it changes.

    Attributes:
        time: Of the event.
        objectives: What is optimized.
        unit: What a unit of resource is called.
        n_trials: Trials created.
        counts: Trials per status.
        incumbent: The best so far.
        account: The budget, and what is spent and reserved.
        standings: Of the trials whose standing the event, or those recorded with it, may have changed: what it is now.
    """

    time: float
    objectives: Objectives
    unit: str
    n_trials: int
    counts: Mapping[Status, int]
    incumbent: Incumbent | None
    account: Account
    standings: Mapping[int, Status] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunBegun:
    """What a watcher learns when a run begins.

    Attributes:
        name: Of the study.
        url: Where its log is.
        folder: Where its files lie.
        spec: The whole study as plain JSON values.
        budget: What it may spend in all; `seconds` in this run.
        workers: How many the executor has; None: it does not say.
        state: The study before the run, with all trials of earlier runs. To be read within `begin` only: later it
            changes on another thread.
        read: The durable entries of the log after a number, in order; usable on any thread while the run lasts.
    """

    name: str
    url: str
    folder: Path
    spec: Mapping[str, Any]  # what it holds differs from study to study, see rung.spec
    budget: Budget
    workers: int | None
    state: State
    read: Callable[[int], Iterator[Entry]]


@dataclass(frozen=True, slots=True)
class RunEnded:
    """What a watcher learns when a run is over.

    Attributes:
        view: The study after the last event.
        why: Why the run ended; None: an exception ended it.
        error: That exception, which `run` raises once all watchers have ended.
    """

    view: StudyView
    why: Why | None = None
    error: BaseException | None = None


Watcher = Callable[[AnyEvent, StudyView], object]


class RunWatcher(Protocol):
    """A watcher that is told when a run begins and ends; leave out the method that is not needed.

    `begin` and `end` are called on the thread that called `run`, before the first event and after the last one; the
    events come between them, one by one, on one other thread.
    """

    def begin(self, run: RunBegun) -> None:
        """A run begins. The same watcher may be given to several runs, one after another."""

    def __call__(self, event: AnyEvent, view: StudyView) -> object:
        """An event is safe in the log."""
        ...

    def end(self, run: RunEnded) -> None:
        """The run is over, in order or by an exception; called wherever `begin` was."""


def view(state: State, changed: Sequence[int] = ()) -> StudyView:
    """What a state looks like now; `changed` are the trials whose standing is told."""
    return StudyView(
        state.time,
        state.objectives,
        state.resource.unit,
        state.n_trials,
        dict(state.counts),
        state.best,
        replace(state.account),
        {trial: state.status(trial) for trial in changed},
    )


class Watchers:
    """Calls watchers: when the run begins, then with each committed event once, in order, and when it is over."""

    def __init__(self, watchers: Sequence[Watcher], begun: RunBegun, log: Log) -> None:
        self._watchers = list(watchers)
        self._state = begun.state
        self._waiting: deque[tuple[Sequence[Entry], StudyView]] = deque()
        self._committed = log.committed
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="rung watchers", daemon=True)
        self._end_listening = log.listen(self._on_commit)
        self._thread.start()
        self._tell_all("begin", begun)

    def recorded(self, entries: Sequence[Entry], changed: Sequence[int]) -> None:
        """Events were folded and appended, and changed the standing of trials; they wait here for the commit."""
        with self._news:
            self._waiting.append((entries, view(self._state, changed)))
            self._news.notify()

    def close(self, why: Why | None, error: BaseException | None) -> None:
        """Tell what is committed, and that the run is over; call it when the log is flushed."""
        self._end_listening()
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()
        self._tell_all("end", RunEnded(view(self._state), why, error))

    def _on_commit(self, committed: int) -> None:
        with self._news:
            self._committed = committed
            self._news.notify()

    def _serve(self) -> None:
        while (batch := self._next()) is not None:
            entries, seen = batch
            for entry in entries:
                for watcher in tuple(self._watchers):
                    self._call(watcher, watcher, entry.event, seen)

    def _next(self) -> tuple[Sequence[Entry], StudyView] | None:
        with self._news:
            while True:
                if self._waiting and self._waiting[0][0][-1].seq <= self._committed:
                    return self._waiting.popleft()
                if self._closing:
                    return None
                self._news.wait()

    def _tell_all(self, hook: str, news: RunBegun | RunEnded) -> None:
        for watcher in tuple(self._watchers):
            if (method := getattr(watcher, hook, None)) is not None:
                self._call(watcher, method, news)

    def _call(self, watcher: Watcher, function: Callable[..., object], *news: object) -> None:
        try:
            function(*news)
        except Exception:  # whatever a user's watcher raises must not stop the study
            logger.exception("a watcher failed and is not called any more: %r", watcher)
            self._watchers.remove(watcher)
