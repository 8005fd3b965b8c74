"""`rung simulate`, `rung plan` and `rung record`, as a user calls them."""

import json
from pathlib import Path

import pytest

from .conftest import FILE, Call

pytestmark = pytest.mark.timeout(300)

EXPERIMENT = """
workers = [4]
seeds = 2
[curves.made]
max_resource = 9
space.x = {type = "float", low = 0, high = 1}
[scheduler.asha]
type = "asha"
[scheduler.plain]
type = "fifo"
[world]
horizon = 3
"""


def test_an_experiment_is_a_table_a_figure_and_json(call: Call, tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    said = call("simulate", "e.toml", "--processes", "1", "-o", "e.html", "--json", "e.json")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == "made, 4 workers, 2 seeds, as long as 3 full trainings take"
    assert {line.split()[0] for line in lines[3:5]} == {"asha", "plain"}
    assert "100.0 %" in lines[3]
    found = json.loads((tmp_path / "e.json").read_bytes())
    assert len(found["runs"]) == 4
    assert {result["arm"] for result in found["results"]} == {"asha", "plain"}
    assert "normalised regret" in (tmp_path / "e.html").read_text()


def test_options_win_over_the_file(call: Call, tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    said = call(
        *("simulate", "e.toml", "--processes", "1", "--seeds", "1", "--workers", "2", "--workers", "3"),
        *("--scheduler", "asha eta=2", "--seconds", "20", "--resource", "50"),
    )
    assert said.out.startswith(
        "made, 2 or 3 workers, 1 seed, as long as 20 s takes, at most 50 units of training"
    )
    assert "asha eta=2, 2 workers" in said.out
    assert "plain" not in said.out


def test_a_study_is_simulated_from_its_log(call: Call, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(FILE)
    assert call("run", "small.py", "--workers", "1", "--quiet").code == 0
    said = call("simulate", "--from-study", "small", "--seeds", "1", "--horizon", "1", "--processes", "1")
    assert said.code == 0, said.err
    names = [line.split("  ")[0] for line in said.out.splitlines()[3:9]]
    assert set(names) == {"as it was", "eta=2", "eta=4", "min_resource=3", "fifo", "as it was, 2 workers"}


def test_what_is_to_be_simulated_must_be_said_once(call: Call, tmp_path: Path) -> None:
    assert "say what to simulate" in call("simulate").err
    assert "say what to simulate" in call("simulate", "e.toml", "--from-study", "small").err
    assert "does not exist" in call("simulate", "none.toml").err
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    assert "nearest or fitted" in call("simulate", "e.toml", "--off-table", "far").err


def test_a_plan_names_rungs_and_what_more_would_buy(call: Call, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(FILE)
    said = call("plan", "small.py", "--workers", "2", "--trials", "27", "--step-seconds", "10")
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert lines[0] == "small: asha, 2 workers, 27 trials"
    assert [line.split()[:2] for line in lines[3:6]] == [["1", "epoch"], ["3", "epochs"], ["9", "epochs"]]
    assert lines[3].split()[2:5] == ["27", "100", "%"]
    assert [line.split()[0] for line in lines[8:11]] == ["this", "2", "4"]
    assert lines[-1].endswith("10 s for each epoch, as given.")


def test_without_times_a_plan_says_how_to_get_them(call: Call, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(FILE)
    assert "--pilot 30" in call("plan", "small.py").out
    said = call("plan", "small.py", "--seconds", "100")
    assert (said.code, said.out) == (2, "")
    assert "--step-seconds" in said.err


def test_a_recorded_table_can_be_simulated_on_and_goes_on_with_more(call: Call, tmp_path: Path) -> None:
    (tmp_path / "small.py").write_text(FILE)
    assert call("record", "small.py", "-o", "curves.npz", "--configs", "5", "--workers", "1", "-q").code == 0
    said = call("record", "small.py", "-o", "curves", "--configs", "8", "--workers", "1", "-q")
    assert said.out.startswith("curves.npz and curves.json: 8 configurations to 9 epochs")
    found = json.loads((tmp_path / "curves.json").read_bytes())
    assert (found["n_configs"], found["n_fidelity"], found["fidelity"]["resumable"]) == (8, 9, True)
    said = call("simulate", "curves.npz", "--scheduler", "asha", "--seeds", "1", "--processes", "1")
    assert said.out.startswith("small, 8 workers, 1 seed")
    assert not (tmp_path / "rung.db").exists() or "small" in call("ls").out


TWO = """\
import rung

def train(trial):
    for epoch in trial.steps():
        x = trial.config["x"]
        trial.report(loss=(1 - x) / epoch + 1e-6 * (trial.seed % 7), size=x)

study = rung.Study("two", {"x": rung.Float(0, 1)}, minimize=["loss", "size"], resource=rung.Steps("epoch"),
                   constraints=[rung.Constraint("size", upper=0.9)], scheduler=rung.ASHA(max_resource=9))
"""


def test_several_objectives_and_seeds_are_recorded_planned_and_simulated(call: Call, tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(TWO)
    record = ("record", "two.py", "-o", "two", "--configs", "7", "--workers", "1", "-q")
    assert call(*record).code == 0
    said = call(*record, "--repeats", "6")
    assert said.out.startswith("two.npz and two.json: 7 configurations to 9 epochs, 6 seeds each"), said.err
    assert call(*record, "--repeats", "6").out == said.out  # nothing was left to do
    few = ("simulate", "two", "--seeds", "1", "--processes", "1", "--horizon", "2")
    said = call(*few, "--scheduler", "asha", "--scheduler", "fifo", "-o", "two.html")
    assert said.code == 0, said.err
    assert "hypervolume" in said.out.splitlines()[2]
    assert "(loss down, size down)" in said.out
    assert "with size at most 0.9" in said.out
    assert "hypervolume that is missing" in (tmp_path / "two.html").read_text()
    said = call(*few, "--over", "replicates", "--minimize", "loss", "--constraint", "size<=0.5")
    assert said.code == 0, said.err
    assert {"racing", "fifo"} <= {line.split("  ")[0] for line in said.out.splitlines()}
    assert "cost-asha: max_cost is " in said.out
    assert "Left out: schedule" in said.out.replace("gate, ", "")
    said = call("plan", "two.py", "--workers", "2", "--trials", "9", "--step-seconds", "1")
    assert (said.code, said.out.splitlines()[0]) == (0, "two: asha, 2 workers, 9 trials"), said.err


def test_options_that_do_not_fit_are_said(call: Call, tmp_path: Path) -> None:
    (tmp_path / "e.toml").write_text(EXPERIMENT)
    assert "training or replicates" in call("simulate", "e.toml", "--over", "folds").err
    assert "have no replicates" in call("simulate", "e.toml", "--over", "replicates").err
    assert "have one metric" in call("simulate", "e.toml", "--minimize", "latency").err
    assert "a constraint is written" in call("simulate", "e.toml", "--constraint", "loss<<3").err
    assert "go with a FILE" in call("simulate", "--from-study", "x", "--maximize", "loss").err
