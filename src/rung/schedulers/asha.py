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

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import ClassVar

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Auditable,
    Decision,
    Fact,
    Failed,
    JobGranted,
    MinResourceRaised,
    RestingStatus,
    Stop,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.options import PromotionOptions, RankedOptions, ladder_of
from rung.schedulers.preempt import preempting
from rung.schedulers.ranked import RankedLadder, RankedRung
from rung.schedulers.rungs import Ladder, at_rest


class ASHA(PromotionOptions, frozen=True, tag="asha"):
    """Asynchronous successive halving that pauses trials and promotes the best of them."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        return preempting(live_asha(ladder_of(self, self.rung_levels(), objectives, seed)), self.preempt)


class StoppingASHA(RankedOptions, frozen=True, tag="stopping-asha"):
    """Asynchronous successive halving that lets a trial go on or stops it, once, when it arrives at a rung."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveStoppingASHA":
        """A live scheduler at the beginning of a study."""
        return LiveStoppingASHA(ladder_of(self, self.rung_levels(), objectives, seed))


def live_asha(ladder: Ladder) -> "LiveASHA":
    """The promotion variant on some rungs."""
    return LiveRankedASHA(ladder) if isinstance(ladder, RankedLadder) else LiveASHA(ladder)


class LiveASHA:
    """State of the promotion variant: besides the ladder, the paused trials of each rung, best first.

    Attributes:
        ladder: The rungs, and who stands on which.
        top: Index of the highest rung to which trials are promoted.
    """

    acts_between_jobs: ClassVar[bool] = False

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self.top = len(ladder.rungs) - 1
        self._paused: list[list[tuple[float, int]]] = [
            [] for _ in ladder.rungs
        ]  # heaps; their heads are paused
        self._over: set[int] = set()

    def decide(self, ask: Ask) -> Decision:
        """Promote from the highest rung that has a promotable trial, else create one."""
        if not ask.slots:
            return Wait(Why("all busy"))
        return self.go_on(ask) or self.ladder.new(ask) or at_rest(bool(self.ladder.running), ask)

    def go_on(self, ask: Ask) -> Advance | None:
        """The promotion that is due, if there is one that the budget covers."""
        for index in range(self.top - 1, -1, -1):
            if (trial := self._promotable(index)) is not None and self.ladder.fits(trial, ask):
                return self.ladder.advance(trial, "promoted")
        return None

    @property
    def has_due(self) -> bool:
        """Whether somebody is due to go on, if the budget covers it."""
        return any(self._promotable(index) is not None for index in range(self.top))

    def _promotable(self, index: int) -> int | None:
        paused, rung = self._paused[index], self.ladder.rungs[index]
        if not paused:
            return None
        loss, trial = paused[0]
        return trial if rung.keeps(loss, trial) else None

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over."""
        ladder = self.ladder
        match fact:
            case Arrived(trial=trial, resource=resource, losses=losses):
                passed = ladder.arrive(trial, resource, ladder.key(losses))
                self._pause(trial)
                return () if passed is None else (passed,)
            case JobGranted(trial=trial):
                ladder.running.add(trial)
                self._clean(trial)
            case Yielded(trial=trial):
                ladder.running.discard(trial)
                self._pause(trial)
            case Failed(trial=trial, target=target):
                ladder.arrive(trial, target, ladder.worst)
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
        if trial in self.ladder.place:
            index, loss = self.ladder.place[trial]
            heappush(self._paused[index], (loss, trial))

    def _clean(self, trial: int) -> None:
        """Take from the head of a trial's heap whoever is not paused there any more."""
        if trial not in self.ladder.place:
            return
        index = self.ladder.place[trial][0]
        paused = self._paused[index]
        while paused and not self._is_paused(paused[0][1], index):
            heappop(paused)

    def _is_paused(self, trial: int, index: int) -> bool:
        ladder = self.ladder
        return ladder.place[trial][0] == index and trial not in ladder.running and trial not in self._over

    @property
    def levels(self) -> list[int]:
        """The levels of its rungs."""
        return self.ladder.levels

    def passed_over(self, trial: int) -> bool:
        """Whether a paused trial is not among the best of its rung."""
        if trial not in self.ladder.place:
            return False
        index, loss = self.ladder.place[trial]
        return not self.ladder.rungs[index].keeps(loss, trial)

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, else paused: a growing rung may promote it yet."""
        return "complete" if self.ladder.is_complete(trial) else "paused"

    def why(self, trial: int) -> Why:
        """Its place on its rung."""
        return self.ladder.why(trial, "not promoted")


class LiveRankedASHA(LiveASHA):
    """The same by several objectives, where each arrival may change who is best; see `RankedRung` for the cost."""

    def __init__(self, ladder: Ladder) -> None:
        super().__init__(ladder)
        self._waiting: list[dict[int, None]] = [{} for _ in ladder.rungs]  # the paused trials of each rung

    def _promotable(self, index: int) -> int | None:
        rung = self.ladder.rungs[index]
        assert isinstance(rung, RankedRung)
        return rung.first(self._waiting[index]) if self._waiting[index] else None

    def _pause(self, trial: int) -> None:
        if trial in self.ladder.place:
            self._waiting[self.ladder.place[trial][0]][trial] = None

    def _clean(self, trial: int) -> None:
        if trial in self.ladder.place:
            self._waiting[self.ladder.place[trial][0]].pop(trial, None)


class LiveStoppingASHA:
    """State of the stopping variant: besides the ladder, who has arrived and is not judged yet."""

    acts_between_jobs: ClassVar[bool] = False

    def __init__(self, ladder: Ladder) -> None:
        self.ladder = ladder
        self._unjudged: dict[int, None] = {}  # in the order of arrival

    def decide(self, ask: Ask) -> Decision:
        """Judge who has arrived, in that order; then create a trial."""
        if not ask.slots:
            return Wait(Why("all busy"))
        return self.go_on(ask) or self.ladder.new(ask) or at_rest(bool(self.ladder.running), ask)

    def go_on(self, ask: Ask) -> Advance | Stop | None:
        """The verdict on the first who has arrived, unless the budget does not cover it."""
        for trial in self._unjudged:
            decision = self._verdict(trial)
            if isinstance(decision, Stop) or self.ladder.fits(trial, ask):
                return decision
        return None

    @property
    def has_due(self) -> bool:
        """Whether somebody is to be judged."""
        return bool(self._unjudged)

    def _verdict(self, trial: int) -> Advance | Stop:
        index, loss = self.ladder.place[trial]
        rung = self.ladder.rungs[index]
        if not rung.keep:
            return self.ladder.advance(trial, "extended early")
        if rung.keeps(loss, trial):
            return self.ladder.advance(trial, "extended")
        return Stop(trial, self.ladder.judge(trial, "stopped"))

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over."""
        ladder = self.ladder
        match fact:
            case Arrived(trial=trial, resource=resource, losses=losses):
                ladder.arrive(trial, resource, ladder.key(losses))
                self._rest(trial)
            case Yielded(trial=trial):
                ladder.running.discard(trial)
                self._rest(trial)
            case JobGranted(trial=trial):
                ladder.running.add(trial)
                self._unjudged.pop(trial, None)
            case Failed(trial=trial, target=target):
                ladder.arrive(trial, target, ladder.worst)
            case MinResourceRaised(resource=resource):
                ladder.raise_lowest(resource)
            case TrialStopped(trial=trial):
                ladder.running.discard(trial)
                self._unjudged.pop(trial, None)
            case _:
                pass
        return ()

    def _rest(self, trial: int) -> None:
        if trial in self.ladder.place and not self.ladder.is_complete(trial):
            self._unjudged[trial] = None

    @property
    def levels(self) -> list[int]:
        """The levels of its rungs."""
        return self.ladder.levels

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who is not good enough is stopped."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, else paused until it is judged."""
        return "complete" if self.ladder.is_complete(trial) else "paused"

    def why(self, trial: int) -> Why:
        """Its place on its rung."""
        return self.ladder.why(trial, "not promoted")
