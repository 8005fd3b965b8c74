"""The view on a real terminal: it is there while a study runs, and nothing of it is in the way afterwards."""

import signal
import sys
import time
from pathlib import Path

from .screen import Screen, on_a_terminal

STUDY = """\
import time
import rung

def train(trial):
    _ = trial.checkpoint
    for epoch in trial.steps():
        time.sleep({step})
        trial.report(loss=trial.config["x"] / epoch{save})

study = rung.Study("small", {{"x": rung.Float(1, 2)}}, minimize="loss", resource=rung.Steps("epoch"),
                   scheduler=rung.ASHA(max_resource=9))
budget = rung.Budget(trials={trials})
"""
SAVE = ", save=lambda folder: None"
RUNG = [sys.executable, "-m", "rung", "run", "small.py"]


def write(folder: Path, step: float = 0.02, trials: int = 12, save: str = SAVE) -> None:
    (folder / "small.py").write_text(STUDY.format(step=step, trials=trials, save=save))


def test_the_view_is_drawn_while_it_runs_and_gone_before_the_summary(tmp_path: Path) -> None:
    write(tmp_path)
    with on_a_terminal(RUNG, tmp_path) as program:
        screen = program.ended()
        assert program.process.returncode == 0
    assert "on the way" in program.written
    assert "minimize loss" in program.written
    lines = screen.text.splitlines()
    assert lines[0] == "study small in rung.db: new"
    assert lines[1].startswith("searcher: gp, as")
    assert lines[2].startswith("best: loss")
    assert lines[-1] == "go on   rung run small.py"
    assert screen.cursor


def test_it_is_not_redrawn_for_every_event(tmp_path: Path) -> None:
    write(tmp_path, step=0.0, trials=100)
    began = time.monotonic()
    with on_a_terminal(RUNG, tmp_path) as program:
        program.ended()
    assert program.written.count("minimize loss") <= 3 + 5 * (time.monotonic() - began)


def test_warnings_stand_above_the_view_and_stay(tmp_path: Path) -> None:
    write(tmp_path, save="")
    with on_a_terminal(RUNG, tmp_path) as program:
        screen = program.ended()
    warning, best = (
        screen.text.index("was not saved, as its training gives no save="),
        screen.text.index("best:"),
    )
    assert warning < best
    assert "on the way" not in screen.text


def test_ctrl_c_leaves_a_clean_terminal(tmp_path: Path) -> None:
    write(tmp_path, trials=10_000)
    with on_a_terminal(RUNG, tmp_path) as program:
        program.until("1 epoch")
        program.process.send_signal(signal.SIGINT)
        screen = program.ended()
        assert program.process.returncode == 130
    assert "rung: interrupted: running steps end first" in screen.text
    assert "ended   interrupted by the user" in screen.text
    assert "on the way" not in screen.text
    assert screen.cursor


def test_a_script_keeps_the_last_picture(tmp_path: Path) -> None:
    write(tmp_path)
    script = (
        "\nstudy.run(train, executor=rung.InProcess(), budget=budget, watch=[rung.Live()])\nprint('done')\n"
    )
    (tmp_path / "script.py").write_text((tmp_path / "small.py").read_text() + script)
    with on_a_terminal([sys.executable, "script.py"], tmp_path, width=100, height=40) as program:
        screen = program.ended()
    lines = screen.text.splitlines()
    assert lines[-1] == "done"
    assert "ended: the budget of 12 trials is used up" in screen.text
    assert sum("minimize loss" in line for line in lines) == 1


def test_what_a_training_prints_in_this_process_stands_above_the_view(tmp_path: Path) -> None:
    write(tmp_path)
    text = (
        (tmp_path / "small.py")
        .read_text()
        .replace("    _ = trial", "    print('training', trial.number)\n    _ = trial")
    )
    (tmp_path / "small.py").write_text(text + "executor = rung.InProcess()\n")
    with on_a_terminal(RUNG, tmp_path) as program:
        screen = program.ended()
    lines = screen.text.splitlines()
    assert "training 11" in lines
    assert lines.index("training 11") < next(i for i, line in enumerate(lines) if line.startswith("best:"))
    assert "on the way" not in screen.text


def test_the_screen_of_these_tests_does_what_a_terminal_does() -> None:
    screen = Screen().write("one\r\ntwo\r\n\x1b[1A\x1b[2Kthree\r\n\x1b[?25l")
    assert screen.text == "one\nthree"
    assert not screen.cursor
