"""What is simulated: the arms that are compared, and the world in which they run, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from rung.core.budget import Budget
from rung.core.confirm import Confirm
from rung.core.errors import SpecError
from rung.core.resource import check_count
from rung.core.rng import rng
from rung.executors.simulated import Simulated
from rung.problems.base import Benchmark
from rung.schedulers.registry import SCHEDULERS
from rung.simulation.pace import full_cost
from rung.spec import StudySpec

RETRIES = (
    1000  # a job that is lost is granted again, as in the experiments with dropped jobs of the ASHA paper
)


class Arm(msgspec.Struct, frozen=True):
    """One way to tune, compared with others.

    Attributes:
        name: What tables and figures call it.
        scheduler: The scheduler's options, with its type; `max_resource` may be left out: it is the problem's.
        searcher: The searcher's options, with its type.
        workers: How many.
        confirm: What part of the budget confirms the best; None: none does.
    """

    name: str
    scheduler: dict[str, Any]  # each scheduler's own options; decoded by its registry
    searcher: dict[str, Any]
    workers: int
    confirm: Confirm | None = None

    def __post_init__(self) -> None:
        check_count("workers", self.workers)


class World(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How long a run is, and what its workers are like; the times are virtual seconds, see `Simulated`.

    Attributes:
        horizon: Length of a run, in times that one full training takes; not looked at where `seconds` is given.
        seconds: Length of a run.
        resource: Units of training that a run may spend at most; None: what fits into its length.
        startup_s, save_s, restore_s, straggling, losses_per_hour, restart_s, charges_decisions: As in `Simulated`.
    """

    horizon: float = 10.0
    seconds: float | None = None
    resource: int | None = None
    startup_s: float = 0.0
    save_s: float = 0.0
    restore_s: float = 0.0
    straggling: float = 0.0
    losses_per_hour: float = 0.0
    restart_s: float = 0.0
    charges_decisions: bool = False

    def __post_init__(self) -> None:
        for name in ("horizon", "seconds", "resource"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise SpecError(f"{name} must be above 0, got {value!r}.")

    def executor(self, problem: Benchmark, workers: int, seed: int) -> Simulated:
        """Its workers."""
        return Simulated(
            problem=problem,
            workers=workers,
            seed=seed,
            losses_per_hour=self.losses_per_hour,
            restart_s=self.restart_s,
            startup_s=self.startup_s,
            save_s=self.save_s,
            restore_s=self.restore_s,
            straggling=self.straggling,
            charges_decisions=self.charges_decisions,
        )


@dataclass(frozen=True, slots=True)
class Simulation:
    """One run that is to be simulated.

    Attributes:
        problem: What is tuned.
        spec: Of the study.
        world: What its workers are like.
        workers: How many.
        budget: What the study may spend.
        horizon_s: Length of the run, in virtual seconds.
    """

    problem: Benchmark
    spec: StudySpec
    world: World
    workers: int
    budget: Budget
    horizon_s: float


def spec_of(problem: Benchmark, arm: Arm, seed: int) -> StudySpec:
    """The study of an arm on a problem.

    Raises:
        SpecError: If the options of the scheduler do not fit the problem.
    """
    return StudySpec(
        "simulation",
        problem.space.parameters,
        problem.goals.objectives,
        problem.resource,
        scheduler_on(problem, arm.scheduler),
        arm.searcher,
        seed,
        RETRIES,
        confirm=arm.confirm,
        constraints=problem.goals.constraints,
    )


def check_arm(problem: Benchmark, arm: Arm) -> None:
    """Raise a SpecError if an arm cannot work on a problem."""
    spec = spec_of(problem, arm, 0)
    spec.start()
    spec.searcher_spec().start(problem.space, spec.objectives, 0)
    config = problem.space.sample(1, rng(0, "check", 0))[0]
    metrics, _ = problem(config, problem.max_resource if problem.resource.restarts else 1, 0)
    if missing := [name for name in spec.required if name not in metrics]:
        raise SpecError(f"it needs reports of {missing}, but there are only {list(metrics)}.")


def scheduler_on(problem: Benchmark, options: dict[str, Any]) -> dict[str, Any]:
    """A scheduler's options with what it must know of a problem where they do not say it: how long a training is.

    That is the problem's `max_resource`, and for schedulers that count costs as `max_cost` the cost of a full training,
    the median over random configurations.

    Raises:
        SpecError: If they name more than the problem has, or the problem does not report that cost.
    """
    found = scheduler_for(options, problem.max_resource)
    if needs_cost(found):
        found = {**found, "max_cost": full_cost(problem, found.get("cost", "seconds"))}
    return found


def needs_cost(options: Mapping[str, Any]) -> bool:
    """Whether a scheduler counts costs, and its options do not say how much a full training costs."""
    return "max_cost" in _fields(options) and "max_cost" not in options


def _fields(options: Mapping[str, Any]) -> tuple[str, ...]:
    found: tuple[str, ...] = SCHEDULERS[options.get("type", "")].__struct_fields__  # type: ignore[attr-defined]  # all are structs
    return found


def scheduler_for(options: dict[str, Any], max_resource: int) -> dict[str, Any]:
    """A scheduler's options with the `max_resource` of a problem where they name none.

    Raises:
        SpecError: If they name more than the problem has.
    """
    if "max_resource" not in _fields(options):
        return options
    found = {"max_resource": max_resource, **options}
    if found["max_resource"] > max_resource:
        raise SpecError(
            f"max_resource is {found['max_resource']}, but the problem's curves end at {max_resource}. "
            "Leave it out to train as far as they go."
        )
    return found
