"""Trials as files."""

import csv
import json
from pathlib import Path

import pytest

import rung
from rung.analysis.table import write_trials

SPACE = {
    "lr": rung.Float(1e-3, 1.0, log=True),
    "size": rung.Choice([16, "auto", None]),
    "optimizer": rung.Choice(
        {"adam": {"beta": rung.Float(0.8, 0.99), "rate": rung.Float(0, 1)}, "sgd": {"rate": rung.Float(2, 3)}}
    ),
}


def value(lr: float, size: object, optimizer: str, **other: float) -> float:
    if lr > 0.7:
        raise ValueError("too high")
    return lr


@pytest.fixture(scope="module")
def study() -> rung.Study:
    return rung.minimize(value, SPACE, trials=40)


def expected(study: rung.Study) -> list[dict[str, object]]:
    """Each trial's row, as far as it is not of the study's own words."""
    rows = []
    for trial in study.trials:
        config = dict(trial.config)
        rate = {f"rate[optimizer={config['optimizer']}]": config.pop("rate")}
        rows.append({"trial": trial.number, "value": trial.value, "status": trial.status, **config, **rate})
    return rows


def test_json_has_an_object_for_each_trial_with_what_it_has(study: rung.Study, tmp_path: Path) -> None:
    write_trials(study, tmp_path / "trials.json")
    rows = json.loads((tmp_path / "trials.json").read_text())
    assert len(rows) == 40
    for row, wanted in zip(rows, expected(study), strict=True):
        config = {name.removeprefix("config."): row[name] for name in row if name.startswith("config.")}
        assert {**config, "trial": row["trial"], "value": row.get("value"), "status": row["status"]} == wanted
    assert any("config.beta" not in row for row in rows)
    assert any(row["config.size"] is None for row in rows)
    failed = next(row for row in rows if row["status"] == "failed")
    assert failed["failure"] == "ValueError"
    assert failed["why"] == "ValueError: too high"


def test_csv_is_empty_where_a_trial_has_nothing(study: rung.Study, tmp_path: Path) -> None:
    write_trials(study, tmp_path / "trials.csv")
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:9] == [
        *("trial", "status", "why", "resource", "value"),
        *("seconds", "source", "parent", "failure"),
    ]
    for row, trial in zip(rows, study.trials, strict=True):
        assert (row["value"] == "") == (trial.value is None)
        assert float(row["config.lr"]) == trial.config["lr"]
        assert (row["config.beta"] == "") == (trial.config["optimizer"] == "sgd")
        assert row["config.size"] == str(trial.config["size"])


def test_parquet_holds_columns_of_one_type(study: rung.Study, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_trials(study, tmp_path / "trials.parquet")
    found = parquet.read_table(tmp_path / "trials.parquet")
    types = {field.name: str(field.type) for field in found.schema}
    assert types["trial"] == "int64"
    assert types["config.lr"] == "double"
    assert types["config.size"] == "string"  # numbers and words in one column
    assert found.column("config.lr").to_pylist() == [trial.config["lr"] for trial in study.trials]
    assert found.column("config.beta").null_count == sum("beta" not in trial.config for trial in study.trials)


def test_a_metric_that_is_called_as_a_column_gets_a_name_of_its_own(tmp_path: Path) -> None:
    def train(trial: rung.Trial) -> None:
        trial.report(seconds=3.0, status=1.0)

    study = rung.Study("s", {"x": rung.Int(1, 9)}, minimize=["seconds", "status"], store=None)
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=1))
    write_trials(study, tmp_path / "trials.json")
    (row,) = json.loads((tmp_path / "trials.json").read_text())
    assert (row["value.seconds"], row["value.status"], row["status"]) == (3.0, 1.0, "complete")


def test_another_suffix_is_refused(study: rung.Study, tmp_path: Path) -> None:
    with pytest.raises(rung.SpecError, match=r"ends in \.csv, \.parquet, \.json, got '.*trials\.xls'"):
        write_trials(study, tmp_path / "trials.xls")
