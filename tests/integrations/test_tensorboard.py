"""The TensorBoard tracker, read back by TensorBoard's own readers."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from .tracked import Told, logged, run, study

pytest.importorskip("tensorboard")

from tensorboard import context
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

from rung.integrations.tensorboard import FILE, MARK, EventFile, TensorBoardTracker


def folder_of(runs: Path) -> Path:
    (folder,) = runs.iterdir()
    return folder


def told(runs: Path) -> tuple[Told, int]:
    """Every point by TensorBoard's reader, and how many came twice."""
    values: Told = {}
    twice = 0
    for folder in folder_of(runs).glob("trial-*"):
        reader = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        reader.Reload()
        for name in reader.Tags()["scalars"]:
            for point in reader.Scalars(name):
                key = (int(folder.name.removeprefix("trial-")), point.step, name)
                twice += key in values
                values[key] = point.value
    return values, twice


def test_each_report_is_a_point_of_each_metric(tmp_path: Path) -> None:
    done = run(study(None), 12, [TensorBoardTracker(tmp_path)])
    values, twice = told(tmp_path)
    assert values == pytest.approx(logged(done), rel=1e-6)  # TensorBoard keeps 32 bits
    assert twice == 0


def test_the_best_so_far_is_a_curve_of_the_study(tmp_path: Path) -> None:
    done = run(study(None), 12, [TensorBoardTracker(tmp_path)])
    reader = EventAccumulator(str(folder_of(tmp_path)))
    reader.Reload()
    curve = reader.Scalars("best loss")
    assert curve[-1].value == pytest.approx(done.best_value)
    assert [point.step for point in curve] == sorted({point.step for point in curve})
    assert (folder_of(tmp_path) / "best.json").exists()


def hparams(runs: Path) -> dict[str, Any]:
    """What the HPARAMS tab lists, by the plugin's own code: each session group by its name."""
    multiplexer = EventMultiplexer()
    multiplexer.AddRunsFromDirectory(str(runs))
    multiplexer.Reload()
    provider = MultiplexerDataProvider(multiplexer, str(runs))
    plugin = backend_context.Context(
        base_plugin.TBContext(data_provider=provider, logdir=str(runs), multiplexer=multiplexer)
    )
    request = api_pb2.ListSessionGroupsRequest(slice_size=100, allowed_statuses=[0, 1, 2, 3])
    response = list_session_groups.Handler(context.RequestContext(), plugin, "", request).run()
    return {group.name.rpartition("/")[2]: group for group in response.session_groups}


def test_the_hparams_tab_lists_each_trial_with_its_configuration_and_metrics(tmp_path: Path) -> None:
    done = run(study(None), 12, [TensorBoardTracker(tmp_path)])
    groups = hparams(tmp_path)
    assert len(groups) == 12
    for trial in done.trials:
        group = groups[f"trial-{trial.number}"]
        found = {name: value.number_value or value.string_value for name, value in group.hparams.items()}
        assert found == trial.config  # inactive ones are absent
        values = {value.name.tag: value.value for value in group.metric_values}
        assert ("loss" in values) == (trial.value is not None)
        status = group.sessions[0].status
        assert status == {"complete": 1, "failed": 2}.get(trial.status, 0)


def test_how_a_trial_stands_is_told_as_text(tmp_path: Path) -> None:
    done = run(study(None), 12, [TensorBoardTracker(tmp_path)])
    failed = next(trial for trial in done.trials if trial.status == "failed")
    reader = EventAccumulator(str(folder_of(tmp_path) / f"trial-{failed.number}"))
    reader.Reload()
    (text,) = reader.Tensors("rung")[-1].tensor_proto.string_val
    assert text.decode() == "**failed**: ValueError: too high"


def test_what_a_program_that_died_has_left_half_written_is_cut_off(tmp_path: Path) -> None:
    done = study(None)
    run(done, 6, [TensorBoardTracker(tmp_path)])
    (folder_of(tmp_path) / MARK).unlink()  # it died before it could note what it had told
    for file in folder_of(tmp_path).glob(f"trial-*/{FILE}"):
        with file.open("ab") as end:
            end.write(b"\x40\0\0\0\0\0\0\0half")
    run(done, 12, [TensorBoardTracker(tmp_path)])
    values, twice = told(tmp_path)
    assert values == pytest.approx(logged(done), rel=1e-6)
    assert twice == 0
    assert len(hparams(tmp_path)) == 12


SCRIPT = """
import os, signal
import rung
from rung.integrations import tracking
from rung.integrations.tensorboard import TensorBoardTracker
from {tests}.tracked import train, study

def dying(trial):
    if trial.number == 14:
        os.kill(os.getpid(), signal.SIGKILL)
    train(trial)

tracking.TOGETHER_S = 0.001  # so that much is told before
watch = [TensorBoardTracker("runs")]
study("rung.db").run(dying, executor=rung.InProcess(), budget=rung.Budget(trials=20), watch=watch)
"""


def test_a_study_that_was_killed_and_runs_again_has_each_report_once(tmp_path: Path) -> None:
    here = Path(__file__).parent
    killed = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(tests=here.name)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(here.parent)},
        timeout=100,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    with study(tmp_path / "rung.db") as found:
        run(found, 20, [TensorBoardTracker(tmp_path / "runs")])
        values, twice = told(tmp_path / "runs")
        assert values == pytest.approx(logged(found), rel=1e-6)
        assert len(found.trials) == 20
    assert twice == 0


def test_an_event_file_knows_its_last_step(tmp_path: Path) -> None:
    done = run(study(None), 12, [TensorBoardTracker(tmp_path)])
    best = done.best
    assert EventFile(folder_of(tmp_path) / f"trial-{best.number}" / FILE).last_step == best.resource
