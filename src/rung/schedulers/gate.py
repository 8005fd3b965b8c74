"""A gate: a challenger takes the place of the incumbent when it has beaten it, on the same instances, with confidence.

The resource is `Replicates`: unit r is instance r (a seed, an opponent, a fold), the same for every trial. The first
trial is the incumbent; every other one is a challenger that wins an instance where its value there is better than the
incumbent's, and half of it where they are equal. After each instance both know:

- whether a challenger whose chance to win is `threshold` at most would have done so well with probability
  1 - confidence at most, at this or any moment (`rung.models.betting`): then it is promoted;
- the same the other way round: then it is out;
- whether it could still be promoted if it won all instances that are left: if not, it is out, too.

So a challenger that is no better than the gate allows passes it with probability 1 - confidence at most, and one that
is better is turned away early with probability 1 - confidence at most. Either is said of one challenger and one
incumbent: of 100 challengers that are no better than their incumbents, up to 5 may pass at confidence 0.95. Those that
are on their way when the incumbent changes are compared anew, with the new one.

So that nobody waits for the incumbent, it is taken a batch ahead of its challengers. A report of the incumbent costs
O(challengers on their way), another one O(1), a decision O(n log n) in the n of them that are at rest: as many as there
are workers at most, but for those that the budget does not cover.

Reference:
    Silver et al., Mastering the Game of Go without Human Knowledge, Nature 550, 2017, "Evaluator" (a fixed number of
    400 games, promoted from 55 percent on; without a statement of confidence).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from rung.core.decision import (
    Advance,
    Arrived,
    Ask,
    Decision,
    Fact,
    Failed,
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
from rung.core.objective import Objectives
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.why import Why
from rung.models.betting import evidence
from rung.schedulers.options import check_confidence, check_one_objective
from rung.schedulers.rungs import at_rest


class Gate(
    msgspec.Struct, frozen=True, tag="gate", tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Promote a challenger that beats the incumbent on more than a share of the instances, with confidence.

    Attributes:
        max_resource: How many instances a challenger is played on at most.
        min_resource: Instances of a batch: a trial is sent through as many at a time, and stopped in the middle of
            them if it is decided there.
        threshold: Share of instances that a challenger must win in the long run; equal values count half.
        confidence: 1 minus the chance that a challenger which does not is promoted all the same.
    """

    max_resource: int
    min_resource: int = 1
    threshold: float = 0.5
    confidence: float = 0.95

    needs_replicates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        check_count("min_resource", self.min_resource)
        check_confidence(self.confidence)
        if self.min_resource > self.max_resource:
            raise SpecError(
                f"min_resource must be at most max_resource, got {self.min_resource} and {self.max_resource}."
            )
        given = self.threshold
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given < 1:
            raise SpecError(
                f"threshold must be a share of instances above 0 and below 1, got {given!r}. 0.5 asks for a "
                "challenger that wins more often than it loses."
            )
        if evidence(self.max_resource, 0, 0, given) < 1 / (1 - self.confidence):
            raise SpecError(
                f"max_resource is {self.max_resource}: even who wins all of these instances does not pass a gate with "
                f"threshold {given:g} at confidence {self.confidence:g}. Play more of them, or ask for less confidence."
            )

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveGate":
        """A live scheduler at the beginning of a study."""
        check_one_objective("Gate", objectives)
        return LiveGate(self)


@dataclass(slots=True)
class Score:
    """What a challenger has done against the incumbent."""

    wins: int = 0
    draws: int = 0
    losses: int = 0

    @property
    def n(self) -> int:
        """Instances played."""
        return self.wins + self.draws + self.losses

    @property
    def rate(self) -> float:
        """Share of them that was won, half of the draws included."""
        return (self.wins + self.draws / 2) / max(1, self.n)

    def count(self, own: float, incumbent: float) -> None:
        """Count an instance by the losses on it."""
        self.wins += own < incumbent
        self.draws += own == incumbent
        self.losses += own > incumbent


class LiveGate:
    """State: the incumbent, the score of each challenger that is undecided, and who is out."""

    def __init__(self, options: Gate) -> None:
        self._options = options
        self._batch = options.min_resource
        self._last = options.max_resource
        self._bar = 1 / (1 - options.confidence)
        self._incumbent: int | None = None
        self._scores: dict[int, Score] = {}  # of all and only the challengers that are undecided
        self._own: dict[int, dict[int, float]] = {}  # of these and the incumbent: loss on each instance
        self._reached: dict[int, int] = {}  # of all trials: instances seen
        self._running: set[int] = set()
        self._resting: set[int] = set()  # all and only the undecided challengers that do not run
        self._out: dict[int, Why] = {}
        self._leaving: dict[int, Why] = {}  # those of them that run, to be stopped
        self._farthest = 0  # instances that any of them has seen
        self._title = Why("first incumbent")  # why the incumbent is it

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """Stop who is decided; take the incumbent to where it is needed, the challengers on, or begin one."""
        for trial, why in self._leaving.items():
            return Stop(trial, why)
        if not ask.slots:
            return Wait(Why("all busy"))
        for trial in self._due():
            target = self._target(trial)
            if target - ask.starts_at(trial) <= ask.room:
                return Advance(trial, target, self._reason(trial, target))
        if ask.may_create and self._batch <= ask.room:
            return New(self._batch, self._reason(None, self._batch))
        return at_rest(bool(self._running), ask)

    def _due(self) -> Iterator[int]:
        """Who is to see more instances: the incumbent, a batch before the others; challengers, the farthest first."""
        if self._incumbent is None:
            return
        stands = self._reached[self._incumbent]
        if self._incumbent not in self._running and stands < min(
            self._farthest + bool(self._scores), self._last
        ):
            yield self._incumbent
        for _, trial in sorted((-self._reached[trial], trial) for trial in self._resting):
            if self._reached[trial] <= stands:
                yield trial

    def _target(self, trial: int) -> int:
        """The end of its next batch."""
        return min(self._last, (self._reached[trial] // self._batch + 1) * self._batch)

    def _reason(self, trial: int | None, target: int) -> Why:
        if self._incumbent is None:
            return Why("first incumbent")
        if trial == self._incumbent:
            return Why("incumbent plays on", resource=target)
        return Why("challenges", resource=target, trial=self._incumbent)

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who won where, who runs and who is over; promote and turn away."""
        match fact:
            case TrialCreated(trial=trial):
                self._enter(trial)
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._resting.discard(trial)
            case Observed(trial=trial, resource=resource, own=own):
                return self._observe(trial, resource, own[0])
            case Arrived(trial=trial, resource=resource) | Yielded(trial=trial, resource=resource):
                self._running.discard(trial)
                self._leaving.pop(trial, None)
                self._reach(trial, resource)
                if trial in self._scores:
                    self._resting.add(trial)
                return self._settle([trial])
            case Failed(trial=trial) | TrialStopped(trial=trial):
                return self._lose(trial)
            case MinResourceRaised(resource=resource):
                self._batch = max(self._batch, resource)
            case _:
                pass
        return ()

    def _enter(self, trial: int) -> None:
        self._own[trial] = {}
        self._reached[trial] = 0
        if self._incumbent is None:
            self._incumbent, self._title = trial, Why("first incumbent")
        else:
            self._scores[trial] = Score()
            self._resting.add(trial)

    def _reach(self, trial: int, resource: int) -> None:
        self._reached[trial] = max(self._reached[trial], resource)
        self._farthest = min(self._last, max(self._farthest, resource))

    def _observe(self, trial: int, resource: int, loss: float) -> Sequence[int]:
        if trial not in self._own:
            return ()
        self._own[trial][resource] = loss
        self._reach(trial, resource)
        touched = [trial] if trial in self._scores else list(self._scores)
        for challenger in touched:
            self._count(challenger, [resource])
        return self._settle(touched)

    def _count(self, challenger: int, instances: Iterable[int]) -> None:
        assert self._incumbent is not None  # who challenges has whom to challenge
        own, incumbent = self._own[challenger], self._own[self._incumbent]
        for instance in instances:
            if instance in own and instance in incumbent:
                self._scores[challenger].count(own[instance], incumbent[instance])

    def _settle(self, trials: Sequence[int]) -> list[int]:
        """Promote and turn away those of some challengers that are decided; returns whose standing has changed."""
        changed: list[int] = []
        waiting = list(trials)
        while waiting:
            trial = waiting.pop(0)
            why = self._verdict(trial) if trial in self._scores else None
            if why is None:
                continue
            if why.rule == "passed the gate":
                changed += self._promote(trial, why)
                waiting = list(self._scores)
            else:
                changed.append(self._turn_out(trial, why))
        return changed

    def _verdict(self, trial: int) -> Why | None:
        """Why a challenger is promoted or out; None while it is undecided."""
        score, options, incumbent = self._scores[trial], self._options, self._incumbent
        assert incumbent is not None
        wins, draws, losses = score.wins, score.draws, score.losses
        left = self._last - min(self._reached[trial], self._reached[incumbent])
        if evidence(wins, draws, losses, options.threshold) >= self._bar:
            return self._say("passed the gate", trial)
        if evidence(losses, draws, wins, 1 - options.threshold) >= self._bar:
            return self._say("turned away", trial)
        if evidence(wins + left, draws, losses, options.threshold) < self._bar:
            return self._say("cannot pass" if left else "not passed", trial, left)
        return None

    def _say(self, rule: str, trial: int, left: int | None = None) -> Why:
        score, options = self._scores[trial], self._options
        return Why(
            rule, score.n, of=left, value=score.rate, threshold=options.threshold, trial=self._incumbent
        )

    def _promote(self, trial: int, why: Why) -> list[int]:
        """A challenger takes the place of the incumbent; the others are compared with it from now on."""
        before = self._incumbent
        assert before is not None
        self._turn_out(before, Why("dethroned", why.resource, value=why.value, trial=trial))
        self._install(trial, why)
        return [before, trial]

    def _install(self, trial: int | None, why: Why) -> None:
        self._incumbent, self._title = trial, why
        if trial is not None:
            del self._scores[trial]
            self._resting.discard(trial)
        for challenger in self._scores:
            self._scores[challenger] = Score()
            self._count(challenger, self._own[challenger])

    def _turn_out(self, trial: int, why: Why) -> int:
        self._out[trial] = why
        if trial in self._running:
            self._leaving[trial] = why
        del self._own[trial]
        self._scores.pop(trial, None)
        self._resting.discard(trial)
        return trial

    def _lose(self, trial: int) -> Sequence[int]:
        """A trial has failed, or was stopped; where it was the incumbent, the eldest challenger takes its place."""
        self._running.discard(trial)
        self._resting.discard(trial)
        for of in (self._leaving, self._own, self._scores):
            of.pop(trial, None)
        if trial != self._incumbent:
            return ()
        heir = min(self._scores, default=None)
        self._install(heir, Why("heir", trial=trial))
        return [*([] if heir is None else [heir]), *self._settle(list(self._scores))]

    # Standing

    @property
    def levels(self) -> list[int]:
        """The ends of the batches."""
        return [*range(self._batch, self._last, self._batch), self._last]

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who is turned away is out for good."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Complete on all instances, stopped if it was turned away or dethroned, else paused."""
        if self._reached[trial] >= self._last:
            return "complete"
        return "stopped" if trial in self._out else "paused"

    def why(self, trial: int) -> Why:
        """How it stands, or stood when it was decided, against the incumbent."""
        if trial in self._out:
            return self._out[trial]
        return self._title if trial == self._incumbent else self._say("undecided", trial)
