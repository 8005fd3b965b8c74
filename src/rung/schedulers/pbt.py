"""PBT, population-based training: members train side by side, and who falls behind goes on from a better one's weights.

A population is trained in intervals. After each of them a member is compared with the others. One that is far behind
ends, and in its place a child begins from the checkpoint of a better one, with a configuration that was explored from
that one's. So a configuration is good for a part of training only, and the line of ancestors of the best trial is a
schedule of hyperparameters (`rung.schedulers.schedule` trains along it anew).

`PBT` compares a member with the latest results of all when it arrives, and waits for nobody; where there are fewer
workers than members, the least trained goes first. `SyncPBT` waits until all have arrived, and compares them then.

A decision and an arrival cost O(p log p) in the members p, whatever the number of trials; to compare a whole generation
of `SyncPBT` costs O(p**2).

Reference:
    Jaderberg et al., Population Based Training of Neural Networks, 2017, algorithm 1.
"""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never, get_args

import msgspec

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
    NewSpace,
    RestingStatus,
    TrialCreated,
    TrialStopped,
    Wait,
    Yielded,
)
from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.resource import check_count
from rung.core.rng import rng
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.exploit import Ranking, tournament, truncation
from rung.schedulers.explore import Copied, Explore, Perturb
from rung.schedulers.options import check_one_objective
from rung.schedulers.pb2 import PB2

Exploit = Literal["truncation", "tournament"]


class _Options(msgspec.Struct, frozen=True, tag_field="type", forbid_unknown_fields=True, omit_defaults=True):
    """What both variants are told.

    Attributes:
        max_resource: To where the population is trained, in the study's resource units.
        population: How many members train side by side.
        interval: Units between two comparisons; None: a twentieth of `max_resource`.
        exploit: Who copies whom. truncation: a member of the worst part copies one of the best part, drawn at random.
            tournament: a member meets one other, drawn at random, and copies it if that one is better.
        fraction: How large the best and the worst part are, for truncation.
        explore: How the configuration of a child is made from that of the trial which it copies.
    """

    max_resource: int
    population: int = 20
    interval: int | None = None
    exploit: Exploit = "truncation"
    fraction: float = 0.2
    explore: Perturb | PB2 = Perturb()

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        check_count("population", self.population)
        if self.interval is not None:
            check_count("interval", self.interval)
        if self.exploit not in get_args(Exploit):
            raise SpecError(f"exploit must be 'truncation' or 'tournament', got {self.exploit!r}.")
        if not 0 < self.fraction <= 0.5:
            raise SpecError(
                f"fraction must be above 0 and at most 0.5, got {self.fraction!r}: it is the share of members that "
                "copy, and that are copied. The paper takes 0.2."
            )

    def next_level(self, resource: int) -> int:
        """Where the interval ends that begins at a resource."""
        interval = self.interval or max(1, self.max_resource // 20)
        return min(self.max_resource, (resource // interval + 1) * interval)


class PBT(_Options, frozen=True, tag="pbt"):
    """Population-based training without a barrier: a member is compared with the latest results of all."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LivePBT":
        """A live scheduler at the beginning of a study."""
        check_one_objective("PBT", objectives)
        return LivePBT(self, space, self.explore, seed)


class SyncPBT(_Options, frozen=True, tag="sync-pbt"):
    """Population-based training by generations: members are compared when all of them have arrived."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveSyncPBT":
        """A live scheduler at the beginning of a study."""
        check_one_objective("SyncPBT", objectives)
        return LiveSyncPBT(self, space, self.explore, seed)


@dataclass(slots=True)
class Member:
    """A trial of the population.

    Attributes:
        parent: Whom it copied; None: nobody.
        born: How many arrivals there had been when it was created.
        resource: Where it came to rest last; 0: nowhere yet.
        loss: Its loss where it arrived last.
        arrival: How many arrivals there had been then, its own included; 0: it has not arrived yet.
    """

    parent: int | None
    born: int
    resource: int = 0
    loss: float = math.inf
    arrival: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a member stands.

    Attributes:
        rank: Its place among those compared, 1 is best; None if it has no result.
        of: How many were compared.
        better: Of whom it copies one; empty if it goes on.
    """

    rank: int | None
    of: int
    better: Sequence[int]


class LivePBT:
    """State: the members, and who of them has arrived and waits for its turn.

    Attributes:
        members: All and only the trials that are neither failed nor stopped.
        ready: Members at rest below `max_resource`, and how they stood when they came to rest.
    """

    def __init__(self, options: _Options, space: Space, explore: Explore, seed: int) -> None:
        self.members: dict[int, Member] = {}
        self.ready: dict[int, Verdict] = {}
        self._options = options
        self._seed = seed
        self._space = space
        self._explore = explore
        self._running: set[int] = set()
        self._n_founders = 0  # that were created
        self._n_founded = 0  # without those that left when there was nobody to copy
        self._n_arrivals = 0
        self._barren = 0  # arrivals when the last child that failed at once was born

    def decide(self, ask: Ask) -> Decision:
        """Found the population; then whoever is ready goes on or gives way to a child."""
        if not ask.slots:
            return Wait(Why("all busy"))
        for decision in self._due(ask):
            return decision
        if self._running:
            return self._wait()
        return Finished(self._end(ask))

    def _wait(self) -> Wait:
        return Wait(Why("all busy"))

    def _end(self, ask: Ask) -> Why:
        """Why nothing can start, though nobody runs."""
        if self.members and all(self.status(trial) == "complete" for trial in self.members):
            return Why("population done")
        return Why("budget" if self.members or ask.may_create else "done")

    def _due(self, ask: Ask) -> Iterator[Decision]:
        """What can be done now and is covered by the budget, first things first."""
        yield from self._founders(ask)
        yield from self._successors(ask)
        for trial in sorted(self.ready, key=self._training):
            yield from self._turn(trial, self.ready[trial], ask)

    def _training(self, trial: int) -> tuple[int, int]:
        """Sorts the least trained first."""
        return self.members[trial].resource, trial

    def _founders(self, ask: Ask) -> Iterator[New]:
        """Members that copy nobody, until the population is complete."""
        target = self._options.next_level(0)
        if self._n_founded < self._options.population and ask.may_create and target <= ask.room:
            yield New(target, Why("founder", of=self._options.population), save=True)

    def _successors(self, ask: Ask) -> Iterator[New]:
        """A child in the place of a member that failed, or that a person stopped.

        After a child that failed at once, only of members that have arrived since it was born: so where all children
        fail, there are no more of them than arrivals.
        """
        if len(self.members) >= min(self._options.population, self._n_founders):
            return
        fertile = [trial for trial in self._ranking() if self.members[trial].arrival > self._barren]
        nobody = -1  # ranks behind all of them
        best = truncation([*fertile, nobody], nobody, self._options.fraction)
        yield from self._child(best, Why("successor"), None, ask)

    def _turn(self, trial: int, verdict: Verdict, ask: Ask) -> Iterator[Decision]:
        """A child in the place of a member that has fallen behind; else it goes on."""
        why = Why(f"{self._options.exploit} selection", rank=verdict.rank, of=verdict.of)
        yield from self._child(verdict.better, why, trial, ask)
        resource = self.members[trial].resource
        target = self._options.next_level(resource)
        if target - ask.starts_at(trial) <= ask.room:
            rule = "keeps up" if verdict.of > 1 else "alone"
            yield Advance(trial, target, Why(rule, resource, verdict.rank, verdict.of), save=True)

    def _child(self, better: Sequence[int], why: Why, ends: int | None, ask: Ask) -> Iterator[New]:
        """A child of one of those that are better, drawn at random; nothing if that is not possible."""
        parents = [trial for trial in better if self._is_fit(trial, ask)]
        if not parents:
            return
        number = len(ask.history.configs)
        parent = parents[int(ask.rng("exploit", number).integers(len(parents)))]
        start, at = ask.child_starts_at(parent), self.members[parent].resource
        target = self._options.next_level(max(start, at))
        if target - start > ask.room:
            return
        copied = Copied(parent, ask.history.completed[parent], start, self._space, target)
        config = self._explore.explore(copied, ask.history.view(), ask.rng)
        reason = msgspec.structs.replace(why, resource=at, trial=parent)
        yield New(target, reason, config, parent=parent, ends=ends, save=True)

    def _is_fit(self, trial: int, ask: Ask) -> bool:
        """Whether a child of a member would have something to begin with, and something to train."""
        if trial not in self.members or not math.isfinite(self.members[trial].loss):
            return False
        return max(ask.child_starts_at(trial), self.members[trial].resource) < self._options.max_resource

    def _ranking(self) -> Ranking:
        """All members that have arrived somewhere and are not complete."""
        last = self._options.max_resource
        found = [
            (member.loss, trial)
            for trial, member in self.members.items()
            if member.arrival and member.resource < last
        ]
        return {trial: loss for loss, trial in sorted(found)}

    def _verdicts(self, trials: Collection[int]) -> dict[int, Verdict]:
        """How members stand among those compared, the best first; those who have no result come last."""
        ranking = self._ranking()
        order = list(ranking)
        found = {
            trial: Verdict(rank, len(order), self._better(trial, ranking, order))
            for rank, trial in enumerate(order, 1)
            if trial in trials
        }
        return found | {trial: Verdict(None, 0, ()) for trial in trials if trial not in found}

    def _better(self, trial: int, ranking: Ranking, order: Sequence[int]) -> Sequence[int]:
        match self._options.exploit:
            case "truncation":
                return truncation(order, trial, self._options.fraction)
            case "tournament":
                opponent = rng(self._seed, f"opponent of trial {trial}", self.members[trial].resource)
                return tournament(ranking, trial, opponent)
            case _:
                assert_never(self._options.exploit)

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn who is a member, who runs, and who has arrived where."""
        match fact:
            case TrialCreated(trial=trial, parent=parent):
                self.members[trial] = Member(parent, self._n_arrivals)
                self._n_founders += parent is None
                self._n_founded += parent is None
            case JobGranted(trial=trial):
                self._running.add(trial)
                self._called(trial)
            case Arrived(trial=trial, resource=resource, losses=losses) if trial in self.members:
                self._n_arrivals += 1
                member = self.members[trial]
                member.resource, member.loss, member.arrival = resource, losses[0], self._n_arrivals
                self._rest(trial)
            case Yielded(trial=trial, resource=resource) if trial in self.members:
                self.members[trial].resource = max(resource, self.members[trial].resource)
                self._rest(trial)
            case Failed(trial=trial) if trial in self.members:
                member = self._leave(trial)
                if member.parent is not None and not member.arrival:
                    self._barren = max(self._barren, member.born)
            case TrialStopped(trial=trial) if trial in self.members:
                self._leave(trial)
            case NewSpace(space=space):
                self._space = space
            case _:
                pass
        return ()

    def _rest(self, trial: int) -> None:
        self._running.discard(trial)
        if self.members[trial].resource < self._options.max_resource:
            self.ready |= self._verdicts([trial])

    def _leave(self, trial: int) -> Member:
        self._running.discard(trial)
        self._called(trial)
        member = self.members.pop(trial)
        if not any(other.arrival for other in self.members.values()):
            self._n_founded = len(self.members)  # there is nobody to copy
        return member

    def _called(self, trial: int) -> None:
        """A member does not wait for its turn any more."""
        self.ready.pop(trial, None)

    # Standing

    _waiting = "waits its turn"

    def status(self, trial: int) -> RestingStatus:
        """Complete at `max_resource`, else paused until its turn."""
        return "complete" if self.members[trial].resource >= self._options.max_resource else "paused"

    def why(self, trial: int) -> Why:
        """That it is trained to the end, or waits."""
        rule = "complete" if self.status(trial) == "complete" else self._waiting
        return Why(rule, resource=self.members[trial].resource)


class LiveSyncPBT(LivePBT):
    """State: also the generation that is being handed out.

    Attributes:
        due: Its members that have neither gone on nor left, and how they stood when all had arrived.
    """

    _waiting = "waits for its generation"

    def __init__(self, options: _Options, space: Space, explore: Explore, seed: int) -> None:
        super().__init__(options, space, explore, seed)
        self.due: dict[int, Verdict] = {}

    def _wait(self) -> Wait:
        return Wait(Why("generation", of=len(self._running)))

    def _due(self, ask: Ask) -> Iterator[Decision]:
        """Children before those whom they copy go on; the worst first, as it copies a better one that may end, too."""
        founders = list(self._founders(ask))
        yield from founders
        if not self.due and (founders or self._running):
            return
        yield from self._successors(ask)
        due = self.due or self._verdicts(self.ready)
        behind = [trial for trial, verdict in due.items() if verdict.better]
        keeping = [trial for trial, verdict in due.items() if not verdict.better]
        for trial in (*reversed(behind), *sorted(keeping, key=self._training)):
            yield from self._turn(trial, due[trial], ask)

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn as the variant without a barrier does, and when a generation begins to go on."""
        match fact:
            case TrialCreated(parent=int()):
                self._open()
            case JobGranted(trial=trial) if trial in self.ready:
                self._open()
            case _:
                pass
        return super().apply(fact)

    def _open(self) -> None:
        """The generation stands as it is now, whoever of it goes on first."""
        if not self.due:
            self.due, self.ready = self._verdicts(self.ready), {}

    def _called(self, trial: int) -> None:
        super()._called(trial)
        self.due.pop(trial, None)
