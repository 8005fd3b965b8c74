"""Trainings that know that they are one of several processes."""

import json
import os
import signal
import threading
import time
from functools import partial
from pathlib import Path

from rung.trial import Trial

NAMES = (
    "RANK",
    "LOCAL_RANK",
    "GROUP_RANK",
    "NODE_RANK",
    "WORLD_SIZE",
    "LOCAL_WORLD_SIZE",
    "GROUP_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
)


def noting(trial: Trial) -> None:
    """Each rank notes in a file of its own what it has done, and what it has found in its environment."""
    total, steps = 0, []
    if trial.checkpoint:
        total = json.loads((trial.checkpoint / "total.json").read_text())["total"]
    for step in trial.steps():
        total += step
        steps.append(step)
        trial.report(loss=total, save=partial(_write, total, trial.rank))
    _note(trial, steps=steps, total=total, config=trial.config, seed=trial.seed, target=trial.target)


def _write(total: int, rank: int, folder: Path) -> None:
    (folder / "total.json").write_text(json.dumps({"total": total, "rank": rank}))


def _note(trial: Trial, **facts: object) -> None:
    facts["environment"] = {name: os.environ[name] for name in NAMES}
    facts["ranks"] = [trial.rank, trial.world_size]
    facts["node"] = os.environ.get("SLURMD_NODENAME")
    facts["gpus"] = os.environ.get("CUDA_VISIBLE_DEVICES")
    with (trial.folder / f"{trial.rank}.json").open("a") as file:
        file.write(json.dumps(facts) + "\n")


def notes(folder: Path, trial: int, rank: int) -> list[dict]:
    """What a rank has noted, once for each time that it was in a trial."""
    text = (folder / "scratch" / str(trial) / f"{rank}.json").read_text()
    return [json.loads(line) for line in text.splitlines()]


def quiet_others(trial: Trial) -> None:
    """Only rank 0 reports, and only at some steps."""
    steps = []
    for step in trial.steps():
        steps.append(step)
        if trial.rank == 0 and (step % 2 == 0 or step == trial.target):
            trial.report(loss=step)
    _note(trial, steps=steps)


def raising_in_rank_1(trial: Trial) -> None:
    """Rank 1 raises while the other one waits for it, as in a collective operation."""
    for step in trial.steps():
        if step == 2 and trial.config["x"] and trial.rank == 1:
            raise ValueError(f"bad {trial.config['x']}")
        if step == 2 and trial.config["x"]:
            threading.Event().wait()
        trial.report(loss=step)


def dying_once(trial: Trial) -> None:
    """Rank 1 is killed at step 2, unless that has happened before; rank 0 then fails over it."""
    mark = trial.folder / "died"
    is_first_time = not mark.exists()
    total = 0
    if trial.checkpoint:
        total = json.loads((trial.checkpoint / "total.json").read_text())["total"]
    for step in trial.steps():
        total += step
        if step == 2 and is_first_time:
            if trial.rank == 1:
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            raise RuntimeError("Connection closed by peer")
        trial.report(loss=total, save=partial(_write, total, trial.rank))


def busy_elsewhere(trial: Trial) -> None:
    """Rank 0 does nothing while rank 1 uses a processor."""
    for _ in trial.steps():
        end = time.monotonic() + 3.0
        while time.monotonic() < end:
            if trial.rank == 0:
                time.sleep(0.1)
        trial.report(loss=1.0)


def hanging_with_a_name(trial: Trial) -> None:
    """Each rank notes who it is, and hangs; once all have done so, the first step is reported."""
    _note(trial, pid=os.getpid(), parent=os.getppid())
    others = [trial.folder / f"{rank}.json" for rank in range(trial.world_size)]
    while not all(file.exists() and file.stat().st_size for file in others):
        time.sleep(0.01)  # they are not told of each other
    if trial.report(loss=1.0):
        threading.Event().wait()


def hanging_together(trial: Trial) -> None:
    trial.report(loss=1.0, pid=os.getpid())
    threading.Event().wait()


def out_of_step(trial: Trial) -> None:
    """Rank 1 reports other steps than rank 0."""
    trial.report(loss=1.0, step=1 + trial.rank)
    threading.Event().wait()


def terminated(trial: Trial) -> None:
    """The gang is told to go in the middle of step 2."""
    for step in trial.steps():
        if step == 2 and trial.rank == 0:
            os.kill(os.getppid(), signal.SIGTERM)
        trial.report(loss=step, save=partial(_write, step, trial.rank))
    _note(trial, last=step)
