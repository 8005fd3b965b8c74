"""`rung run`, `show` and `best` with constraints: a user sees who is feasible, and what the best one breaks."""

from pathlib import Path

import pytest

import rung

from .conftest import Call


@pytest.fixture
def limited(tmp_path: Path) -> Path:
    """A study in which every second trial keeps the limit, and one in which none does."""
    path = tmp_path / "rung.db"
    for name, xs in (("some", (0.9, 0.2)), ("none", (0.9, 0.8))):
        study = rung.Study(
            name,
            {"x": rung.Float(0.0, 1.0)},
            maximize="value",
            constraints=[rung.Constraint("latency", upper=0.5)],
            store=path,
        )
        for x in xs:
            study.enqueue({"x": x})
        study.run(report, executor=rung.InProcess(), budget=rung.Budget(trials=2))
        study.close()
    return path


def report(trial: rung.Trial) -> None:
    for _ in trial.steps():
        trial.report(value=trial.config["x"], latency=trial.config["x"])


def test_show_tells_who_is_feasible(call: Call, limited: Path) -> None:
    said = call("show", "some").out
    assert "feasible: 1 of 2 trials (50 %), with latency at most 0.5" in said
    assert (
        said.splitlines()[2].split()[:5] == ["trial", "status", "step", "value", "latency"]
        or "latency" in said
    )
    first, second = (
        line for line in said.splitlines() if line.split()[:2] in (["0", "complete"], ["1", "complete"])
    )
    assert "breaks latency at most 0.5" in first
    assert "breaks" not in second


def test_best_tells_that_the_best_breaks_a_limit(call: Call, limited: Path) -> None:
    assert "It breaks a constraint" not in call("best", "some").out
    assert "It breaks a constraint: latency at most 0.5." in call("best", "none").out
    assert "value 0.8" in call("best", "none").out


def test_run_takes_limits_of_a_command_and_tells_what_became_of_them(call: Call) -> None:
    command = 'sh -c "echo loss=$0 latency=$0" {x:0.6..0.9}'
    said = call("run", "--minimize", "loss", "--constraint", "latency<=0.5", "--trials", "3", "-q", command)
    assert said.code == 0, said.err
    assert "It breaks a constraint: latency at most 0.5." in said.out
    assert "0 of 3 trials (0 %), with latency at most 0.5" in said.out


def test_a_limit_that_is_none_is_told(call: Call) -> None:
    said = call("run", "--minimize", "loss", "--constraint", "latency<0.5", "sh {x:1..9}")
    assert said.code != 0
    assert 'a constraint is written "latency<=0.1"' in said.err


def test_a_limit_that_cannot_be_read_is_said_before_anything_else(call: Call) -> None:
    said = call("run", "--constraint", "lat<<3", "true")
    assert said.code == 2
    assert "a constraint is written" in said.err
    assert "'lat<<3'" in said.err
