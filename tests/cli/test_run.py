"""`rung run`: real runs with local workers, resuming, flags."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import rung

from .conftest import FILE, Call

SLOW = """\
import os, time, rung

def train(trial):
    _ = trial.checkpoint
    os.write(os.open("training", os.O_WRONLY), b"x")
    for epoch in trial.steps():
        time.sleep({step})
        trial.report(loss=1 / epoch, save=lambda folder: (folder / "x").write_text("x"))

study = rung.Study("slow", {{"x": rung.Float(1, 2)}}, minimize="loss", resource=rung.Steps("epoch"),
                   scheduler=rung.FIFO(max_resource=1000))
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.py"
    path.write_text(FILE)
    return path


def test_a_run_ends_with_a_summary_and_the_same_command_goes_on(spawn: Call, file: Path) -> None:
    first = spawn("run", "small.py", "--trials", "6")
    assert first.code == 0, first.err
    assert "study small in rung.db: new" in first.err
    assert "best: loss" in first.out
    assert "trials  6: " in first.out
    assert "the budget of 6 trials is used up" in first.out
    assert "go on   rung run small.py --trials 6" in first.out
    second = spawn("run", "small.py", "--quiet")
    assert second.code == 0
    assert second.err == ""
    assert "trials  12: " in second.out


def test_the_trials_of_a_resumed_study_are_not_run_again(spawn: Call, file: Path) -> None:
    spawn("run", "small.py")
    again = spawn("run", "small.py")
    assert "goes on after 12 trials" in again.err
    study = rung.Study.load("small", file.with_name("rung.db"))
    with study:
        assert len(study.trials) == 12
        assert study.state.account.trained == study.state.account.resource


def test_flags_win_over_the_file(spawn: Call, file: Path) -> None:
    file.write_text(FILE + "executor = rung.Local(workers=2)\n")
    said = spawn("run", "small.py", "--resource", "3", "--workers", "1", "--trials", "100", "--seconds", "50")
    assert said.code == 0, said.err
    assert "spent   3 epochs" in said.out


def test_lines_off_the_terminal_tell_of_a_better_trial(spawn: Call, file: Path) -> None:
    said = spawn("run", "small.py")
    assert "12 trials, best" in said.err
    assert "\r" not in said.err


def test_workers_find_the_modules_beside_the_file(spawn: Call, file: Path) -> None:
    file.with_name("helper.py").write_text("def half(x):\n    return x / 2\n")
    text = FILE.replace("import rung", "import rung, helper").replace(
        "trial.config", "helper.half(1) * trial.config"
    )
    file.write_text(text)
    said = spawn("run", "small.py")
    assert said.code == 0, said.err
    assert "failed" not in said.out


def test_the_main_part_of_the_file_does_not_run(spawn: Call, file: Path) -> None:
    file.write_text(FILE + 'if __name__ == "__main__":\n    raise SystemExit("no")\n')
    assert spawn("run", "small.py").code == 0


def test_an_objective_that_always_fails_shows_the_workers_traceback(spawn: Call, file: Path) -> None:
    file.write_text(FILE.replace("    _ = trial.checkpoint", "    undefined_name"))
    said = spawn("run", "small.py")
    assert said.code == 2
    assert "small.py" in said.err
    assert "NameError: name 'undefined_name' is not defined" in said.err
    assert said.err.rstrip().splitlines()[-1].startswith("rung: the training fails the same way")


def interrupted(folder: Path, presses: int, step: float) -> tuple[int, str, str]:
    """Press Ctrl-C once a worker is training, and again once the first was noticed."""
    (folder / "slow.py").write_text(SLOW.format(step=step))
    os.mkfifo(folder / "training")
    listening = os.open(folder / "training", os.O_RDONLY | os.O_NONBLOCK)
    process = subprocess.Popen(
        [sys.executable, "-m", "rung", "run", "slow.py"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert select.select([listening], [], [], 60)[0], "no training has begun"
        process.send_signal(signal.SIGINT)
        said = ""
        while "interrupted" not in said:
            said += process.stderr.readline()
        for _ in range(presses - 1):
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    os.close(listening)
    return process.returncode, out, said + err


def test_ctrl_c_lets_steps_end_and_says_how_to_go_on(tmp_path: Path) -> None:
    code, out, err = interrupted(tmp_path, presses=1, step=0.01)
    assert code == 130
    assert "rung: interrupted: running steps end first" in err
    assert "ended   interrupted by the user" in out
    assert "go on   rung run slow.py" in out
    with rung.Study.load("slow", tmp_path / "rung.db") as study:
        assert not study.state.jobs
        assert all(trial.checkpoints for trial in study.state.trials if trial.position)


def test_a_second_ctrl_c_leaves_at_once(tmp_path: Path) -> None:
    code, _, err = interrupted(tmp_path, presses=2, step=1000)  # longer than the time limit of a test
    assert code == 130
    assert "Left at once" in err
    assert "Go on with: rung run slow.py" in err
    assert "Traceback" not in err


def test_a_command_is_a_study_and_the_same_command_goes_on(spawn: Call) -> None:
    words = ["run", "--quiet", "--minimize", "loss", "sh -c 'echo loss={x:1..9}'", "--trials"]
    first = spawn(*words, "3")
    assert first.code == 0, first.err
    assert "trials  3: 3 complete" in first.out
    assert "trials  4: 4 complete" in spawn(*words, "4").out


COMMANDS = {
    "no range": (["--minimize", "loss", "sh {x}"], "the placeholder {x} has no range"),
    "nothing varies": (["--minimize", "loss", "sh x"], "nothing varies in 'sh x'"),
    "no objective": (["sh {x:1..2}"], "say what is to be optimized: --maximize accuracy"),
    "no program": (["--minimize", "loss", "pyhton3 {x:1..2}"], "there is no program 'pyhton3'"),
    "no max": (
        ["--minimize", "loss", "--scheduler", "asha", "sh {x:1..2}"],
        "--scheduler asha needs --max-resource",
    ),
    "for a file": (["--minimize", "loss", "small.py"], "--minimize goes with a command. small.py is a file"),
    "no such file": (["small.toml"], "small.toml does not exist. Name a Python file"),
}


@pytest.mark.parametrize(("words", "sentence"), COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_makes_no_study_is_told_before_anything_is_made(
    call: Call, tmp_path: Path, words: list[str], sentence: str
) -> None:
    said = call("run", *words)
    assert said.code == 2
    assert sentence in said.err
    assert not (tmp_path / "rung.db").exists()


def test_a_file_may_bring_watchers(spawn: Call, file: Path) -> None:
    file.write_text(
        FILE + "watch = [lambda event, view: open('seen', 'a').write(type(event).__name__ + '\\n')]\n"
    )
    said = spawn("run", "small.py", "--trials", "2", "--workers", "1")
    assert said.code == 0, said.err
    assert "Created" in file.with_name("seen").read_text().split()


def test_watchers_that_are_none_are_told(call: Call, file: Path) -> None:
    file.write_text(FILE + "watch = 3\n")
    assert "watch in small.py must be a list of functions" in call("run", "small.py").err
