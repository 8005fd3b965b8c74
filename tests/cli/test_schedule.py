"""`rung schedule`, and what comes of it: a study file that trains along it."""

import json
from pathlib import Path

import rung

from .conftest import Call

PHASES = (
    rung.Phase(0, 3, {"rate": 0.5, "kind": "a"}),
    rung.Phase(3, 5, {"rate": 0.25, "kind": "a"}),
    rung.Phase(5, 9, {"rate": 1.0, "kind": "a"}),
)
SPACE = {"rate": rung.Float(0.0, 1.0), "kind": rung.Choice(["a", "b"])}


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for step in trial.steps():
        trial.report(weight=step / 10, save=lambda folder: None)


def run(folder: Path) -> None:
    with rung.Study(
        "s", SPACE, maximize="weight", scheduler=rung.Schedule(PHASES), store=folder / "rung.db"
    ) as study:
        study.run(train, executor=rung.InProcess())


def test_a_table_shows_what_changed_and_below_it_what_did_not(call: Call, tmp_path: Path) -> None:
    run(tmp_path)
    assert call("schedule").out.splitlines() == [
        "weight 0.9 at 9 steps, trial 2 of s",
        "",
        "from  to  rate",
        "   0   3  0.5",
        "   3   5  0.25",
        "   5   9  1",
        "",
        "the same throughout: kind=a",
    ]
    assert "kind=a" in call("schedule", "s", "--trial", "0").out


def test_its_json_is_what_a_study_takes_as_its_scheduler(call: Call, tmp_path: Path) -> None:
    run(tmp_path)
    assert rung.Schedule.from_json(call("schedule", "--json").out).phases == PHASES
    assert call("schedule", "-o", "s.json").err == "schedule in s.json\n"
    assert json.loads((tmp_path / "s.json").read_text())["type"] == "schedule"


def test_what_is_not_there_is_one_sentence(call: Call, tmp_path: Path) -> None:
    run(tmp_path)
    said = call("schedule", "--trial", "9")
    assert said.code == 2
    assert said.err == "rung: there is no trial 9: the study has 3 trials.\n"
    said = call("schedule", "-o", "nowhere/s.json")
    assert said.code == 2
    assert said.err.startswith("rung: cannot write nowhere/s.json: ")
