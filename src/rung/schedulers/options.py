"""Options that several schedulers share, and what they check."""

import math

import msgspec

from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.resource import check_given_levels, check_levels, levels
from rung.schedulers.ranked import RankedLadder
from rung.schedulers.ranking import AnyRanking, order_of
from rung.schedulers.rungs import Ladder


class RungOptions(
    msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Where trials are judged.

    Attributes:
        max_resource: Level of the last rung, in the study's resource units; whoever arrives there is complete.
        min_resource: Level of the first rung.
        eta: Reduction factor; one trial in `eta` goes on to the next rung.
        levels: Rung levels by hand in place of `min_resource * eta**k`; the last must be `max_resource`.
    """

    max_resource: int
    min_resource: int = 1
    eta: int = 3
    levels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        check_levels(self.min_resource, self.max_resource, self.eta)
        if self.levels is not None:
            check_given_levels(self.levels)
            if self.levels[-1] != self.max_resource:
                raise SpecError(
                    f"the last of levels must be max_resource, got {list(self.levels)} and {self.max_resource}."
                )

    def rung_levels(self) -> tuple[int, ...]:
        """The levels of the rungs, lowest first."""
        return self.levels or levels(self.min_resource, self.max_resource, self.eta)


class RankedOptions(RungOptions, frozen=True):
    """Where trials are judged, and by what with several objectives.

    Attributes:
        ranking: How trials are ranked by several objectives; None: by `EpsilonNet()`.
    """

    ranking: AnyRanking | None = None


class PromotionOptions(RankedOptions, frozen=True, kw_only=True):
    """The same, of a scheduler that promotes trials at rest.

    Attributes:
        preempt: Seconds for which a promotion may have to wait for a worker; if it will be more, a job to a lower level
            is interrupted for it, see `rung.schedulers.preempt`. None: nobody is interrupted.
    """

    preempt: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_preempt(self.preempt)


def check_preempt(value: object) -> None:
    """Raise unless `value` is None, or seconds that a promotion waits."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SpecError(
            "preempt is for how many seconds a promotion may have to wait for a worker before a running job yields to "
            f"it, above 0, got {value!r}. Leave it out if nobody is to be interrupted."
        )


def ladder_of(options: RankedOptions, given: tuple[int, ...], objectives: Objectives, seed: int) -> Ladder:
    """Empty rungs at some levels, on which trials are compared by all objectives."""
    order = order_of(options.ranking, objectives, seed)
    if order is None:
        return Ladder.of(given, options.eta)
    return RankedLadder.ranked_by(order, given, options.eta, len(objectives))


def check_one_objective(name: str, objectives: Objectives) -> None:
    """Raise unless there is just one objective to rank trials by."""
    if len(objectives) != 1:
        raise SpecError(
            f"{name} ranks trials by one objective, got {[goal.metric for goal in objectives]}. "
            "Name one of them and report the others as plain metrics, or use ASHA, which ranks by several."
        )


def check_confidence(value: object) -> None:
    """Raise unless `value` is a confidence, above 0.5 and below 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.5 < value < 1:
        raise SpecError(f"confidence must be above 0.5 and below 1, got {value!r}. Use 0.95.")
