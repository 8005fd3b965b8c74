"""`rung workers`: who trains what, seen from another terminal."""

from pathlib import Path

import rung
from rung.core.event import Created, Started
from rung.core.why import Why

from .conftest import Call


def test_a_study_at_rest_says_so(call: Call, store: Path) -> None:
    assert call("workers").out == "study digits is not running.\n"


def test_jobs_are_listed_with_machine_and_time(call: Call, tmp_path: Path, monkeypatch) -> None:
    """A training looks at its own study: the log tells of its job before it is sent."""
    monkeypatch.chdir(tmp_path)
    seen: list[str] = []

    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(loss=1.0)
            while step == 2 and "2 of 3" not in "".join(seen):  # the log is written beside the training
                seen.append(call("workers").out)

    space = {"x": rung.Float(0, 1)}
    study = rung.Study("s", space, minimize="loss", scheduler=rung.FIFO(max_resource=3), store="rung.db")
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=1))
    head, names, line = seen[-1].splitlines()
    assert head == "1 worker in training"
    assert names.split() == ["worker", "machine", "trial", "step", "for"]
    assert line.split()[:7] == ["0", "this", "machine", "0", "2", "of", "3"]


def test_a_job_that_a_dead_driver_left_is_told(call: Call, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with (
        rung.Study("s", {"x": rung.Float(0, 1)}, minimize="loss", store="rung.db") as study,
        study._driving.held("me"),
    ):
        study._driving.dispatcher().record(
            Created(0, {"x": 0.5}, "searcher", 1), Started(0, 0, 0, 1, 4, Why("fifo", resource=1), node="n2")
        )
    assert (
        call("workers").out
        == "study s is not running; 1 job that its last driver left go on with the next one.\n"
    )
