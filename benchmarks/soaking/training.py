"""The training of a soak: milliseconds per step, but real. It saves, goes on from what it saved, and leaves evidence.

Its state is a chain: each link depends on all before it. A checkpoint that was lost, mixed up or damaged without
anybody noticing breaks it.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rung.core.space import Config
from rung.trial import Trial
from soaking.evidence import TRAINED, Book, Entered, Left, Misbehaved, Returned, Said, Saved, Saving
from soaking.plan import Plan

WEIGHTS = 2_000  # bytes that a checkpoint holds beside its state
CHAIN_BITS = 40


class SoakError(Exception):
    """Raised by a training on purpose."""


@dataclass(frozen=True)
class Training:
    """A training function.

    Attributes:
        plan: The round.
        run: Number of the driver, from 0.
        calm: Whether no process shall die by itself.
        folder: Where the evidence goes.
    """

    plan: Plan
    run: int
    calm: bool
    folder: str

    def __call__(self, trial: Trial) -> object:
        """Train."""
        return _Call(self, trial).train()


class _Call:
    """One call of the training function."""

    def __init__(self, training: Training, trial: Trial) -> None:
        self._training, self._plan, self._trial = training, training.plan, trial
        self._book = Book(Path(training.folder) / TRAINED)
        self._chain = 0

    def train(self) -> object:
        try:
            self._restore()
            for step in self._trial.steps():
                if not self._step(step):
                    break
            return {"nonsense": self}
        finally:
            self._book.write(Left(*self._where()))
            self._book.close()

    def _where(self) -> tuple[int, int, int, int, float]:
        trial = self._trial
        # The number of its job is the one thing that a training is not told.
        return self._training.run, os.getpid(), trial.number, trial._job.number, time.monotonic()

    def _restore(self) -> None:
        folder, start = self._trial.checkpoint, self._trial.resource
        if folder is None:
            self._book.write(Entered(*self._where(), start, None, 0, None))
            return
        try:
            state, fault = read(folder)
        except (OSError, ValueError, KeyError) as error:
            self._book.write(Entered(*self._where(), start, None, 0, f"{type(error).__name__}: {error}"))
            raise
        if state["step"] != start:
            fault = f"it is of step {state['step']}, but the trial is said to stand at {start}"
        self._chain = state["chain"]
        origin = (state["trial"], state["step"])
        self._book.write(Entered(*self._where(), start, origin, self._chain, fault))

    def _step(self, step: int) -> bool:
        plan, trial = self._plan, self._trial
        self._misbehave(step)
        time.sleep(plan.step_s * random.uniform(0.5, 1.5))
        before = self._chain if plan.resource == "steps" else 0
        self._chain = link(before, trial.seed, step)
        loss = loss_at(trial.config, step, self._chain)
        if bad_step(plan, trial.seed, "diverges") == step:
            self._book.write(Misbehaved(*self._where(), "diverges"))
            loss = float("nan")
        token = random.getrandbits(52)
        self._book.write(Said(*self._where(), step, token, self._chain, repr(loss)))
        metrics = {"loss": loss, "run": self._training.run, "token": token, "chain": self._chain}
        goes_on = trial.report(metrics, save=self._saver(step))
        self._book.write(Returned(*self._where(), token, goes_on))
        return goes_on

    def _saver(self, step: int) -> Callable[[Path], None]:
        state = {"trial": self._trial.number, "step": step, "chain": self._chain}

        def save(folder: Path) -> None:
            self._book.write(Saving(*self._where()))
            (folder / "weights").write_bytes(weights(self._chain))
            time.sleep(self._plan.save_s)
            (folder / "state.json").write_text(json.dumps(state))
            self._book.write(Saved(*self._where()))

        return save

    def _misbehave(self, step: int) -> None:
        plan, seed = self._plan, self._trial.seed
        if random.random() < plan.mishaps.chatters:
            sys.stdout.write("x" * 100_000 + "\n")
        if not self._training.calm and random.random() < plan.mishaps.dies:
            self._bad("dies")
            if random.random() < 0.5:
                os._exit(7)
            os.kill(os.getpid(), signal.SIGKILL)
        if bad_step(plan, seed, "raises") == step:
            self._bad("raises")
            raise SoakError(f"trial {self._trial.number} cannot go beyond step {step}")
        if bad_step(plan, seed, "exits") == step:
            self._bad("exits")
            sys.exit(3)
        if bad_step(plan, seed, "hangs") == step and plan.timeout_s is not None:
            self._bad("hangs")
            time.sleep(3600)

    def _bad(self, what: str) -> None:
        self._book.write(Misbehaved(*self._where(), what))


def link(before: int, seed: int, step: int) -> int:
    """The state after a step."""
    text = f"{before}/{seed}/{step}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=CHAIN_BITS // 8).digest())


def loss_at(config: Config, step: int, chain: int) -> float:
    """The loss after a step: a learning curve, and noise that is made of the state."""
    lr = float(config["lr"])
    best = (lr - 0.03) ** 2 + 0.1 * abs(int(config["layers"]) - 2) + 0.05 * (config["optimizer"] == "sgd")
    return best + 1 / (step + 1) + 0.05 * chain / 2**CHAIN_BITS


def weights(chain: int) -> bytes:
    """What else is saved."""
    return random.Random(chain).randbytes(WEIGHTS)


def bad_step(plan: Plan, seed: int, what: str) -> int | None:
    """The step at which a trial misbehaves, whenever and wherever it comes there; None: never."""
    dice = random.Random(f"{seed}/{what}")
    bad = dice.random() < getattr(plan.mishaps, what)
    return dice.randint(1, plan.max_resource) if bad else None


def read(folder: Path) -> tuple[dict[str, int], str | None]:
    """The state in a checkpoint, and what is wrong with what lies beside it."""
    state = json.loads((folder / "state.json").read_text())
    good = (folder / "weights").read_bytes() == weights(state["chain"])
    return state, None if good else "its weights are not those of its state"
