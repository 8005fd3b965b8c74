"""Freeze-thaw: learning curves are extrapolated, and the trial that promises most goes on by one step.

Trials rest after each step. Whenever a worker is free, it goes to the trial at rest, or to a new one, of which the most
improvement of the best final loss is expected for the units that it takes to get there. There are no rungs: a trial
that looks bad after three steps may rest for ever, or thaw when those before it have disappointed. Towards the end of a
budget a gain counts only for the part of the way that the budget still covers, so that fewer new trials begin.

What a trial at rest promises comes from its curve and from what all curves have in common (`rung.models.curves`); what
a new one promises from how those before it turned out. Any searcher may propose the new ones. The best trial is the one
whose extrapolated loss is lowest with some certainty, so that a lucky report makes nobody the incumbent. Once no more
trials may be created, only those go on that may yet become the best, and the best one to the end.

A decision costs O(n) in the trials n, in arrays; an arrival O(1). What curves have in common is learned anew each time
that arrivals have grown by a quarter, from at most 500 trials; that takes O(n) besides.

References:
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014.
    Wistuba, Kadra & Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022
    (DyHPO).
    Kadra, Janowski, Wistuba & Grabocka, Scaling Laws for Hyperparameter Optimization, NeurIPS 2023 (DPL).
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import ClassVar

import msgspec
import numpy as np

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
from rung.core.errors import SpecError
from rung.core.objective import Objective, Objectives
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.why import Why
from rung.models.curves import Floats
from rung.schedulers.options import check_one_objective
from rung.schedulers.promise import Promises
from rung.schedulers.rungs import at_rest

LEAST = 0.005  # of the spread of losses must be gained by a trial at rest once there are no new ones
PATIENCE = 0.5  # the power of the units left by which a gain is divided; 0: how long it takes does not count


class FreezeThaw(
    msgspec.Struct,
    frozen=True,
    tag="freeze-thaw",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Advance, by one step, whichever trial promises most; begin new ones while they promise more.

    Attributes:
        max_resource: To where curves are extrapolated, in the study's resource units; whoever arrives there is
            complete.
        step: Units by which a trial goes on at once; None: a fiftieth of `max_resource`.
    """

    max_resource: int
    step: int | None = None

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        if self.step is None:
            return
        check_count("step", self.step)
        if self.step > self.max_resource:
            raise SpecError(
                f"step must be at most max_resource, got {self.step} and {self.max_resource}. "
                "Leave it out for a fiftieth of max_resource."
            )

    def levels(self) -> list[int]:
        """Where trials come to rest."""
        step = self.step or max(1, self.max_resource // 50)
        return [*range(step, self.max_resource, step), self.max_resource]

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveFreezeThaw":
        """A live scheduler at the beginning of a study."""
        check_one_objective("FreezeThaw", objectives)
        return LiveFreezeThaw(self.levels(), objectives[0])


class LiveFreezeThaw:
    """State: who runs, where the others rest, and what they promise."""

    acts_between_jobs: ClassVar[bool] = False

    def __init__(self, levels: Sequence[int], objective: Objective) -> None:
        self._levels = levels
        self._objective = objective
        self._promises = Promises(levels)
        self._running: set[int] = set()
        self._resting: dict[int, int] = {}  # all and only the trials that may go on, and where they rest
        self._arrived: dict[int, Arrived] = {}  # where each came to rest last

    def decide(self, ask: Ask) -> Decision:
        """Whatever promises most of what the budget covers."""
        if not ask.slots:
            return Wait(Why("all busy"))
        return next(self._due(ask), None) or self._rest_of(ask)

    def _rest_of(self, ask: Ask) -> Wait | Finished:
        """The answer where nothing is due."""
        best = self._promises.best
        if self._resting and not ask.may_create and not self._running and best is not None:
            why = Why("budget") if best in self._resting else Why("nothing to gain", of=len(self._resting))
            return Finished(why)
        return at_rest(bool(self._running), ask)

    def _due(self, ask: Ask) -> Iterator[Advance | New]:
        """The trials at rest that promise more than a new one, the most first; then a new one; then the best trial."""
        new = New(self._levels[0], Why("new")) if ask.may_create and self._levels[0] <= ask.room else None
        if not self._promises.is_learned:
            if new is not None:
                yield new
            yield from (self._advance(trial) for trial in sorted(self._resting) if self._fits(trial, ask))
            return
        worth = float(
            self._rates(np.array([self._promises.gain_of_new]), np.array([self._levels[-1]]), ask)[0]
        )
        for trial, rate in self._ranked(0.0 if ask.may_create else LEAST, ask):
            if new is not None and rate <= worth:
                break
            if self._fits(trial, ask):
                yield self._advance(trial)
        if new is not None:
            yield new
        best = self._promises.best
        if best in self._resting and self._fits(best, ask):
            yield self._advance(best)

    def _ranked(self, least: float, ask: Ask) -> Iterator[tuple[int, float]]:
        """Trials at rest, and the gain that each promises for what it takes to the end; the highest first.

        Args:
            least: In units of the spread of losses; who promises less is left out.
            ask: The question.
        """
        promises = self._promises
        trials = [trial for trial in self._resting if promises.knows(trial) and not promises.repeats(trial)]
        gains = promises.gains(trials)
        left = np.array([self._levels[-1] - self._resting[trial] for trial in trials], np.float64)
        rates = self._rates(gains, left, ask)
        for place in np.lexsort([np.array(trials), -rates]).tolist():
            if gains[place] >= least * promises.spread:
                yield trials[place], float(rates[place])

    def _rates(self, gains: Floats, left: Floats, ask: Ask) -> Floats:
        """Gains for the units that are left to the end, as far as the budget goes if all that run share it."""
        share = ask.room / (len(self._running) + 1)
        rates: Floats = gains * np.minimum(1.0, share / left) / left**PATIENCE
        return rates

    def _fits(self, trial: int, ask: Ask) -> bool:
        return self._next(self._resting[trial]) - ask.starts_at(trial) <= ask.room

    def _advance(self, trial: int) -> Advance:
        resource = self._resting[trial]
        return Advance(trial, self._next(resource), self._told("thawed", trial, resource))

    def _next(self, resource: int) -> int:
        """The first level above a resource."""
        return self._levels[bisect_right(self._levels, resource)]

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who runs, who rests where, and who is over."""
        match fact:
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._resting.pop(trial, None)
            case Arrived(trial=trial, resource=resource, losses=losses):
                self._arrived[trial] = fact
                self._observe(trial, resource, losses[0])
                self._rest(trial, resource)
            case Yielded(trial=trial, resource=resource):
                self._rest(trial, resource)
            case Failed(trial=trial, target=target):
                self._observe(trial, target, math.inf)
                self._leave(trial)
            case TrialStopped(trial=trial):
                self._leave(trial)
            case _:
                pass
        return ()

    def _observe(self, trial: int, resource: int, loss: float) -> None:
        if resource >= self._levels[0]:  # below it a trial comes to rest only under other options
            self._promises.observe(trial, resource, loss)

    def _rest(self, trial: int, resource: int) -> None:
        self._running.discard(trial)
        if resource < self._levels[-1]:
            self._resting[trial] = resource

    def _leave(self, trial: int) -> None:
        self._running.discard(trial)
        self._resting.pop(trial, None)
        self._promises.leave(trial)

    # Standing

    @property
    def best(self) -> Arrived | None:
        """Where the trial stands whose final loss is lowest, as extrapolated with caution."""
        best = self._promises.best
        return None if best is None else self._arrived.get(best)

    def status(self, trial: int) -> RestingStatus:
        """Complete at `max_resource`, else paused: it may thaw yet."""
        return "paused" if trial in self._resting else "complete"

    def why(self, trial: int) -> Why:
        """What it promises, or that it is complete."""
        if trial in self._resting:
            return self._told("frozen", trial, self._resting[trial])
        return Why("complete", resource=self._levels[-1])

    def _told(self, rule: str, trial: int, resource: int) -> Why:
        """A rule, with the final value that is expected of a trial and of the best one."""
        promises, best = self._promises, self._promises.best
        if best is None or not promises.knows(trial):
            return Why(f"{rule} early", resource)
        value, threshold = promises.expected(trial), promises.expected(best)
        return Why(
            rule, resource, value=self._objective.value(value), threshold=self._objective.value(threshold)
        )
