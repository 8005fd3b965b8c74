"""What trials use of their machines, from a worker to the log and to all that people read.

There is a GPU only in so far as NVML is a fake module in the worker, see `executors/fake_nvml.py`.
"""

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

import rung
from executors import trainings
from rung.analysis.report import write_report
from rung.cli.main import main
from rung.core import event as ev


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a study of one trial, of a little more than a second, on a worker with a GPU."""
    path = tmp_path_factory.mktemp("usage") / "rung.db"
    study = rung.Study("measured", {"x": rung.Float(0, 1)}, minimize="loss", store=path)
    executor = rung.Local(workers=1, gpus=("0",), threads=1)
    study.run(trainings.on_a_gpu, executor=executor, budget=rung.Budget(trials=1))
    study.close()
    return path


@pytest.fixture
def study(store: Path) -> Iterator[rung.Study]:
    with rung.Study.load("measured", store) as study:
        yield study


def test_a_sample_is_in_the_log_with_what_the_worker_owns(study: rung.Study) -> None:
    (found,) = [entry.event for entry in study.events() if isinstance(entry.event, ev.Sampled)]
    assert (found.job, found.trial, found.cpus, found.gpus) == (0, 0, 1, 1)
    assert found.gpu_seconds == pytest.approx(0.11 * found.seconds)


def test_a_trial_says_what_it_has_used(study: rung.Study) -> None:
    usage = study.trials[0].usage
    assert usage is not None
    assert usage.gpu == pytest.approx(0.11)
    assert (usage.gpu_memory_bytes, usage.cpus_owned) == (3_000_000_000, 1.0)
    row = study.to_frame().iloc[0]
    assert row["used.gpu"] == pytest.approx(0.11)
    assert row["used.memory_bytes"] == usage.memory_bytes > 10_000_000
    assert "11 % of its GPU (3 GB at most)" in study.trials[0]._repr_html_()


def test_replay_does_not_depend_on_it(study: rung.Study) -> None:
    found = study.replay()
    assert found.n_decisions == found.n_agreed > 0


def test_the_command_line_says_it(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    used = r"[\d.]+ of 1 CPU, [\d.]+ MB at most, 11 % of {} GPU \(3 GB at most\)"
    for words, sentence in (
        (["show"], f"trials used {used.format('their')}"),
        (["why", "0"], f"It used {used.format('its')}."),
    ):
        with pytest.raises(SystemExit):
            main([*words, "--store", str(store)])
        assert re.search(f"^{sentence}$", capsys.readouterr().out, re.MULTILINE)


def test_the_report_says_it(study: rung.Study, tmp_path: Path) -> None:
    page = write_report(study, tmp_path / "report.html").read_text(encoding="utf-8")
    assert ">11 % of its GPU<" in page
    assert "3 GB of GPU memory at most" in page
    values = json.loads(re.search(r'<script[^>]*id="trials-data"[^>]*>(.*?)</script>', page, re.DOTALL)[1])
    columns = {column["name"]: column["values"] for column in values["columns"]}
    assert (columns["GPU %"], columns["GPU MB"]) == ([11], [3000])
    assert "11 % of its GPU" in values["used"]["0"]


def test_sql_reads_it(store: Path) -> None:
    with sqlite3.connect(store) as log:
        ((trial, memory),) = log.execute(
            "SELECT trial, max(data ->> 'memory_bytes') FROM events WHERE kind = 'Sampled' GROUP BY trial"
        ).fetchall()
    assert trial == 0
    assert memory > 10_000_000
