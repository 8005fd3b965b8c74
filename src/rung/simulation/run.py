"""One simulated run: a study on a virtual clock whose log is forgotten as it is written."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import NamedTuple

import msgspec

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.state import State
from rung.dispatcher import Dispatcher
from rung.driver import Driver
from rung.problems.base import Benchmark, shortfall
from rung.simulation.jobwise import Jobwise, suits
from rung.simulation.notes import Notes
from rung.simulation.observer import Observer
from rung.simulation.pace import full_s
from rung.simulation.setting import Arm, Simulation, World, spec_of
from rung.spec import StudySpec


class Run(msgspec.Struct, frozen=True):
    """What came of one run.

    Attributes:
        problem, arm, seed: Which one.
        horizon_s: How long it was, in virtual seconds.
        times, spent, regrets: Of its incumbents, see `Notes`.
        trials: Created.
        results: Reports.
        units: Of training reported.
        utilization: Share of its workers' time in which they had a job.
        written, moved, most_held: Checkpoints, see `Notes`.
        arrived, trained, jobs, firsts: By target, see `Notes`.
        ended_s: When its last job ended, at most `horizon_s`.
        real_s: How long the simulation took.
    """

    problem: str
    arm: str
    seed: int
    horizon_s: float
    times: list[float]
    spent: list[int]
    regrets: list[float]
    trials: int
    results: int
    units: int
    utilization: float
    written: int
    moved: int
    most_held: int
    arrived: dict[int, int]
    trained: dict[int, int]
    jobs: dict[int, int]
    ended_s: float
    real_s: float
    firsts: dict[int, float] = {}


def run(problem: Benchmark, arm: Arm, world: World, seed: int, budget: Budget | None = None) -> Run:
    """Simulate one arm on one problem; the same arguments give the same run.

    Args:
        problem: What is tuned.
        arm: How.
        world: For how long, and on what workers.
        seed: Of the study and of the workers.
        budget: What the study may spend besides; None: what `world` says.
    """
    horizon_s = length_s(problem, world)
    spec = spec_of(problem, arm, seed)
    budget = budget or Budget(resource=world.resource)
    begun = perf_counter()
    simulation = Simulation(problem, spec, world, arm.workers, budget, horizon_s)
    simulate = job_by_job if suits(simulation) else event_by_event
    notes, busy_s, n_trials, ended_s = simulate(simulation)
    return Run(
        problem=problem.name,
        arm=arm.name,
        seed=seed,
        horizon_s=horizon_s,
        times=notes.times,
        spent=notes.spent,
        regrets=notes.regrets,
        trials=n_trials,
        results=notes.results,
        units=sum(notes.trained.values()),
        utilization=busy_s / (arm.workers * horizon_s),
        written=notes.written,
        moved=notes.moved,
        most_held=notes.most_held,
        arrived=dict(notes.arrived),
        trained=dict(notes.trained),
        jobs=dict(notes.jobs),
        ended_s=ended_s,
        real_s=perf_counter() - begun,
        firsts=notes.firsts,
    )


class Happened(NamedTuple):
    """What came of a simulation.

    Attributes:
        notes: What was noted.
        busy_s: Time that workers had a job, summed.
        n_trials: Trials created.
        ended_s: When it ended, at most its horizon.
    """

    notes: Notes
    busy_s: float
    n_trials: int
    ended_s: float


def job_by_job(simulation: Simulation) -> Happened:
    """The quick way, where it suits; see `rung.simulation.jobwise`."""
    jobwise = Jobwise(simulation)
    with _uncollected():
        jobwise.run()
    return Happened(jobwise.notes, jobwise.busy_s, len(jobwise.trials), jobwise.now)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for reference cycles, of which a run makes none: it would look through all trials, often."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def event_by_event(simulation: Simulation) -> Happened:
    """The way of a real study, through the driver: any scheduler, any searcher, any mishap."""
    problem, spec, horizon_s = simulation.problem, simulation.spec, simulation.horizon_s
    state = spec.start()
    observer = Observer(state, partial(shortfall, problem), horizon_s)
    executor = simulation.world.executor(problem, simulation.workers, spec.seed)
    pool = executor.open(problem.resource, spec.objectives, spec.ranked_by, simulation.budget)
    dispatcher = _dispatcher(state, spec, pool.clock, observer)
    dispatcher.record(ev.BudgetChanged(simulation.budget))
    ended = Driver(
        dispatcher, pool, durable=lambda: state.seq, delete=lambda checkpoint: None, seconds=horizon_s
    ).run()
    if ended.rule == "interrupted":  # a run that was cut says nothing
        raise KeyboardInterrupt
    return Happened(observer.notes, observer.busy_s, state.n_trials, min(state.time, horizon_s))


def _dispatcher(state: State, spec: StudySpec, clock: Callable[[], float], observer: Observer) -> Dispatcher:
    return Dispatcher(
        state,
        _Forgetful(),
        spec.searcher_in(state.space),
        seed=spec.seed,
        tries_defaults=spec.searcher_spec().tries_defaults,
        clock=clock,
        recorded=observer,
    )


class _Forgetful:
    """A log that keeps nothing."""

    def append(self, entries: Sequence[ev.Entry]) -> None:
        """Forget them."""


def length_s(problem: Benchmark, world: World) -> float:
    """How long a run is, in virtual seconds."""
    return world.horizon * full_s(problem) if world.seconds is None else world.seconds
