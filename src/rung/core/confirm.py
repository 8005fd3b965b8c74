"""Confirmations: how a study asks for them, and what a repetition of a leader is; see `rung.core.confirmations`."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from rung.core.decision import New
from rung.core.errors import SpecError
from rung.core.resource import Replicates, Resource, check_count

Kind = Literal["confirm", "neighbour"]
"""What a trial of a confirmation is: a leader once more, or a configuration near the winner."""


class Confirm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The reserve with which a study confirms its best, once the search is over.

    Attributes:
        share: Part of the budget that is kept for it, above 0 and below 1.
        top: How many leaders are trained anew; None: two in three of the trainings that the reserve covers, so that
            the rest repeats the better ones.
        seeds: How often each is trained, if it does not fall clearly behind; None: once, then always the better half
            once more.
    """

    share: float = 0.1
    top: int | None = None
    seeds: int | None = None

    def __post_init__(self) -> None:
        share = self.share
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
            raise SpecError(
                f"the share of the budget that confirms lies between 0 and 1, such as 0.1; got {share!r}."
            )
        for name, value in (("top", self.top), ("seeds", self.seeds)):
            if value is not None:
                check_count(f"confirm's {name}", value)


@dataclass(slots=True, frozen=True)
class Repetition:
    """That a trial is no trial of the search: it confirms another one.

    Attributes:
        leader: The trial that it confirms.
        number: From 1; the same number has the same seed, or the same fresh instances, for all leaders.
        kind: Whether it has the leader's configuration or one near it.
    """

    leader: int
    number: int
    kind: Kind = "confirm"


class Repeat(New, frozen=True, kw_only=True, gc=False):
    """Create a trial that confirms another one.

    Attributes:
        repetition: Of which trial, and the how manieth.
        start: Resource at which its training begins.
    """

    repetition: Repetition
    start: int


def span(resource: Resource, full: int, number: int) -> tuple[int, int]:
    """From where to where a repetition trains: all of it anew, or as many instances beyond those of the search.

    Folds are all that there are, so they are trained again, with another seed.

    Args:
        resource: What a unit of training is.
        full: How far a trial of the search is trained at most.
        number: Of the repetition, from 1.
    """
    fresh = isinstance(resource, Replicates) and resource.unit != "fold"
    return (number * full, (number + 1) * full) if fresh else (0, full)
