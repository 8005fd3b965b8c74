"""The driver is killed at 20 random moments; the same command goes on each time, and nothing is lost or repeated."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

import rung
from infra.processes import outliving
from rung.core import event as ev

SCRIPT = Path(__file__).with_name("killed_study.py")
REPORTS = "SELECT trial, resource, metric, value FROM reports ORDER BY trial, resource, metric"


def run_until(store: Path, n_events: int) -> tuple[bool, list[psutil.Process]]:
    """Run the study until it has printed a number of events, then kill its driver with SIGKILL.

    Returns:
        Whether it finished before, and the workers that it had.
    """
    driver = subprocess.Popen([sys.executable, str(SCRIPT), str(store)], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    workers: list[psutil.Process] = []
    finished = False
    for number, line in enumerate(driver.stdout, start=1):
        finished = line.strip() == "finished"
        if number == n_events or finished:
            workers = psutil.Process(driver.pid).children(recursive=True) if not finished else []
            break
    if not finished:
        os.kill(driver.pid, signal.SIGKILL)
    driver.wait(30)
    driver.stdout.close()
    return finished, workers


def rows(store: Path) -> list[tuple[object, ...]]:
    with sqlite3.connect(store) as connection:
        found = connection.execute(REPORTS).fetchall()
    connection.close()
    return found


@pytest.mark.timeout(300)
def test_a_study_whose_driver_is_killed_twenty_times_loses_and_repeats_nothing(tmp_path: Path) -> None:
    store = tmp_path / "study.db"
    draw = random.Random(20)
    known: list[tuple[object, ...]] = []
    for _ in range(20):
        finished, workers = run_until(store, draw.randint(1, 60))
        assert not (alive := outliving(workers, 20)), f"workers outlived their driver: {alive}"
        now = rows(store)
        assert set(known) <= set(now), "a committed report is missing"
        known = now
        assert not finished, "the study must be longer than its 20 runs"
    finished, _ = run_until(store, 1_000_000)
    assert finished
    assert set(known) <= set(rows(store))
    study = rung.Study.load("killed", store)
    entries = [entry.event for entry in study.events()]
    check_reports(rows(store), study)
    check_budget(study, entries)
    check_restarts(entries)
    study.close()


def check_reports(found: Sequence[tuple[object, ...]], study: rung.Study) -> None:
    places = [(trial, resource) for trial, resource, _, _ in found]
    assert len(places) == len(set(places)), "a report is repeated"
    for trial, resource, _, value in found:
        expected = study.trials[int(str(trial))].config["x"] * sum(
            1 / step for step in range(1, int(str(resource)) + 1)
        )
        assert value == pytest.approx(expected), "training went on from something else than its checkpoint"


def check_budget(study: rung.Study, entries: Sequence[ev.AnyEvent]) -> None:
    assert len(study.trials) == 500
    assert {trial.status for trial in study.trials} == {"paused", "complete"}
    assert study.state.account.reserved == 0
    assert study.state.account.resource == sum(trial.resource for trial in study.trials) + trained_again(
        entries
    )


def trained_again(entries: Sequence[ev.AnyEvent]) -> int:
    """Units between a checkpoint and a rung at which a trial rested, unsaved, when its driver was killed."""
    stood: dict[int, int] = {}
    units = 0
    for event in entries:
        match event:
            case ev.Ended(trial=trial, outcome="lost"):
                stood.pop(trial, None)  # units lost within a job are refunded
            case ev.Reported(trial=trial, resource=resource):
                stood[trial] = resource
            case ev.Started(trial=trial, start=start):
                units += max(0, stood.get(trial, 0) - start)
            case _:
                pass
    return units


def check_restarts(entries: Sequence[ev.AnyEvent]) -> None:
    """Each job starts where the trial's last checkpoint stands, or at 0, unless its worker held the trial."""
    saved: dict[int, int] = {}
    ended_lost: set[int] = set()
    restarted = 0
    for event in entries:
        match event:
            case ev.Saved(trial=trial, resource=resource):
                saved[trial] = max(saved.get(trial, 0), resource)
            case ev.Ended(trial=trial, outcome="lost"):
                ended_lost.add(trial)
            case ev.Started(trial=trial, start=start) if trial in ended_lost:
                ended_lost.discard(trial)
                restarted += 1
                assert start == saved.get(trial, 0)
            case _:
                pass
    assert restarted > 0, "no kill met a running trial: the test has shown nothing"
