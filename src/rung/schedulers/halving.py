"""Synchronous successive halving: a rung is judged when all of it have arrived, and has just the size that was planned.

So that workers do not idle at that barrier, brackets overlap: the next one begins as soon as the first rung of the last
one is full. A failed or stopped trial counts as arrived, worst: a rung never waits for the dead, and a place that they
leave goes to the next best. When no more trials come, the rung that is being filled closes at the size that it has.

Each decision costs O(1), each arrival O(log n) in the number of trials n, spread over the sorting of its rung.

References:
    Jamieson & Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization, AISTATS 2016.
    Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 2018, Algorithm 1,
    lines 5 to 10 (rung sizes in whole numbers).
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import ClassVar

import numpy as np

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Auditable,
    Decision,
    Fact,
    Failed,
    Finished,
    JobGranted,
    MinResourceRaised,
    MoreTrials,
    New,
    NoMoreTrials,
    RestingStatus,
    TrialCreated,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.objective import Losses, Objectives
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.options import PromotionOptions
from rung.schedulers.preempt import preempting
from rung.schedulers.ranking import Order, Places, order_of
from rung.schedulers.rungs import Key


class SuccessiveHalving(PromotionOptions, frozen=True, tag="successive-halving"):
    """Synchronous successive halving, bracket after bracket.

    Attributes:
        size: Trials in the first rung; None: `eta ** (rungs - 1)`, so that one of them arrives at the last.
    """

    size: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size is not None:
            check_count("size", self.size)

    def plans(self, lowest: int = 1) -> "list[Plan]":
        """The one bracket that is run again and again, without the levels below `lowest`."""
        given = [level for level in self.rung_levels() if level >= lowest]
        return [Plan(tuple(given), self.size or self.eta ** (len(given) - 1), self.eta)]

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        return preempting(LiveHalving(self.plans, order_of(self.ranking, objectives, seed)), self.preempt)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bracket is to be.

    Attributes:
        levels: Levels of its rungs, lowest first.
        size: Trials in the first rung.
        eta: Reduction factor.
    """

    levels: tuple[int, ...]
    size: int
    eta: int

    @property
    def sizes(self) -> tuple[int, ...]:
        """Trials in each rung."""
        return tuple(self.size_of(rung) for rung in range(len(self.levels)))

    def size_of(self, rung: int) -> int:
        """`size // eta**rung`, but at least one trial goes to the end."""
        return max(1, self.size // int(self.eta**rung))

    @property
    def units(self) -> int:
        """Units of resource that it takes, where trials go on from one rung to the next."""
        steps = zip(self.levels, (0, *self.levels), self.sizes, strict=False)
        return sum((level - below) * size for level, below, size in steps)


@dataclass(slots=True)
class Bracket:
    """One run of successive halving.

    Attributes:
        number: In the order in which brackets began.
        plan: What it is to be; `size` is cut down when its first rung closes early.
        created: Its trials.
        closed: Whether no more trials come into it.
        rung: Index of its present rung.
        missing: Trials of the present rung that have not arrived there.
        arrived: The others, and the loss with which each has; with several objectives, all its losses.
    """

    number: int
    plan: Plan
    created: int = 0
    closed: bool = False
    rung: int = 0
    missing: set[int] = field(default_factory=set)
    arrived: dict[int, Key] = field(default_factory=dict)

    @property
    def level(self) -> int:
        """Level of the present rung."""
        return self.plan.levels[self.rung]

    @property
    def is_due(self) -> bool:
        """Whether the present rung is to be judged."""
        last = self.rung == len(self.plan.levels) - 1
        return self.closed and not self.missing and bool(self.arrived) and not last

    @property
    def keep(self) -> int:
        """How many the next rung takes."""
        plan = self.plan
        return Plan(plan.levels, min(plan.size, self.created), plan.eta).size_of(self.rung + 1)


class LiveHalving:
    """State of overlapping brackets, which are run in turns as `plans` says.

    `plans(lowest)` gives the brackets of a round, without the levels below `lowest`; the one that begins lowest first.
    `order` ranks trials by several objectives; None: there is one.
    """

    acts_between_jobs: ClassVar[bool] = False

    def __init__(self, plans: Callable[[int], Sequence[Plan]], order: Order | None = None) -> None:
        self._plans = plans
        self._order = order
        self._worst: Key = math.inf if order is None else (math.inf,)  # of who has failed
        self._round = plans(1)
        self._next = 0  # place in the round of the bracket that begins next
        self._n_brackets = 0
        self._filling: Bracket | None = None  # the last one, while trials are missing in its first rung
        self._cut: Bracket | None = None  # that one, after it was closed because no more trials come
        self._no_more = False
        self._of: dict[int, Bracket] = {}
        self._at: dict[int, tuple[int, Key]] = {}  # where a trial arrived last, and its loss there
        self._running: set[int] = set()
        self._over: set[int] = set()  # failed or stopped
        self._out: dict[int, Why] = {}  # lost the comparison at their rung
        self._due: dict[int, Why] = {}  # at rest, to go on to the level of their rung
        self._turn: list[tuple[int, Key, int]] = []  # heap of (bracket, loss, trial); its head is due

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """Take on who is due, of the oldest bracket the best; else fill a bracket, or begin one."""
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._in_turn():
            target = self._of[trial].level
            if target - ask.starts_at(trial) <= ask.room:
                return Advance(trial, target, self._due[trial])
        return self._new(ask) or self._nothing(ask)

    def _in_turn(self) -> Iterator[int]:
        if self._turn:
            yield self._turn[0][-1]
            yield from (trial for *_, trial in sorted(self._turn)[1:] if trial in self._due)

    def _new(self, ask: Ask) -> New | None:
        filling = self._filling
        number, plan = (
            (self._n_brackets, self._round[self._next]) if filling is None else (filling.number, filling.plan)
        )
        level = plan.levels[0]
        return New(level, Why("new"), bracket=number) if ask.may_create and level <= ask.room else None

    def _nothing(self, ask: Ask) -> Wait | Finished:
        if self._running:
            return Wait(Why("barrier", of=len(self._running)))
        return Finished(Why("budget" if ask.may_create or self._due else "done"))

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over; judge the rungs that are complete."""
        match fact:
            case TrialCreated(trial=trial):
                self._enter(trial)
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._take(trial)
            case Arrived(trial=trial, resource=resource, losses=losses):
                self._at[trial] = resource, self._key(losses)
                return self._rest(trial)
            case Yielded(trial=trial):
                return self._rest(trial)
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._over.add(trial)
                self._take(trial)
                return self._rest(trial)
            case NoMoreTrials():
                self._no_more = True
                self._cut = self._filling
                return self._close()
            case MoreTrials():
                self._reopen()
            case MinResourceRaised(resource=resource):
                return self._raise_lowest(resource)
            case _:
                pass
        return ()

    def _enter(self, trial: int) -> None:
        """A trial belongs to the bracket that is being filled, whatever it was created for under other options."""
        if self._filling is None:
            self._filling = Bracket(self._n_brackets, self._round[self._next])
            self._n_brackets += 1
            self._next = (self._next + 1) % len(self._round)
        bracket = self._of[trial] = self._filling
        bracket.created += 1
        bracket.missing.add(trial)
        if bracket.created == bracket.plan.size or self._no_more:
            self._close()

    def _close(self) -> Sequence[int]:
        """No more trials come into the bracket that is being filled."""
        bracket, self._filling = self._filling, None
        if bracket is None:
            return ()
        bracket.closed = True
        return self._judge(bracket)

    def _reopen(self) -> None:
        """More trials come, also into the bracket that was cut short, unless it has been judged."""
        bracket, self._cut, self._no_more = self._cut, None, False
        if bracket is not None and bracket.rung == 0 and self._filling is None:
            bracket.closed = False
            self._filling = bracket

    def _raise_lowest(self, resource: int) -> Sequence[int]:
        before, self._round = len(self._round), self._plans(resource)
        self._next = max(0, self._next - (before - len(self._round)))
        given_up = self._filling is not None and self._filling.plan.levels[0] < resource
        return self._close() if given_up else ()

    def _take(self, trial: int) -> None:
        """A trial is not due any more."""
        self._due.pop(trial, None)
        while self._turn and self._turn[0][-1] not in self._due:
            heappop(self._turn)

    def _rest(self, trial: int) -> Sequence[int]:
        """A trial is at rest, or over; returns those that lose a comparison by it."""
        self._running.discard(trial)
        bracket = self._of[trial]
        if trial not in bracket.missing:
            return ()
        if trial in self._over:
            bracket.missing.discard(trial)
            bracket.arrived[trial] = self._worst
        else:
            self._place(trial, bracket, Why("below its rung", resource=bracket.level))
        return self._judge(bracket)

    def _place(self, trial: int, bracket: Bracket, why: Why) -> None:
        """Note a trial of the present rung as arrived there, or as due to go on, or as running."""
        resource, loss = self._at.get(trial, (0, self._worst))
        if resource >= bracket.level:  # also where it went further under other options
            bracket.missing.discard(trial)
            bracket.arrived[trial] = loss
            return
        bracket.missing.add(trial)
        if trial not in self._running:
            self._due[trial] = why
            heappush(self._turn, (bracket.number, loss, trial))

    def _judge(self, bracket: Bracket) -> list[int]:
        """Close the present rung once all have arrived; returns who is out."""
        out: list[int] = []
        while bracket.is_due:
            ranked, keep, level = self._ranked(bracket), bracket.keep, bracket.level
            chosen = [trial for loss, trial, _ in ranked if loss != self._worst][:keep]
            bracket.rung += 1
            bracket.arrived = {}
            lost = set(chosen)
            for rank, (_, trial, by) in enumerate(ranked, 1):
                if trial not in lost:
                    out.append(trial)
                    self._out[trial] = Why(
                        "not promoted", resource=level, rank=rank, of=len(ranked), keep=keep, by=by
                    )
                else:
                    self._place(
                        trial, bracket, Why("promoted", resource=level, of=len(ranked), keep=keep, by=by)
                    )
        return out

    def _ranked(self, bracket: Bracket) -> list[tuple[Key, int, str | None]]:
        """What each of the present rung is compared by, the trial, and in words by what; best first."""
        over = self._over
        arrived = {t: self._worst if t in over else loss for t, loss in bracket.arrived.items()}
        if self._order is None:
            return [(loss, trial, None) for loss, trial in sorted((loss, t) for t, loss in arrived.items())]
        places = Places(self._order, np.array(list(arrived)), np.array(list(arrived.values())))
        return [(arrived[trial], trial, places.words(trial)) for trial in places.in_order()]

    def _key(self, losses: Losses) -> Key:
        """What trials are compared by."""
        if self._order is None:
            return losses[0]
        self._worst = (math.inf,) * len(losses)
        return losses

    # Standing

    @property
    def levels(self) -> list[int]:
        """The levels of the brackets that may begin now."""
        return sorted({level for plan in self._round for level in plan.levels})

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who was ranked too low is out for good."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Complete on the last rung, stopped after a lost comparison, else paused at a barrier."""
        if self._at.get(trial, (0, None))[0] >= self._of[trial].plan.levels[-1]:
            return "complete"
        return "stopped" if trial in self._out else "paused"

    def why(self, trial: int) -> Why:
        """The comparison that it has won or lost, or for whom its rung waits."""
        bracket, status = self._of[trial], self.status(trial)
        if status == "complete":
            return Why("complete", resource=bracket.plan.levels[-1])
        found = self._out.get(trial) or self._due.get(trial)
        if found is not None:
            return found
        absent = len(bracket.missing) + (0 if bracket.closed else bracket.plan.size - bracket.created)
        return Why("at the barrier", resource=bracket.level, of=absent)
