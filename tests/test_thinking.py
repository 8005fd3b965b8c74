"""Thinking: a searcher that takes time is asked on a thread of its own, and the driver goes on meanwhile."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import pytest

import rung
import simulations
from rung.core import event as ev
from rung.core.history import HistoryView
from rung.core.suggestion import Request, Suggestion
from rung.searchers.registry import SEARCHERS

LIMIT_S = 60.0


class Slow(msgspec.Struct, frozen=True, tag="test-slow", tag_field="type"):
    """A searcher that thinks until a trial that is being trained meanwhile was observed once more."""

    tries_defaults: bool = False

    def start(self, space: rung.Space, *options: object) -> "LiveSlow":
        return LiveSlow(space)


class LiveSlow:
    takes_time: ClassVar[bool] = True
    gate: ClassVar[Path]  # is made when a suggestion is asked for while a trial is on its way
    news: ClassVar[threading.Condition] = threading.Condition()
    n_reported: ClassVar[int] = 0
    threads: ClassVar[set[str]] = set()

    def __init__(self, space: rung.Space) -> None:
        self._space = space

    def suggest(self, history: HistoryView, request: Request) -> list[Suggestion]:
        self.threads.add(threading.current_thread().name)
        if history.pending and not self.gate.exists():
            self.gate.touch()
            with self.news:
                assert self.news.wait_for(lambda: self.n_reported > history.n_observations, LIMIT_S)
        known = (len(history.trials), len(history.encoded), len(history.losses), len(history.pending))
        return [Suggestion(self._space.sample(1, request.rng(f"slow {known}", request.index))[0])]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[None]:
    SEARCHERS.add(Slow)
    LiveSlow.gate = tmp_path / "gate"
    LiveSlow.n_reported = 0
    yield
    del SEARCHERS._classes["test-slow"]


def test_reports_are_recorded_while_a_searcher_thinks_and_the_log_says_what_it_knew(
    slow: None, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"

    def train(trial: rung.Trial) -> None:
        for epoch in trial.steps():
            while epoch == 2 and not gate.exists():
                pass
            trial.report(loss=trial.config["lr"] / epoch)

    def heard(event: ev.AnyEvent, view: object) -> None:
        with LiveSlow.news:
            LiveSlow.n_reported += isinstance(event, ev.Reported)
            LiveSlow.news.notify_all()

    study = simulations.study("asha", searcher=Slow(), scheduler=rung.FIFO(30))
    study.run(train, workers=2, budget=rung.Budget(trials=4), watch=[heard])
    entries = list(study.events())
    meanwhile = [
        isinstance(each.event, ev.Reported)
        for entry in entries
        if isinstance(entry.event, ev.Created)
        for each in entries[entry.event.seen : entry.seq - 1]
    ]
    assert any(meanwhile)
    found = study.replay()
    assert (found.first, found.unknown) == (None, {})
    assert "rung-searcher_0" in LiveSlow.threads


def test_what_a_searcher_raises_there_ends_the_run(slow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: LiveSlow, history: HistoryView, request: Request) -> list[Suggestion]:
        raise ZeroDivisionError("no model")

    monkeypatch.setattr(LiveSlow, "suggest", fail)
    study = simulations.study("asha", searcher=Slow(), scheduler=rung.FIFO(1))
    with pytest.raises(ZeroDivisionError, match="no model"):
        study.run(simulations.train, workers=1, budget=rung.Budget(trials=2))
