"""Training functions of a module that workers import by name."""

import json
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from rung.trial import Trial


def counting(trial: Trial) -> None:
    """Resumable: what it reports depends on what it has saved."""
    total = 0
    if trial.checkpoint:
        total = json.loads((trial.checkpoint / "total.json").read_text())
    for step in trial.steps():
        total += step
        trial.report(loss=total, pid=os.getpid(), save=partial(_write, total))


def _write(total: int, folder: Path) -> None:
    (folder / "total.json").write_text(json.dumps(total))


def plain(trial: Trial) -> None:
    for step in trial.steps():
        trial.report(loss=1 / step, cost=2.0)


def stubborn(trial: Trial) -> None:
    while True:
        trial.report(loss=1.0)


def with_an_epilogue(trial: Trial) -> None:
    for _ in trial.steps():
        trial.report(loss=1.0)
    (trial.folder / "epilogue").write_text(f"{trial.resource}")


def broken(trial: Trial) -> None:
    for step in trial.steps():
        if step == 2:
            _sink(trial.config)
        trial.report(loss=1.0)


def _sink(config: dict) -> None:
    raise ValueError(f"bad {config['x']}\nsecond line")


def leaving_python(trial: Trial) -> None:
    sys.exit(3)


def swallowing(trial: Trial) -> None:
    with suppress(Exception):
        trial.report(los=1.0)


def diverging(trial: Trial) -> None:
    for _ in trial.steps():
        trial.report(loss=float("nan"))


def printing(trial: Trial) -> None:
    if trial.config["x"]:
        print("printed by", trial.number)
        print("complained by", trial.number, file=sys.stderr)
        os.write(1, b"written past Python\n")
    trial.report(loss=1.0)


def hanging(trial: Trial) -> None:
    """Says where it is, and then nothing any more."""
    trial.report(loss=1.0, pid=os.getpid())
    threading.Event().wait()


def vanishing(trial: Trial) -> None:
    os._exit(7)


def terminated(trial: Trial) -> None:
    """Sends itself the SIGTERM of a machine that shuts down."""
    for step in trial.steps():
        if step == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        trial.report(loss=step, save=partial(_write, 0))


def asking_threads(trial: Trial) -> None:
    trial.report(loss=1.0, threads=int(os.environ["OMP_NUM_THREADS"]), mkl=int(os.environ["MKL_NUM_THREADS"]))


def asking_gpus(trial: Trial) -> None:
    trial.report(loss=1.0, gpu=float(os.environ["CUDA_VISIBLE_DEVICES"]))
