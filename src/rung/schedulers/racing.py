"""Iterated racing: candidates run on the same instances, and who is significantly worse than the best is out.

The resource is `Replicates`: unit r is instance r (a problem, a fold, a seed), the same for every trial, so that
values are paired. A race takes all its candidates to `first_test` instances, tests, and goes on in steps of
`each_test`. Its best survivors are the elites of the next race, in which new configurations are drawn around them; they
keep their results. Elites are ruled out only where all have seen as many instances as they have, and each race goes
beyond what they have seen.

A test costs O(candidates x instances), another report O(log n), a decision O(1) in the candidates that are alive.

References:
    López-Ibáñez et al., The irace Package: Iterated Racing for Automatic Algorithm Configuration, Operations Research
    Perspectives 3, 2016.
    Birattari et al., F-Race and Iterated F-Race: An Overview, 2010.

Departures: instances come in one order, as a trial takes its units in their order, so that new instances follow those
that the elites have seen, where irace puts them first. A race that could end goes on until all of its survivors have
seen as many instances as the farthest of them. A worker that would wait for a test takes a candidate a step ahead. The
last race goes on among its survivors with what is left, until one remains.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

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
    MinResourceRaised,
    MoreTrials,
    New,
    NewSpace,
    NoMoreTrials,
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
from rung.schedulers.elites import Breeding
from rung.schedulers.field import Field
from rung.schedulers.options import check_confidence, check_one_objective
from rung.schedulers.races import Rules, Test, evaluations, n_races, n_survivors
from rung.schedulers.rungs import at_rest


class Racing(
    msgspec.Struct,
    frozen=True,
    tag="racing",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Iterated racing over instances, folds or seeds.

    Attributes:
        max_resource: How many instances there are; no candidate runs on more.
        max_evaluations: Evaluations (one candidate on one instance) to be divided among the races; None: three times
            as many as irace asks for at least, see `Rules.least_evaluations`. Give what the budget of the study allows.
        first_test: Instances before the first test of a race.
        each_test: Instances between tests.
        test: "friedman" (ranks; then Conover's comparison with the best), "t-test" (paired, on the values themselves)
            or "t-test-holm" (the same with Holm's correction for their number).
        confidence: Of each test; 1 minus its level.
    """

    max_resource: int
    max_evaluations: int | None = None
    first_test: int = 5
    each_test: int = 1
    test: Test = "friedman"
    confidence: float = 0.95

    needs_replicates: ClassVar[bool] = True

    def __post_init__(self) -> None:
        check_count("max_resource", self.max_resource)
        check_count("first_test", self.first_test)
        check_count("each_test", self.each_test)
        check_confidence(self.confidence)
        if not 2 <= self.first_test <= self.max_resource:
            raise SpecError(
                f"first_test must be at least 2 and at most max_resource, got {self.first_test} and "
                f"{self.max_resource}. A race needs some instances to compare on, and some to save by a test."
            )

    @property
    def rules(self) -> Rules:
        """How its races are divided."""
        return Rules(self.first_test, self.each_test, self.max_resource)

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveRacing":
        """A live scheduler at the beginning of a study."""
        check_one_objective("Racing", objectives)
        d, given = len(space.columns), self.max_evaluations
        least = self.rules.least_evaluations(d)
        if given is not None and (isinstance(given, bool) or not isinstance(given, int) or given < least):
            raise SpecError(
                f"max_evaluations must be a whole number of at least {least}, got {given!r}. Racing {d} "
                f"hyperparameters takes {n_races(d)} races of {n_survivors(d) + 1} or more candidates each; a smaller "
                "first_test takes less."
            )
        return LiveRacing(self, given or 3 * least, space, seed)


@dataclass(slots=True)
class Race:
    """One race.

    Attributes:
        number: From 1.
        n_new: New candidates that it is to have.
        floor: Instances below which it does not end.
        limit: Evaluations of the whole study at which it ends, if another one follows.
        seen: Instances that each of its elites had seen before.
        created: New candidates that it has.
    """

    number: int
    n_new: int
    floor: int
    limit: int
    seen: dict[int, int]
    created: int = 0


class LiveRacing:
    """State of the race that is run, of its field of candidates, and of the lines of its elites."""

    def __init__(self, options: Racing, budget: int, space: Space, seed: int) -> None:
        self._rules = options.rules
        self._test: Test = options.test
        self._alpha = 1 - options.confidence
        self._budget = budget
        self._space = space
        self._breeding = Breeding(seed)
        self._field = Field()
        self._used = 0  # evaluations made
        self._no_more = False
        self._over = False  # no race follows
        self._race = Race(0, 0, 0, 0, {})
        self._begin([])

    # Deciding

    def decide(self, ask: Ask) -> Decision:
        """Stop who is ruled out; fill the race, then bring all to the next test, and use what is idle."""
        for trial, why in self._field.leaving.items():
            return Stop(trial, why)
        if not ask.slots:
            return Wait(Why("all busy"))
        return self._new(ask) or self._go_on(ask) or self._go_ahead(ask) or self._nothing(ask)

    def _new(self, ask: Ask) -> New | None:
        race, level = self._race, self._field.level
        if self._over or self._is_full or not ask.may_create or level > ask.room:
            return None
        parent, bracket = self._breeding.parent(race.created), race.number - 1
        if parent is None:
            return New(level, Why("joins race", resource=level, of=race.n_new), bracket=bracket)
        elites = self._breeding.generations[-1].elites
        why = Why("around elite", trial=parent, rank=elites.index(parent) + 1, of=len(elites))
        config = self._breeding.config(race.created, self._space, ask.history)
        return New(level, why, config=config, bracket=bracket)

    def _go_on(self, ask: Ask) -> Advance | None:
        field = self._field
        why = Why("races on", resource=field.level, of=len(field.own))
        return self._first(field.waiting, field.level, why, ask)

    def _go_ahead(self, ask: Ask) -> Advance | None:
        """The best by the last test of those who wait for the next one, where the race can pay for all to follow."""
        field, level = self._field, self._field.following
        if self._over or not self._is_full or self._is_decided or not self._pays:
            return None
        return self._first(
            field.early(), level, Why("races ahead", resource=level, of=len(field.lagging)), ask
        )

    @staticmethod
    def _first(trials: Iterable[int], level: int, why: Why, ask: Ask) -> Advance | None:
        """The first of some trials whose way to a level the budget covers."""
        covered = (trial for trial in trials if level - ask.starts_at(trial) <= ask.room)
        trial = next(covered, None)
        return None if trial is None else Advance(trial, level, why)

    def _nothing(self, ask: Ask) -> Wait | Finished:
        if self._over and not self._no_more and not self._field.targets:
            return Finished(Why("races over", of=self._used))
        return at_rest(bool(self._field.targets), ask)

    # The course of a race

    @property
    def _is_full(self) -> bool:
        return self._no_more or self._race.created >= self._race.n_new

    @property
    def _keep(self) -> int:
        return n_survivors(len(self._space.columns))

    @property
    def _another_follows(self) -> bool:
        """Whether what would be left after this race pays for another one."""
        n = min(len(self._field.own), self._keep)
        return not self._no_more and self._size([self._field.level] * n, self._race.number + 1) > self._keep

    @property
    def _is_decided(self) -> bool:
        """Whether few enough are alive to end the race: the elites of the next one, or without that the winner."""
        few = self._keep if self._another_follows else 1
        return self._field.level >= self._race.floor and len(self._field.own) <= few

    @property
    def _pays(self) -> bool:
        """Whether what is left, of the race's share if another one follows, takes all to the following level."""
        limit = self._race.limit if self._another_follows else self._budget
        return self._used + self._field.cost <= limit

    def _size(self, seen: Collection[int], number: int) -> int:
        """Candidates of a race whose elites have seen so many instances each."""
        instances = self._rules.instances(number, max(seen, default=0))
        share = evaluations(self._budget - self._used, number, n_races(len(self._space.columns)))
        return (share + sum(min(instances, n) for n in seen)) // instances

    def _judge(self) -> list[int]:
        """Test if all have arrived, and go on; returns whose standing has changed."""
        changed: list[int] = []
        while not (self._over or self._field.lagging) and self._is_full:
            self._field.rank(self._test)
            changed += self._field.test(self._test, self._alpha, self._race.seen)
            if self._ends():
                changed += self._end()
            else:
                self._take_to(self._field.following)
        return changed

    def _ends(self) -> bool:
        field = self._field
        if field.following == field.level or not field.own:
            return True
        return field.level >= self._race.floor and (self._is_decided or not self._pays)

    def _end(self) -> list[int]:
        """The best survivors are the elites of the next race, if there is one."""
        field, keep = self._field, self._keep
        ranked = field.rank(self._test)
        for rank, trial in enumerate(ranked[keep:], keep + 1):
            field.rule_out(trial, Why("no elite", field.level, rank=rank, of=len(ranked), keep=keep))
        self._begin(ranked[:keep])
        return ranked

    def _begin(self, elites: Sequence[int]) -> None:
        number, d, rules = self._race.number + 1, len(self._space.columns), self._rules
        seen = {elite: self._field.reached[elite] for elite in elites}
        n_new = self._size(seen.values(), number) - len(elites)
        self._over = self._no_more or n_new + len(elites) <= self._keep
        if self._over:
            return
        limit = self._used + evaluations(self._budget - self._used, number, n_races(d))
        floor = min(rules.n_instances, max(seen.values(), default=0) + 1)
        self._race = Race(number, n_new, floor, limit, seen)
        self._breeding.begin(number, n_races(d), elites, n_new)
        self._take_to(rules.first_test)

    def _take_to(self, level: int) -> None:
        self._field.take_to(level, min(level + self._rules.each_test, self._rules.n_instances))

    # Learning

    def apply(self, fact: Fact) -> Sequence[int]:
        """Learn what was seen, who runs and who is over; test when all have arrived."""
        match fact:
            case TrialCreated(trial=trial):
                self._enter(trial)
                return ()
            case JobGranted(trial=trial, target=target):
                self._run(trial, target)
                return ()
            case Observed(trial=trial, resource=resource, own=own):
                self._used += 1
                self._field.observe(trial, resource, own[0])
            case Arrived(trial=trial, resource=resource) | Yielded(trial=trial, resource=resource):
                self._field.rest(trial, resource)
            case Failed(trial=trial) | TrialStopped(trial=trial):
                self._used += isinstance(fact, Failed)
                self._field.lose(trial)
            case _:
                return self._learn(fact)
        return () if self._field.lagging else self._judge()

    def _learn(self, fact: Fact) -> Sequence[int]:
        """What is about no trial."""
        match fact:
            case NoMoreTrials():
                self._no_more = True
            case MoreTrials():
                return self._reopen()
            case NewSpace(space=space):
                self._space = space
                self._breeding.forget()
            case MinResourceRaised(resource=resource):
                self._rules = replace(self._rules, first_test=max(self._rules.first_test, resource))
                if self._field.level < resource:
                    self._take_to(resource)
            case _:
                return ()
        return self._judge()

    def _enter(self, trial: int) -> None:
        self._breeding.enter(trial, self._race.created)
        self._race.created += 1
        self._field.enter(trial)
        self._over = False  # where it was created under other options

    def _run(self, trial: int, target: int) -> None:
        """A trial is on its way; a race does not end before all that are left have come as far."""
        self._field.run(trial, target)
        if trial in self._field.own:
            self._race.floor = max(self._race.floor, min(target, self._rules.n_instances))

    def _reopen(self) -> Sequence[int]:
        """More trials come: into the race that goes on, or into a next one."""
        self._no_more = False
        if self._over:
            self._begin(self._field.by_place(self._field.own))
        return list(self._field.own)

    # Standing

    @property
    def levels(self) -> list[int]:
        """The numbers of instances at which races test, and the last one."""
        rules = self._rules
        return [*range(rules.first_test, rules.n_instances, rules.each_test), rules.n_instances]

    def passed_over(self, trial: int) -> bool:
        """Nobody is: who is ruled out is out for good."""
        return False

    def status(self, trial: int) -> RestingStatus:
        """Complete on all instances, stopped if ruled out, else paused while there may be another race."""
        if self._field.reached[trial] >= self._rules.n_instances:
            return "complete"
        return "stopped" if trial in self._field.out else "complete" if self._over else "paused"

    def why(self, trial: int) -> Why:
        """The test or the end of a race that ruled it out, or its place among those alive."""
        field = self._field
        if trial in field.out:
            return field.out[trial]
        if self._over:
            place = field.place.get(trial, len(field.place))
            return Why("survivor", field.reached[trial], rank=place + 1, of=len(field.own))
        missing = 0 if self._is_full else self._race.n_new - self._race.created
        return Why("in the race", field.reached[trial], of=len(field.lagging) + missing)
