"""Job by job, a run is the same as through the driver, to the bit."""

from dataclasses import replace
from math import inf

from hypothesis import given, settings
from hypothesis import strategies as st

import rung
from rung.core.budget import Budget
from rung.core.space import Config
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.simulation.jobwise import suits
from rung.simulation.run import Happened, event_by_event, job_by_job
from rung.simulation.setting import RETRIES, Simulation, World, scheduler_for
from rung.spec import StudySpec

SPACE = rung.Space(x=rung.Float(0.0, 1.0, default=0.5), y=rung.Int(1, 4, default=2))
TAGS = (
    "asha",
    "stopping-asha",
    "successive-halving",
    "hyperband",
    "async-hyperband",
    "stopping-hyperband",
    "fifo",
)


class Even(SyntheticProblem):
    """Each unit takes a whole number of seconds, so that much happens at one moment."""

    def __init__(self, curves: LearningCurves, max_resource: int, raises_at: float = inf) -> None:
        super().__init__("even", curves, max_resource)
        self._raises_at = raises_at

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[dict[str, object], float]:
        """As the curve, or raise."""
        (value,), (seconds,) = self.curve(config, resource - 1, resource, seed) or (None, None)
        return {self.objective.metric: value}, seconds

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """As the curves, in whole seconds."""
        values, seconds = super().curve(config, start, target, seed)
        n = max(0, min(len(values), int(min(self._raises_at, 1e9)) - start)) if seed % 5 == 0 else len(values)
        return values[:n], [float(round(each)) for each in seconds][:n]


def spec_of(problem: SyntheticProblem, scheduler: dict[str, object], seed: int) -> StudySpec:
    options = scheduler_for(scheduler, problem.max_resource)
    return StudySpec(
        "x",
        SPACE.parameters,
        (problem.objective,),
        problem.resource,
        options,
        {"type": "random"},
        seed,
        RETRIES,
    )


@given(
    tag=st.sampled_from(TAGS),
    eta=st.integers(2, 4),
    max_resource=st.integers(1, 12),
    workers=st.integers(1, 9),
    seed=st.integers(0, 3),
    even=st.booleans(),
    noise=st.sampled_from([0.0, 0.2]),
    failing=st.sampled_from([0.0, 0.4]),
    raises_at=st.sampled_from([inf, 0, 3]),
    straggling=st.sampled_from([0.0, 0.5]),
    startup=st.sampled_from([0.0, 3.0, 1000.0]),
    horizon=st.sampled_from([1.0, 20.0, 60.0, 1000.0]),
    trials=st.sampled_from([None, 1, 40]),
    resource=st.sampled_from([None, 7, 100]),
)
@settings(max_examples=150, deadline=None)
def test_both_ways_lead_to_the_same_run(
    tag: str,
    eta: int,
    max_resource: int,
    workers: int,
    seed: int,
    even: bool,
    noise: float,
    failing: float,
    raises_at: float,
    straggling: float,
    startup: float,
    horizon: float,
    trials: int | None,
    resource: int | None,
) -> None:
    curves = LearningCurves(SPACE, noise=noise, failing=failing, seed=1, seconds=1.3)
    problem = Even(curves, max_resource, raises_at) if even else SyntheticProblem("p", curves, max_resource)
    options = {"type": tag} if tag == "fifo" else {"type": tag, "eta": eta}
    spec = spec_of(problem, options, seed)
    world = World(seconds=horizon, straggling=straggling, startup_s=startup)
    budget = Budget(trials=trials, resource=resource)
    check_same(Simulation(problem, spec, world, workers, budget, horizon))


def check_same(simulation: Simulation) -> Happened:
    assert suits(simulation)
    one, other = event_by_event(simulation), job_by_job(simulation)
    for notes in (one.notes, other.notes):  # what differs where something happens just at the horizon
        notes.busy_s, notes.held = 0.0, 0
    assert one == other
    return one


def test_what_acts_between_jobs_goes_through_the_driver() -> None:
    problem = SyntheticProblem("p", LearningCurves(SPACE), 9)
    spec = spec_of(problem, {"type": "asha"}, 0)
    usual = Simulation(problem, spec, World(), 2, Budget(trials=3), 10.0)
    assert suits(usual)
    assert not suits(replace(usual, spec=spec_of(problem, {"type": "median-stopping"}, 0)))
    assert not suits(replace(usual, world=World(losses_per_hour=1.0)))
    assert not suits(replace(usual, budget=Budget(worker_seconds=3.0)))


def test_a_study_whose_space_is_exhausted_ends_in_both_ways() -> None:
    small = rung.Space(y=rung.Int(1, 4))
    problem = SyntheticProblem("p", LearningCurves(small), 9)
    spec = StudySpec(
        "x",
        small.parameters,
        (problem.objective,),
        problem.resource,
        {"type": "asha", "max_resource": 9},
        {"type": "grid", "points": 4},
        0,
        RETRIES,
    )
    world, budget = World(seconds=1e4), Budget()
    assert check_same(Simulation(problem, spec, world, 3, budget, 1e4)).n_trials == 4
