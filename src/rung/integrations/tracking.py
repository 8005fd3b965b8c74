"""What all trackers share: a watcher that tells a study to an outside program from a thread of its own.

The thread reads the log from where the outside program was left. So a slow one makes nothing pile up, one that cannot
be reached gets the rest later, and a study that is resumed goes on in the same runs.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from rung.core.event import AnyEvent
from rung.integrations.news import (
    BATCH,
    Collector,
    Conclusion,
    News,
    Point,
    StudyFacts,
    TrialNews,
    conclusion,
    facts,
)
from rung.watching import RunBegun, RunEnded, StudyView

TOGETHER_S = 1.0  # news of so long are told together
STALLED_S = 30.0  # at the end of a run, who tells nothing for so long is left
FIRST_PAUSE_S = 1.0  # between two attempts; doubled each time
LONGEST_PAUSE_S = 60.0

logger = logging.getLogger("rung")


class Sink(Protocol):
    """The outside program; called on one thread. What was told must have been taken when a method returns.

    Any exception means: not now. The same is then told again later, after another `open`.
    """

    def load(self) -> None:
        """Import the library, which may take seconds."""
        ...

    def open(self, study: StudyFacts) -> int:
        """Find or make what stands for the study.

        Returns:
            Number of the last event that was marked by `tell_study`; 0 for a new study.
        """
        ...

    def last_step(self, trial: int | None) -> int:
        """The highest step of a trial that is there already, 0 if none; None: of the study itself."""
        ...

    def tell_trial(self, news: TrialNews) -> None:
        """Make the trial if it is not there, add its points, and say how it stands."""
        ...

    def tell_study(self, best: list[Point], seq: int) -> None:
        """Add points to the study itself, and mark that all events up to `seq` were told."""
        ...

    def close(self, end: Conclusion) -> None:
        """A run of the study is over."""
        ...


class Tracker:
    """A watcher that tells a study to a sink: one run for the study, and one for each trial.

    Args:
        target: What the sink is, for a warning: "MLflow at http://127.0.0.1:5000".
        sink: Makes one; called for each run of a study.
    """

    def __init__(self, target: str, sink: Callable[[], Sink]) -> None:
        self.target = target
        self._sink = sink
        self._teller: _Teller | None = None

    def begin(self, run: RunBegun) -> None:
        """A run begins: tell what is missing of earlier ones, and listen."""
        self._teller = _Teller(self.target, self._sink(), run)

    def __call__(self, event: AnyEvent, view: StudyView) -> None:
        """There is news."""
        if self._teller is not None:
            self._teller.wake()

    def end(self, run: RunEnded) -> None:
        """Tell the rest, as long as it is taken."""
        teller, self._teller = self._teller, None
        if teller is not None:
            teller.end(run)

    def __repr__(self) -> str:
        return f"<tracker: {self.target}>"


class _Teller:
    """The thread that tells one run of a study."""

    def __init__(self, target: str, sink: Sink, run: RunBegun) -> None:
        self._target = target
        self._sink = sink
        self._run = run
        self._study = facts(run)
        self._collector: Collector | None = None
        self._logged = run.state.seq
        self._unsure = 0  # events up to this one may have been told by a program that died
        self._untold: News | None = None
        self._loaded = False
        self._progress = 0
        self._warned = False
        self._left = False
        self._news = False
        self._ended: RunEnded | None = None
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="rung tracker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        if not self._news:
            with self._changed:
                self._news = True
                self._changed.notify()

    def end(self, run: RunEnded) -> None:
        with self._changed:
            self._ended = run
            self._changed.notify()
        progress = -1
        while self._thread.is_alive() and not (self._loaded and progress == self._progress):
            progress = self._progress
            self._thread.join(STALLED_S)
        if self._thread.is_alive():
            self._warn("it does not answer")
            self._left = True

    # On the thread

    def _work(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._left:
            last = self._ended is not None
            try:
                self._tell()
                return
            except Exception as error:  # noqa: BLE001  whatever the library or the server raises
                self._warn(_line(error))
            if last:
                return
            self._wait(pause, lambda: self._ended is not None)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def _tell(self) -> None:
        """Tell all there is until the run has ended and nothing is left."""
        self._sink.load()
        self._loaded = True
        told = self._sink.open(self._study)
        if self._collector is None:
            self._collector = Collector(self._study, self._run.read, told)
            self._unsure = min(told + BATCH, self._logged)
        while not self._left:
            ended, self._news = self._ended, False  # before the log is read: what comes later is told later
            self._tell_what_is_new(self._collector)
            if ended is not None and not self._left:
                self._sink.close(conclusion(self._collector.state, ended, self._study))
                return
            self._wait(None, lambda: self._news or self._ended is not None)
            self._wait(TOGETHER_S, lambda: self._ended is not None)

    def _tell_what_is_new(self, collector: Collector) -> None:
        while (news := self._untold or collector.next()) is not None and not self._left:
            unsure = news is self._untold or news.first <= self._unsure
            self._untold = news
            for each in news.trials:
                if self._left:
                    return
                self._sink.tell_trial(self._without_known(each) if unsure else each)
                self._progress += 1
            known = self._sink.last_step(None) if unsure and news.best else 0
            self._sink.tell_study([point for point in news.best if point.resource > known], news.seq)
            self._untold = None

    def _without_known(self, news: TrialNews) -> TrialNews:
        if not news.points:
            return news
        known = self._sink.last_step(news.trial.number)
        return replace(news, points=[point for point in news.points if point.resource > known])

    def _wait(self, seconds: float | None, until: Callable[[], bool]) -> None:
        with self._changed:
            self._changed.wait_for(until, seconds)

    def _warn(self, reason: str) -> None:
        """One sentence for each run, however often it fails."""
        if not self._warned and not self._left:
            self._warned = True
            logger.warning(
                "%s cannot be told of the study (%s); the study goes on, and what is missing is told "
                "when it can be, at the latest by the next run with this tracker.",
                self._target,
                reason,
            )


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"
