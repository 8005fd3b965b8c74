import math
import random
from collections.abc import Iterator

import pytest

from rung.core.decision import (
    Advance,
    Arrived,
    Failed,
    Finished,
    JobGranted,
    MinResourceRaised,
    MoreTrials,
    New,
    NoMoreTrials,
    TrialCreated,
    TrialStopped,
    Wait,
)
from rung.core.errors import SpecError
from rung.schedulers.halving import LiveHalving, Plan, SuccessiveHalving
from rung.schedulers.hyperband import Hyperband
from schedulers.asks import OBJECTIVES, SPACE, ask


def paper(plan: Plan, losses: dict[tuple[int, int], float], trials: list[int]) -> list[tuple[int, int]]:
    """Lines 5 to 10 of Algorithm 1 with these trials: every (trial, level) that is trained, rung by rung."""
    trained = []
    for i, level in enumerate(plan.levels):
        trained += [(trial, level) for trial in trials]
        alive = [trial for trial in trials if losses[trial, level] < math.inf]
        n = max(1, plan.size // plan.eta ** (i + 1))
        trials = sorted(alive, key=lambda trial: (losses[trial, level], trial))[:n]
    return trained


class Study:
    """A live scheduler with workers whose results arrive in a random order; losses are made up beforehand."""

    def __init__(self, live: LiveHalving, seed: int, n_workers: int, failing: float = 0.0) -> None:
        self.live, self.draws, self.n_workers = live, random.Random(seed), n_workers
        self.failing = failing
        self.brackets: dict[int, list[int]] = {}
        self.granted: list[tuple[int, int, int]] = []  # bracket, trial, target
        self.losses: dict[tuple[int, int], float] = {}
        self.running: dict[int, int] = {}
        self.bracket_of: dict[int, int] = {}
        self.waits = 0

    def turn(self, *, may_create: bool = True) -> bool:
        """A worker asks for a job, or one brings a result; False once all is done."""
        if len(self.running) < self.n_workers:
            match self.live.decide(ask(may_create=may_create)):
                case New(target=target, bracket=bracket):
                    trial = len(self.bracket_of)
                    self.bracket_of[trial] = bracket
                    self.brackets.setdefault(bracket, []).append(trial)
                    self.live.apply(TrialCreated(trial, bracket))
                    return self._grant(trial, target)
                case Advance(trial=trial, target=target):
                    return self._grant(trial, target)
                case Finished():
                    return False
                case Wait():
                    self.waits += 1
        trial = self.draws.choice(sorted(self.running))
        target = self.running.pop(trial)
        fails = self.draws.random() < self.failing
        loss = self.losses[trial, target] = math.inf if fails else float(self.draws.randrange(20))
        self.live.apply(Failed(trial, target) if fails else Arrived(trial, target, (loss,)))
        return True

    def _grant(self, trial: int, target: int) -> bool:
        assert trial not in self.running
        self.live.apply(JobGranted(len(self.granted), trial, 0, target))
        self.granted.append((self.bracket_of[trial], trial, target))
        self.running[trial] = target
        return True

    def trained(self) -> Iterator[tuple[int, list[tuple[int, int]]]]:
        """By bracket, what was trained, rung by rung."""
        for bracket in self.brackets:
            jobs = [(trial, target) for each, trial, target in self.granted if each == bracket]
            yield bracket, sorted(jobs, key=lambda job: job[1])


@pytest.mark.parametrize("failing", [0.0, 0.3])
@pytest.mark.parametrize("workers", [1, 5, 200])
@pytest.mark.parametrize(
    "spec",
    [
        SuccessiveHalving(max_resource=81),
        SuccessiveHalving(max_resource=100, min_resource=7, eta=4, size=33),
        Hyperband(max_resource=81),
        Hyperband(max_resource=100, eta=4, table="iclr"),
        Hyperband(max_resource=6, eta=2),
    ],
    ids=lambda spec: repr(spec)[:40],
)
def test_every_bracket_trains_just_what_the_papers_algorithm_trains(
    spec: SuccessiveHalving | Hyperband, workers: int, failing: float
) -> None:
    study = Study(spec.start(SPACE, OBJECTIVES, 0), workers, workers, failing)
    plans = spec.plans()
    while len(study.brackets) <= 2 * len(plans):
        assert study.turn()
    study.live.apply(NoMoreTrials())
    while study.turn(may_create=False):
        pass
    assert not study.running
    for bracket, jobs in list(study.trained())[:-1]:  # the last one was cut short
        plan, trials = plans[bracket % len(plans)], study.brackets[bracket]
        assert len(trials) == plan.size
        expected = paper(plan, study.losses, trials)
        assert sorted(jobs) == sorted(expected)
    if failing == 0.0:
        sizes = [sum(target == level for _, target in jobs) for level in plan.levels]
        assert sizes == list(plan.sizes)


def test_workers_do_not_wait_while_trials_may_be_created() -> None:
    study = Study(Hyperband(max_resource=27).start(SPACE, OBJECTIVES, 0), 3, n_workers=60)
    for _ in range(2000):
        study.turn()
    assert study.waits == 0
    assert len(study.brackets) > 10


def told(live: LiveHalving, *losses: float, level: int = 1) -> LiveHalving:
    for trial, loss in enumerate(losses):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, level))
        live.apply(Arrived(trial, level, (loss,)))
    return live


def halving(size: int | None = None, max_resource: int = 9) -> LiveHalving:
    return SuccessiveHalving(max_resource=max_resource, size=size).start(SPACE, OBJECTIVES, 0)


def test_who_loses_the_comparison_is_stopped_when_the_last_of_the_rung_has_arrived() -> None:
    live = told(halving(), *[0.1 * trial for trial in range(8)])
    assert {live.status(trial) for trial in range(8)} == {"paused"}
    assert (live.why(0).rule, live.why(0).of) == ("at the barrier", 1)
    live.apply(TrialCreated(8))
    live.apply(JobGranted(8, 8, 0, 1))
    assert list(live.apply(Arrived(8, 1, (0.05,)))) == [2, 3, 4, 5, 6, 7]
    assert [live.status(trial) for trial in (0, 8, 1, 2)] == ["paused", "paused", "paused", "stopped"]
    why = live.why(2)
    assert (why.rule, why.resource, why.rank, why.of, why.keep) == ("not promoted", 1, 4, 9, 3)
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target, decision.why.keep) == (0, 3, 3)


def test_a_place_that_a_stopped_trial_leaves_goes_to_the_next_best() -> None:
    live = told(halving(), *[0.1 * trial for trial in range(8)])
    live.apply(TrialStopped(0))
    live.apply(TrialCreated(8))
    live.apply(JobGranted(8, 8, 0, 1))
    live.apply(Failed(8, 1))
    assert [live.status(trial) for trial in (1, 2, 3, 4)] == ["paused", "paused", "paused", "stopped"]


def test_a_bracket_whose_trials_all_fail_holds_nobody_up() -> None:
    live = halving(size=2)
    for trial in range(2):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, 1))
        live.apply(Failed(trial, 1))
    assert isinstance(live.decide(ask()), New)
    assert isinstance(live.decide(ask(may_create=False)), Finished)


def test_a_rung_that_no_more_trials_come_to_is_judged_at_the_size_that_it_has() -> None:
    live = told(halving(), 0.3, 0.2, 0.1, 0.4, 0.5, 0.6)
    assert isinstance(live.decide(ask(may_create=False)), Finished)
    assert list(live.apply(NoMoreTrials())) == [0, 3, 4, 5]
    for trial in (2, 1):
        decision = live.decide(ask(may_create=False))
        assert isinstance(decision, Advance)
        assert (decision.trial, decision.target) == (trial, 3)
        live.apply(JobGranted(9, trial, 1, 3))


def test_a_larger_budget_goes_on_filling_the_bracket_unless_it_was_judged() -> None:
    live = told(halving(), *[0.1 * trial for trial in range(7)])
    live.apply(TrialCreated(7))
    live.apply(JobGranted(7, 7, 0, 1))
    live.apply(NoMoreTrials())  # waits for trial 7
    live.apply(MoreTrials())
    live.apply(Arrived(7, 1, (0.7,)))
    assert {live.status(trial) for trial in range(8)} == {"paused"}
    assert live.why(0).of == 1
    live.apply(NoMoreTrials())
    live.apply(MoreTrials())
    decision = live.decide(ask(room=1))
    assert isinstance(decision, New)
    assert decision.bracket == 1


def test_whoever_went_further_under_other_options_counts_as_arrived() -> None:
    live = halving(size=3)
    for trial, (level, loss) in enumerate([(9, 0.1), (1, 0.2), (3, 0.3)]):
        live.apply(TrialCreated(trial))
        live.apply(JobGranted(trial, trial, 0, level))
        live.apply(Arrived(trial, level, (loss,)))
    assert [live.status(trial) for trial in range(3)] == ["complete", "stopped", "stopped"]
    assert isinstance(live.decide(ask()), New)


def test_whoever_rests_below_its_rung_under_new_options_goes_on_to_it() -> None:
    live = SuccessiveHalving(max_resource=9, min_resource=3).start(SPACE, OBJECTIVES, 0)
    told(live, 0.5)
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target, decision.why.rule) == (0, 3, "below its rung")


def test_brackets_that_begin_below_a_raised_level_are_given_up() -> None:
    live = Hyperband(max_resource=9).start(SPACE, OBJECTIVES, 0)
    live.apply(TrialCreated(0))
    live.apply(JobGranted(0, 0, 0, 1))
    live.apply(Arrived(0, 1, (0.5,)))
    live.apply(MinResourceRaised(3))
    assert live.levels == [3, 9]
    decision = live.decide(ask())
    assert isinstance(decision, Advance)
    assert (decision.trial, decision.target) == (0, 3)
    live.apply(JobGranted(1, 0, 1, 3))
    decision = live.decide(ask())
    assert isinstance(decision, New)
    assert (decision.target, decision.bracket) == (3, 1)


def test_what_does_not_fit_into_the_room_is_left_out_and_the_reason_given() -> None:
    live = told(halving(size=6), *[0.1 * trial for trial in range(6)])
    decision = live.decide(ask(room=2, starts_at=lambda trial: 0 if trial == 0 else 1))
    assert isinstance(decision, Advance)
    assert decision.trial == 1
    nothing = live.decide(ask(room=0))
    assert isinstance(nothing, Finished)
    assert nothing.why.rule == "budget"


def test_a_size_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SpecError, match="size must be a whole number of at least 1, got 0"):
        SuccessiveHalving(max_resource=9, size=0)
