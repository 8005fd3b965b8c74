"""Racing on instances: all candidates run on the same instances, one by one; the significantly worse are stopped.

The resource is `Replicates`: instance `r` is unit `r`. The test is the Friedman test over the instances that all
survivors have, and Conover's comparison with the best, as in F-race.

Reference:
    Birattari et al., F-Race and Iterated F-Race: An Overview, 2010.
"""

from collections.abc import Sequence

import msgspec
import numpy as np
from scipy.stats import chi2, rankdata, t

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Fact,
    Failed,
    Finished,
    JobGranted,
    MoreTrials,
    New,
    NoMoreTrials,
    Observed,
    RestingStatus,
    Stop,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.objective import Objectives
from rung.core.space import Space
from rung.core.why import Why


class Racing(msgspec.Struct, frozen=True, tag="test-racing", tag_field="type"):
    """Options; `max_resource` is the number of instances."""

    max_resource: int
    candidates: int = 5
    first_test: int = 4
    alpha: float = 0.05

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveRacing":
        """A live scheduler."""
        return LiveRacing(self)


def worse_than_best(losses: "np.ndarray", alpha: float) -> list[int]:
    """Columns that are significantly worse than the best one; `losses` has shape (k instances, m candidates)."""
    k, m = losses.shape
    ranks = rankdata(losses, axis=1)
    sums = ranks.sum(axis=0)
    spread = (ranks**2).sum() - k * m * (m + 1) ** 2 / 4
    if m < 3 or spread == 0:
        return []
    statistic = (m - 1) * ((sums - k * (m + 1) / 2) ** 2).sum() / spread
    if chi2.sf(statistic, m - 1) >= alpha:
        return []
    variance = max(0.0, 2 * k * (1 - statistic / (k * (m - 1))) * spread / ((k - 1) * (m - 1)))
    least = t.ppf(1 - alpha / 2, (k - 1) * (m - 1)) * variance**0.5
    return [int(column) for column in np.flatnonzero(sums - sums.min() > least)]


class LiveRacing:
    def __init__(self, spec: Racing) -> None:
        self._spec = spec
        self._n_created = 0
        self._n_wanted = spec.candidates
        self._own: dict[int, dict[int, float]] = {}  # living: loss on each instance
        self._resting: dict[int, int] = {}  # living, at rest below the last instance: how many it has
        self._running: set[int] = set()
        self._worse: dict[int, Why] = {}  # to be stopped

    def decide(self, ask: Ask) -> Decision:
        for trial, why in self._worse.items():
            return Stop(trial, why)
        if not ask.slots:
            return Wait(Why("all busy"))
        if ask.may_create and self._n_created < self._n_wanted and ask.room >= 1:
            return New(1, Why("new"))
        behind = min((len(own) for own in self._own.values()), default=0)
        for trial, done in sorted(self._resting.items(), key=lambda item: (item[1], item[0])):
            if done <= behind and done + 1 - ask.starts_at(trial) <= ask.room:
                return Advance(trial, done + 1, Why("next instance", resource=done + 1))
        return Wait(Why("barrier", of=len(self._running))) if self._running else Finished(Why("done"))

    def apply(self, fact: Fact) -> Sequence[int]:
        match fact:
            case TrialCreated(trial=trial):
                self._n_created += 1
                self._own[trial] = {}
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._resting.pop(trial, None)
            case Observed(trial=trial, resource=resource, own=own):
                if trial in self._own:
                    self._own[trial][resource] = own[0]
                    self._test()
            case Arrived(trial=trial, resource=resource):
                self._running.discard(trial)
                if resource < self._spec.max_resource:
                    self._resting[trial] = resource
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._running.discard(trial)
                for of in (self._resting, self._own, self._worse):
                    of.pop(trial, None)
            case NoMoreTrials():
                self._n_wanted = self._n_created
            case MoreTrials():
                self._n_wanted = self._spec.candidates
            case _:
                pass
        return ()

    def _test(self) -> None:
        """Find the worse ones again: a function of the observations alone."""
        alive = sorted(self._own)
        shared = sorted(set.intersection(*(set(own) for own in self._own.values())))
        self._worse = {}
        if len(shared) >= self._spec.first_test and self._n_created >= self._n_wanted:
            losses = np.array([[self._own[trial][instance] for trial in alive] for instance in shared])
            for column in worse_than_best(losses, self._spec.alpha):
                self._worse[alive[column]] = Why("significantly worse", resource=len(shared), of=len(alive))

    def status(self, trial: int) -> RestingStatus:
        return "paused" if trial in self._resting else "complete"

    def why(self, trial: int) -> Why:
        return Why("surviving", resource=len(self._own[trial]))
