"""The examples are programs that work."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rung

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
        env=os.environ,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    """The example, with a few trials instead of 45 seconds, and two seeds."""
    path = tmp_path / "digits.py"
    text = (EXAMPLES / "digits.py").read_text(encoding="utf-8")
    assert "Budget(seconds=45)" in text
    assert "range(5)" in text
    text = text.replace("Budget(seconds=45)", "Budget(trials=12)").replace("range(5)", "range(2)")
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.timeout(300)
def test_digits_tunes_and_a_second_call_goes_on(digits: Path) -> None:
    pytest.importorskip("sklearn")
    out = run(digits.parent, "digits.py")
    assert out.startswith("12 trials, then ")
    assert len(re.findall(r"0\.\d{4} ± 0\.\d{4}", out)) == 3
    with rung.Study.load("digits", digits.with_name("digits.db")) as study:
        done = study.state.account.resource
        assert study.trials[0].source == "default"
    run(digits.parent, "-m", "rung", "run", "digits.py", "--trials", "16")
    with rung.Study.load("digits", digits.with_name("digits.db")) as study:
        assert len(study.trials) == 16
        account = study.state.account
        assert account.trained == account.resource > done  # nothing was trained twice


def test_examples_are_short_enough_to_read() -> None:
    for path in EXAMPLES.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 120, path.name


def test_spirals_compiles_and_tunes(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    for name in ("train.c", "study.toml"):
        shutil.copy(EXAMPLES / "spirals" / name, tmp_path)
    subprocess.run(
        [compiler, "-O2", "-Wall", "-Werror", "-o", "train", "train.c", "-lm"], cwd=tmp_path, check=True
    )
    run(tmp_path, "-m", "rung", "run", "study.toml", "--trials", "12")
    with rung.Study.load("spirals", tmp_path / "rung.db") as study:
        assert len(study.trials) == 12
        account = study.state.account
        assert account.trained == account.resource  # nothing was trained twice
