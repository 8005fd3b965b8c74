"""`rung best`, `card` and `trials`: what leaves a study, on the command line."""

import ast
import csv
import json
from pathlib import Path

import pytest
import yaml

import rung

from .conftest import Call


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A store with a study of two objectives."""
    path = tmp_path / "rung.db"

    def train(trial: rung.Trial) -> None:
        trial.report(size=trial.config["n"], loss=1 / trial.config["n"])

    with rung.Study("two", {"n": rung.Int(1, 6)}, minimize=["size", "loss"], store=path) as study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=6))
    return path


def test_best_is_written_as_yaml_and_python(call: Call, store: Path) -> None:
    with rung.Study.load("digits", store) as study:
        config = study.best_config
    assert yaml.safe_load(call("best", "--format", "yaml").out) == config
    assert ast.literal_eval(call("best", "--format", "python").out) == config


def test_best_of_several_objectives_is_the_front_or_a_chosen_trial(call: Call, two: Path) -> None:
    with rung.Study.load("two", two) as study:
        numbers = [trial.number for trial in study.front]
        config = study.trials[numbers[-1]].config
    lines = call("best").out.splitlines()
    assert lines[0] == f"{len(numbers)} trials of two that no other one dominates at 1 step"
    assert [int(line.split()[0]) for line in lines[3:-2]] == numbers
    assert lines[-1].startswith("A good compromise is trial ")
    asked = call("best", "--format", "json")
    assert asked.code == 2
    assert (
        "Take --compromise, or choose one of its front with --trial: " + ", ".join(map(str, numbers))
        in asked.err
    )
    assert json.loads(call("best", "--format", "json", "--trial", str(numbers[-1])).out) == config
    assert call("best", "--trial", "6").err == "rung: study two has trials 0 to 5, got --trial 6.\n"


def test_best_takes_a_compromise_by_its_knee_or_by_weights(call: Call, two: Path) -> None:
    with rung.Study.load("two", two) as study:
        knee = study.compromise()
        first, second = study.spec.required
        leaning = study.compromise({first: 9, second: 1})
    shown = call("best", "--compromise").out
    assert f"trial {knee.number} of two" in shown
    assert (
        call("best").out.splitlines()[-1].endswith(f"trial {knee.number}, the knee: rung best --compromise")
    )
    assert f"trial {knee.number}, the knee of the front" in call("show").out
    assert json.loads(call("best", "--compromise", "--format", "json").out) == knee.config
    weights = f"{first}=9,{second}=1"
    assert json.loads(call("best", "--weights", weights, "--format", "json").out) == leaning.config
    assert leaning.number != knee.number


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--weights", "speed=1"], "weights must be given for "),
        (["--weights", "much"], "weights must be numbers by metric, such as --weights accuracy=2,latency=1"),
        (
            ["--compromise", "--trial", "2"],
            "--trial 2 chooses one already. Leave out --compromise and --weights.",
        ),
    ],
)
def test_a_compromise_that_cannot_be_chosen_is_one_sentence(
    call: Call, two: Path, options: list[str], sentence: str
) -> None:
    said = call("best", *options)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(f"rung: {sentence}")


def test_one_objective_needs_no_compromise(call: Call, store: Path) -> None:
    assert "has one objective, 'loss': its best needs no compromise." in call("best", "--compromise").err


def test_trials_are_written_to_a_file_or_as_csv_to_standard_output(
    call: Call, store: Path, tmp_path: Path
) -> None:
    shown = call("trials").out
    rows = list(csv.DictReader(shown.splitlines()))
    assert [int(row["trial"]) for row in rows] == list(range(12))
    assert call("trials", "-o", "t.csv").err == "12 trials in t.csv\n"
    assert (tmp_path / "t.csv").read_text() == shown
    assert call("trials", "digits", "-o", "t.json").code == 0
    assert len(json.loads((tmp_path / "t.json").read_text())) == 12
    assert "ends in .csv, .parquet, .json, got 't.xls'" in call("trials", "-o", "t.xls").err
    assert call("trials", "-o", "no/t.csv").err == "rung: cannot write no/t.csv: No such file or directory.\n"


def test_the_card_is_printed_or_written(call: Call, store: Path, tmp_path: Path) -> None:
    shown = call("card").out
    assert shown.startswith("# digits\n")
    assert call("card", "-o", "CARD.md").err == "card in CARD.md\n"
    assert (tmp_path / "CARD.md").read_text() == shown


def test_run_takes_trackers(call: Call, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "small.py").write_text(
        "import rung\n"
        "def train(trial):\n"
        "    trial.report(loss=trial.config['x'])\n"
        "study = rung.Study('small', {'x': rung.Float(1, 2)}, minimize='loss')\n"
        "executor = rung.InProcess()\n"
        "budget = rung.Budget(trials=3)\n"
    )
    assert call("run", "small.py", "--quiet", "--track", "tensorboard=logs").code == 0
    assert len(list((tmp_path / "logs").glob("small-*/trial-*"))) == 3
    wrong = call("run", "small.py", "--track", "tensorbord")
    assert wrong.err == "rung: no tracker is called 'tensorbord'. Did you mean 'tensorboard'?\n"
