"""Simulated workers on a virtual clock: the same scheduler, log and study, without the training.

A problem says what training would have reported and how long it would have taken. Workers may be lost at random;
everything is a function of the seed and of the order of commands, so a simulation repeats itself to the bit.
Time and memory do not depend on the number of workers, but for those that are busy.
"""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec
import numpy as np

from rung.core.decision import Slot
from rung.core.errors import SpecError
from rung.core.event import Ended, Failure, Reported, Saved
from rung.core.event import Outcome as EventOutcome
from rung.core.job import Job
from rung.core.objective import Objectives, divergence, number
from rung.core.resource import Resource, Steps, check_count
from rung.core.rng import address, rng
from rung.core.space import Config, Space
from rung.executors.base import Call, Command, Joined, Left, Outcome, Release, Released, Start, Yield


class Problem(Protocol):
    """What training would have done."""

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """The metrics of a configuration at a resource, and the seconds that this unit (or call) took.

        An objective that diverges ends the trial as it would in training; any exception ends it as failed.
        """
        ...


class LearningCurves:
    """A synthetic problem on any space: power-law curves whose limit depends smoothly on the configuration.

    The loss at resource r is `limit + (1 - limit) * r**-rate + noise`; `limit` is the mean squared distance of the
    encoded configuration from a hidden best point, and `rate` falls with it, so that early values mislead a little.

    Args:
        space: The space of the configurations.
        metric: What the loss is called.
        noise: Standard deviation of the noise of a report.
        failing: Share of the configurations whose training diverges at some point.
        seed: Of the hidden best point, of noise and failures.
        seconds: Time that a unit takes; its spread over configurations is a factor of 2 either way.
    """

    def __init__(
        self,
        space: Space,
        *,
        metric: str = "loss",
        noise: float = 0.0,
        failing: float = 0.0,
        seed: int = 0,
        seconds: float = 1.0,
    ) -> None:
        self._space = space
        self._metric = metric
        self._noise = noise
        self._failing = failing
        self._seed = seed
        self._seconds = seconds
        self._best = rng(seed, "best point", 0).random(len(space.columns))
        self._known: dict[bytes, tuple[float, float, float, float]] = {}

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        key = msgspec.json.encode(config)
        if key not in self._known:
            self._known[key] = self._curve(config, key)
        limit, rate, seconds, fails_at = self._known[key]
        if resource >= fails_at:
            return {self._metric: math.nan}, seconds
        loss = limit + (1 - limit) * resource**-rate
        if self._noise:
            here = address(self._seed, "noise", seed) ^ address(seed, "report", resource)
            loss += self._noise * float(rng(self._seed, "noise", here).standard_normal())
        return {self._metric: loss}, seconds

    def _curve(self, config: Config, key: bytes) -> tuple[float, float, float, float]:
        point = self._space.encode([config])[0]
        limit = float(np.nanmean((point - self._best) ** 2))
        draws = rng(self._seed, "curve " + key.hex(), 0).random(3)
        seconds = self._seconds * 2.0 ** (2 * float(draws[0]) - 1)
        fails_at = 1 + draws[2] * 8 if draws[1] < self._failing else math.inf
        return limit, 0.3 + 0.7 * (1 - limit), seconds, fails_at


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Options of a simulated pool.

    Attributes:
        problem: What training would have done.
        workers: How many; thousands cost nothing.
        losses_per_hour: Mean number of times that a busy worker is lost in an hour of virtual time.
        restart_s: Virtual seconds until a lost worker is replaced.
        seed: Of the losses.
    """

    problem: Problem
    workers: int = 4
    losses_per_hour: float = 0.0
    restart_s: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_count("workers", self.workers)
        if not callable(self.problem):
            raise SpecError(f"problem must be callable, got {self.problem!r}.")

    def start(self, call: Call | None = None) -> "SimulatedPool":
        """A pool at virtual time 0; `call` is not needed."""
        return self.open(Steps(), ())

    def open(self, resource: Resource, objectives: Objectives) -> "SimulatedPool":
        """A pool for a study with this kind of resource, whose objectives say when a trial has diverged."""
        return SimulatedPool(self, resource, objectives)


class _Worker:
    """A simulated worker.

    Attributes:
        job: Its open job, or the last job of the trial that it holds; None: it holds nothing.
        working: Whether that job is open.
        position: The resource at which it stands.
        yielding: Whether it was asked to hand back control.
    """

    __slots__ = ("job", "position", "working", "yielding")

    def __init__(self) -> None:
        self.job: Job | None = None
        self.working = False
        self.position = 0
        self.yielding = False


Deliver = Callable[[Outcome], None]


class SimulatedPool:
    """Virtual workers, and what will happen to them in a heap by time."""

    holds = True

    def __init__(self, options: Simulated, resource: Resource, objectives: Objectives) -> None:
        self._options = options
        self._restarts = resource.restarts
        self._objectives = objectives
        self._now = 0.0
        self._workers: dict[int, _Worker] = {}
        self._n_joined = 0
        self._n_planned = 0
        self._plan: list[tuple[float, int, Callable[[Deliver], None]]] = []
        for _ in range(options.workers):
            self._after(0.0, self._join)

    def clock(self) -> float:
        """Virtual seconds since the start."""
        return self._now

    def wait(self, until: float | None, deliver: Deliver) -> None:
        """Let the next thing happen, and all others of the same moment."""
        if not self._plan or (until is not None and self._plan[0][0] > until):
            self._now = max(self._now, until or 0.0)
            return
        self._now = self._plan[0][0]
        while self._plan and self._plan[0][0] == self._now:
            heapq.heappop(self._plan)[2](deliver)

    def wake(self) -> None:
        """Virtual time needs no waking."""

    def send(self, worker: int, command: Command) -> None:
        """Take a command at once."""
        here = self._workers.get(worker)
        if here is None:
            return
        match command:
            case Start(job=job):
                self._start(worker, here, job)
            case Yield(job=number_of_job):
                if here.job is not None and here.job.number == number_of_job:
                    here.yielding = True
            case Release(save=save):
                self._release(worker, here, save)

    def close(self, grace_s: float) -> None:
        """Forget all that was planned."""
        self._plan.clear()

    def _after(self, seconds: float, what: Callable[[Deliver], None]) -> None:
        self._n_planned += 1
        heapq.heappush(self._plan, (self._now + seconds, self._n_planned, what))

    def _join(self, deliver: Deliver) -> None:
        worker = self._n_joined
        self._n_joined += 1
        self._workers[worker] = _Worker()
        deliver(Joined(Slot(worker, node="simulated")))

    def _start(self, worker: int, here: _Worker, job: Job) -> None:
        here.job, here.working, here.position, here.yielding = job, True, job.start, False
        if self._options.losses_per_hour:
            mean = 3600 / self._options.losses_per_hour
            draw = float(rng(self._options.seed, "loss", job.number).exponential(mean))
            self._after(draw, lambda deliver: self._lose(worker, here, job, deliver))
        self._plan_step(worker, here, job)

    def _plan_step(self, worker: int, here: _Worker, job: Job) -> None:
        resource = job.target if self._restarts else here.position + 1
        try:
            metrics, seconds = self._options.problem(job.config, resource, job.seed)
            numbers = {name: number(name, value) for name, value in metrics.items()}
        except Exception as error:  # noqa: BLE001  # a problem that raises is a training that fails
            failure = Failure("configuration", type(error).__name__, str(error))
            self._after(0.0, lambda deliver: self._fail(worker, here, job, failure, deliver))
            return
        report = Reported(job.number, job.trial, resource, numbers, float(seconds))
        self._after(seconds, lambda deliver: self._step(worker, here, job, report, deliver))

    def _is_at(self, worker: int, here: _Worker, job: Job) -> bool:
        return here.job is job and here.working and self._workers.get(worker) is here

    def _step(self, worker: int, here: _Worker, job: Job, report: Reported, deliver: Deliver) -> None:
        if not self._is_at(worker, here, job):
            return
        here.position = report.resource
        deliver(report)
        if words := divergence(self._objectives, report.metrics):
            self._fail(worker, here, job, Failure("configuration", "diverged", words), deliver)
        elif report.resource == job.target:
            self._end(here, job, "reached", deliver)
        elif here.yielding:
            self._end(here, job, "yielded", deliver)
        else:
            self._plan_step(worker, here, job)

    def _end(self, here: _Worker, job: Job, outcome: EventOutcome, deliver: Deliver) -> None:
        here.working = False
        if job.save and outcome == "reached":
            deliver(_checkpoint(here, job))
        held = not self._restarts
        deliver(Ended(job.number, job.trial, outcome, held=held))

    def _fail(self, worker: int, here: _Worker, job: Job, failure: Failure, deliver: Deliver) -> None:
        if self._is_at(worker, here, job):
            here.working = False
            deliver(Ended(job.number, job.trial, "failed", failure))

    def _release(self, worker: int, here: _Worker, save: bool) -> None:
        job = here.job
        if job is None:
            return
        here.job = None
        saved = _checkpoint(here, job) if save else None

        def done(deliver: Deliver) -> None:
            if self._workers.get(worker) is here:
                if saved is not None:
                    deliver(saved)
                deliver(Released(job.trial))

        self._after(0.0, done)

    def _lose(self, worker: int, here: _Worker, job: Job, deliver: Deliver) -> None:
        if self._is_at(worker, here, job):
            del self._workers[worker]
            deliver(Left(worker, Failure("machine", "lost", f"worker {worker} was lost")))
            self._after(self._options.restart_s, self._join)


def _checkpoint(here: _Worker, job: Job) -> Saved:
    return Saved(job.number, job.trial, here.position, f"{job.trial}/{here.position}.{job.number}")
