"""The digits example as it stands, on every engine: killed workers and a killed driver change nothing."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import rung
from infra.engines import NAMES, Engine, engine_named
from rung.core import event as ev

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits.py"
TRIALS = 10
LIMIT_S = 100
PLACES = [pytest.param(name, marks=[pytest.mark.integration] if name != "local" else []) for name in NAMES]


@pytest.fixture(params=PLACES)
def engine(request: pytest.FixtureRequest) -> Engine:
    return engine_named(request.param, request)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> rung.TrialResult:
    """The best trial of a run that nothing happens to."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(folder, Engine("local", lambda driver: []))
    with study(folder) as found:
        return found.best


def start(folder: Path, engine: Engine) -> "subprocess.Popen[str]":
    """`rung run` of the example with one worker, whose results come in one order only."""
    program = folder / EXAMPLE.name
    if not program.exists():
        shutil.copy(EXAMPLE, program)
    place = engine.with_options("workers=1")
    command = ["rung", "run", str(program), "--executor", place, "--trials", str(TRIALS), "--log", "json"]
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=engine.variables(),
    )


def run(folder: Path, engine: Engine) -> None:
    driver = start(folder, engine)
    said, complained = driver.communicate(timeout=LIMIT_S)
    assert driver.returncode == 0, complained
    assert "the budget of 10 trials is used up" in said


def until(driver: "subprocess.Popen[str]", is_it: Callable[[dict], bool]) -> None:
    """Read what a driver says until it says that."""
    assert driver.stdout is not None
    if not any(is_it(json.loads(line)) for line in driver.stdout):
        pytest.fail(driver.communicate(timeout=LIMIT_S)[1])


def is_start(said: dict) -> bool:
    return said["event"] == "job_started"


def is_promotion(said: dict) -> bool:
    return is_start(said) and said["start"] > 0


class KillingWorkers:
    """Kills the workers when a job starts, again and again until one is lost: between two jobs none is."""

    def __init__(self, engine: Engine, driver: int) -> None:
        self._find = lambda: engine.workers(driver)  # which takes longer than a step of training
        self._found: list[psutil.Process] = []

    def __call__(self, said: dict) -> bool:
        if is_start(said):
            for worker in self._found:
                with suppress(psutil.NoSuchProcess):
                    worker.kill()
            self._found = [] if self._found else self._find()
        return said["event"] == "job_ended" and said["outcome"] == "lost"


def study(folder: Path) -> rung.Study:
    return rung.Study.load("digits", folder / "digits.db")


def check_result(folder: Path, undisturbed: rung.TrialResult) -> None:
    with study(folder) as found:
        best = found.best
        assert (best.number, best.value, best.resource) == (
            undisturbed.number,
            undisturbed.value,
            undisturbed.resource,
        )
        assert best.config == undisturbed.config
        assert len(found.trials) == TRIALS
        assert {trial.status for trial in found.trials} <= {"complete", "paused"}
        check_each_step_is_trained_once([entry.event for entry in found.events()])


def check_each_step_is_trained_once(events: list[object]) -> None:
    """But for those since the last checkpoint of a trial whose job was lost, or that its lost worker held."""
    saved: dict[int, int] = {}
    stands: dict[int, int] = {}
    for event in events:
        match event:
            case ev.Started(trial=trial, start=start, restore=restore):
                assert start == (stands.get(trial, 0) if restore is None and start else saved.get(trial, 0))
                stands[trial] = start
            case ev.Reported(trial=trial, resource=resource):
                assert resource == stands[trial] + 1
                stands[trial] = resource
            case ev.Saved(trial=trial, resource=resource):
                saved[trial] = resource


def lost(folder: Path) -> list[str]:
    with study(folder) as found:
        ends = [entry.event for entry in found.events() if isinstance(entry.event, ev.Ended)]
    return [end.failure.type for end in ends if end.outcome == "lost" and end.failure is not None]


@pytest.mark.timeout(300)
def test_killed_workers_and_then_a_killed_driver_change_nothing_of_the_result(engine, undisturbed, tmp_path):
    driver = start(tmp_path, engine)
    until(driver, KillingWorkers(engine, driver.pid))
    until(driver, is_promotion)
    driver.kill()
    driver.communicate(timeout=LIMIT_S)
    run(tmp_path, engine)
    first, *more = lost(tmp_path)
    assert first == "killed"
    assert set(more) <= {"killed", "driver lost"}
    check_result(tmp_path, undisturbed)
