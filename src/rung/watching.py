"""Watchers: what is called while a study runs. After the commit, off the loop; an error in one harms nothing."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rung.core.budget import Account
from rung.core.decision import Status
from rung.core.event import AnyEvent, Entry
from rung.core.objective import Objectives
from rung.core.record import Incumbent
from rung.core.state import State
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
    """

    time: float
    objectives: Objectives
    unit: str
    n_trials: int
    counts: Mapping[Status, int]
    incumbent: Incumbent | None
    account: Account


Watcher = Callable[[AnyEvent, StudyView], object]


def view(state: State) -> StudyView:
    """What a state looks like now."""
    return StudyView(
        state.time,
        state.objectives,
        state.resource.unit,
        len(state.trials),
        dict(state.counts),
        state.incumbent,
        replace(state.account),
    )


class Watchers:
    """Calls watchers, each committed event once, in order, on a thread of its own."""

    def __init__(self, watchers: Sequence[Watcher], state: State, log: Log) -> None:
        self._watchers = list(watchers)
        self._state = state
        self._waiting: deque[tuple[Sequence[Entry], StudyView]] = deque()
        self._committed = log.committed
        self._news = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._serve, name="rung watchers", daemon=True)
        self._end_listening = log.listen(self._on_commit)
        self._thread.start()

    def recorded(self, entries: Sequence[Entry]) -> None:
        """Events were folded and appended; they wait here for the commit."""
        with self._news:
            self._waiting.append((entries, view(self._state)))
            self._news.notify()

    def close(self) -> None:
        """Tell what is committed and end; call it when the log is flushed."""
        self._end_listening()
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join()

    def _on_commit(self, committed: int) -> None:
        with self._news:
            self._committed = committed
            self._news.notify()

    def _serve(self) -> None:
        while (batch := self._next()) is not None:
            entries, seen = batch
            for entry in entries:
                for watcher in tuple(self._watchers):
                    self._call(watcher, entry, seen)

    def _next(self) -> tuple[Sequence[Entry], StudyView] | None:
        with self._news:
            while True:
                if self._waiting and self._waiting[0][0][-1].seq <= self._committed:
                    return self._waiting.popleft()
                if self._closing:
                    return None
                self._news.wait()

    def _call(self, watcher: Watcher, entry: Entry, seen: StudyView) -> None:
        try:
            watcher(entry.event, seen)
        except Exception:  # whatever a user's watcher raises must not stop the study
            logger.exception("a watcher failed and is not called any more: %r", watcher)
            self._watchers.remove(watcher)
