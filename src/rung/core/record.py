"""Records: what the state keeps of each trial and of each open job."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rung.core import event as ev
from rung.core.audit import TrialAudit
from rung.core.confirm import Repetition
from rung.core.constraint import Violations, ranking
from rung.core.job import Purpose
from rung.core.objective import Losses
from rung.core.space import Config
from rung.core.why import Why


@dataclass(slots=True)
class OpenJob:
    """A granted job that has not ended; the first fields as in `Started`.

    Attributes:
        since: When it began, by the study's clock.
        position: Resource of its last report; `start` before the first.
        saved: Resource of its last checkpoint; `start` before the first.
        reuses: Whether it takes over results instead of training.
        losses: What trials are ranked by at `position`, None if that report lacked an objective.
        yielding: The request to hand back control, if there was one.
    """

    number: int
    trial: int
    start: int
    target: int
    worker: int
    why: Why
    attempt: int
    restore: str | None
    save: bool
    purpose: Purpose
    node: str
    since: float
    position: int
    saved: int
    reuses: bool = False
    losses: Losses | None = None
    yielding: ev.YieldAsked | None = None

    @classmethod
    def of(cls, event: ev.Started, since: float) -> "OpenJob":
        """The job that begins at a time."""
        return cls(
            event.job,
            event.trial,
            event.start,
            event.target,
            event.worker,
            event.why,
            event.attempt,
            event.restore,
            event.save,
            event.purpose,
            event.node,
            since,
            position=event.start,
            saved=event.start,
            reuses=event.reuses,
        )


@dataclass(slots=True, frozen=True)
class Owed:
    """What is left of a job that ended short; granted again before the scheduler is asked."""

    target: int
    attempt: int
    save: bool
    purpose: Purpose


@dataclass(slots=True)
class TrialRecord:
    """What is known of one trial.

    Attributes:
        number, config, seed, source, parent, bracket: As in `Created`.
        resource: Highest resource that was observed.
        losses: The losses there.
        limited: The values of the constrained metrics there.
        violations: By how much they break their limits.
        position: Where its training stood at the end of its last job.
        told: Highest resource that the scheduler knows of.
        target: Highest target of its jobs so far, audits left out.
        totals: Sums of the losses over the replicates so far, where the kind of resource averages.
        limited_totals: The same of the constrained metrics.
        replicates: How many those are.
        late: By resource, what jobs reported when they were over and the scheduler does not know yet: the losses
            there to rank by, and those of the one report.
        job: Its open job.
        owed: The job that is owed to it. A trial has an open job, or an owed one, or neither; never both.
        origin: The checkpoint that it starts from, of its parent or of an ancestor; None once it has its own.
        checkpoints: Its own checkpoints, oldest first.
        failure: Why it failed.
        stopped: Why it was stopped.
        rested: The highest level at which it was stopped, or passed over; 0: none.
        rests: Whether it is counted as stopped there.
        audit: Its audit, if it was drawn for one.
        repetition: What it confirms, if it is no trial of the search.
        reuses: The earlier trial whose results serve as far as they go; None once it is trained itself.
        seconds: Training time so far.
        spent: What its reports say of the currencies of the budget, summed.
    """

    number: int
    config: Config
    seed: int
    source: ev.Source
    parent: int | None
    bracket: int
    resource: int = 0
    losses: Losses | None = None
    limited: tuple[float, ...] = ()
    violations: Violations = ()
    position: int = 0
    told: int = 0
    target: int = 0
    totals: Losses | None = None
    limited_totals: tuple[float, ...] = ()
    replicates: int = 0
    late: dict[int, tuple[Losses, Losses]] | None = None
    job: OpenJob | None = None
    owed: Owed | None = None
    origin: ev.Saved | None = None
    checkpoints: tuple[ev.Saved, ...] = ()
    failure: ev.Failure | None = None
    stopped: Why | None = None
    rested: int = 0
    rests: bool = False
    audit: TrialAudit | None = None
    repetition: Repetition | None = None
    reuses: int | None = None
    seconds: float = 0.0
    spent: Mapping[str, float] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        """Whether it failed or was stopped."""
        return self.failure is not None or self.stopped is not None

    @property
    def ranked(self) -> Losses | None:
        """The losses to rank it by, see `rung.core.constraint`."""
        return ranking(self.losses, self.violations) if self.losses and self.violations else self.losses

    @property
    def order(self) -> tuple[bool, int, float, Losses, int]:
        """Sorts the better one of two that were observed first, as `Incumbent.order`."""
        return Incumbent(self.number, self.resource, self.losses or (), sum(self.violations)).order


@dataclass(slots=True, frozen=True)
class Incumbent:
    """The best arrival at the highest target that any trial has reached; a feasible one before any other.

    Attributes:
        violation: By how much it breaks the constraints in all; 0: it is feasible.
    """

    trial: int
    resource: int
    losses: Losses
    violation: float = 0.0

    @property
    def order(self) -> tuple[bool, int, float, Losses, int]:
        """Sorts the better one first."""
        return self.violation > 0, -self.resource, self.violation, self.losses, self.trial
