"""Synchronous successive halving in overlapping brackets, as Hyperband starts them one after the other.

A bracket's rung is judged when all of it have arrived, failed or been stopped. So that workers do not idle at that
barrier, the next bracket begins as soon as the first rung of the last one is full.

Reference:
    Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 2018, Algorithm 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

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
    NoMoreTrials,
    RestingStatus,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why


class SyncHyperband(msgspec.Struct, frozen=True, tag="test-hyperband", tag_field="type"):
    """Options, named as in ASHA."""

    max_resource: int
    eta: int = 3

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveSyncHyperband":
        """A live scheduler."""
        return LiveSyncHyperband(self.max_resource, self.eta)


@dataclass
class Bracket:
    """One run of successive halving; all but `created` and `size` speak of its present rung."""

    levels: list[int]
    size: int
    eta: int
    created: int = 0
    rung: int = 0
    due: dict[int, Why] = field(default_factory=dict)  # promoted to this rung, not on the way yet
    on_way: set[int] = field(default_factory=set)
    arrived: list[tuple[float, int]] = field(default_factory=list)

    def judge(self, over: set[int]) -> list[int]:
        """Close the rung if it is complete; those who are out."""
        if self.created < self.size or self.due or self.on_way or not self.arrived or self.last:
            return []
        ranked, keep = sorted(self.arrived), max(1, len(self.arrived) // self.eta)
        level, self.rung, self.arrived = self.levels[self.rung], self.rung + 1, []
        alive = [(loss, trial) for loss, trial in ranked[:keep] if loss < math.inf and trial not in over]
        why = Why("promoted", resource=level, of=len(ranked), keep=keep)
        self.due = {trial: why for _, trial in alive}
        return [trial for _, trial in ranked if trial not in self.due]

    @property
    def last(self) -> bool:
        return self.rung == len(self.levels) - 1


class LiveSyncHyperband:
    def __init__(self, max_resource: int, eta: int) -> None:
        self._max_resource, self._eta = max_resource, eta
        self._s_max = next(s for s in range(64) if eta ** (s + 1) > max_resource)
        self._brackets: list[Bracket] = []
        self._of: dict[int, Bracket] = {}
        self._out: set[int] = set()  # lost the comparison at their rung
        self._over: set[int] = set()  # failed or stopped

    def _fresh(self, number: int) -> Bracket:
        s = self._s_max - number % (self._s_max + 1)
        size = math.ceil((self._s_max + 1) / (s + 1) * self._eta**s)
        return Bracket([self._max_resource // self._eta**k for k in range(s, -1, -1)], size, self._eta)

    def decide(self, ask: Ask) -> Decision:
        if not ask.slots:
            return Wait(Why("all busy"))
        for bracket in self._brackets:
            for trial, why in bracket.due.items():
                if bracket.levels[bracket.rung] - ask.starts_at(trial) <= ask.room:
                    return Advance(trial, bracket.levels[bracket.rung], why)
        number = len(self._brackets) - bool(
            self._brackets and self._brackets[-1].created < self._brackets[-1].size
        )
        first = (self._brackets[number : number + 1] or [self._fresh(number)])[0].levels[0]
        if ask.may_create and first <= ask.room:
            return New(first, Why("new"), bracket=number)
        n_running = sum(len(bracket.on_way) for bracket in self._brackets)
        return Wait(Why("barrier", of=n_running)) if n_running else Finished(Why("done"))

    def apply(self, fact: Fact) -> Sequence[int]:
        match fact:
            case TrialCreated(trial=trial, bracket=number):
                if number == len(self._brackets):
                    self._brackets.append(self._fresh(number))
                self._of[trial] = self._brackets[number]
                self._of[trial].created += 1
            case JobGranted(trial=trial):
                self._of[trial].due.pop(trial, None)
                self._of[trial].on_way.add(trial)
            case Arrived(trial=trial, losses=losses):
                return self._arrive(trial, losses[0])
            case Failed(trial=trial):
                self._over.add(trial)
                return self._arrive(trial, math.inf)
            case TrialStopped(trial=trial):
                self._over.add(trial)
                self._of[trial].due.pop(trial, None)
                self._of[trial].on_way.discard(trial)
                return self._of[trial].judge(self._over)
            case NoMoreTrials() if self._brackets:
                self._brackets[-1].size = self._brackets[-1].created
                return self._judge(self._brackets[-1])
            case _:
                pass
        return ()

    def _arrive(self, trial: int, loss: float) -> Sequence[int]:
        bracket = self._of[trial]
        bracket.on_way.discard(trial)
        bracket.arrived.append((loss, trial))
        return self._judge(bracket)

    def _judge(self, bracket: Bracket) -> Sequence[int]:
        out = bracket.judge(self._over)
        self._out.update(out)
        return out

    def status(self, trial: int) -> RestingStatus:
        if trial in self._out:
            return "stopped"
        bracket = self._of[trial]
        return "complete" if bracket.last and trial not in bracket.due else "paused"

    def why(self, trial: int) -> Why:
        bracket, status = self._of[trial], self.status(trial)
        if status == "paused":
            return bracket.due.get(trial) or Why("barrier", of=len(bracket.on_way))
        return (
            Why("complete", resource=self._max_resource) if status == "complete" else Why("not promoted here")
        )
