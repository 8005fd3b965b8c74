"""The benchmarks of executors run in small, and what they conclude from can fail."""

import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks" / "distributed"))
sys.path.append(str(Path(__file__).parents[1] / "benchmarks" / "schedulers"))

import saturation
from pieces.crowd import Crowd
from pieces.digits import accuracies
from pieces.watched import Heard, Watched

import rung
from rung.core.event import Ended, Reported

FOLDER = Path(__file__).parents[1] / "benchmarks" / "distributed"

pytestmark = pytest.mark.timeout(300)  # each program imports all anew, also on a busy machine


def printed(program: str, *options: str) -> list[list[str]]:
    """The tables that a program prints, line by line."""
    command = [sys.executable, str(FOLDER / f"{program}.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, env=os.environ)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert done.stdout.startswith("load ")
    return [block.splitlines() for block in done.stdout.split("\n\n") if block.startswith("|")]


def test_saturation_prints_a_line_for_each_number_of_workers() -> None:
    loads, carried = printed("saturation", "--no-engines", "--workers", "20", "--seconds", "1")
    assert [line.split(" | ")[1] for line in loads[2:]] == ["20"]
    assert len(carried) == 3


@pytest.mark.integration  # starts a Ray of its own
def test_messages_measures_every_executor() -> None:
    pytest.importorskip("ray")
    pytest.importorskip("distributed")
    tables = printed("messages", "--quick", "--trials", "10", "--reports", "10")
    assert len(tables) == 3
    for lines in tables:
        names = [line.split(" | ")[0].removeprefix("| ") for line in lines[2:]]
        assert names == [
            "rung.InProcess",
            "rung.Local",
            "rung.Dask, in this process",
            "rung.Dask, processes",
            "rung.Ray",
        ]


@pytest.mark.integration  # starts a Ray of its own
def test_trivial_compares_with_ray_tune() -> None:
    pytest.importorskip("ray.tune")
    pytest.importorskip("distributed")
    (lines,) = printed("trivial", "--rounds", "1", "--trials", "5", "--fresh", "0", "--asha", "0")
    assert [line.split(" | ")[1] for line in lines[2:]] == ["5"] * 4


def test_the_network_that_both_train_learns_the_digits() -> None:
    pytest.importorskip("sklearn")
    config = {
        "alpha": 1e-4,
        "layers": 1,
        "width": 32,
        "batch_size": 32,
        "optimizer": "adam",
        "beta1": 0.9,
        "lr": 3e-3,
    }
    first, *later = islice(accuracies(config, 0), 6)
    assert 0.3 < first < later[-1]
    assert later[-1] > 0.9
    assert [first, *later] == list(islice(accuracies(config, 0), 6))


def test_a_crowd_reports_once_a_step_and_gets_its_next_job_from_the_real_driver() -> None:
    watched = Watched(Crowd(5, step_s=0.02))
    study = rung.Study(
        "crowd",
        {"x": rung.Float(0, 1)},
        minimize="loss",
        scheduler=rung.StoppingASHA(max_resource=9, eta=3),
        searcher=rung.RandomSearch(),
        store=None,
    )
    study.run(lambda trial: None, executor=watched, budget=rung.Budget(trials=30))
    assert len(study.trials) == 30
    said = [each.outcome for each in watched.heard]
    reports = [each for each in said if isinstance(each, Reported)]
    assert sorted((each.trial, each.resource) for each in reports) == [
        (trial.number, step) for trial in study.trials for step in range(1, trial.resource + 1)
    ]
    assert {each.outcome for each in said if isinstance(each, Ended)} == {"reached"}
    assert any(trial.resource == 9 for trial in study.trials)


def heard(workers: int, late_s: float, every: int = 1) -> list[Heard]:
    """Reports of six seconds, one a worker and second; of these one in `every` comes, so much too late."""
    found = []
    for second in range(6):
        for worker in range(0, workers, every):
            due = 100.0 + second + worker / workers
            report = Reported(worker, worker, second + 1, {"loss": 0.0, "said": due}, 1.0)
            found.append(Heard(report, due + late_s, 0.5 * due, 0.7 * due))
    return found


def test_a_load_is_judged_by_what_was_heard_within_its_window() -> None:
    found = saturation.judged(100, heard(100, 0.25), 3.0, 2.0)
    assert found.reports == pytest.approx(100, abs=1)
    assert found.late_s == pytest.approx(0.25)
    assert found.busy == pytest.approx(0.5)
    assert saturation.judged(100, heard(100, 0.25, every=2), 3.0, 2.0).share == pytest.approx(0.5, abs=0.01)
    with pytest.raises(RuntimeError, match="measure longer"):
        saturation.judged(100, heard(100, 0.25), 9.0, 2.0)


def test_what_a_driver_carries_lies_where_its_workers_begin_to_wait() -> None:
    def loads(*shares: float) -> list[saturation.Load]:
        return [
            saturation.Load(n, n * share, 0.0, 0.0, 0.0, 0.5)
            for n, share in zip((1000, 2000, 4000), shares, strict=True)
        ]

    assert saturation.carried(loads(1.0, 0.99, 0.98)) == 4000
    assert saturation.carried(loads(1.0, 1.0, 0.9)) == pytest.approx(3000)
    assert saturation.carried(loads(0.9, 0.5, 0.25)) == pytest.approx(900)
