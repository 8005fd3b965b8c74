"""Ways to call `rung`, and a store with a study to look at."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import rung
from rung.cli.main import main

FILE = """\
import rung

def train(trial):
    _ = trial.checkpoint
    for epoch in trial.steps():
        trial.report(loss=trial.config["x"] / epoch, save=lambda folder: None)

study = rung.Study("small", {"x": rung.Float(1, 2)}, minimize="loss", resource=rung.Steps("epoch"),
                   scheduler=rung.ASHA(max_resource=9), searcher=rung.RandomSearch())
budget = rung.Budget(trials=12)
"""


@dataclass
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


Call = Callable[..., Said]


@pytest.fixture
def call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Call a command within this process, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str) -> Said:
        with pytest.raises(SystemExit) as ended:
            main(words)
        said = capsys.readouterr()
        return Said(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.fixture
def spawn(tmp_path: Path) -> Call:
    """Call a command in a process of its own, as a user does."""

    def spawn(*words: str) -> Said:
        done = subprocess.run(
            [sys.executable, "-m", "rung", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    return spawn


def train(trial: rung.Trial) -> None:
    _ = trial.checkpoint
    for epoch in trial.steps():
        if trial.config["opt.kind"] == "bad":
            raise ValueError("does not converge")
        trial.report(loss=trial.config["lr"] / epoch, save=lambda folder: None)


def make(store: Path, name: str = "digits", trials: int = 12) -> None:
    """A study that was run to the end of its budget, with some failed trials."""
    space = {
        "lr": rung.Float(1e-3, 1.0, log=True),
        "opt.kind": rung.Choice(["sgd", "adam", "a 'quoted' one", "bad"]),
        "nesterov": rung.Choice([True, False]),
    }
    study = rung.Study(
        name,
        space,
        minimize="loss",
        resource=rung.Steps("epoch"),
        scheduler=rung.ASHA(max_resource=9),
        store=store,
    )
    with study:
        study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=trials))


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with one study."""
    path = tmp_path / "rung.db"
    make(path)
    return path
