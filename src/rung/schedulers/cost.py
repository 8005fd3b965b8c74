"""Cost-aware halving: ASHA whose rungs lie at equal cost, in seconds, money or energy, in place of equal steps.

Where configurations differ in what a step costs, rungs at equal steps compare a trial that was cheap with one that was
dear, and give most of the time to the dear ones. Here each trial stands on a rung of cost c with the number of units
that cost it about c. What a unit costs is measured for each trial from its own reports (`rung.schedulers.cost_price`):

- A new trial is trained for one unit, the pilot, and goes on at once to the first rung.
- On a rung of cost c a trial stands at `round(c / its cost of a unit)` units, at least 1, at most `max_resource`.
- Each time a trial rests, its price is known better. Where it turns out to have trained for less than two thirds of
  its rung, as its first steps were slow, it goes on to there before it is judged.
- A trial that was promoted and has trained for the next rung already, as it stands at `max_resource` or as a unit
  costs it more than a rung, moves up as it is. After a single report it is trained for one unit more, as a slow first
  step tells little.

Without a price, where nothing reported a cost, a trial goes on unit by unit.

Ranks and promotion are those of `ASHA`; if a unit costs all trials the same, so are all decisions. In departure
from the paper, the resource is what the user pays for, which the paper leaves open (section 2.1).

A decision costs O(1), an arrival O(log n) in the number of trials n.

Reference:
    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, Algorithm 2.
"""

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import ClassVar, NamedTuple

import msgspec

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Fact,
    Failed,
    JobGranted,
    New,
    Observed,
    RestingStatus,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.resource import check_count, check_levels
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.cost_price import Price, spent
from rung.schedulers.options import check_one_objective
from rung.schedulers.rungs import Rung, at_rest


class CostOptions(
    msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Where trials are judged by what they have cost.

    Attributes:
        max_resource: The most units that any trial is trained for; whoever stands there is complete.
        max_cost: Cost of the last rung; whoever arrives there is complete, too.
        min_cost: Cost of the first rung; None: `max_cost / max_resource`, what a unit costs a trial that reaches
            `max_resource` just at `max_cost`.
        eta: Reduction factor; one trial in `eta` goes on to the next rung.
        cost: "seconds": training time as it is measured; else the name of a metric that each report holds, as what
            was spent since the last one: money, energy.
    """

    max_resource: int
    max_cost: float
    min_cost: float | None = None
    eta: int = 3
    cost: str = "seconds"

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        check_levels(1, self.max_resource, self.eta)
        _check_cost("max_cost", self.max_cost)
        if self.min_cost is not None:
            _check_cost("min_cost", self.min_cost)
            if self.min_cost > self.max_cost:
                raise SpecError(
                    f"min_cost must be at most max_cost, got {self.min_cost} and {self.max_cost}. "
                    "The first rung cannot lie above the last one."
                )
        if not isinstance(self.cost, str) or not self.cost:
            raise SpecError(
                f"cost is 'seconds' or the name of a reported metric such as 'kwh', got {self.cost!r}."
            )

    @property
    def metrics(self) -> tuple[str, ...]:
        """The reported metric that is the cost, if it is one."""
        return () if self.cost == "seconds" else (self.cost,)

    def cost_levels(self) -> tuple[float, ...]:
        """Costs of the rungs, lowest first: `min_cost * eta**k` below `max_cost`, then `max_cost` itself."""
        lowest = self.max_cost / self.max_resource if self.min_cost is None else self.min_cost
        found: list[float] = []
        while (level := lowest * self.eta ** len(found)) < self.max_cost * (
            1 - 1e-9
        ):  # not just below, by rounding
            found.append(level)
        return (*found, float(self.max_cost))


class CostASHA(CostOptions, frozen=True, tag="cost-asha"):
    """Asynchronous successive halving that compares trials at equal cost, pauses them and promotes the best."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveCostASHA":
        """A live scheduler at the beginning of a study."""
        check_one_objective("CostASHA", objectives)
        return LiveCostASHA(self)


def _check_cost(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise SpecError(f"{name} must be a number above 0, in what cost= is counted in, got {value!r}.")


class _Best(NamedTuple):
    """The best trial of a rung; the smaller one is better."""

    loss: float
    trial: int
    resource: int


class LiveCostASHA:
    """State: the rungs, who stands on which, where trials rest, and what a unit costs each of them.

    A trial at rest is in one place: in `_short`, short of its next rung; in a heap of `_paused`, whose head is promoted
    by training; or in a heap of `_ready`, whose head moves up without.

    Attributes:
        costs: Costs of the rungs, lowest first.
        metrics: The reported metric that is the cost, if it is one.
        running: Trials that are on the way: running, or owed a job.
    """

    not_audited: ClassVar[str] = "judges each trial at other resources: leave audit= out, or use ASHA"

    def __init__(self, spec: CostOptions) -> None:
        self.costs = spec.cost_levels()
        self.metrics = spec.metrics
        self.running: set[int] = set()
        self._cost = spec.cost
        self._max_resource = spec.max_resource
        self._rungs = [Rung(number, spec.eta) for number in range(len(self.costs))]
        self._paused: list[list[tuple[float, int]]] = [[] for _ in self.costs]
        self._ready: list[list[tuple[float, int]]] = [[] for _ in self.costs]
        self._best: list[_Best | None] = [None for _ in self.costs]
        self._place: dict[int, tuple[int, float]] = {}  # trial: index of its highest rung, its loss there
        self._at: dict[int, int] = {}  # trial: the resource at which it rests, or began its job
        self._prices: dict[int, Price] = {}
        self._fresh: set[int] = set()  # running, without a report of their job
        self._short: dict[int, None] = {}  # in the order of arrival
        self._over: set[int] = set()

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """Take on who is short of its rung, then promote from the highest rung, else begin a pilot."""
        if not ask.slots:
            return Wait(Why("all busy"))
        return self._take_on(ask) or self._promote(ask) or self._new(ask) or at_rest(bool(self.running), ask)

    def _take_on(self, ask: Ask) -> Advance | None:
        for trial in self._short:
            if self._fits(trial, ask):
                return Advance(trial, self._target(trial), self._why_short(trial))
        return None

    def _promote(self, ask: Ask) -> Advance | None:
        for index in range(len(self._rungs) - 2, -1, -1):
            paused, rung = self._paused[index], self._rungs[index]
            if not paused:
                continue
            loss, trial = paused[0]
            if rung.keeps(loss, trial) and self._fits(trial, ask):
                return Advance(
                    trial, self._target(trial), self._of_cost(rung.judge("promoted at cost"), trial)
                )
        return None

    def _new(self, ask: Ask) -> New | None:
        return New(1, Why("pilot", resource=1)) if ask.may_create and ask.room >= 1 else None

    def _fits(self, trial: int, ask: Ask) -> bool:
        return self._target(trial) - ask.starts_at(trial) <= ask.room

    def _target(self, trial: int) -> int:
        """Where the next job of a trial at rest leads: its next rung, at least one unit further."""
        return max(self._units(trial, self._next(trial)), self._at[trial] + 1)

    def _next(self, trial: int) -> int:
        return self._place[trial][0] + 1 if trial in self._place else 0

    def _units(self, trial: int, index: int) -> int:
        """How many units a trial has trained for when it stands on a rung; one more than now without a price."""
        price = self._price(trial)
        if price is None:
            return min(self._at[trial] + 1, self._max_resource)
        units = self.costs[index] / price if price else math.inf
        return max(1, round(units)) if units < self._max_resource else self._max_resource

    def _price(self, trial: int) -> float | None:
        """What a unit costs a trial; None: nothing tells yet."""
        price = self._prices.get(trial)
        return None if price is None else price.per_unit

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn what units cost, who runs, who rests where, and who is over; returns who has moved up."""
        match fact:
            case Observed():
                self._measure(fact)
            case JobGranted(trial=trial):
                self.running.add(trial)
                self._fresh.add(trial)
                self._leave(trial)
            case Arrived(trial=trial, resource=resource, losses=losses):
                return self._rest(trial, resource, losses[0])
            case Yielded(trial=trial, resource=resource):
                self._end(trial)
                self._at[trial] = resource
                self._short[trial] = None
            case Failed(trial=trial):
                self._end(trial)
                self._over.add(trial)
                return self._enter(trial, self._next(trial), math.inf)
            case TrialStopped(trial=trial):
                self._end(trial)
                self._over.add(trial)
                self._leave(trial)
            case _:
                pass
        return ()

    def _measure(self, fact: Observed) -> None:
        first = fact.trial in self._fresh
        self._fresh.discard(fact.trial)
        cost = spent(fact, self._cost)
        if cost is not None:
            self._prices.setdefault(fact.trial, Price()).add(fact.units, cost, first=first)

    def _end(self, trial: int) -> None:
        self.running.discard(trial)
        self._fresh.discard(trial)

    def _rest(self, trial: int, resource: int, loss: float) -> Sequence[int]:
        """A trial is at rest: on its next rung, or short of it."""
        self._end(trial)
        self._at[trial] = resource
        index = self._next(trial)
        if index == len(self._rungs):  # it went further under other options
            return ()
        if self._is_short(trial, index):
            self._short[trial] = None
            return ()
        return self._enter(trial, index, loss)

    def _is_short(self, trial: int, index: int) -> bool:
        """Whether a trial has trained for less than two thirds of a rung, or nothing tells for how much."""
        here = self._at[trial]
        unpriced = self._price(trial) is None and here < self._max_resource
        return unpriced or 2 * self._units(trial, index) > 3 * here

    def _enter(self, trial: int, index: int, loss: float) -> list[int]:
        """A trial comes to stand on a rung; returns those that move up by it, without being trained."""
        if index == len(self._rungs):
            return []
        self._rungs[index].arrive(loss, trial)
        self._place[trial] = (index, loss)
        if trial not in self._over:
            heap = self._ready[index] if self._has_trained_for(trial, index + 1) else self._paused[index]
            heappush(heap, (loss, trial))
            self._note_best(index, trial, loss)
        return self._move_up(index)

    def _has_trained_for(self, trial: int, index: int) -> bool:
        """Whether a trial at rest may stand on a rung as it is."""
        if self._at[trial] >= self._max_resource or index == len(self._rungs):
            return True
        price = self._prices.get(trial)
        return price is not None and price.reports > 1 and self._units(trial, index) <= self._at[trial]

    def _note_best(self, index: int, trial: int, loss: float) -> None:
        this, best = _Best(loss, trial, self._at[trial]), self._best[index]
        if loss < math.inf and (best is None or this < best):
            self._best[index] = this

    def _move_up(self, index: int) -> list[int]:
        """Move up from a rung whoever is promoted and has trained for the next one; at most O(rungs) an arrival."""
        moved: list[int] = []
        ready, rung = self._ready[index], self._rungs[index]
        while ready and index + 1 < len(self._rungs) and rung.keeps(*ready[0]):
            loss, trial = heappop(ready)
            if trial not in self._over and self._place[trial][0] == index:
                moved += [trial, *self._enter(trial, index + 1, loss)]
        return moved

    def _leave(self, trial: int) -> None:
        """A trial runs, or is over: take it from where it rests."""
        self._short.pop(trial, None)
        if trial not in self._place:
            return
        index = self._place[trial][0]
        paused = self._paused[index]
        while paused and not self._is_paused(paused[0][1], index):
            heappop(paused)

    def _is_paused(self, trial: int, index: int) -> bool:
        return self._place[trial][0] == index and trial not in self.running and trial not in self._over

    # Standing

    @property
    def best(self) -> Arrived | None:
        """The best trial of the highest rung on which one stands."""
        for found in reversed(self._best):
            if found is not None:
                return Arrived(found.trial, found.resource, (found.loss,))
        return None

    def status(self, trial: int) -> RestingStatus:
        """Complete at `max_resource` and on the last rung, else paused."""
        done = self._next(trial) == len(self._rungs) or self._at[trial] >= self._max_resource
        return "complete" if done else "paused"

    def why(self, trial: int) -> Why:
        """Its place on its rung, or how far it is from there."""
        if self._at[trial] >= self._max_resource:
            return Why("complete", resource=self._at[trial])
        if trial in self._short:
            return self._why_short(trial)
        index, loss = self._place[trial]
        if index + 1 == len(self._rungs):
            return Why("complete at cost", resource=self._at[trial], threshold=self.costs[index])
        return self._of_cost(self._rungs[index].judge_one("not promoted at cost", loss, trial), trial)

    def _why_short(self, trial: int) -> Why:
        units, price = self._at[trial], self._price(trial)
        if price is None:
            return Why("unpriced", resource=units)
        return Why(
            "to its rung", resource=units, value=units * price, threshold=self.costs[self._next(trial)]
        )

    def _of_cost(self, why: Why, trial: int) -> Why:
        """A reason of a rung, in its cost and in the units of the trial."""
        cost = self.costs[self._place[trial][0]]
        return msgspec.structs.replace(why, resource=self._at[trial], threshold=cost)
