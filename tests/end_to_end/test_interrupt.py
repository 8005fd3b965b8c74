"""Ctrl-C: once leaves in order with every running trial saved, twice leaves at once; both can be resumed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

import rung
from infra.processes import outliving
from rung.core import event as ev

SCRIPT = Path(__file__).with_name("killed_study.py")


def start(store: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), str(store), "300"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_until(driver: "subprocess.Popen[str]", line: str) -> None:
    assert driver.stdout is not None
    for each in driver.stdout:
        if each.strip() == line:
            return
    raise AssertionError(f"the study ended without {line}")


def end(driver: "subprocess.Popen[str]") -> str:
    workers = psutil.Process(driver.pid).children(recursive=True)
    output, errors = driver.communicate(timeout=60)
    assert not outliving(workers, 20), "workers outlived their driver"
    return output + errors


def test_one_interrupt_saves_every_running_trial_and_the_next_run_goes_on_from_there(tmp_path: Path) -> None:
    driver = start(tmp_path / "s.db")
    read_until(driver, "Reported")
    driver.send_signal(signal.SIGINT)
    said = end(driver)
    assert "interrupted: running steps end first (about" in said
    assert "finished" in said  # run() has returned: what a script does next is its own affair
    study = rung.Study.load("killed", tmp_path / "s.db")
    assert not study.state.jobs
    assert study.state.owed, "a worker was in the middle of a trial"
    for trial in study.state.owed:
        assert study.state.resumes_at(trial)[0] == study.trials[trial].resource
    study.close()


def test_sigterm_leaves_in_the_same_order(tmp_path: Path) -> None:
    driver = start(tmp_path / "s.db")
    read_until(driver, "Reported")
    driver.send_signal(signal.SIGTERM)
    assert "finished" in end(driver)


def test_a_second_driver_is_refused_and_a_killed_one_is_replaced_at_once(tmp_path: Path) -> None:
    driver = start(tmp_path / "s.db")
    read_until(driver, "Reported")
    second = start(tmp_path / "s.db")
    assert "BusyError" in end(second)
    os.kill(driver.pid, signal.SIGKILL)
    driver.communicate(timeout=30)
    third = start(tmp_path / "s.db")
    read_until(third, "Ended")
    third.send_signal(signal.SIGINT)
    assert "finished" in end(third)


def test_a_worker_killed_in_training_loses_no_trial(tmp_path: Path) -> None:
    driver = start(tmp_path / "s.db")
    read_until(driver, "Reported")
    for worker in psutil.Process(driver.pid).children():
        worker.kill()  # one of them at least is in the middle of a trial
    read_until(driver, "Ended")
    driver.send_signal(signal.SIGINT)
    end(driver)
    study = rung.Study.load("killed", tmp_path / "s.db")
    lost = [
        entry.event
        for entry in study.events()
        if isinstance(entry.event, ev.Ended) and entry.event.outcome == "lost"
    ]
    assert lost
    granted = [entry.event for entry in study.events() if isinstance(entry.event, ev.Started)]
    for event in lost:
        assert event.failure is not None and "killed by signal 9" in event.failure.message
        assert [
            job for job in granted if job.trial == event.trial and job.job > event.job
        ] or event.trial in study.state.owed
    study.close()
