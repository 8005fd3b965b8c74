"""An audit: how a study asks for them, and what is known of that of one trial; see `rung.core.audits`."""

from dataclasses import dataclass, field

import msgspec

from rung.core.constraint import Violations, ranking
from rung.core.errors import SpecError
from rung.core.event import Drawn, Failure
from rung.core.objective import Losses, Metrics


class Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How early stopping is audited.

    Attributes:
        share: Part of the resource that goes into audits, above 0 and below 1.
        adapt: Whether to raise `min_resource` to the next level when the lowest is shown to lose too much.
        allow: The part of the trials stopped at a level that may turn out better than the best, before it is too much.
    """

    share: float = 0.03
    adapt: bool = False
    allow: float = 0.05

    def __post_init__(self) -> None:
        for name in ("share", "allow"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
                raise SpecError(f"an audit's {name} lies between 0 and 1, such as 0.03; got {value!r}.")
        if not isinstance(self.adapt, bool):
            raise SpecError(f"an audit's adapt is true or false, got {self.adapt!r}.")


@dataclass(slots=True, frozen=True)
class Seen:
    """What an audit observed at a resource and the search does not know; as in a history, `own` to rank by."""

    losses: Losses
    own: Losses
    metrics: Metrics
    seconds: float
    violations: Violations = ()

    @property
    def ranked(self) -> Losses:
        """The losses to rank it by."""
        return ranking(self.losses, self.violations)


@dataclass(slots=True)
class TrialAudit:
    """The audit of one trial.

    Attributes:
        drawn: Where it was stopped, and how likely it was to be drawn.
        target: Resource to which it is trained.
        known: The last losses that the search knows of, to rank by.
        job: Number of its first job; None: it has not begun.
        seen: By resource, what the search does not know.
        wanted: Resource to which the scheduler wants the trial to go, while it waits for the audit to come there.
        promoted: Whether the scheduler has advanced the trial since, which so was not stopped after all.
        losses: The losses at the target to rank by, once it was reached.
        failure: What went wrong on the way, if it failed.
    """

    drawn: Drawn
    target: int
    known: Losses
    job: int | None = None
    seen: dict[int, Seen] = field(default_factory=dict)
    wanted: int | None = None
    promoted: bool = False
    losses: Losses | None = None
    failure: Failure | None = None

    @property
    def over(self) -> bool:
        """Whether it has reached its target, or failed."""
        return self.losses is not None or self.failure is not None

    def share(self, upto: int) -> list[tuple[int, Seen]]:
        """What was seen up to a resource, in that order; from now on the search knows it."""
        shared = [(resource, self.seen.pop(resource)) for resource in sorted(self.seen) if resource <= upto]
        if shared:
            self.known = shared[-1][1].ranked
        return shared
