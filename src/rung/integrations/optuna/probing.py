"""Probing: finding the space of an objective that reveals it only while it runs.

The objective is called in a worker process, again and again with other answers, and cut as soon as it reports, ends,
or asks for nothing new: first with the highest integers, then with the lowest, with each option of each choice, and
at last with samples of the space found so far, until those bring nothing new.
"""

import logging
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np

from rung.core.errors import ExecutorError, ObjectiveError, SpecError
from rung.core.event import Ended, Reported
from rung.core.job import Job
from rung.core.parameter import Choice, Float, Int
from rung.core.scale import Scalar
from rung.core.space import Config, Space
from rung.executors.base import Joined, Left, Outcome, Pool, Start
from rung.executors.local import Local
from rung.integrations.optuna.branches import Key, key, space_of_runs
from rung.integrations.optuna.probe import Order, ProbeCall, Run, lowest, order_file, run_file
from rung.integrations.optuna.trial import Objective, StudyFace

logger = logging.getLogger("rung")

PATIENCE_S = 10.0  # without a new name, after the first one, in the first probe
_LEAST_PATIENCE_S = 1.0  # in later ones, which have imported everything
_KILL_S = 3.0  # after that, for an objective that sits in a C library and hears no signal
_LIMIT_S = (
    60.0  # to the first name, as an objective may load its data before; then for all other probes together
)
_MOST = 200  # probes
_SAMPLES = 8  # of the space found, each round
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """What probing has found.

    Attributes:
        space: The space.
        prunes: Whether the objective asks `should_prune()`.
        steps: The highest step that a run which came to its end has reported, counted from 1; None if none came so far.
    """

    space: Space
    prunes: bool
    steps: int | None


def probe(objective: Objective, study: StudyFace) -> Found:
    """Find the space of an objective.

    Raises:
        ObjectiveError: If every call raises.
        SpecError: If it asks for nothing, or for what cannot be made a space.
        ExecutorError: If it cannot be sent to a worker.
    """
    with _prober(objective, study) as prober:
        explorer = _Explorer(prober)
        space = explorer.explore()
    runs = explorer.runs
    steps = [run.steps for run in runs if run.end == "returned"]
    return Found(space, any(run.prunes for run in runs), max(steps) if steps else None)


@dataclass
class _Explorer:
    """Decides what to answer next.

    Attributes:
        call: Runs the objective once.
        runs: What was seen so far.
    """

    call: Callable[[Order], Run | None]
    runs: list[Run] = field(default_factory=list)
    _queue: deque[Config] = field(default_factory=deque)
    _known: set[Key] = field(default_factory=set)
    _tried: set[tuple[Key, int]] = field(default_factory=set)

    def explore(self) -> Space:
        """Probe until nothing new is found; the space."""
        first = self._probe(Order({}, PATIENCE_S, to_the_end=True)) or Run()
        self._patience_s = min(PATIENCE_S, max(_LEAST_PATIENCE_S, 3 * first.longest_gap_s))
        if ints := [asked for asked in first.asked if isinstance(asked.parameter, Int)]:
            self._queue.append({asked.name: lowest(asked.parameter) for asked in ints})
        whole = self._drain()
        for number in range(_ROUNDS if whole else 0):
            before = len(self._known)
            self._queue.extend(self._samples(number))
            whole = self._drain()
            if not whole or len(self._known) == before:
                break
        if not whole:
            logger.warning(
                "probing the objective was ended after %d runs, before every branch was looked at; "
                "space= skips it.",
                len(self.runs),
            )
        return self._space()

    def _drain(self) -> bool:
        """Probe all that is queued; whether there was time for it."""
        while self._queue:
            if len(self.runs) >= _MOST or self._probe(Order(self._queue[0], self._patience_s)) is None:
                return False
            self._queue.popleft()
        return True

    def _probe(self, order: Order) -> Run | None:
        run = self.call(order)
        if run is not None:
            self.runs.append(run)
            self._note(run)
        return run

    def _note(self, run: Run) -> None:
        """Queue the options that were not tried yet, each with the choices that led there."""
        chosen: dict[str, Scalar] = {}
        for asked in run.asked:
            self._known.add(key(asked))
            if isinstance(asked.parameter, Choice) and asked.option is not None:
                self._tried.add((key(asked), asked.option))
                for place, option in enumerate(asked.parameter.options):
                    if (key(asked), place) not in self._tried:
                        self._tried.add((key(asked), place))
                        self._queue.append({**chosen, asked.name: option})
                chosen[asked.name] = asked.answer

    def _samples(self, number: int) -> list[Config]:
        """Samples, where something is there that a branch can hang on."""
        space = self._space()
        if all(isinstance(column.parameter, Float) for column in space.columns):
            return []
        return space.sample(_SAMPLES, np.random.default_rng(number))

    def _space(self) -> Space:
        if self.runs and all(run.end == "failed" for run in self.runs):
            worst = next((run for run in self.runs if run.traceback), self.runs[0])
            raise ObjectiveError(
                f"the objective fails whatever it is answered, in {len(self.runs)} probes: {worst.error}. "
                "Mend it, or give space= if it only fails under probing.",
                worst.traceback,
            )
        if not self._known:
            raise SpecError(
                f"the objective asked for no hyperparameter within {_LIMIT_S:g} seconds of probing. "
                "Give the space: space={'lr': rung.Float(1e-5, 1e-1, log=True)}."
            )
        return space_of_runs(self.runs)


@contextmanager
def _prober(objective: Objective, study: StudyFace) -> Iterator["_Prober"]:
    with tempfile.TemporaryDirectory(prefix="rung-probe-") as folder:
        call = ProbeCall(objective, study, Path(folder))
        try:
            prober = _Prober(lambda: Local(workers=1).start(call), Path(folder))
        except ExecutorError as error:
            raise ExecutorError(f"{error} Probing needs a worker in any case; space= skips it.") from None
        try:
            yield prober
        finally:
            prober.close()


class _Prober:
    """Has one worker call the objective, order by order; one that does not come back is replaced."""

    def __init__(self, start: Callable[[], Pool], folder: Path) -> None:
        self._start = start
        self._pool = start()
        self._folder = folder
        self._worker: int | None = None
        self._number = 0
        self._deadline = self._pool.clock() + _LIMIT_S
        self._asked_at: float | None = None
        self._is_over = False

    def __call__(self, order: Order) -> Run | None:
        """What a call of the objective shows; None if the time is up."""
        number, self._number = self._number, self._number + 1
        order_file(self._folder, number).write_bytes(msgspec.json.encode(order))
        while self._worker is None:
            if not self._wait(self._deadline):
                return None
        self._is_over, self._asked_at = False, None
        self._pool.send(self._worker, Start(Job(number, number, {}, 0, 1, 0)))
        while not self._is_over:
            silent = _KILL_S + order.patience_s
            if not self._wait(self._deadline if self._asked_at is None else self._asked_at + silent):
                self._replace()
                break
        if number == 0:
            self._deadline = self._pool.clock() + _LIMIT_S
        file = run_file(self._folder, number)
        if not file.exists():
            return None if self._pool.clock() >= self._deadline else Run()
        return msgspec.json.decode(file.read_bytes(), type=Run)

    def close(self) -> None:
        """End the worker."""
        self._pool.close(0)

    def _wait(self, until: float) -> bool:
        """Take what comes next; False if it is too late for that."""
        until = min(until, self._deadline)
        if self._pool.clock() >= until:
            return False
        self._pool.wait(until, self._deliver)
        return True

    def _replace(self) -> None:
        self._pool.close(0)
        self._worker = None
        self._pool = self._start()

    def _deliver(self, outcome: Outcome) -> None:
        match outcome:
            case Joined(slot=slot):
                self._worker = slot.worker
            case Reported():
                self._asked_at = self._pool.clock()
            case Left():
                self._worker, self._is_over = None, True
            case Ended():
                self._is_over = True
            case _:
                pass
