"""A study whose trainings do harm, once each: python engine_study.py FOLDER EXECUTOR, see test_engines.py.

Harm is a file in FOLDER named after what it does; the training that first takes it away does it, in its third step.
"""

import os
import signal
import sys
import threading
from functools import partial
from pathlib import Path

import rung
from rung.programs.executors import named

FOLDER = Path(sys.argv[1]).absolute()
HARM_AT = 3
MAX_RESOURCE = 9


def train(trial: rung.Trial) -> None:
    """The loss falls by halves; it goes on where it was saved."""
    step = int((trial.checkpoint / "step").read_text()) if trial.checkpoint else 0
    (FOLDER / "pids" / str(os.getpid())).touch()
    for _ in trial.steps():
        step += 1
        if step == HARM_AT:
            do_harm()
        trial.report(loss=(trial.config["x"] - 0.3) ** 2 + 2.0**-step, save=partial(save, step))


def save(step: int, folder: Path) -> None:
    (folder / "step").write_text(str(step))


def do_harm() -> None:
    for kind, kill in KINDS.items():
        try:
            (FOLDER / kind).unlink()  # one of all processes can
        except FileNotFoundError:
            continue
        kill()


def kill_driver() -> None:
    os.kill(int((FOLDER / "driver").read_text()), signal.SIGKILL)


def stand_still() -> None:
    (FOLDER / "stands still").touch()
    threading.Event().wait()


KINDS = {
    "worker": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "agent": lambda: os.kill(os.getppid(), signal.SIGKILL),
    "killer": kill_driver,
    "still": stand_still,
}

if __name__ == "__main__":
    (FOLDER / "pids").mkdir(exist_ok=True)
    (FOLDER / "driver").write_text(str(os.getpid()))
    study = rung.Study(
        "engines",
        {"x": rung.Float(0, 1)},
        minimize="loss",
        scheduler=rung.ASHA(max_resource=MAX_RESOURCE),
        searcher=rung.RandomSearch(),
        store=FOLDER / "s.db",
        checkpoints=rung.Checkpoints(every_s=0.0),
    )
    study.run(train, executor=named(sys.argv[2]), budget=rung.Budget(trials=12))
    print("ended:", study.ended)
