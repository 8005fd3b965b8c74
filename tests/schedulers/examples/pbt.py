"""Asynchronous population-based training: a trial in the bottom quarter gives way to a perturbed child of a top one.

Reference:
    Jaderberg et al., Population Based Training of Neural Networks, 2017, section 4.1 (truncation selection).
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
    NewSpace,
    RestingStatus,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.objective import Objectives
from rung.core.space import Config, Space
from rung.core.why import Why


class PBT(msgspec.Struct, frozen=True, tag="test-pbt", tag_field="type"):
    """Options; a quarter of the population is replaced by children of another quarter."""

    max_resource: int
    population: int = 4
    interval: int = 3

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LivePBT":
        """A live scheduler."""
        return LivePBT(self, space)


class LivePBT:
    def __init__(self, spec: PBT, space: Space) -> None:
        self._spec, self._space = spec, space
        self._n_roots = 0
        self._at: dict[int, tuple[int, float]] = {}  # living: resource and loss of the last arrival
        self._resting: dict[int, None] = {}  # in the order of arrival, not judged yet
        self._running: set[int] = set()

    def decide(self, ask: Ask) -> Decision:
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._resting:
            if (decision := self._judge(trial, ask)) is not None:
                return decision
        if ask.may_create and self._n_roots < self._spec.population and self._next(0) <= ask.room:
            return New(self._next(0), Why("new"), save=True)
        return Wait(Why("all busy")) if self._running else Finished(Why("done"))

    def _next(self, resource: int) -> int:
        return min(resource + self._spec.interval, self._spec.max_resource)

    def _judge(self, trial: int, ask: Ask) -> New | Advance | None:
        """Exploit and explore if it is among the worst quarter, else go on."""
        ranked = sorted(self._at, key=lambda other: (self._at[other][1], other))
        quarter = max(1, len(ranked) // 4)
        if trial in ranked[quarter:][-quarter:]:
            rng = ask.rng("exploit", trial)
            parent = ranked[int(rng.integers(quarter))]
            start = ask.child_starts_at(parent)
            fits = 0 < start < self._spec.max_resource and self._next(start) - start <= ask.room
            before = ask.history.completed[parent]
            if fits and self._space.contains(before):
                config = self._perturb(before, ask)
                why = Why("exploited", rank=ranked.index(trial) + 1, of=len(ranked), trial=parent)
                return New(self._next(start), why, config, parent=parent, ends=trial, save=True)
        target = self._next(self._at[trial][0])
        fits = target - ask.starts_at(trial) <= ask.room
        return Advance(trial, target, Why("goes on"), save=True) if fits else None

    def _perturb(self, config: Config, ask: Ask) -> Config:
        point = self._space.encode([config])[0]
        shift = ask.rng("explore", len(ask.history.configs)).uniform(-0.2, 0.2, len(point))
        return self._space.decode((point + shift).clip(0, 1)[None])[0]

    def apply(self, fact: Fact) -> Sequence[int]:
        match fact:
            case TrialCreated(parent=parent):
                self._n_roots += parent is None
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._resting.pop(trial, None)
            case Arrived(trial=trial, resource=resource, losses=losses):
                self._running.discard(trial)
                self._at[trial] = resource, losses[0]
                if resource < self._spec.max_resource:
                    self._resting[trial] = None
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._running.discard(trial)
                self._resting.pop(trial, None)
                self._at.pop(trial, None)
            case NewSpace(space=space):
                self._space = space
            case _:
                pass
        return ()

    def status(self, trial: int) -> RestingStatus:
        return "paused" if trial in self._resting else "complete"

    def why(self, trial: int) -> Why:
        return Why(self.status(trial), resource=self._at[trial][0])
