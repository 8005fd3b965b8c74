"""Training functions of a module that workers import by name."""

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import rung.trial
from executors.fake_nvml import Device, Process, nvml
from rung.core.event import Sampled
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.trial import Trial, TrialCall


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


def killed(trial: Trial) -> None:
    """As `counting`, and saves at each report; once, its process is killed at a moment: `training`, `saving`."""
    rung.trial._SAVING_SHARE = math.inf  # whatever that costs
    flag = trial.folder / "struck"
    total = json.loads((trial.checkpoint / "total.json").read_text()) if trial.checkpoint else 0

    def strike(moment: str) -> None:
        if trial.config["killed"] == moment and not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    def save(folder: Path) -> None:
        (folder / "total.json").write_text("")
        if total == 1 + 2 + 3:
            strike("saving")
        _write(total, folder)

    for step in trial.steps():
        if step == 3:
            strike("training")
        total += step
        trial.report(loss=total, pid=os.getpid(), save=save)


def plain(trial: Trial) -> None:
    for step in trial.steps():
        trial.report(loss=1 / step, cost=2.0)


def burning(trial: Trial) -> None:
    """Uses a processor and 80 MB for a while, a child of its own as well."""
    child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    held = bytearray(80_000_000)
    for _ in trial.steps():
        end = time.monotonic() + 1.2
        while time.monotonic() < end:
            held[0] = 1
        trial.report(loss=1.0)
    child.kill()
    child.wait()


def on_a_gpu(trial: Trial) -> None:
    """As if it computed on a GPU: NVML is a fake that only has the functions of the real one."""
    sys.modules["pynvml"] = nvml([Device([Process(os.getpid(), 3_000_000_000)], busy=11)])
    for _ in trial.steps():
        time.sleep(1.1)
        trial.report(loss=1.0)


def hanging_but_measured(trial: Trial) -> None:
    """Says nothing, but its worker says what it uses."""
    while True:
        trial._channel.send(Sampled(0, trial.number, 60.0, 0.0, 1))
        time.sleep(0.05)


def holding(trial: Trial) -> None:
    """The first trial holds 80 MB."""
    held = bytearray(80_000_000 if trial.number == 0 else 1)
    for _ in trial.steps():
        time.sleep(1.05)
        trial.report(loss=len(held))


def telling_much(trial: Trial) -> None:
    trial.report({f"weights/{n}": n / 7 for n in range(100_000)}, loss=1.0)


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


def wanting(trial: Trial) -> None:
    """Needs as many megabytes as its configuration says."""
    for step in trial.steps():
        held = bytearray(trial.config["mb"] * 10**6)
        trial.report(loss=step, pid=os.getpid(), held=len(held))


def hoarding(trial: Trial) -> None:
    """Holds so many megabytes, half of them in a child, and says nothing any more."""
    half = trial.config["mb"] * 500_000
    held = b"x" * half
    if held:
        child = f"import signal; held = b'x' * {half}; signal.pause()"
        subprocess.run([sys.executable, "-c", child], check=True)
    trial.report(loss=1.0)


def roomy(trial: Trial) -> None:
    """Has too little memory unless it may use so many threads; with 0 it trains on and on."""
    threads, target = int(os.environ["OMP_NUM_THREADS"]), trial.config["threads"]
    gpu = os.environ.get("CUDA_VISIBLE_DEVICES") or "-1"
    while not target:
        time.sleep(0.01)
    for step in trial.steps():
        if threads < target:
            raise MemoryError("no room")
        trial.report(loss=step, threads=threads, gpu=float(gpu), save=partial(_write, 0))


def call(train: Callable[[Trial], None]) -> TrialCall:
    """What an executor is started with."""
    return TrialCall(train, (Objective("loss"),), Steps(), folder=tempfile.gettempdir())


def spending(trial: Trial) -> None:
    """Knows what it spends."""
    for epoch in trial.steps():
        error = trial.config["x"] / epoch
        trial.report(error=error, score=error + 0.001 * trial.spent["energy"])
