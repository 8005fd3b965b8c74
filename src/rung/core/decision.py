"""What a scheduler is asked, what it may answer, and the facts that it learns from.

A scheduler is two methods and a query: `decide(ask)` answers which trial deserves the next unit of resource and
changes nothing; `apply(fact)` learns what happened and decides nothing. Retries, lost workers, late and repeated
reports and budgets are settled before they reach it.
"""

from collections.abc import Callable, Collection, Sequence, Set
from typing import Literal, Protocol, runtime_checkable

import msgspec

from rung.core.history import History
from rung.core.objective import Losses, Metrics, Objectives
from rung.core.rng import Rng
from rung.core.space import Config, Space
from rung.core.why import Why

# What may be answered


class New(msgspec.Struct, frozen=True, gc=False):
    """Create a trial and advance it to `target`.

    Attributes:
        target: Resource of its first job.
        why: The reason.
        config: Its configuration; None: the searcher is asked.
        parent: The trial whose checkpoint it starts from, at the resource of that checkpoint.
        ends: The trial that it replaces, which is stopped.
        bracket: The bracket it belongs to.
        save: Whether a checkpoint must be written at the target.
    """

    target: int
    why: Why
    config: Config | None = None
    parent: int | None = None
    ends: int | None = None
    bracket: int = 0
    save: bool = False


class Advance(msgspec.Struct, frozen=True, gc=False):
    """Advance a trial at rest to `target`, which lies above where it stands."""

    trial: int
    target: int
    why: Why
    save: bool = False


class Stop(msgspec.Struct, frozen=True, gc=False):
    """End a trial for good; if it runs, its worker is asked to yield."""

    trial: int
    why: Why


class Yield(msgspec.Struct, frozen=True, gc=False):
    """Ask a running trial to hand back control; the scheduler decides later when it goes on."""

    trial: int
    why: Why


class Wait(msgspec.Struct, frozen=True, gc=False):
    """Nothing can start before something that runs has ended."""

    why: Why


class Finished(msgspec.Struct, frozen=True, gc=False):
    """Nothing will ever start again within what the study may create and spend."""

    why: Why


Decision = New | Advance | Stop | Yield | Wait | Finished


# What is asked


class Slot(msgspec.Struct, frozen=True):
    """The share of a machine that a worker owns.

    Attributes:
        worker: Its number, never used twice within a pool.
        node: Name of its machine; empty: the driver's own.
        kind: Class of machine, for unequal ones.
        cpus: Processors.
        gpus: Names of its GPUs, as CUDA_VISIBLE_DEVICES lists them.
        ends_at: When it goes away, by the pool's clock; None: not known.
    """

    worker: int
    node: str = ""
    kind: str = "cpu"
    cpus: int = 1
    gpus: tuple[str, ...] = ()
    ends_at: float | None = None


class Ask(msgspec.Struct, frozen=True, gc=False):
    """The question: what should happen next?

    Attributes:
        slots: Free slots. Empty after a report, when only `Stop`, `Yield` and `Wait` make sense.
        held: Trials at rest that free workers hold in memory; to go on with one costs nothing.
        may_create: Whether the budget allows a new trial (a child that replaces a trial is always allowed).
        room: Units of resource left in the budget; `math.inf` without a limit.
        history: What is known of all trials; `history.view()` is an immutable snapshot.
        rng: Randomness by address, see `rung.core.rng`.
        starts_at: Resource at which a job of a trial at rest would begin now: where a free worker holds it, else at
            its last checkpoint, else 0. Its job takes `target - starts_at(trial)` units of the room.
        child_starts_at: Resource at which a child of a trial would begin: at that trial's last checkpoint.
    """

    slots: Collection[Slot]
    held: Set[int]
    may_create: bool
    room: float
    history: History
    rng: Rng
    starts_at: Callable[[int], int]
    child_starts_at: Callable[[int], int]


# What a scheduler learns


class TrialCreated(msgspec.Struct, frozen=True, gc=False):
    """A trial exists; its first job follows, unless its source is a queue that waits for a slot."""

    trial: int
    bracket: int = 0
    parent: int | None = None
    ends: int | None = None


class JobGranted(msgspec.Struct, frozen=True, gc=False):
    """A decision of this scheduler became a job. Repetitions after a loss are not told."""

    job: int
    trial: int
    start: int
    target: int


class Observed(msgspec.Struct, frozen=True, gc=False):
    """A trial was observed at a resource for the first time, in the course of its training.

    Attributes:
        trial: The trial.
        resource: Where it was observed.
        losses: What rungs compare (a mean where the kind of resource averages), lower is better.
        own: The losses of this one report.
        units: How many units of resource this one report is about.
        seconds: Training time of these units.
        metrics: Every metric of this one report.
    """

    trial: int
    resource: int
    losses: Losses
    own: Losses
    units: int = 1
    seconds: float = 0.0
    metrics: Metrics = {}


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A trial reached the target of its job and is at rest there."""

    trial: int
    resource: int
    losses: Losses


class YieldRequested(msgspec.Struct, frozen=True, gc=False):
    """A running trial was asked to hand back control as decided; it runs until its next report, `Yielded` follows."""

    trial: int


class Failed(msgspec.Struct, frozen=True, gc=False):
    """A trial failed on its way to `target`: it counts as arrived there, worst, and never goes on."""

    trial: int
    target: int


class Yielded(msgspec.Struct, frozen=True, gc=False):
    """A trial handed back control as this scheduler had asked, or was lost after that; it is at rest."""

    trial: int
    resource: int


class TrialStopped(msgspec.Struct, frozen=True, gc=False):
    """A trial was stopped, by this scheduler, by a child that replaces it, or by a person."""

    trial: int


class NoMoreTrials(msgspec.Struct, frozen=True, gc=False):
    """No trial will be created any more; a rung that waits to be filled is complete as it is."""


class MoreTrials(msgspec.Struct, frozen=True, gc=False):
    """A larger budget allows new trials again."""


class NewSpace(msgspec.Struct, frozen=True, gc=False):
    """The space has changed; only schedulers that make configurations care."""

    space: Space


class MinResourceRaised(msgspec.Struct, frozen=True, gc=False):
    """The rungs below this level are given up: new trials are judged at it first. Only where audits may adapt."""

    resource: int


Fact = (
    TrialCreated
    | JobGranted
    | Observed
    | Arrived
    | YieldRequested
    | Failed
    | Yielded
    | TrialStopped
    | NoMoreTrials
    | MoreTrials
    | NewSpace
    | MinResourceRaised
)

Status = Literal["queued", "running", "paused", "stopped", "complete", "failed"]
RestingStatus = Literal["paused", "stopped", "complete"]


class Scheduler(Protocol):
    """A live scheduler: which trial deserves the next unit of resource?"""

    def decide(self, ask: Ask) -> Decision:
        """Answer the question; asked twice, the answer is the same, and nothing has changed."""
        ...

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn a fact.

        Returns:
            Trials whose standing changed by it, other than the trial that the fact is about.
        """
        ...

    def status(self, trial: int) -> RestingStatus:
        """Where a trial at rest stands. Queued, running and failed trials are not asked for."""
        ...

    def why(self, trial: int) -> Why:
        """Why a trial at rest stands there."""
        ...


@runtime_checkable
class Auditable(Scheduler, Protocol):
    """A scheduler that stops trials early, and can be audited."""

    @property
    def levels(self) -> Sequence[int]:
        """The levels at which trials are judged now, lowest first; at the last one a trial is complete."""
        ...

    def passed_over(self, trial: int) -> bool:
        """Whether a paused trial was ranked too low to go on; it may still be promoted when its rung grows."""
        ...


@runtime_checkable
class Judging(Scheduler, Protocol):
    """A scheduler that compares trials otherwise than at equal resource, and so says which one is the best."""

    @property
    def best(self) -> Arrived | None:
        """Where the best trial so far came to stand when it was compared; None before the first comparison."""
        ...


def required_metrics(scheduler: "Scheduler | SchedulerSpec") -> tuple[str, ...]:
    """Metrics that a report at a target must hold besides the objectives: the `metrics` of a scheduler, if any."""
    found: tuple[str, ...] = getattr(scheduler, "metrics", ())
    return found


def acts_between_jobs(scheduler: Scheduler) -> bool:
    """Whether a scheduler must see each report; not if it says `acts_between_jobs = False`.

    One that does looks at no history, learns nothing from `Observed`, never stops or interrupts a running trial,
    and asks for no children, configurations or checkpoints of its own.
    """
    return getattr(scheduler, "acts_between_jobs", True)


class SchedulerSpec(Protocol):
    """The options of a scheduler, as a user writes them."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> Scheduler:
        """A live scheduler at the beginning of a study."""
        ...
