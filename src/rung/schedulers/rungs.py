"""Rungs whose size is not known beforehand, and the ladder that they form; for the asynchronous halving schedulers."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from heapq import heappop, heappush, heappushpop
from typing import Any, Protocol, Self

import msgspec

from rung.core.constraint import is_feasible
from rung.core.decision import Advance, Ask, Finished, New, Wait
from rung.core.objective import Losses
from rung.core.why import Why

Key = Any  # what trials of a rung are compared by: a loss, or all losses where there are several


def at_rest(running: bool, ask: Ask) -> Wait | Finished:
    """The answer where nothing can start; `running` says whether something is on the way."""
    if running:
        return Wait(Why("all busy"))
    return Finished(Why("budget" if ask.may_create else "done"))


class Comparing(Protocol):
    """What a ladder needs of its rungs."""

    level: int

    def arrive(self, loss: Key, trial: int) -> int | None:
        """A trial has a result at this level; returns the one that it has pushed out of the best, if that is told."""
        ...

    @property
    def keep(self) -> int:
        """How many of those arrived so far may go on."""
        ...

    def keeps(self, loss: Key, trial: int) -> bool:
        """Whether a trial that has arrived is among them."""
        ...

    def judge(self, rule: str) -> Why:
        """A rule applied to the trials that have arrived."""
        ...

    def judge_one(self, rule: str, loss: Key, trial: int) -> Why:
        """The same, with the place of one of them."""
        ...


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
        rank = bisect_left(self._sorted, (loss, trial)) + 1
        by = None if is_feasible(loss) or loss == math.inf else "what it breaks of the constraints"
        return msgspec.structs.replace(self.judge(rule), rank=rank, by=by)


class Ladder:
    """The rungs, who stands on which, and who is on the way (running, or owed a job).

    New trials begin at rung `lowest`; those below it are given up.
    """

    worst: Key = math.inf
    """Who has failed arrives with it."""

    def __init__(self, rungs: Sequence[Comparing]) -> None:
        self.rungs = rungs
        self.lowest = 0
        self.running: set[int] = set()
        self.place: dict[int, tuple[int, Key]] = {}  # trial: index of its highest rung, its loss there

    @classmethod
    def of(cls, levels: Sequence[int], eta: int) -> Self:
        """Empty rungs at these levels."""
        return cls([Rung(level, eta) for level in levels])

    @property
    def levels(self) -> list[int]:
        """The levels at which trials are judged now."""
        return [rung.level for rung in self.rungs[self.lowest :]]

    def key(self, losses: Losses) -> Key:
        """What trials are compared by."""
        return losses[0]

    def arrive(self, trial: int, resource: int, loss: Key) -> int | None:
        """A trial is at rest at a resource, or has failed (with `worst`) on its way there.

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

    def new(self, ask: Ask, bracket: int = 0) -> New | None:
        """A new trial at the lowest rung, if one is allowed and the budget covers it."""
        level = self.rungs[self.lowest].level
        return New(level, Why("new"), bracket=bracket) if ask.may_create and level <= ask.room else None

    def advance(self, trial: int, rule: str) -> Advance:
        """The decision that takes a trial to the next rung."""
        index, _ = self.place[trial]
        return Advance(trial, self.rungs[index + 1].level, self.judge(trial, rule))

    def judge(self, trial: int, rule: str) -> Why:
        """A rule applied to a trial and those that it is compared with."""
        return self.rungs[self.place[trial][0]].judge(rule)

    def fits(self, trial: int, ask: Ask) -> bool:
        """Whether what is left of the budget covers the way of a trial to the next rung."""
        return self.rungs[self.place[trial][0] + 1].level - ask.starts_at(trial) <= ask.room

    def is_complete(self, trial: int) -> bool:
        """Whether a trial has arrived at the last rung."""
        return trial in self.place and self.place[trial][0] == len(self.rungs) - 1

    def why(self, trial: int, rule: str) -> Why:
        """Why a trial rests on its rung."""
        if trial not in self.place:  # it came to rest under other levels
            return Why("below its rung", resource=self.rungs[self.lowest].level)
        index, loss = self.place[trial]
        rung = self.rungs[index]
        if self.is_complete(trial):
            return Why("complete", resource=rung.level)
        return rung.judge_one(rule, loss, trial)
