"""ASHA, asynchronous successive halving, in the two variants that are in use.

`ASHA` is the promotion variant of the paper: a trial pauses at each rung, and whenever a worker is free the best
paused trial among the top `1/eta` of its rung is promoted, from the highest rung that has one. `StoppingASHA` decides
once, when a trial arrives: it goes on if it is among the top `1/eta` of those that have arrived by then, else it is
stopped. Promotion never spends more on a bad trial than its rung; stopping needs no checkpoints.

Neither waits: every decision follows from what has arrived so far. Each costs O(log n) in the number of trials n.

References:
    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, Algorithm 2 (promotion).
    Klein et al., Model-based Asynchronous Hyperparameter and Neural Architecture Search, 2020, section 3.1 (stopping).
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush, heappushpop

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
    MinResourceRaised,
    New,
    RestingStatus,
    Stop,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.resource import check_given_levels, check_levels, levels
from rung.core.space import Space
from rung.core.why import Why


class _Options(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    """What both variants are told.

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

    def rungs(self) -> "list[Rung]":
        """Empty rungs, lowest first."""
        given = self.levels or levels(self.min_resource, self.max_resource, self.eta)
        return [Rung(level, self.eta) for level in given]


class ASHA(_Options, frozen=True, tag="asha"):
    """Asynchronous successive halving that pauses trials and promotes the best of them."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveASHA":
        """A live scheduler at the beginning of a study."""
        _one_objective("ASHA", objectives)
        return LiveASHA(self.rungs())


class StoppingASHA(_Options, frozen=True, tag="stopping-asha"):
    """Asynchronous successive halving that lets a trial go on or stops it, once, when it arrives at a rung."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveStoppingASHA":
        """A live scheduler at the beginning of a study."""
        _one_objective("StoppingASHA", objectives)
        return LiveStoppingASHA(self.rungs())


class Rung:
    """The trials that have arrived at one level; a failed one arrives with an infinite loss.

    Ties are broken by trial number. All and only the best `n // eta` are in `_best`, negated, the worst of them at
    its head; the others are in `_rest`, the best of them at its head.
    """

    __slots__ = ("_best", "_rest", "_sorted", "eta", "level")

    def __init__(self, level: int, eta: int) -> None:
        self.level = level
        self.eta = eta
        self._best: list[tuple[float, int]] = []
        self._rest: list[tuple[float, int]] = []
        self._sorted: list[
            tuple[float, int]
        ] = []  # memo of all that had arrived when a place was last asked for

    @property
    def keep(self) -> int:
        """How many of those arrived so far may go on."""
        return len(self._best)

    def arrive(self, loss: float, trial: int) -> int | None:
        """A trial has a result at this level; returns the one that it has pushed out of the best. O(log n)."""
        pushed_out = (-loss, -trial)
        if self._best:
            pushed_out = heappushpop(self._best, pushed_out)
        heappush(self._rest, (-pushed_out[0], -pushed_out[1]))
        if (len(self._best) + len(self._rest)) % self.eta == 0:
            best = heappop(self._rest)
            heappush(self._best, (-best[0], -best[1]))
            if best[1] == -pushed_out[1]:
                return None
        return None if pushed_out[1] == -trial else -pushed_out[1]

    def keeps(self, loss: float, trial: int) -> bool:
        """Whether a trial that has arrived is among the best `keep`. O(1)."""
        return bool(self._best) and (-loss, -trial) >= self._best[0]

    def judge(self, rule: str) -> Why:
        """A rule applied to the trials that have arrived."""
        return Why(rule, resource=self.level, of=len(self._best) + len(self._rest), keep=self.keep)

    def judge_one(self, rule: str, loss: float, trial: int) -> Why:
        """The same, with the place of one of them, 1 is best. O(n log n) after an arrival, then O(log n)."""
        if len(self._sorted) < len(self._best) + len(self._rest):
            self._sorted = sorted([*((-loss, -trial) for loss, trial in self._best), *self._rest])
        return msgspec.structs.replace(self.judge(rule), rank=bisect_left(self._sorted, (loss, trial)) + 1)


class Ladder:
    """The rungs, who stands on which, and who is on the way (running, or owed a job).

    New trials begin at rung `lowest`; those below it are given up.
    """

    def __init__(self, rungs: list[Rung]) -> None:
        self.rungs = rungs
        self.lowest = 0
        self.running: set[int] = set()
        self.place: dict[int, tuple[int, float]] = {}  # trial: index of its highest rung, its loss there

    @property
    def levels(self) -> list[int]:
        """The levels at which trials are judged now."""
        return [rung.level for rung in self.rungs[self.lowest :]]

    def arrive(self, trial: int, resource: int, loss: float) -> int | None:
        """A trial is at rest at a resource, or has failed (loss inf) on its way there.

        Returns:
            The trial that is not among the best of its rung any more, if it was until now.
        """
        self.running.discard(trial)
        passed = None
        index = self.place[trial][0] + 1 if trial in self.place else self._first(resource)
        # more than one rung at once only where the levels were changed in the middle of the study
        while index < len(self.rungs) and self.rungs[index].level <= resource:
            passed = self.rungs[index].arrive(loss, trial)
            self.place[trial] = (index, loss)
            index += 1
        return passed

    def _first(self, resource: int) -> int:
        """The rung of a new trial; a lower one only for those that were on their way to it."""
        return self.lowest if self.rungs[self.lowest].level <= resource else 0

    def raise_lowest(self, resource: int) -> None:
        """Give up the rungs below a level."""
        while self.rungs[self.lowest].level < resource:
            self.lowest += 1

    def create(self, ask: Ask) -> Decision:
        """A new trial at the lowest rung, if one is allowed."""
        level = self.rungs[self.lowest].level
        if ask.may_create and level <= ask.room:
            return New(level, Why("new"))
        if self.running:
            return Wait(Why("all busy"))
        return Finished(Why("budget" if ask.may_create else "done"))

    def advance(self, trial: int, rule: str) -> Advance:
        """The decision that takes a trial to the next rung."""
        index, _ = self.place[trial]
        return Advance(trial, self.rungs[index + 1].level, self.rungs[index].judge(rule))

    def fits(self, trial: int, ask: Ask) -> bool:
        """Whether what is left of the budget covers the way of a trial to the next rung."""
        return self.rungs[self.place[trial][0] + 1].level - ask.starts_at(trial) <= ask.room

    def is_complete(self, trial: int) -> bool:
        """Whether a trial has arrived at the last rung."""
        return trial in self.place and self.place[trial][0] == len(self.rungs) - 1

    def why(self, trial: int, rule: str) -> Why:
        """Why a trial rests on its rung."""
        index, loss = self.place[trial]
        rung = self.rungs[index]
        if self.is_complete(trial):
            return Why("complete", resource=rung.level)
        return rung.judge_one(rule, loss, trial)


class LiveASHA:
    """State of the promotion variant: besides the ladder, the paused trials of each rung, best first."""

    def __init__(self, rungs: list[Rung]) -> None:
        self._ladder = Ladder(rungs)
        self._paused: list[list[tuple[float, int]]] = [[] for _ in rungs]  # heaps; their heads are paused
        self._over: set[int] = set()

    def decide(self, ask: Ask) -> Decision:
        """Promote from the highest rung that has a promotable trial, else create one."""
        if not ask.slots:
            return Wait(Why("all busy"))
        for index in range(len(self._paused) - 2, -1, -1):
            if (trial := self._promotable(index)) is not None and self._ladder.fits(trial, ask):
                return self._ladder.advance(trial, "promoted")
        return self._ladder.create(ask)

    def _promotable(self, index: int) -> int | None:
        paused, rung = self._paused[index], self._ladder.rungs[index]
        if not paused:
            return None
        loss, trial = paused[0]
        return trial if rung.keeps(loss, trial) else None

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over."""
        ladder = self._ladder
        match fact:
            case Arrived(trial=trial, resource=resource, losses=losses):
                passed = ladder.arrive(trial, resource, losses[0])
                self._pause(trial)
                return () if passed is None else (passed,)
            case Yielded(trial=trial):
                ladder.running.discard(trial)
                self._pause(trial)
            case JobGranted(trial=trial):
                ladder.running.add(trial)
                self._clean(trial)
            case Failed(trial=trial, target=target):
                ladder.arrive(trial, target, math.inf)
            case MinResourceRaised(resource=resource):
                ladder.raise_lowest(resource)
            case TrialStopped(trial=trial):
                ladder.running.discard(trial)
                self._over.add(trial)
                self._clean(trial)
            case _:
                pass
        return ()

    def _pause(self, trial: int) -> None:
        if trial in self._ladder.place:
            index, loss = self._ladder.place[trial]
            heappush(self._paused[index], (loss, trial))

    def _clean(self, trial: int) -> None:
        """Take from the head of a trial's heap whoever is not paused there any more."""
        if trial not in self._ladder.place:
            return
        index = self._ladder.place[trial][0]
        paused = self._paused[index]
        while paused and not self._is_paused(paused[0][1], index):
            heappop(paused)

    def _is_paused(self, trial: int, index: int) -> bool:
        ladder = self._ladder
        return ladder.place[trial][0] == index and trial not in ladder.running and trial not in self._over

    @property
    def levels(self) -> list[int]:
        """The levels of its rungs."""
        return self._ladder.levels

    def passed_over(self, trial: int) -> bool:
        """Whether a paused trial is not among the best of its rung."""
        if trial not in self._ladder.place:
            return False
        index, loss = self._ladder.place[trial]
        return not self._ladder.rungs[index].keeps(loss, trial)

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, else paused: a growing rung may promote it yet."""
        return "complete" if self._ladder.is_complete(trial) else "paused"

    def why(self, trial: int) -> Why:
        """Its place on its rung."""
        return self._ladder.why(trial, "not promoted")


class LiveStoppingASHA:
    """State of the stopping variant: besides the ladder, who has arrived and is not judged yet."""

    def __init__(self, rungs: list[Rung]) -> None:
        self._ladder = Ladder(rungs)
        self._unjudged: dict[int, None] = {}  # in the order of arrival

    def decide(self, ask: Ask) -> Decision:
        """Judge who has arrived, in that order; then create a trial."""
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._unjudged:
            decision = self._verdict(trial)
            if isinstance(decision, Stop) or self._ladder.fits(trial, ask):
                return decision
        return self._ladder.create(ask)

    def _verdict(self, trial: int) -> Advance | Stop:
        index, loss = self._ladder.place[trial]
        rung = self._ladder.rungs[index]
        if not rung.keep:
            return self._ladder.advance(trial, "extended early")
        if rung.keeps(loss, trial):
            return self._ladder.advance(trial, "extended")
        return Stop(trial, rung.judge("stopped"))

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over."""
        ladder = self._ladder
        match fact:
            case Arrived(trial=trial, resource=resource, losses=losses):
                ladder.arrive(trial, resource, losses[0])
                self._rest(trial)
            case Yielded(trial=trial):
                ladder.running.discard(trial)
                self._rest(trial)
            case JobGranted(trial=trial):
                ladder.running.add(trial)
                self._unjudged.pop(trial, None)
            case Failed(trial=trial, target=target):
                ladder.arrive(trial, target, math.inf)
            case MinResourceRaised(resource=resource):
                ladder.raise_lowest(resource)
            case TrialStopped(trial=trial):
                ladder.running.discard(trial)
                self._unjudged.pop(trial, None)
            case _:
                pass
        return ()

    def _rest(self, trial: int) -> None:
        if trial in self._ladder.place and not self._ladder.is_complete(trial):
            self._unjudged[trial] = None

    @property
    def levels(self) -> list[int]:
        """The levels of its rungs."""
        return self._ladder.levels

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who is not good enough is stopped."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, else paused until it is judged."""
        return "complete" if self._ladder.is_complete(trial) else "paused"

    def why(self, trial: int) -> Why:
        """Its place on its rung."""
        return self._ladder.why(trial, "not promoted")


def _one_objective(name: str, objectives: Objectives) -> None:
    if len(objectives) != 1:
        raise SpecError(
            f"{name} ranks trials by one objective, got {[goal.metric for goal in objectives]}. "
            "Name one of them and report the others as plain metrics, or use FIFO()."
        )
