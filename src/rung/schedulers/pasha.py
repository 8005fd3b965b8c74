"""PASHA, progressive ASHA: trials are trained only as far as their order still changes.

It begins with two rungs. Each time a trial arrives at the highest one, the order of its trials is compared with the
order that they had one rung below. If they differ by more than the noise explains, the next rung is opened; else nobody
is trained further. Two trials are in no order if their losses differ by at most epsilon, which is estimated from the
curves themselves: from trials whose curves have crossed more than once.

Promotion is that of `ASHA`. In departure from the paper, equal losses on the highest rung count as in order, failed
trials are left out of the comparison, and epsilon is estimated from the first 200 trials of a rung (19,900 pairs).

A decision costs O(log n) in the number of trials n. An arrival at the highest rung costs O(m) in the m trials there: a
bisection, a move of memory, and a look at the places between those that the trial has on both rungs; plus, for the
first 200, O(their observations).

Reference:
    Bohdal et al., PASHA: Efficient HPO and NAS with Progressive Resource Allocation, ICLR 2023, Algorithm 1; section 4
    (soft ranking, and epsilon).
"""

import math
from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from rung.core.constraint import is_feasible
from rung.core.decision import (
    Arrived,
    Ask,
    Auditable,
    Decision,
    Fact,
    Failed,
    MinResourceRaised,
    Observed,
    RestingStatus,
    TrialStopped,
)
from rung.core.history import Floats
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.asha import LiveASHA
from rung.schedulers.options import RungOptions, check_one_objective, check_preempt
from rung.schedulers.percentile import Percentile
from rung.schedulers.preempt import preempting
from rung.schedulers.rungs import Ladder

PERCENT = 90  # of the differences that are noise are at most epsilon (section 4)
MOST = 200

Flags = npt.NDArray[np.bool_]
Curve = dict[int, float]
"""Loss at each resource at which a trial was observed, in that order."""


class PASHA(RungOptions, frozen=True, tag="pasha"):
    """ASHA whose highest rung is opened only while the order of trials still changes.

    Attributes:
        preempt: As in `ASHA`.
    """

    preempt: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_preempt(self.preempt)

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        check_one_objective("PASHA", objectives)
        return preempting(LivePASHA(Ladder.of(self.rung_levels(), self.eta)), self.preempt)


def _feasible(loss: float | None) -> float:
    """A loss, NaN where there is none, or only one that stands for broken constraints: those have no noise."""
    return loss if loss is not None and is_feasible(loss) else math.nan


def criss_crossed(curves: Floats, curve: Floats) -> Flags:
    """Which curves one has crossed more than once: better, then worse, then better at the end, or the other way round.

    Args:
        curves: Losses, shape (n curves, r resources), NaN where not observed; the last resource is the one judged at.
        curve: The one, shape (r,).

    Returns:
        For each of the others whether it has, shape (n,).
    """
    ahead, behind = curve < curves, curve > curves
    return _swapped(ahead, behind) | _swapped(behind, ahead)


def _swapped(same: Flags, other: Flags) -> Flags:
    """Whether an order holds at the last resource, and held before another one did."""
    before = np.logical_or.accumulate(same, axis=1)
    found: Flags = same[:, -1] & np.any(other & before, axis=1)
    return found


class SoftRanking:
    """The trials of the highest rung, in the order there and in that of the rung below.

    Attributes:
        level: Of the highest rung.
        below: Level of the rung below.
        epsilon: Losses that differ by at most this are in no order.
    """

    def __init__(self, below: int, level: int, epsilon: float = 0.0) -> None:
        self.below = below
        self.level = level
        self.epsilon = epsilon
        self._now: list[tuple[float, float, int]] = []  # loss here, loss below, trial
        self._then: list[tuple[float, int]] = []  # loss below, trial
        self._grid: list[int] = []  # resources at which curves are compared
        self._curves = np.empty((0, 0))  # of the first `_n_curves` trials, on that grid
        self._n_curves = 0
        self._noise = Percentile(PERCENT)  # of the differences of those that have criss-crossed

    def arrive(self, trial: int, curve: Mapping[int, float]) -> bool:
        """Take in a trial; returns whether the two orders still agree."""
        loss, before = curve.get(self.level, math.inf), curve.get(self.below, math.inf)
        if not (math.isfinite(loss) and math.isfinite(before)):
            return True
        shrunk = self._estimate(curve)
        here, there = (loss, before, trial), (before, trial)
        low, high = sorted((bisect_left(self._now, here), bisect_left(self._then, there)))
        insort(self._now, here)
        insort(self._then, there)
        return self._agree(0, len(self._now)) if shrunk else self._agree(low, high + 1)

    def _agree(self, low: int, high: int) -> bool:
        """Whether whoever is at a place here was, one rung below, within epsilon of who was at that place there."""
        pairs = zip(self._now[low:high], self._then[low:high], strict=True)
        return all(abs(before - loss) <= self.epsilon for (_, before, _), (loss, _) in pairs)

    def _estimate(self, curve: Mapping[int, float]) -> bool:
        """Estimate epsilon anew with a curve more; returns whether it has become smaller."""
        if not self._grid:
            self._grid = sorted(resource for resource in curve if resource <= self.level)
            self._curves = np.empty((MOST, len(self._grid)))
        if self._n_curves == MOST:
            return False
        others = self._curves[: self._n_curves]
        row = self._curves[self._n_curves] = [_feasible(curve.get(resource)) for resource in self._grid]
        self._n_curves += 1
        before = self.epsilon
        for loss in others[criss_crossed(others, np.array(row)), -1].tolist():
            self._noise.add(abs(loss - row[-1]))
        if self._noise:
            self.epsilon = self._noise.value()
        return self.epsilon < before


class LivePASHA:
    """State: ASHA, the curves of all trials, and the ranking on its highest rung."""

    def __init__(self, ladder: Ladder) -> None:
        self._asha = LiveASHA(ladder)
        self._curves: dict[int, Curve] = {}
        self._ranking = SoftRanking(0, 0)
        self._open(min(1, len(ladder.rungs) - 1))

    @property
    def top(self) -> int:
        """Level of the highest rung that is open."""
        return self._asha.ladder.rungs[self._asha.top].level

    @property
    def epsilon(self) -> float:
        """What losses may differ by, for the trials to be in no order."""
        return self._ranking.epsilon

    def decide(self, ask: Ask) -> Decision:
        """As ASHA, up to the highest open rung."""
        return self._asha.decide(ask)

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn as ASHA does; open a rung when the order on the highest one has changed."""
        changed = self._asha.apply(fact)
        match fact:
            case Observed(trial=trial, resource=resource, losses=losses):
                self._curves.setdefault(trial, {})[resource] = losses[0]
            case Arrived(trial=trial):
                return [*changed, *self._compare(trial)]
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._curves.pop(trial, None)
            case MinResourceRaised():
                return [*changed, *self._open_to(self._asha.ladder.lowest + 1)]
            case _:
                pass
        return changed

    def _compare(self, trial: int) -> Sequence[int]:
        """A trial is at rest; returns those whose standing changes as a rung is opened."""
        place = self._asha.ladder.place.get(trial)
        if place is None or place[0] < self._asha.top or self._asha.top == len(self._asha.ladder.rungs) - 1:
            return ()
        if place[0] > self._asha.top:  # it went further under other options
            return self._open_to(place[0])
        if self._ranking.arrive(trial, self._curves.get(trial, {})):
            return ()
        return self._open_to(self._asha.top + 1)

    def _open_to(self, index: int) -> Sequence[int]:
        """Open the rungs up to one; returns who rests on what was the highest and may be ranked too low now."""
        before = self._asha.top
        if (index := min(index, len(self._asha.ladder.rungs) - 1)) <= before:
            return ()
        self._open(index)
        return [trial for trial, (place, _) in self._asha.ladder.place.items() if before <= place < index]

    def _open(self, index: int) -> None:
        self._asha.top = index
        below = self._asha.ladder.rungs[max(0, index - 1)].level
        self._ranking = SoftRanking(below, self.top, self._ranking.epsilon)
        for trial in self._on(index):
            self._ranking.arrive(trial, self._curves.get(trial, {}))

    def _on(self, index: int) -> Iterable[int]:
        return [trial for trial, (place, _) in self._asha.ladder.place.items() if place == index]

    # Standing

    @property
    def levels(self) -> list[int]:
        """The levels of all rungs, also of those that are not open: at the last one a trial is complete."""
        return self._asha.levels

    def passed_over(self, trial: int) -> bool:
        """Whether a paused trial is not among the best of its rung; nobody is on the highest open one."""
        place = self._asha.ladder.place.get(trial)
        return place is not None and place[0] < self._asha.top and self._asha.passed_over(trial)

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, else paused: a rung may be opened or may grow."""
        return self._asha.status(trial)

    def why(self, trial: int) -> Why:
        """Its place on its rung, or that the rung above is not open."""
        place = self._asha.ladder.place.get(trial)
        if place is not None and place[0] == self._asha.top and self.status(trial) == "paused":
            return Why("highest so far", resource=self.top)
        return self._asha.why(trial)
