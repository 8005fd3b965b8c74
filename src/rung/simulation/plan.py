"""Plans: what a study will cost and how far its trials will come, from simulations of its own schedule.

Which trials are promoted depends on how they train, but how many are hardly does. So the study's scheduler runs on
synthetic learning curves that take as long as a step of the real training takes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from rung.core.budget import Budget
from rung.core.constraint import Constraint
from rung.core.decision import required_metrics
from rung.core.errors import SpecError
from rung.core.rng import rng
from rung.core.space import Config
from rung.problems.goals import Front, Goals
from rung.problems.synthetic import SAMPLED, LearningCurves, SyntheticProblem
from rung.simulation.run import Run, run
from rung.simulation.setting import Arm, World
from rung.spec import StudySpec

SEEDS = 5
MULTIPLES = (1, 2, 4)
ENDLESS_S = 1e12
CHEAP = ("random", "grid")  # searchers that are asked themselves; random search stands in for others


class LevelPlan(msgspec.Struct, frozen=True):
    """What is expected at one level.

    Attributes:
        resource: The level.
        trials: That arrive there.
        jobs: Granted towards it.
        units: Trained on the way there from the level below.
    """

    resource: int
    trials: float
    jobs: float
    units: float


class BudgetPlan(msgspec.Struct, frozen=True):
    """What is expected of one budget; means over simulations.

    Attributes:
        multiple: How many times the given budget it is.
        trials: Created.
        complete: Trained to the end.
        units: Of training.
        seconds: Of wall time.
        busy: Share of the workers' time in which they have a job.
        checkpoints: That exist at once, at most.
        levels: Lowest first.
    """

    multiple: int
    trials: float
    complete: float
    units: float
    seconds: float
    busy: float
    checkpoints: float
    levels: list[LevelPlan]


def plan(
    spec: StudySpec, budget: Budget, workers: int, step_s: float, multiples: Sequence[int] = MULTIPLES
) -> list[BudgetPlan]:
    """What a budget buys, and some multiples of it.

    Args:
        spec: The study.
        budget: Its budget; it must limit something.
        workers: How many.
        step_s: Seconds that a unit of training takes.
        multiples: Of the budget.

    Raises:
        SpecError: If nothing is limited, or no unit takes any time.
    """
    if budget.is_endless or budget.costs:
        raise SpecError("a plan needs a budget in trials, resource or seconds.")
    if not step_s > 0:
        raise SpecError(f"a unit of training must take some time, got {step_s!r} seconds.")
    budget = msgspec.structs.replace(budget, rates={}, watts=None)  # of real workers
    problem = StandIn(spec, step_s)
    searcher = spec.searcher if spec.searcher["type"] in CHEAP else {"type": "random"}
    arm = Arm("plan", spec.scheduler, searcher, workers)
    return [_planned(problem, arm, budget, multiple) for multiple in multiples]


class StandIn:
    """Synthetic curves in place of a study's training, with its space, its objectives and its kind of resource.

    Each objective has curves of its own. All constraints are kept, at all times, and a unit costs what leads a trial to
    `max_resource` just at `max_cost`, where the scheduler counts a reported cost.
    """

    def __init__(self, spec: StudySpec, step_s: float) -> None:
        space = spec.full_space()
        made = [LearningCurves(space, seconds=step_s, seed=seed) for seed in range(len(spec.objectives))]
        self.name = "plan"
        self.space = space
        self.goals = Goals(spec.objectives, spec.constraints)
        self.objective = spec.objectives[0]
        self.resource = spec.resource
        self.max_resource = _max_resource(spec)
        self._curves = [SyntheticProblem("plan", curves, self.max_resource) for curves in made]
        self._told = _costs(spec, self.max_resource) | {
            limit.metric: _keeping(limit) for limit in spec.constraints
        }
        self.best = self.objective.value(self._curves[0].best)
        self.typical = self.objective.value(self._curves[0].typical)
        self.front = self._front() if len(made) > 1 else None

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        told: dict[str, object] = dict(self._told)
        for goal, curves in zip(self.goals.objectives, self._curves, strict=True):
            (loss,), (seconds,) = curves.curve(config, resource - 1, resource, seed)
            told[goal.metric] = goal.value(loss)
        return told, seconds * (resource if self.resource.restarts else 1)

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        losses, seconds = self._curves[0].curve(config, start, target, seed)
        return [self.objective.value(loss) for loss in losses], seconds

    def final(self, config: Config) -> float:
        """See `Benchmark.final`."""
        return self.objective.value(self._curves[0].final(config))

    def finals(self, config: Config) -> Mapping[str, float]:
        """See `Benchmark.finals`."""
        ends = {
            goal.metric: goal.value(curves.final(config))
            for goal, curves in zip(self.goals.objectives, self._curves, strict=True)
        }
        return {**self._told, **ends}

    def _front(self) -> Front:
        drawn = self.space.sample(SAMPLED, rng(0, "typical configurations", 0))
        return Front.of(np.array([self.goals.losses(self.finals(config)) for config in drawn]))


def _costs(spec: StudySpec, max_resource: int) -> dict[str, float]:
    chosen = spec.scheduler_spec()
    return {metric: getattr(chosen, "max_cost", 1.0) / max_resource for metric in required_metrics(chosen)}


def _keeping(limit: Constraint) -> float:
    """A value that keeps a limit."""
    kept = limit.upper if limit.upper is not None else limit.lower
    assert kept is not None  # as the constraint says
    return kept


def _max_resource(spec: StudySpec) -> int:
    found = getattr(spec.scheduler_spec(), "max_resource", None)
    if not isinstance(found, int):
        raise SpecError(f"scheduler {spec.scheduler['type']!r} has no max_resource, so its end is not known.")
    return found


def _planned(problem: StandIn, arm: Arm, budget: Budget, multiple: int) -> BudgetPlan:
    larger = _times(budget, multiple)
    world = World(seconds=larger.seconds or ENDLESS_S)
    found = [run(problem, arm, world, seed, larger) for seed in range(SEEDS)]
    levels = sorted({level for each in found for level in each.jobs})
    took = [max(each.ended_s, 1e-9) for each in found]
    busy = [each.utilization * each.horizon_s / s for each, s in zip(found, took, strict=True)]
    return BudgetPlan(
        multiple=multiple,
        trials=_mean(found, "trials"),
        complete=float(np.mean([each.arrived.get(problem.max_resource, 0) for each in found])),
        units=_mean(found, "units"),
        seconds=float(np.mean(took)),
        busy=float(np.mean(busy)),
        checkpoints=_mean(found, "most_held"),
        levels=[
            LevelPlan(
                level, _at(found, "arrived", level), _at(found, "jobs", level), _at(found, "trained", level)
            )
            for level in levels
        ],
    )


def _times(budget: Budget, multiple: int) -> Budget:
    limits: dict[str, Any] = {  # numbers of either kind
        name: None if (value := getattr(budget, name)) is None else value * multiple
        for name in ("trials", "resource", "seconds", "worker_seconds")
    }
    return msgspec.structs.replace(budget, **limits)


def _mean(found: Sequence[Run], field: str) -> float:
    return float(np.mean([getattr(each, field) for each in found]))


def _at(found: Sequence[Run], field: str, level: int) -> float:
    return float(np.mean([getattr(each, field).get(level, 0) for each in found]))
