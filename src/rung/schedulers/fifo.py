"""FIFO: each trial runs to `max_resource`, in the order of creation; nothing is ever stopped early."""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Fact,
    Failed,
    Finished,
    JobGranted,
    New,
    RestingStatus,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.objective import Objectives
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.why import Why


class FIFO(msgspec.Struct, frozen=True, tag="fifo", tag_field="type", forbid_unknown_fields=True):
    """Run each trial to the end.

    Attributes:
        max_resource: Where the end is, in the study's resource units.
    """

    max_resource: int = 1

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveFIFO":
        """A live scheduler at the beginning of a study."""
        return LiveFIFO(self.max_resource)


class LiveFIFO:
    """Its state: which trials run, and which are at rest below `max_resource` (after a raised cap)."""

    acts_between_jobs: ClassVar[bool] = False

    def __init__(self, max_resource: int) -> None:
        self._max_resource = max_resource
        self._why = Why("fifo", resource=max_resource)
        self._running: set[int] = set()
        self._unfinished: dict[int, None] = {}  # in the order of arrival

    def decide(self, ask: Ask) -> Decision:
        """Go on with what is unfinished, else a new trial."""
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._unfinished:
            if self._max_resource - ask.starts_at(trial) <= ask.room:
                return Advance(trial, self._max_resource, self._why)
        if ask.may_create:
            return New(self._max_resource, self._why)
        return Wait(Why("all busy")) if self._running else Finished(Why("done"))

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs and who rests."""
        match fact:
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._unfinished.pop(trial, None)
            case Arrived(trial=trial, resource=resource) | Yielded(trial=trial, resource=resource):
                self._running.discard(trial)
                if resource < self._max_resource:
                    self._unfinished[trial] = None
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._running.discard(trial)
                self._unfinished.pop(trial, None)
            case _:
                pass
        return ()

    def status(self, trial: int) -> RestingStatus:
        """Paused below `max_resource`, else complete."""
        return "paused" if trial in self._unfinished else "complete"

    def why(self, trial: int) -> Why:
        """Each trial runs to the end."""
        return self._why if trial in self._unfinished else Why("complete", resource=self._max_resource)
