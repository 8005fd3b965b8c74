"""`rung init`: from a script to a study file that runs, and nothing is overwritten."""

from pathlib import Path

from programs.samples import ARGPARSE

from .conftest import Call


def test_init_writes_a_file_that_rung_run_takes(spawn: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(ARGPARSE)
    said = spawn("init", "train.py")
    assert said.code == 0, said.err
    assert said.out == "study.toml: 3 of 6 options with ranges. Look it over, then: rung run study.toml\n"
    said = spawn("run", "study.toml", "--trials", "3", "--quiet")
    assert said.code == 0, said.err
    assert "trials  3" in said.out


def test_init_overwrites_nothing(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(ARGPARSE)
    (tmp_path / "mine.toml").write_text("mine")
    said = call("init", "train.py", "-o", "mine.toml")
    assert said.code == 2
    assert (
        said.err
        == "rung: mine.toml exists and is not overwritten. Name another file with -o, or delete it.\n"
    )
    assert (tmp_path / "mine.toml").read_text() == "mine"


def test_init_takes_the_metric_that_it_is_given(call: Call, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(ARGPARSE)
    assert call("init", "train.py", "--maximize", "f1").code == 0
    assert 'maximize = "f1"' in (tmp_path / "study.toml").read_text()
    assert call("init", "train.py", "-o", "b.toml", "--maximize", "f1", "--minimize", "x").code == 2
