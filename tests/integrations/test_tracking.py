"""Trackers in general: each report is told once, whatever becomes of the program and of the server."""

import logging
import threading
from pathlib import Path

import pytest

import rung.integrations.tracking as tracking
from rung.integrations.news import Conclusion, Point, StudyFacts, TrialNews
from rung.integrations.tracking import Tracker

from .tracked import Told, logged, run, study


class Server:
    """A server in memory, and the sink that talks to it; it counts what comes twice."""

    def __init__(self) -> None:
        self.values: Told = {}
        self.twice = 0
        self.statuses: dict[int, str] = {}
        self.best: dict[int, float] = {}
        self.marked = 0
        self.opened = 0
        self.ends: list[Conclusion] = []
        self.fails = 0  # how many more calls fail

    def tracker(self) -> Tracker:
        return Tracker("a server", lambda: self)

    def load(self) -> None:
        """Nothing to load."""

    def open(self, study: StudyFacts) -> int:
        self._answer()
        self.opened += 1
        return self.marked

    def last_step(self, trial: int | None) -> int:
        if trial is None:
            return max(self.best, default=0)
        return max((step for number, step, _ in self.values if number == trial), default=0)

    def tell_trial(self, news: TrialNews) -> None:
        for point in news.points:
            for name, value in point.metrics.items():
                key = (news.trial.number, point.resource, name)
                self.twice += key in self.values
                self.values[key] = value
        self.statuses[news.trial.number] = news.trial.status
        self._answer()

    def tell_study(self, best: list[Point], seq: int) -> None:
        self._answer()
        for point in best:
            self.twice += point.resource in self.best
            self.best[point.resource] = point.metrics["best loss"]
        self.marked = seq

    def close(self, end: Conclusion) -> None:
        self.ends.append(end)

    def _answer(self) -> None:
        if self.fails:
            self.fails -= 1
            raise ConnectionError("connection refused")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    monkeypatch.setattr(tracking, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(tracking, "TOGETHER_S", 0.001)
    return Server()


def test_each_report_is_told_once_and_each_trial_as_it_stands(server: Server) -> None:
    done = run(study(None), 12, [server.tracker()])
    assert server.values == logged(done)
    assert server.statuses == {trial.number: trial.status for trial in done.trials}
    assert {"failed", "paused", "complete"} <= set(server.statuses.values())
    assert list(server.best.values()) == sorted(server.best.values(), reverse=True)
    assert min(server.best.values()) == done.best_value
    assert server.twice == 0
    (end,) = server.ends
    assert end.outcome == "finished"
    assert end.words == "the budget of 12 trials is used up"
    assert f'"trial": {done.best.number}' in end.files["best.json"]


def test_a_resumed_study_goes_on_where_the_server_was_left(server: Server, tmp_path: Path) -> None:
    with study(tmp_path / "rung.db") as first:
        run(first, 6, [server.tracker()])
    with study(tmp_path / "rung.db") as second:
        run(second, 12, [server.tracker()])
        assert server.values == logged(second)
    assert server.twice == 0
    assert server.opened == 2


def test_a_tracker_that_comes_later_is_told_all_that_was_before(server: Server) -> None:
    done = study(None)
    run(done, 6, [])
    run(done, 12, [server.tracker()])
    assert server.values == logged(done)
    assert server.statuses == {trial.number: trial.status for trial in done.trials}


def test_what_was_told_but_not_marked_is_not_told_again(server: Server) -> None:
    """As after a program that died between the two."""
    done = study(None)
    run(done, 6, [server.tracker()])
    server.marked = 3
    run(done, 12, [server.tracker()])
    assert server.values == logged(done)
    assert server.twice == 0


@pytest.mark.parametrize("failures", [1, 2, 3, 5])
def test_a_server_that_fails_for_a_while_gets_all_of_it_once(
    server: Server, failures: int, caplog: pytest.LogCaptureFixture
) -> None:
    done = study(None)
    run(done, 4, [server.tracker()])
    server.fails = failures
    run(done, 12, [server.tracker()])
    run(done, 12, [server.tracker()])  # the rest, if the second run has ended before the server was back
    assert server.values == logged(done)
    assert server.statuses == {trial.number: trial.status for trial in done.trials}
    assert server.twice == 0
    assert len(warnings(caplog)) == 1


def test_a_server_that_is_not_there_costs_one_sentence(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    server.fails = 1_000_000
    done = run(study(None), 12, [server.tracker()])
    assert len(done.trials) == 12
    (said,) = warnings(caplog)
    assert said.startswith("a server cannot be told of the study (connection refused); the study goes on")


def test_a_server_that_does_not_answer_is_left(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answer = threading.Event()
    monkeypatch.setattr(tracking, "STALLED_S", 0.01)
    monkeypatch.setattr(server, "open", lambda study: answer.wait(60))
    done = run(study(None), 12, [server.tracker()])
    answer.set()
    assert len(done.trials) == 12
    assert len(warnings(caplog)) == 1
