"""Each mistake is one sentence on standard error and exit code 2."""

import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import FILE, Call, make

BROKEN = {
    "no study": ("def train(trial): ...", "file.py defines no study"),
    "no train": (FILE.replace("def train", "def training"), "file.py defines no train"),
    "not a study": ("study = 3\ndef train(trial): ...", "study in file.py must be a rung.Study, got 3"),
    "not a budget": (FILE + "budget = 12", "budget in file.py must be a budget"),
    "not an executor": (FILE + "executor = 12", "executor in file.py must be an executor"),
    "syntax": ("x = (1,\n", "file.py"),
    "raises": ("import nowhere_to_be_found", "file.py:1: ModuleNotFoundError: No module named"),
    "wrong spec": ("import rung\nrung.ASHA(max_resource=0)", "max_resource must be a whole number"),
}


def sentence(said: object) -> str:
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    assert said.err.startswith("rung: ")
    return said.err


@pytest.mark.parametrize(("text", "words"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_run_is_told(call: Call, tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "file.py").write_text(text)
    assert words in sentence(call("run", "file.py"))


def test_a_syntax_error_shows_the_line(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text("def f(:\n")
    said = sentence(call("run", "file.py"))
    assert "line 1" in said
    assert "def f(:" in said


def test_a_missing_file_is_told(call: Call) -> None:
    assert "nothing.py does not exist" in sentence(call("run", "nothing.py"))


@pytest.mark.parametrize("command", [["ls"], ["show"], ["best"], ["why", "0"]], ids=" ".join)
def test_a_missing_store_is_told_and_not_made(call: Call, tmp_path: Path, command: list[str]) -> None:
    assert "there is no store rung.db here" in sentence(call(*command))
    assert not (tmp_path / "rung.db").exists()


def test_an_unknown_study_is_told_with_near_names(call: Call, store: Path) -> None:
    assert "Did you mean 'digits'?" in sentence(call("show", "digit"))


def test_with_several_studies_one_must_be_named(call: Call, store: Path) -> None:
    make(store, "other")
    assert "holds 2 studies: digits, other" in sentence(call("best"))
    assert call("best", "other").code == 0


def test_an_unknown_trial_is_told_with_those_there_are(call: Call, store: Path) -> None:
    assert "has no trial 99: its trials are 0 to 11" in sentence(call("why", "99"))
    assert "'x' is no number of a trial" in sentence(call("why", "digits", "x"))
    assert "got 3 words" in sentence(call("why", "digits", "1", "2"))


def test_a_study_without_result_is_told(call: Call, tmp_path: Path) -> None:
    make(tmp_path / "rung.db", trials=0)
    assert "has no result yet" in sentence(call("best"))


def test_an_unknown_status_is_told(call: Call, store: Path) -> None:
    assert "no trial can be 'done'" in sentence(call("show", "--status", "done"))


def test_workers_of_another_executor_are_told(call: Call, tmp_path: Path) -> None:
    (tmp_path / "file.py").write_text(FILE + "executor = rung.InProcess()")
    assert "--workers does not go with the executor InProcess(): it has one worker" in sentence(
        call("run", "file.py", "--workers", "3")
    )


@pytest.mark.parametrize("words", [["--debug", "show", "x"], ["show", "x", "--debug"]], ids=" ".join)
def test_debug_shows_the_traceback_wherever_it_stands(store: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "rung", *words],
        cwd=store.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "StudyNotFoundError" in done.stderr
