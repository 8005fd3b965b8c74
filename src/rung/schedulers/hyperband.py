"""Hyperband: brackets of successive halving that begin with few units for many trials, or with many units for few.

`Hyperband` is the synchronous algorithm, in whole numbers; its brackets overlap as those of `SuccessiveHalving` do.
`AsyncHyperband` and `StoppingHyperband` give each bracket an ASHA of its own, by promotion or by stopping; the bracket
of a new trial is chosen by a rule that a model may take the place of (`rung.schedulers.brackets`).

References:
    Li et al., Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization, JMLR 2018, Algorithm 1.
    Li et al., Hyperband: Bandit-Based Configuration Evaluation for Hyperparameter Optimization, ICLR 2017 (sizes).
    Li et al., A System for Massively Parallel Hyperparameter Tuning, MLSys 2020, section 3.2 (asynchronous).
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from rung.core.decision import (
    Advance,
    Ask,
    Auditable,
    Decision,
    Fact,
    MinResourceRaised,
    MoreTrials,
    New,
    NewSpace,
    NoMoreTrials,
    Observed,
    RestingStatus,
    Stop,
    TrialCreated,
    Wait,
    YieldRequested,
)
from rung.core.errors import SpecError
from rung.core.objective import Objectives
from rung.core.resource import check_count, check_levels
from rung.core.space import Space
from rung.core.why import Why
from rung.schedulers.asha import LiveASHA, LiveStoppingASHA, live_asha
from rung.schedulers.brackets import BracketChoice, ByShare
from rung.schedulers.halving import LiveHalving, Plan
from rung.schedulers.options import RankedOptions, check_preempt, ladder_of
from rung.schedulers.preempt import preempting
from rung.schedulers.ranking import AnyRanking, order_of
from rung.schedulers.rungs import Ladder, at_rest


class Hyperband(msgspec.Struct, frozen=True, tag="hyperband", tag_field="type", forbid_unknown_fields=True):
    """Synchronous Hyperband, round after round.

    Attributes:
        max_resource: Level of the last rung, R in the paper; whoever arrives there is complete.
        min_resource: The fewest units that a trial is judged at; the first bracket begins at
            `max_resource // eta**s`, for the largest s with which that is not less.
        eta: Reduction factor.
        table: Whose bracket sizes: those of the JMLR paper (81, 34, 15, 8, 5 trials for R = 81), or those of the
            ICLR paper before it (81, 27, 9, 6, 5).
        ranking: How trials are ranked by several objectives; None: by `EpsilonNet()`.
        preempt: As in `ASHA`.
    """

    max_resource: int
    min_resource: int = 1
    eta: int = 3
    table: Literal["jmlr", "iclr"] = "jmlr"
    ranking: AnyRanking | None = None
    preempt: float | None = None

    def __post_init__(self) -> None:
        check_levels(self.min_resource, self.max_resource, self.eta)
        check_preempt(self.preempt)
        if self.table not in ("jmlr", "iclr"):
            raise SpecError(f"table must be 'jmlr' or 'iclr', got {self.table!r}. Leave it out for 'jmlr'.")

    def plans(self, lowest: int = 1) -> list[Plan]:
        """The brackets of a round, the one with the most trials first, without those that begin below `lowest`."""
        n_brackets = 1
        while self.min_resource * self.eta**n_brackets <= self.max_resource:
            n_brackets += 1
        all_of_them = [self._plan(s, n_brackets) for s in range(n_brackets - 1, -1, -1)]
        return [plan for plan in all_of_them if plan.levels[0] >= lowest]

    def _plan(self, s: int, n_brackets: int) -> Plan:
        """Bracket `s` of `n_brackets`, which is s_max + 1 in the paper."""
        levels = tuple(self.max_resource // self.eta**k for k in range(s, -1, -1))
        if self.table == "jmlr":
            size = -(-n_brackets * self.eta**s // (s + 1))  # rounded up
        else:
            size = n_brackets // (s + 1) * self.eta**s
        return Plan(levels, size, self.eta)

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        return preempting(LiveHalving(self.plans, order_of(self.ranking, objectives, seed)), self.preempt)


class _AsyncOptions(RankedOptions, frozen=True):
    """What both asynchronous variants are told.

    Attributes:
        brackets: How many; bracket `b` leaves out the `b` lowest rungs. None: one for each rung.
    """

    brackets: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        n_rungs = len(self.rung_levels())
        if self.brackets is None:
            return
        check_count("brackets", self.brackets)
        if self.brackets > n_rungs:
            raise SpecError(
                f"brackets must be at most the number of rungs, got {self.brackets} for the rungs "
                f"{list(self.rung_levels())}. Leave it out for one bracket for each rung."
            )

    def ladders(self, objectives: Objectives, seed: int) -> list[Ladder]:
        """Empty rungs of each bracket."""
        given = self.rung_levels()
        n_brackets = self.brackets or len(given)
        return [ladder_of(self, given[bracket:], objectives, seed) for bracket in range(n_brackets)]

    def choice(self, seed: int) -> ByShare:
        """Trials per bracket as in synchronous Hyperband, where every bracket takes about the same resource."""
        given = self.rung_levels()
        n_brackets = self.brackets or len(given)
        weights = [1 / ((len(given) - bracket) * given[bracket]) for bracket in range(n_brackets)]
        return ByShare(weights, seed)


class AsyncHyperband(_AsyncOptions, frozen=True, tag="async-hyperband"):
    """Asynchronous Hyperband: several brackets of `ASHA`, each with its own rungs.

    Attributes:
        preempt: As in `ASHA`.
    """

    preempt: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_preempt(self.preempt)

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        brackets = [live_asha(each) for each in self.ladders(objectives, seed)]
        return preempting(LiveAsyncHyperband(brackets, self.choice(seed)), self.preempt)


class StoppingHyperband(_AsyncOptions, frozen=True, tag="stopping-hyperband"):
    """Asynchronous Hyperband without checkpoints: several brackets of `StoppingASHA`, each with its own rungs."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveAsyncHyperband":
        """A live scheduler at the beginning of a study."""
        ladders = self.ladders(objectives, seed)
        return LiveAsyncHyperband([LiveStoppingASHA(ladder) for ladder in ladders], self.choice(seed))


class LiveAsyncHyperband:
    """State: a scheduler for each bracket, and which bracket each trial belongs to; costs as those schedulers do."""

    def __init__(self, brackets: Sequence[LiveASHA | LiveStoppingASHA], choice: BracketChoice) -> None:
        self._brackets = brackets
        self._choice = choice
        self._lowest = 0  # those below are given up
        self._of: dict[int, int] = {}
        self._due: set[int] = set()  # all and only the brackets in which somebody is due

    @property
    def acts_between_jobs(self) -> bool:
        """Only a choice of brackets of somebody else may look at results."""
        return not isinstance(self._choice, ByShare)

    def decide(self, ask: Ask) -> Decision:
        """Serve the highest rung of all brackets, else create a trial in a chosen one."""
        if not ask.slots:
            return Wait(Why("all busy"))
        running = any(bracket.ladder.running for bracket in self._brackets)
        return self._go_on(ask) or self._new(ask) or at_rest(running, ask)

    def _go_on(self, ask: Ask) -> Advance | Stop | None:
        found: Advance | None = None
        for bracket in sorted(self._due):
            decision = self._brackets[bracket].go_on(ask)
            if isinstance(decision, Stop):
                return decision
            if decision is not None and (found is None or decision.target > found.target):
                found = decision
        return found

    def _new(self, ask: Ask) -> New | None:
        """A new trial in the chosen bracket; in the next lower one that the budget covers, if it does not."""
        if not ask.may_create or self._brackets[self._lowest].ladder.levels[0] > ask.room:
            return None
        chosen = self._choice.choose(ask.history.view(), ask.rng)
        for bracket in range(max(self._lowest, chosen), self._lowest - 1, -1):
            if (new := self._brackets[bracket].ladder.new(ask, bracket)) is not None:
                return new
        return None

    def apply(self, fact: Fact) -> Sequence[int]:
        """Tell the bracket of the trial."""
        match fact:
            case TrialCreated(trial=trial, bracket=bracket):
                # the last one, if it was created in one that there is not under these options
                self._of[trial] = min(bracket, len(self._brackets) - 1)
                return ()
            case MinResourceRaised(resource=resource):
                return self._raise_lowest(resource)
            case NoMoreTrials() | MoreTrials() | NewSpace() | Observed() | YieldRequested():
                return ()  # nothing that the rungs of ASHA look at
            case _:
                return self._tell(self._of[fact.trial], fact)

    def _tell(self, bracket: int, fact: Fact) -> Sequence[int]:
        live = self._brackets[bracket]
        changed = live.apply(fact)
        if live.has_due:
            self._due.add(bracket)
        else:
            self._due.discard(bracket)
        return changed

    def _raise_lowest(self, resource: int) -> Sequence[int]:
        """Give up the brackets that begin below a level; the last one begins later where all do."""
        for number, bracket in enumerate(self._brackets):
            if bracket.ladder.levels[0] >= resource:
                self._lowest = number
                return ()
        self._lowest = len(self._brackets) - 1
        return self._brackets[-1].apply(MinResourceRaised(resource))

    # Standing

    @property
    def levels(self) -> list[int]:
        """The levels of the brackets in which trials begin now."""
        return self._brackets[self._lowest].levels

    def passed_over(self, trial: int) -> bool:
        """Whether a paused trial is not among the best of its rung."""
        return self._brackets[self._of[trial]].passed_over(trial)

    def status(self, trial: int) -> RestingStatus:
        """As its bracket says."""
        return self._brackets[self._of[trial]].status(trial)

    def why(self, trial: int) -> Why:
        """Its place on its rung."""
        return self._brackets[self._of[trial]].why(trial)
