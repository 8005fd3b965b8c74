"""The MLflow tracker: against a database without a server, and against a real server."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.integrations import tracking
from rung.integrations.mlflow import MLflowTracker

from .tracked import Told, logged, run, study

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="needs mlflow"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of MLflow and its own dependencies
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

# The program `mlflow` of a full installation; that of mlflow-skinny has no server, for which it lacks Flask.
SERVER = os.environ.get("RUNG_MLFLOW_SERVER") or (
    shutil.which("mlflow") if importlib.util.find_spec("flask") else None
)


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setattr(
        tracking, "STALLED_S", 100
    )  # on a busy machine the first use of a database takes long


class Runs:
    """What MLflow knows, by its own client."""

    def __init__(self, uri: str, experiment: str = "digits") -> None:
        from mlflow.tracking import MlflowClient

        self.client = MlflowClient(uri)
        found = self.client.get_experiment_by_name(experiment)
        assert found is not None
        runs = self.client.search_runs([found.experiment_id], max_results=1_000)
        (self.study,) = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
        children = [run for run in runs if run is not self.study]
        assert all(run.data.tags["mlflow.parentRunId"] == self.study.info.run_id for run in children)
        self.trials: dict[int, Any] = {int(run.data.tags["rung.trial"]): run for run in children}
        assert len(self.trials) == len(children)

    def values(self) -> tuple[Told, int]:
        """Every value, and how many came twice."""
        values: Told = {}
        twice = 0
        for number, found in self.trials.items():
            for name in found.data.metrics:
                for metric in self.client.get_metric_history(found.info.run_id, name):
                    twice += (number, metric.step, name) in values
                    values[number, metric.step, name] = metric.value
        return values, twice

    def check(self, done: rung.Study) -> None:
        """It holds this study, each report once."""
        assert self.values() == (logged(done), 0)
        assert sorted(self.trials) == list(range(len(done.trials)))
        for trial in done.trials:
            run = self.trials[trial.number]
            assert run.data.params == {name: str(value) for name, value in trial.config.items()}
            assert run.data.tags["rung.status"] == trial.status
            assert (
                run.info.status
                == {"complete": "FINISHED", "failed": "FAILED", "paused": "SCHEDULED"}[trial.status]
            )


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database without runs; making one takes seconds."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("mlflow") / "empty.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def database(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)  # where MLflow keeps files
    shutil.copy(template, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_a_study_is_a_run_with_a_nested_run_for_each_trial(database: str, tmp_path: Path) -> None:
    with study(tmp_path / "rung.db") as done:
        run(done, 12, [MLflowTracker(database)])
        runs = Runs(database)
        runs.check(done)
        best = done.best
        assert runs.study.info.status == "FINISHED"
        assert runs.study.data.params["scheduler.max_resource"] == "9"
        assert runs.study.data.tags["rung.best_trial"] == str(best.number)
        assert runs.study.data.metrics["best loss"] == best.value
        assert runs.trials[best.number].data.tags["rung.checkpoint"] == str(done.best_checkpoint)
        failed = next(trial for trial in done.trials if trial.status == "failed")
        assert runs.trials[failed.number].data.tags["rung.why"] == "ValueError: too high"
        files = {file.path for file in runs.client.list_artifacts(runs.study.info.run_id)}
        assert files == {"best.json", "study.json"}


def test_a_resumed_study_goes_on_in_the_same_runs(database: str, tmp_path: Path) -> None:
    with study(tmp_path / "rung.db") as first:
        run(first, 6, [MLflowTracker(database)])
    runs = Runs(database)
    runs.client.delete_tag(runs.study.info.run_id, "rung.events")  # as if it had died before it noted that
    with study(tmp_path / "rung.db") as second:
        run(second, 12, [MLflowTracker(database)])
        Runs(database).check(second)


def test_names_that_mlflow_refuses_are_written_otherwise(database: str) -> None:
    def train(trial: rung.Trial) -> None:
        trial.report({"loss": trial.config["a[b]"], "../up@2": 1.0, "not a number": float("nan")})

    odd = rung.Study("odd", {"a[b]": rung.Int(1, 9), "/x//y": "a" * 9_000}, minimize="loss", store=None)
    odd.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=1), watch=[MLflowTracker(database)])
    (one,) = Runs(database, "odd").trials.values()
    assert set(one.data.params) == {"a_b_", "x/y"}
    assert set(one.data.metrics) == {"loss", "up_2", "not a number"}


def test_a_server_that_is_not_there_costs_one_sentence(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    began = time.monotonic()
    done = run(study(None), 12, [MLflowTracker(f"http://127.0.0.1:{port}")])
    assert len(done.trials) == 12
    assert time.monotonic() - began < 60  # MLflow itself tries for minutes
    (said,) = [each.message for each in caplog.records if each.name == "rung" and "MLflow" in each.message]
    assert said.startswith(f"MLflow at http://127.0.0.1:{port} cannot be told of the study (no answer: ")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server, with all its processes in a group of their own."""
    if SERVER is None:
        pytest.skip("needs the server of a full mlflow: name its program in RUNG_MLFLOW_SERVER")
    folder = tmp_path_factory.mktemp("server")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    options = f"--host 127.0.0.1 --port {port} --backend-store-uri sqlite:///m.db --artifacts-destination a --workers 1"
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [SERVER, "server", *options.split()],
            cwd=folder,
            env={**os.environ, **quiet},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await(url, process)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 250
    while time.monotonic() < until and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("the MLflow server did not start")


SCRIPT = """
import os, signal, sys
import rung
from rung.integrations import tracking
from rung.integrations.mlflow import MLflowTracker
from {tests}.tracked import train, study

class Dying(MLflowTracker):
    told = 0
    def begin(self, run):
        super().begin(run)
        tell = self._teller._sink.tell_trial
        def counting(news):
            tell(news)
            self.told += 1
            if self.told == 5:
                os.kill(os.getpid(), signal.SIGKILL)
        self._teller._sink.tell_trial = counting

study("rung.db").run(train, executor=rung.InProcess(), budget=rung.Budget(trials=12), watch=[Dying(sys.argv[1])])
"""


@pytest.mark.integration
@pytest.mark.timeout(400)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # MLflow's sockets
def test_a_real_server_has_each_report_of_a_killed_and_resumed_study_once(
    server: str, tmp_path: Path
) -> None:
    here = Path(__file__).parent
    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tests=here.name), server],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(here.parent)},
        timeout=150,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with study(tmp_path / "rung.db") as found:
        run(found, 20, [MLflowTracker(server)])
        runs = Runs(server)
        runs.check(found)
        files = {file.path for file in runs.client.list_artifacts(runs.study.info.run_id)}
        assert files == {"best.json", "study.json"}
