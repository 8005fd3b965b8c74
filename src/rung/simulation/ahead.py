"""Jobs whose reports are known from their beginning, and the trials that they train; see `rung.simulation.jobwise`."""

import math
from abc import ABC, abstractmethod

from rung.core.space import Config

Order = tuple[float, ...]
"""Sorts what happens: by time, then by when it was planned, and so on back in time.

What happens at one moment happens in the order in which it was planned: a step when the one before it was reported, the
first one when the job began, which is after all reports of that moment.
"""


class Planned(ABC):
    """Something that will happen."""

    __slots__ = ()

    @abstractmethod
    def order(self) -> Order:
        """Its place."""

    def __lt__(self, other: "Planned") -> bool:
        return self.order() < other.order()


class Trial:
    """A trial: its training so far, and its checkpoints.

    Attributes:
        config, seed: As in `rung.core.record.TrialRecord`.
        position: The resource at which it stands.
        loss: There.
        running: Whether it has an open job.
        over: Whether it failed or was stopped.
        goes_on: Whether it may be trained further.
        worker: Who trained it last.
        saves_at: The resource of the last checkpoint that it was told to write; 0: none.
        saved_at: Of the last one that is written; 0: none.
        checkpoints: How many there are.
    """

    __slots__ = (
        "checkpoints",
        "config",
        "goes_on",
        "loss",
        "over",
        "position",
        "running",
        "saved_at",
        "saves_at",
        "seed",
        "worker",
    )

    def __init__(self, config: Config, seed: int) -> None:
        self.config = config
        self.seed = seed
        self.position = 0
        self.loss = 0.0
        self.running = False
        self.over = False
        self.goes_on = True
        self.worker = -1
        self.saves_at = 0
        self.saved_at = 0
        self.checkpoints = 0


class Job(Planned):
    """An open job.

    Attributes:
        number, trial, start, target: As in `rung.core.job.Job`.
        worker: Who does it.
        n_planned: How many things had been planned before it.
        times: When it begins, when it reports, and when it ends, if that is not at its last report.
        n_reports: How often it reports.
        loss: At its target; None: it fails on the way.
    """

    __slots__ = ("loss", "n_planned", "n_reports", "number", "start", "target", "times", "trial", "worker")

    def __init__(  # noqa: PLR0917  made once for each job
        self, number: int, trial: int, worker: int, start: int, target: int, n_planned: int
    ) -> None:
        self.number = number
        self.trial = trial
        self.worker = worker
        self.start = start
        self.target = target
        self.n_planned = n_planned
        self.times: list[float] = []
        self.n_reports = 0
        self.loss: float | None = None

    def order(self) -> Order:
        """The place of its end."""
        return self.order_of(len(self.times) - 1)

    def order_of(self, n: int) -> Order:
        """The place of the n-th of its times."""
        return (*self.times[n::-1], math.inf, self.n_planned)


class Write(Planned):
    """A trial writes a checkpoint, or leaves its worker, or both.

    Attributes:
        trial: Which one.
        writes: Whether there is something to write.
        leaves: Whether it leaves.
        now: When.
        n_planned: How many things had been planned before it.
    """

    __slots__ = ("leaves", "n_planned", "now", "trial", "writes")

    def __init__(self, trial: int, writes: bool, leaves: bool, now: float, n_planned: int) -> None:
        self.trial = trial
        self.writes = writes
        self.leaves = leaves
        self.now = now
        self.n_planned = n_planned

    def order(self) -> Order:
        """Its place: it was planned at the moment at which it happens."""
        return (self.now, self.now, math.inf, self.n_planned)
