"""Simulated workers on a virtual clock: the same scheduler, log and study, without the training.

A problem says what training would have reported and how long it would have taken. Workers may take time to start, to
save and to restore; they may be slow, or be lost. Everything is a function of the seed and of the order of
commands, so a simulation repeats itself to the bit. Time and memory do not depend on the number of workers, but for
those that are busy or hold a trial.

Reference:
    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, appendix A.1: stragglers and drops.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import isfinite
from time import perf_counter
from typing import Any

from rung.core.budget import NO_LIMIT, Budget
from rung.core.decision import Slot
from rung.core.errors import MisuseError, SpecError
from rung.core.event import Ended, Failure, Reported, Saved
from rung.core.event import Outcome as EventOutcome
from rung.core.job import Job
from rung.core.objective import Metrics, Objectives, divergence, number
from rung.core.resource import Resource, Steps, check_count
from rung.core.rng import rng
from rung.executors.base import Call, Command, Joined, Keep, Left, Outcome, Release, Released, Start, Yield
from rung.problems.base import Problem


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """Options of a simulated pool; all times are virtual seconds.

    Attributes:
        problem: What training would have done.
        workers: How many; thousands cost nothing.
        kinds: How many of them are of which kind, for unequal ones; all others are "cpu".
        speeds: How many times as quickly as the problem says a worker of a kind trains; 1 where nothing is said.
        losses_per_hour: Mean number of times that a busy worker is lost in an hour. A probability `p` of being
            dropped within a second is `-3600 * log(1 - p)`.
        restart_s: Until a lost worker is replaced.
        seed: Of losses and stragglers.
        startup_s: Until a worker, or one that replaces it, is there.
        save_s: What writing a checkpoint takes.
        restore_s: What beginning from a checkpoint takes.
        straggling: Standard deviation of the slowness of a job: what it trains takes as long as it should, times 1 plus
            the absolute value of a normal draw of this deviation.
        charges_decisions: Whether the real time that decisions take passes on the virtual clock, too. A simulation
            does not repeat itself then.
    """

    problem: Problem
    workers: int = 4
    losses_per_hour: float = 0.0
    restart_s: float = 0.0
    seed: int = 0
    startup_s: float = 0.0
    save_s: float = 0.0
    restore_s: float = 0.0
    straggling: float = 0.0
    charges_decisions: bool = False
    kinds: Mapping[str, int] = field(default_factory=dict)
    speeds: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_count("workers", self.workers)
        if not callable(self.problem):
            raise SpecError(f"problem must be callable, got {self.problem!r}.")
        for name in ("losses_per_hour", "restart_s", "startup_s", "save_s", "restore_s", "straggling"):
            value = getattr(self, name)
            if not (isinstance(value, int | float) and 0 <= value < math.inf):
                raise SpecError(f"{name} must be a number of at least 0, got {value!r}.")
        _check_kinds(self)

    @property
    def slots(self) -> list[str]:
        """The kind of each worker."""
        named = [kind for kind, n in self.kinds.items() for _ in range(n)]
        return named + ["cpu"] * (self.workers - len(named))

    def start(self, call: Call | None = None) -> "SimulatedPool":
        """A pool at virtual time 0; `call` is not needed."""
        return self.open(Steps(), ())

    def open(
        self,
        resource: Resource,
        objectives: Objectives,
        required: Sequence[str] = (),
        budget: Budget = NO_LIMIT,
    ) -> "SimulatedPool":
        """A pool for a study.

        Args:
            resource: Its kind of resource.
            objectives: Its objectives, which say when a trial has diverged.
            required: The metrics that the problem must report where a job ends.
            budget: Its budget, which says what workers cost and what power they draw.

        Raises:
            MisuseError: If it does not say that of each kind.
        """
        for kind in self.slots:
            budget.tariff.spent(kind, 0.0)
        return SimulatedPool(self, resource, objectives, required, budget)


def _check_kinds(options: Simulated) -> None:
    for name in ("kinds", "speeds"):
        if not isinstance(given := getattr(options, name), Mapping):
            raise SpecError(f"{name} is a dict by kind, such as {{'gpu': 2}}, got {given!r}.")
    for kind, n in options.kinds.items():
        check_count(f"kinds[{kind!r}]", n)
    if sum(options.kinds.values()) > options.workers:
        n = sum(options.kinds.values())
        raise SpecError(f"kinds names {n} workers, but there are workers={options.workers}.")
    if unknown := sorted(options.speeds.keys() - {*options.slots}):
        names = ", ".join(map(repr, dict.fromkeys(options.slots)))
        raise SpecError(f"speeds names the kind {unknown[0]!r}, of which no worker is; there are {names}.")
    for kind, speed in options.speeds.items():
        number = isinstance(speed, int | float) and not isinstance(speed, bool)
        if not number or not 0 < speed < math.inf:
            raise SpecError(f"the speed of {kind!r} is a number above 0, got {speed!r}.")


class _Worker:
    """A simulated worker.

    Attributes:
        slot: What it owns.
        speed: How many times as quickly as the problem says it trains.
        job: Its open job, or the last job of the trial that it holds; None: it holds nothing.
        working: Whether that job is open.
        position: The resource at which it stands.
        saved: The resource at which it has written a checkpoint of what it holds; -1: none.
        yielding: Whether it was asked to hand back control.
        free_at: When it has written what it was told to write.
        lost_at: When it will be lost, should its job be open then.
        slowness: By how much its job takes longer than it should.
    """

    __slots__ = (
        "free_at",
        "job",
        "lost_at",
        "position",
        "saved",
        "slot",
        "slowness",
        "speed",
        "working",
        "yielding",
    )

    def __init__(self, slot: Slot, speed: float) -> None:
        self.slot = slot
        self.speed = speed
        self.job: Job | None = None
        self.working = False
        self.position = 0
        self.saved = -1
        self.yielding = False
        self.free_at = 0.0
        self.lost_at = math.inf
        self.slowness = 1.0

    @property
    def number(self) -> int:
        return self.slot.worker


Deliver = Callable[[Outcome], None]
Action = Callable[..., None]  # called with `deliver` and what is planned beside it


class SimulatedPool:
    """Virtual workers, and what will happen to them in a heap by time."""

    holds = True
    trains_apart = False

    def __init__(
        self,
        options: Simulated,
        resource: Resource,
        objectives: Objectives,
        required: Sequence[str],
        budget: Budget,
    ) -> None:
        self._options = options
        self._required = required
        self._tariff = budget.tariff
        self._cost_metric = budget.cost_metric
        self._unit = resource.unit
        self._problem = options.problem
        self._restarts = resource.restarts
        self._objectives = objectives
        self._now = 0.0
        self._thinking = _Thinking() if options.charges_decisions else None
        self._workers: dict[int, _Worker] = {}
        self._n_joined = 0
        self._n_planned = 0
        self._plan: list[tuple[float, int, Action, tuple[Any, ...]]] = []  # each action has its own arguments
        for kind in options.slots:
            self._after(options.startup_s, self._join, kind)

    def clock(self) -> float:
        """Virtual seconds since the start."""
        return self._now if self._thinking is None else self._now + self._thinking.seconds()

    def wait(self, until: float | None, deliver: Deliver) -> None:
        """Let the next thing happen, and all others of the same moment."""
        if self._thinking is not None:
            self._now = self.clock()
            self._thinking.begin()
        plan = self._plan
        if not plan or (until is not None and plan[0][0] > until):
            self._now = max(self._now, until or 0.0)
            return
        moment = plan[0][0]
        self._now = max(self._now, moment)
        while plan and plan[0][0] == moment:
            _, _, action, given = heappop(plan)
            action(deliver, *given)

    def want(self, workers: int | None) -> None:
        """Nothing to do: virtual workers cost nothing."""

    def wake(self) -> None:
        """Virtual time needs no waking."""

    def send(self, worker: int, command: Command) -> None:
        """Take a command at once."""
        here = self._workers.get(worker)
        if here is None:
            return
        match command:
            case Start(job=job):
                self._start(here, job)
            case Yield(job=number_of_job):
                if here.job is not None and here.job.number == number_of_job:
                    here.yielding = True
            case Release(save=save):
                self._release(here, save)
            case Keep():
                self._keep(here)

    def close(self, grace_s: float) -> None:
        """Forget all that was planned."""
        self._plan.clear()

    def _after(self, seconds: float, action: Action, *given: object) -> None:
        self._n_planned += 1
        heappush(self._plan, (self.clock() + seconds, self._n_planned, action, given))

    def _join(self, deliver: Deliver, kind: str) -> None:
        here = _Worker(Slot(self._n_joined, kind=kind), self._options.speeds.get(kind, 1.0))
        self._n_joined += 1
        self._workers[here.number] = here
        deliver(Joined(here.slot))

    # A job

    def _start(self, here: _Worker, job: Job) -> None:
        options = self._options
        if here.job is None or here.job.trial != job.trial:
            here.saved = -1
        here.job, here.working, here.position, here.yielding = job, True, job.start, False
        now = self.clock()
        delay = max(0.0, here.free_at - now) + (0.0 if job.restore is None else options.restore_s)
        if options.losses_per_hour:
            mean = 3600 / options.losses_per_hour
            here.lost_at = now + float(rng(options.seed, "loss", job.number).exponential(mean))
        if options.straggling:
            draw = float(rng(options.seed, "slowness", job.number).standard_normal())
            here.slowness = 1 + options.straggling * abs(draw)
        self._plan_step(here, job, delay)

    def _plan_step(self, here: _Worker, job: Job, delay: float) -> None:
        resource = job.target if self._restarts else here.position + 1
        try:
            metrics, seconds = self._ask(job, resource)
        except Exception as error:  # noqa: BLE001  # a problem that raises is a training that fails
            failure = Failure("configuration", type(error).__name__, str(error))
            self._after(delay, self._fail, here, job, failure)
            return
        seconds *= here.slowness / here.speed
        if here.lost_at < math.inf and self.clock() + delay + seconds > here.lost_at:
            self._after(here.lost_at - self.clock(), self._lose, here, job)
            return
        metrics = {**self._tariff.spent(here.slot.kind, seconds), **metrics}
        cost = metrics.get(self._cost_metric, 0.0)
        booked = 0.0 if isinstance(cost, str) else cost
        report = Reported(job.number, job.trial, resource, metrics, seconds, booked)
        self._after(delay + seconds, self._step, here, job, report)

    def _ask(self, job: Job, resource: int) -> tuple[Metrics, float]:
        if self._thinking is not None:
            self._thinking.pause()
        metrics, seconds = self._problem(job.config, resource, job.seed)
        numbers: Metrics = {}
        for name, value in metrics.items():
            numbers[name] = value if type(value) is float and isfinite(value) else number(name, value)
        if self._thinking is not None:
            self._thinking.go_on()
        return numbers, float(seconds)

    def _step(self, deliver: Deliver, here: _Worker, job: Job, report: Reported) -> None:
        here.position = report.resource
        deliver(report)
        if words := divergence(self._objectives, report.metrics):
            self._fail(deliver, here, job, Failure("configuration", "diverged", words))
        elif report.resource == job.target:
            self._check(report)
            self._reach(deliver, here, job)
        elif here.yielding:
            self._end(deliver, here, job, "yielded")
        else:
            self._plan_step(here, job, 0.0)

    def _check(self, report: Reported) -> None:
        """Raise if the problem does not say what a decision needs."""
        if missing := [name for name in self._required if name not in report.metrics]:
            held = ", ".join(map(repr, report.metrics)) or "nothing"
            raise MisuseError(
                f"the problem reports no {' and no '.join(map(repr, missing))} at {self._unit} {report.resource}, "
                f"which is an objective or has a limit; it reports {held}. Return it, too."
            )

    def _reach(self, deliver: Deliver, here: _Worker, job: Job) -> None:
        if not job.save:
            self._end(deliver, here, job, "reached")
        elif self._options.save_s:
            self._after(self._options.save_s, self._save_and_end, here, job)
        else:
            self._save_and_end(deliver, here, job)

    def _save_and_end(self, deliver: Deliver, here: _Worker, job: Job) -> None:
        here.saved = here.position
        deliver(_checkpoint(here, job))
        self._end(deliver, here, job, "reached")

    def _end(self, deliver: Deliver, here: _Worker, job: Job, outcome: EventOutcome) -> None:
        here.working = False
        here.lost_at = math.inf
        deliver(Ended(job.number, job.trial, outcome, held=not self._restarts))

    def _fail(self, deliver: Deliver, here: _Worker, job: Job, failure: Failure) -> None:
        here.working = False
        here.lost_at = math.inf
        deliver(Ended(job.number, job.trial, "failed", failure))

    def _lose(self, deliver: Deliver, here: _Worker, job: Job) -> None:
        del self._workers[here.number]
        deliver(Left(here.number, Failure("machine", "lost", f"worker {here.number} was lost")))
        self._after(self._options.restart_s + self._options.startup_s, self._join, here.slot.kind)

    # What a worker holds

    def _release(self, here: _Worker, save: bool) -> None:
        job = here.job
        here.job = None
        if job is None or not save:
            return
        if here.saved == here.position:
            self._after(max(0.0, here.free_at - self.clock()), self._released, here, None, job.trial)
            return
        self._after(self._writing(here), self._released, here, _checkpoint(here, job), job.trial)

    def _keep(self, here: _Worker) -> None:
        if here.job is not None and not here.working and here.saved != here.position:
            here.saved = here.position
            self._after(self._writing(here), self._kept, here, _checkpoint(here, here.job))

    def _writing(self, here: _Worker) -> float:
        """How long it takes from now until a checkpoint is written."""
        now = self.clock()
        here.free_at = max(now, here.free_at) + self._options.save_s
        return here.free_at - now

    def _kept(self, deliver: Deliver, here: _Worker, saved: Saved) -> None:
        if here.number in self._workers:
            deliver(saved)

    def _released(self, deliver: Deliver, here: _Worker, saved: Saved | None, trial: int) -> None:
        if here.number in self._workers:
            if saved is not None:
                deliver(saved)
            deliver(Released(trial))


class _Thinking:
    """How long decisions have really taken since the last wait, the simulator's own work left out."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From now on time counts, from 0."""
        self._counted = 0.0
        self._since: float | None = perf_counter()

    def pause(self) -> None:
        """What follows is not a decision."""
        self._counted = self.seconds()
        self._since = None

    def go_on(self) -> None:
        """Decisions again."""
        self._since = perf_counter()

    def seconds(self) -> float:
        """Counted so far."""
        return self._counted + (0.0 if self._since is None else perf_counter() - self._since)


def _checkpoint(here: _Worker, job: Job) -> Saved:
    return Saved(job.number, job.trial, here.position, f"{job.trial}/{here.position}.{job.number}")
