"""One probe: an objective is called in a worker to see what it asks for, and cut as soon as it has shown it.

Orders and runs are files in a folder, so that what was seen survives a worker that is killed.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from traceback import format_exc
from types import FrameType
from typing import Any, Literal

import msgspec
import numpy as np

from rung.core.event import Ended, Reported
from rung.core.job import Job
from rung.core.parameter import Choice, Constant, Int, Parameter, scale
from rung.core.scale import Scalar
from rung.executors.base import Channel
from rung.executors.failure import one_line
from rung.integrations.optuna.suggesting import Suggesting, place_of
from rung.integrations.optuna.trial import Objective, StudyFace, is_pruned

End = Literal["returned", "reported", "quiet", "failed", "killed"]
"""How a run ended: by itself, cut at its first report, cut as it asked for nothing more, by an error, by force."""


class Order(msgspec.Struct, frozen=True):
    """How to call the objective.

    Attributes:
        answers: Values by name; others get their first option, their highest integer, their middle.
        patience_s: Seconds without a new name, after the first one, after which it is cut.
        to_the_end: Whether to go on after the first report.
    """

    answers: dict[str, Scalar]
    patience_s: float
    to_the_end: bool = False


class Asked(msgspec.Struct, frozen=True):
    """A hyperparameter that was asked for.

    Attributes:
        name: Its name.
        parameter: Its range.
        answer: What was answered.
        option: Which option that is, for a Choice.
        late: Whether something was reported before.
    """

    name: str
    parameter: Parameter
    answer: Scalar
    option: int | None
    late: bool


class Run(msgspec.Struct):
    """What a call of the objective has shown.

    Attributes:
        asked: The hyperparameters, in order.
        end: How it ended.
        steps: The highest step reported, counted from 1; 0 if none.
        prunes: Whether it asked `should_prune()`.
        longest_gap_s: The longest time from one name to the next.
        error: What it raised, on one line.
        traceback: The same in full.
    """

    asked: list[Asked] = msgspec.field(default_factory=list)
    end: End = "killed"
    steps: int = 0
    prunes: bool = False
    longest_gap_s: float = 0.0
    error: str = ""
    traceback: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether a name that is not in it was not asked for."""
        return self.end in ("returned", "reported", "quiet")


class Cut(BaseException):
    """Ends the objective; no `Exception`, so that no `except` stops it."""


class ProbeCall:
    """What a worker does for each probe.

    Attributes:
        output: What the objective prints is not kept.
        shared: Workers are on this machine.
    """

    output: str | None = None
    shared: str | None = None

    def __init__(self, objective: Objective, study: StudyFace, folder: Path) -> None:
        self._objective = objective
        self._study = study
        self._folder = folder

    def __call__(self, job: Job, channel: Channel) -> None:
        """Call the objective as the order of that number says."""
        order = msgspec.json.decode(order_file(self._folder, job.number).read_bytes(), type=Order)
        file = run_file(self._folder, job.number)

        def seen(run: Run) -> None:
            half = file.with_suffix(".half")
            half.write_bytes(msgspec.json.encode(run))
            os.replace(half, file)  # noqa: PTH105  the same, and it says that it is atomic
            channel.send(Reported(job.number, job.trial, len(run.asked) + 1, {}))  # a sign of life

        trial = ProbeTrial(order, self._study, seen)
        trial.run(self._objective)
        seen(trial.seen)
        channel.send(Ended(job.number, job.trial, "reached"))


class ProbeTrial(Suggesting):
    """A trial that answers as ordered and writes down what it is asked.

    Attributes:
        study: What the objective may ask of its study.
        user_attrs: What the objective attaches.
        seen: What it has shown so far.
    """

    def __init__(self, order: Order, study: StudyFace, tell: Callable[[Run], None]) -> None:
        super().__init__(0)
        self.study = study
        self.user_attrs: dict[str, Any] = {}
        self.seen = Run()
        self._order = order
        self._tell = tell
        self._mark: float | None = None  # when the last name was asked for
        self._reported = False
        self._first_step: int | None = None

    def run(self, objective: Objective) -> None:
        """Call the objective; `seen` tells how that ended."""
        before = signal.signal(signal.SIGALRM, _cut)
        try:
            objective(self)
            self.seen.end = "returned"
        except Cut as cut:
            self.seen.end = "reported" if cut.args else "quiet"
        except BaseException as error:  # noqa: BLE001  whatever a stranger's objective raises
            self.seen.end = "failed"
            self.seen.error = f"{type(error).__name__}: {one_line(error)}"
            self.seen.traceback = "" if is_pruned(error) else format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    def report(self, value: float, step: int) -> None:
        """Note the step; the end of most probes."""
        self._first_step = int(step) if self._first_step is None else self._first_step
        self.seen.steps = max(self.seen.steps, int(step) + (self._first_step == 0))
        self._reported = True
        if not self._order.to_the_end and self.seen.prunes:
            raise Cut("reported")

    def should_prune(self) -> bool:
        """Note that the objective prunes; the end of most probes."""
        self._reported = self.seen.prunes = True
        if not self._order.to_the_end:
            raise Cut("reported")
        return False

    def set_user_attr(self, key: str, value: Any) -> None:
        """Attributes of a probe are forgotten."""
        self.user_attrs[key] = value

    def _answer(self, name: str, asked: Parameter) -> Scalar:
        for earlier in self.seen.asked:
            if earlier.name == name and earlier.parameter == asked:
                return earlier.answer
        answer, option = _chosen(asked, self._order.answers.get(name), name in self._order.answers)
        self.seen.asked.append(Asked(name, asked, answer, option, self._reported))
        now = time.monotonic()
        if self._mark is not None:
            self.seen.longest_gap_s = max(self.seen.longest_gap_s, now - self._mark)
        self._mark = now
        self._tell(self.seen)
        signal.setitimer(signal.ITIMER_REAL, self._order.patience_s)
        return answer


def order_file(folder: Path, number: int) -> Path:
    """Where the order of a probe stands."""
    return folder / f"{number}.order"


def run_file(folder: Path, number: int) -> Path:
    """Where what a probe has shown stands."""
    return folder / f"{number}.run"


def lowest(parameter: Parameter) -> Scalar:
    """The value at the low end, of a hyperparameter that has one."""
    assert not isinstance(parameter, Constant | Choice)
    return scale(parameter).decode(np.zeros(1))[0]


def _chosen(asked: Parameter, ordered: Scalar, is_ordered: bool) -> tuple[Scalar, int | None]:
    """The ordered value where it fits, else our own choice, and which option that is."""
    match asked:
        case Constant(value=value):
            return value, None
        case Choice(options=options):
            place = place_of(tuple(options), ordered) if is_ordered else None
            place = place or 0
            return tuple(options)[place], place
        case _:
            axis = scale(asked)
            if is_ordered and axis.fault(ordered) is None:
                return ordered, None
            at = 1.0 if isinstance(asked, Int) else 0.5
            return axis.decode(np.array([at]))[0], None


def _cut(number: int, frame: FrameType | None) -> None:
    raise Cut
