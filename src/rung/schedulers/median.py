"""Median and percentile stopping: a trial that has fallen behind those that are complete is stopped, at any step.

`MedianStopping` stops a trial at step s if its best value up to s is strictly worse than the median of the running
averages, up to s, of the complete trials. `PercentileStopping` compares the same best value with a percentile of the
values that they had at s. Only trials that were trained to the end are compared with, so nobody is stopped before some
are; a resumed study goes on with those that it has. Where a trial breaks constraints, its running average is that of
the steps at which it did not.

A report costs O(1), a trial that becomes complete O(log n) for each of its reports, in the complete trials n.

References:
    Golovin et al., Google Vizier: A Service for Black-Box Optimization, KDD 2017, section 3.2.2 (median).
    Akiba et al., Optuna, KDD 2019, whose `PercentilePruner` is the rule of `PercentileStopping`.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from rung.core.constraint import INFEASIBLE
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
    Observed,
    RestingStatus,
    Stop,
    TrialCreated,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import SpecError
from rung.core.objective import Objective, Objectives
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.options import check_one_objective
from rung.schedulers.percentile import Percentile


class _Options(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    """What both rules are told.

    Attributes:
        max_resource: To where a trial runs if it is not stopped, in the study's resource units.
        min_resource: The first resource at which trials are judged; before it nobody is stopped.
        min_trials: How many complete trials there must be with a value at a resource before one is judged there.
    """

    max_resource: int
    min_resource: int = 1
    min_trials: int = 5

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        check_count("min_resource", self.min_resource)
        check_count("min_trials", self.min_trials)
        if self.min_resource > self.max_resource:
            raise SpecError(
                f"min_resource must be at most max_resource, got {self.min_resource} and {self.max_resource}. "
                "A trial that has arrived at max_resource is not stopped any more."
            )


class MedianStopping(_Options, frozen=True, tag="median-stopping"):
    """Stop a trial whose best value is worse than the median of the running averages of complete trials."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveStopping":
        """A live scheduler at the beginning of a study."""
        check_one_objective("MedianStopping", objectives)
        return LiveStopping(self, objectives[0], 50, averages=True)


class PercentileStopping(_Options, frozen=True, tag="percentile-stopping"):
    """Stop a trial whose best value is not among the best percentile of the values of complete trials.

    Attributes:
        percentile: How many in a hundred may go on, 1 to 99; 50 compares with the median.
    """

    percentile: int = 50

    def __post_init__(self) -> None:
        super().__post_init__()
        given = self.percentile
        if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= 99:
            raise SpecError(
                f"percentile must be a whole number from 1 to 99, got {given!r}. 25 lets about the best quarter go on."
            )

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveStopping":
        """A live scheduler at the beginning of a study."""
        check_one_objective("PercentileStopping", objectives)
        return LiveStopping(self, objectives[0], self.percentile, averages=False)


@dataclass(slots=True)
class _Curve:
    """What was seen of a trial.

    Attributes:
        best: Its lowest loss.
        total: Sum of its losses where it was feasible.
        n: How many those are.
        compared: Resource by resource, what others will be compared with once it is complete.
    """

    best: float = math.inf
    total: float = 0.0
    n: int = 0
    compared: list[tuple[int, float]] = field(default_factory=list)


class LiveStopping:
    """State of both rules: the percentile at each resource, the curves of those on their way, and who falls behind."""

    def __init__(
        self,
        options: MedianStopping | PercentileStopping,
        objective: Objective,
        percent: int,
        *,
        averages: bool,
    ) -> None:
        self._max_resource = options.max_resource
        self._min_resource = options.min_resource
        self._min_trials = options.min_trials
        self._objective = objective
        self._averages = averages
        self._rule = "worse than median" if averages else "worse than percentile"
        self._why = Why("fifo", resource=options.max_resource)
        self._complete: defaultdict[int, Percentile] = defaultdict(lambda: Percentile(percent))
        self._curves: dict[int, _Curve] = {}  # of all and only those that are neither complete nor over
        self._behind: dict[int, Why] = {}  # to be stopped
        self._running: set[int] = set()
        self._unfinished: dict[int, None] = {}  # at rest below `max_resource`, in the order of arrival

    def decide(self, ask: Ask) -> Decision:
        """Stop who has fallen behind; go on with what is unfinished, else a new trial."""
        for trial, why in self._behind.items():
            return Stop(trial, why)
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._unfinished:
            if self._max_resource - ask.starts_at(trial) <= ask.room:
                return Advance(trial, self._max_resource, self._why)
        if ask.may_create and self._max_resource <= ask.room:
            return New(self._max_resource, self._why)
        if self._running:
            return Wait(Why("all busy"))
        return Finished(Why("budget" if ask.may_create or self._unfinished else "done"))

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn how trials do, who rests, and who is over."""
        match fact:
            case TrialCreated(trial=trial):
                self._curves[trial] = _Curve()
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._unfinished.pop(trial, None)
            case Observed(trial=trial, resource=resource, losses=losses) if trial in self._curves:
                self._observe(trial, resource, losses[0])
            case Arrived(trial=trial, resource=resource) | Yielded(trial=trial, resource=resource):
                self._running.discard(trial)
                if resource < self._max_resource:
                    self._unfinished[trial] = None
                else:
                    self._finish(trial)
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._running.discard(trial)
                self._unfinished.pop(trial, None)
                self._curves.pop(trial, None)
                self._behind.pop(trial, None)
            case MinResourceRaised(resource=resource):
                self._min_resource = resource
            case _:
                pass
        return ()

    def _observe(self, trial: int, resource: int, loss: float) -> None:
        curve = self._curves[trial]
        curve.best = min(curve.best, loss)
        compared = loss
        if loss < INFEASIBLE:  # what breaks constraints has no place in an average
            curve.total += loss
            curve.n += 1
            compared = curve.total / curve.n if self._averages else loss
        curve.compared.append((resource, compared))
        if (why := self._judge(curve, resource)) is not None:
            self._behind[trial] = why
        else:
            self._behind.pop(trial, None)

    def _judge(self, curve: _Curve, resource: int) -> Why | None:
        """Why a trial is to be stopped at a resource, or None if it may go on."""
        if not self._min_resource <= resource < self._max_resource or resource not in self._complete:
            return None
        complete = self._complete[resource]
        if len(complete) < self._min_trials:
            return None
        bound = complete.value()
        if curve.best <= bound:
            return None
        if not curve.best < INFEASIBLE:
            return Why("worse by constraints", resource=resource, of=len(complete))
        value, threshold = self._objective.value(curve.best), self._objective.value(bound)
        return Why(self._rule, resource=resource, of=len(complete), value=value, threshold=threshold)

    def _finish(self, trial: int) -> None:
        """A complete trial is never stopped, and others are compared with it from now on."""
        self._behind.pop(trial, None)
        curve = self._curves.pop(trial, _Curve())  # gone if it goes further than this under other options
        for resource, value in curve.compared:
            if resource <= self._max_resource:
                self._complete[resource].add(value)

    # Standing

    @property
    def levels(self) -> Sequence[int]:
        """Every resource from the first at which trials are judged to the last."""
        return range(self._min_resource, self._max_resource + 1)

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who falls behind is stopped."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Paused below `max_resource`, else complete."""
        return "paused" if trial in self._unfinished else "complete"

    def why(self, trial: int) -> Why:
        """Each trial runs to the end unless it falls behind."""
        return self._why if trial in self._unfinished else Why("complete", resource=self._max_resource)
