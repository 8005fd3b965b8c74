"""The W&B tracker, without a network; its files are read back record by record."""

import importlib.util
import json
import shutil
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.integrations import tracking
from rung.integrations.wandb import WandbTracker
from rung.integrations.wandb_files import last_step, records

from . import tracked
from .tracked import Told, logged, study

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("wandb") is None, reason="needs wandb"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of wandb's own dependencies
]


@pytest.fixture(autouse=True)
def offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(tracking, "STALLED_S", 100)  # on a busy machine wandb takes its time


def run(study: rung.Study, trials: int, watch: list[WandbTracker]) -> rung.Study:
    """Train, and have wandb write all that it was told: a run that is finished may still lie in its buffers."""
    import wandb

    done = tracked.run(study, trials, watch)
    wandb.teardown()
    return done


class Runs:
    """What stands in wandb's files, by the name of the run: "study", "0", "1" …"""

    def __init__(self, folder: Path) -> None:
        from wandb.proto.wandb_internal_pb2 import Record

        self.values: Told = {}
        self.twice = 0
        self.configs: dict[str, dict[str, Any]] = defaultdict(dict)
        self.summaries: dict[str, dict[str, Any]] = defaultdict(dict)
        self.groups: set[str] = set()
        self.ids: set[str] = set()
        self.artifacts: list[str] = []
        for file in sorted(folder.glob("wandb/offline-run-*/run-*.wandb")):
            for data in records(file):
                self._read(file.stem.rpartition("-")[2], Record.FromString(data))

    def _read(self, name: str, record: Any) -> None:
        if record.HasField("run"):
            self.groups.add(record.run.run_group)
            self.ids.add(record.run.run_id)
            for item in record.run.config.update:
                self.configs[name][item.key] = json.loads(item.value_json)
        if record.HasField("summary"):
            for item in record.summary.update:
                self.summaries[name][item.key] = json.loads(item.value_json)
        if record.HasField("artifact"):
            self.artifacts += [entry.path for entry in record.artifact.manifest.contents]
        if record.HasField("history") and name != "study":
            self._history(int(name), record.history)

    def _history(self, trial: int, history: Any) -> None:
        for item in history.item:
            metric = item.key or "/".join(item.nested_key)
            if not metric.startswith("_"):
                key = (trial, history.step.num, metric)
                self.twice += key in self.values
                self.values[key] = json.loads(item.value_json)


def test_a_study_is_a_group_with_a_run_for_each_trial(tmp_path: Path) -> None:
    done = run(study(None), 8, [WandbTracker("p", mode="offline")])
    runs = Runs(tmp_path)
    assert runs.values == logged(done)
    assert runs.twice == 0
    assert len(runs.groups) == 1
    for trial in done.trials:
        name = str(trial.number)
        config = {key: value for key, value in runs.configs[name].items() if key not in ("_wandb", "rung")}
        assert config == trial.config  # inactive ones are absent
        assert runs.configs[name]["rung"]["trial"] == trial.number
        assert runs.summaries[name]["rung/status"] == trial.status
    assert runs.summaries["study"]["rung/best_trial"] == done.best.number
    assert runs.summaries["study"]["rung/best_config"] == done.best.config
    assert sorted(runs.artifacts) == ["best.json", "study.json"]


def test_a_resumed_study_goes_on_in_the_same_runs(tmp_path: Path) -> None:
    done = study(None)
    run(done, 5, [WandbTracker("p", mode="offline")])
    (mark,) = (tmp_path / "wandb").glob("rung-*.json")
    mark.unlink()  # as if it had died before it noted what it had told
    run(done, 8, [WandbTracker("p", mode="offline")])
    runs = Runs(tmp_path)
    assert runs.values == logged(done)
    assert runs.twice == 0
    assert len(runs.ids) == 9
    assert len(runs.groups) == 1


def test_a_file_that_ends_half_way_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    done = run(study(None), 2, [WandbTracker("p", mode="offline")])
    (file,) = (tmp_path / "wandb").glob("offline-run-*-0/run-*-0.wandb")
    whole = len(list(records(file)))
    shutil.copy(file, tmp_path / "cut")
    with (tmp_path / "cut").open("r+b") as cut:
        cut.truncate(file.stat().st_size - 3)
    assert len(list(records(tmp_path / "cut"))) == whole - 1
    run_id = file.stem.removeprefix("run-")
    assert last_step(tmp_path / "wandb", run_id) == done.trials[0].resource


def test_without_a_key_nothing_is_asked_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    done = run(study(None), 3, [WandbTracker("p", mode="online")])
    assert len(done.trials) == 3
    (said,) = [each.message for each in caplog.records if each.name == "rung" and "W&B" in each.message]
    assert 'no API key: run `wandb login`, or take mode="offline"' in said


def test_a_wrong_project_is_refused() -> None:
    with pytest.raises(rung.SpecError, match="project of WandbTracker must be a text, got 3"):
        WandbTracker(3)  # type: ignore[arg-type]
