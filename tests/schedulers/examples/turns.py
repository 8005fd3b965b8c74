"""Taking turns: whoever has had more training than somebody who waits is interrupted. Preemption in miniature.

Freeze-thaw (Swersky et al., Freeze-Thaw Bayesian Optimization, 2014) interrupts and resumes like this, by the forecast
of a model in place of the resource.
"""

from collections.abc import Sequence

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
    Observed,
    RestingStatus,
    TrialStopped,
    Wait,
    Yield,
    Yielded,
    YieldRequested,
)
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why


class Turns(msgspec.Struct, frozen=True, tag="test-turns", tag_field="type"):
    """Options: how far each trial goes, how far ahead it may be, and how many are alive at a time."""

    max_resource: int
    lead: int = 2
    alive: int = 4

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveTurns":
        """A live scheduler."""
        return LiveTurns(self)


class LiveTurns:
    def __init__(self, spec: Turns) -> None:
        self._spec = spec
        self._running: dict[int, int] = {}  # alive: how far it is
        self._resting: dict[int, int] = {}
        self._asked: set[int] = set()  # running, to yield at the next report

    def decide(self, ask: Ask) -> Decision:
        if not ask.slots:
            return self._interruption()
        n_alive = len(self._running) + len(self._resting)
        if ask.may_create and n_alive < self._spec.alive and self._spec.max_resource <= ask.room:
            return New(self._spec.max_resource, Why("new"))
        for trial in sorted(self._resting, key=lambda trial: (self._resting[trial], trial)):
            if self._spec.max_resource - ask.starts_at(trial) <= ask.room:
                return Advance(trial, self._spec.max_resource, Why("its turn"))
        return Wait(Why("all busy")) if self._running else Finished(Why("done"))

    def _interruption(self) -> Yield | Wait:
        behind = min(self._resting.values(), default=self._spec.max_resource)
        for trial, done in self._running.items():
            if trial not in self._asked and done >= behind + self._spec.lead:
                return Yield(trial, Why("taking turns", resource=done))
        return Wait(Why("all busy"))

    def apply(self, fact: Fact) -> Sequence[int]:
        match fact:
            case JobGranted(trial=trial, start=start):
                self._resting.pop(trial, None)
                self._running[trial] = start
            case Observed(trial=trial, resource=resource) if trial in self._running:
                self._running[trial] = resource
            case YieldRequested(trial=trial):
                self._asked.add(trial)
            case Yielded(trial=trial, resource=resource):
                self._leave(trial)
                self._resting[trial] = resource
            case Arrived(trial=trial) | Failed(trial=trial) | TrialStopped(trial=trial):
                self._leave(trial)
                self._resting.pop(trial, None)
            case _:
                pass
        return ()

    def _leave(self, trial: int) -> None:
        self._running.pop(trial, None)
        self._asked.discard(trial)

    def status(self, trial: int) -> RestingStatus:
        return "paused" if trial in self._resting else "complete"

    def why(self, trial: int) -> Why:
        return Why(self.status(trial), resource=self._spec.max_resource)
