"""The candidates of a race: who is alive, what each has seen of the instances, and the test among them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np

from rung.core.why import Why
from rung.models.paired import Floats
from rung.schedulers.races import Test, judge, order


@dataclass(slots=True)
class Field:
    """All candidates so far; one is alive until it is ruled out, fails or is stopped.

    Attributes:
        own: Of all and only those alive, the loss on each instance.
        reached: Of all, how many instances they have seen.
        targets: Of all and only those that run, to how many they are on their way.
        level: Instances to which all that are alive are taken before the next test.
        following: Instances at the test after that one.
        lagging: Those alive that have not arrived at `level`.
        waiting: All and only those of them that do not run, in the order in which they go on.
        cost: Evaluations, with those on their way, until all that are alive have come to `following`.
        place: Of those alive at the last test, their places in it, from 0.
        out: Why some were ruled out.
        leaving: Those of them that run, to be stopped.
    """

    level: int = 0
    following: int = 0
    cost: int = 0
    own: dict[int, dict[int, float]] = field(default_factory=dict)
    reached: dict[int, int] = field(default_factory=dict)
    targets: dict[int, int] = field(default_factory=dict)
    lagging: set[int] = field(default_factory=set)
    waiting: dict[int, None] = field(default_factory=dict)
    place: dict[int, int] = field(default_factory=dict)
    out: dict[int, Why] = field(default_factory=dict)
    leaving: dict[int, Why] = field(default_factory=dict)
    _costs: dict[int, int] = field(default_factory=dict)  # what makes up `cost`
    _early: list[tuple[int, int]] = field(default_factory=list)  # heap of (place, trial); its head is early

    def enter(self, trial: int) -> None:
        """A new candidate."""
        self.own[trial] = {}
        self.reached[trial] = 0
        self.lagging.add(trial)
        self.waiting[trial] = None
        self._note(trial)

    def run(self, trial: int, target: int) -> None:
        """A candidate is on its way."""
        self.targets[trial] = target
        self.waiting.pop(trial, None)
        self._note(trial)

    def observe(self, trial: int, instance: int, loss: float) -> None:
        """A candidate has seen an instance; a loss that is not finite is not counted, as its trial is about to fail."""
        if trial in self.own and np.isfinite(loss):
            self.own[trial][instance] = loss
            self._see(trial, instance)
            self._note(trial)

    def rest(self, trial: int, instance: int) -> None:
        """A candidate has come to rest at an instance."""
        self._leave(trial)
        if trial in self.lagging:
            self.waiting[trial] = None
        self._see(trial, instance)
        self._note(trial)

    def lose(self, trial: int) -> None:
        """A candidate has failed, or was stopped."""
        self._leave(trial)
        self.own.pop(trial, None)
        self._catch_up(trial)
        self._note(trial)

    def rule_out(self, trial: int, why: Why) -> int:
        """A candidate that is alive takes no part any more; returns it."""
        self.out[trial] = why
        if trial in self.targets:
            self.leaving[trial] = why
        del self.own[trial]
        self._catch_up(trial)
        self._note(trial)
        return trial

    def take_to(self, level: int, following: int) -> None:
        """From now on all that are alive are taken to a level, and if they are tested there, to the following one."""
        self.level, self.following = level, following
        lagging = sorted((seen, trial) for trial, seen in self.alive() if seen < level)
        self.lagging = {trial for _, trial in lagging}
        self.waiting = {trial: None for _, trial in lagging if trial not in self.targets}
        self._costs, self._early, self.cost = {}, [], 0
        for trial in self.own:
            self._note(trial)

    def alive(self) -> Iterator[tuple[int, int]]:
        """Who is alive, and how many instances each has seen."""
        return ((trial, self.reached[trial]) for trial in self.own)

    def early(self) -> Iterator[int]:
        """Who rests at the level before the others, and may go ahead; the best of the last test first."""
        if self._early:
            yield self._early[0][-1]
            yield from (trial for _, trial in sorted(set(self._early))[1:] if self._is_early(trial))

    def by_place(self, trials: Collection[int]) -> list[int]:
        """Candidates in the order of the last test, those that were not in it at the end."""
        return sorted(trials, key=self._order)

    def _order(self, trial: int) -> tuple[int, int]:
        return self.place.get(trial, len(self.place)), trial

    def _see(self, trial: int, instance: int) -> None:
        self.reached[trial] = max(self.reached[trial], instance)
        if instance >= self.level:
            self._catch_up(trial)

    def _catch_up(self, trial: int) -> None:
        self.lagging.discard(trial)
        self.waiting.pop(trial, None)

    def _leave(self, trial: int) -> None:
        self.targets.pop(trial, None)
        self.leaving.pop(trial, None)

    def _is_early(self, trial: int) -> bool:
        rests = trial in self.own and trial not in self.targets
        return rests and self.level <= self.reached[trial] < self.following

    def _note(self, trial: int) -> None:
        """Note what it still costs to bring a candidate to the following level, and whether it may go ahead."""
        goal = max(self.following, self.targets.get(trial, 0)) if trial in self.own else 0
        cost = max(0, goal - self.reached[trial])
        self.cost += cost - self._costs.get(trial, 0)
        self._costs[trial] = cost
        if self._is_early(trial):
            heappush(self._early, self._order(trial))
        while self._early and not self._is_early(self._early[0][-1]):
            heappop(self._early)

    def test(self, test: Test, alpha: float, spared: Mapping[int, int]) -> list[int]:
        """Rule out who is worse than the best at the level; returns them.

        Args:
            test: Which test.
            alpha: Its level of significance.
            spared: Candidates that are not ruled out below so many instances.
        """
        alive, losses = self._table()
        n, m = losses.shape
        if min(n, m) < 2:
            return []
        best, p = judge(losses, test, alpha)
        worse = [
            (trial, Why("ruled out", n, of=m, value=value, threshold=alpha, trial=alive[best]))
            for trial, value in zip(alive, p.tolist(), strict=True)
            if value < alpha and spared.get(trial, 0) <= self.level
        ]
        return [self.rule_out(trial, why) for trial, why in worse]

    def rank(self, test: Test) -> list[int]:
        """Who is alive, the best first; noted as their places."""
        alive, losses = self._table()
        ranked = [alive[column] for column in order(losses, test)]
        self.place = {trial: place for place, trial in enumerate(ranked)}
        return ranked

    def _table(self) -> tuple[list[int], Floats]:
        """Who is alive, and their losses on the instances up to the level that all of them have."""
        alive = sorted(self.own)
        shared = [
            instance
            for instance in range(1, self.level + 1)
            if all(instance in self.own[trial] for trial in alive)
        ]
        rows = [[self.own[trial][instance] for trial in alive] for instance in shared]
        return alive, np.array(rows, float).reshape(len(shared), len(alive))
