"""Preemption: the rule by hand, and what holds in any order of events."""

import random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

import rung
from rung.core import event as ev
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.decision import (
    Advance,
    Arrived,
    Decision,
    Finished,
    JobGranted,
    New,
    Observed,
    SchedulerSpec,
    TrialCreated,
    TrialStopped,
    Wait,
    Yield,
    Yielded,
    YieldRequested,
)
from rung.core.errors import SpecError
from rung.core.why import Why, sentence
from rung.schedulers.preempt import LivePreempting
from schedulers.asks import OBJECTIVES, SPACE, ask
from schedulers.test_properties import Case, it_has_ended, machine
from schedulers.world import Settings, World

SPECS: list[SchedulerSpec] = [
    rung.SuccessiveHalving(max_resource=9, levels=(4, 9), eta=2, size=4, preempt=1),
    rung.Hyperband(max_resource=16, eta=2, preempt=1),
    rung.PASHA(max_resource=9, min_resource=2, eta=2, preempt=1),
    rung.ASHA(max_resource=9, min_resource=3, eta=2, preempt=1),
]
NAMES = [type(spec).__name__ for spec in SPECS]


class Table:
    """Brackets of two trials, which go to 10 steps of 1 s, and the better one to 20; nobody waits for more than 3 s."""

    def __init__(self, preempt: int | None = 3) -> None:
        spec = rung.SuccessiveHalving(max_resource=20, levels=(10, 20), eta=2, preempt=preempt)
        self.live = spec.start(SPACE, OBJECTIVES, 0)
        self.n_trials = 0

    def begin(self) -> int:
        """Give the next job; returns its trial."""
        decision = self.live.decide(ask())
        assert isinstance(decision, New | Advance)
        trial, start = (self.n_trials, 0) if isinstance(decision, New) else (decision.trial, 10)
        if isinstance(decision, New):
            self.n_trials += 1
            self.live.apply(TrialCreated(trial, decision.bracket))
        self.live.apply(JobGranted(0, trial, start, decision.target))
        return trial

    def train(self, trial: int, *steps: int, loss: float = 0.5) -> None:
        for step in steps:
            self.live.apply(Observed(trial, step, (loss,), (loss,), 1, 1.0))

    def end(self, trial: int, resource: int, loss: float) -> None:
        self.train(trial, resource, loss=loss)
        self.live.apply(Arrived(trial, resource, (loss,)))

    def interruption(self) -> Decision:
        return self.live.decide(ask(n_slots=0))


def promoted() -> Table:
    """Two brackets run on four workers; that of trials 0 and 1 has two promotions due, and one worker was free."""
    spec = rung.SuccessiveHalving(max_resource=20, levels=(10, 20), eta=2, size=4, preempt=3)
    table = Table()
    table.live = spec.start(SPACE, OBJECTIVES, 0)
    for trial in (0, 1, 2, 3):
        assert table.begin() == trial
    for trial in (0, 1, 2):
        table.end(trial, 10, trial / 10)
        assert table.begin() == trial + 4  # the second bracket, as the first one waits for trial 3
    table.train(4, 1, 2)
    table.train(5, 1)
    table.end(3, 10, 0.9)
    assert table.begin() == 0  # trials 0 and 1 are promoted; there is one worker
    return table


def test_the_job_to_the_lowest_level_with_most_to_go_yields_to_a_promotion() -> None:
    table = promoted()
    # trial 6 has most to go, but has not trained a unit yet, so trial 5 yields
    found = table.interruption()
    assert found == Yield(5, Why("preempted", resource=1, trial=1))
    assert sentence(found.why, "epoch") == "gives its worker at 1 epoch to trial 1, which was promoted"
    table.live.apply(YieldRequested(5))
    assert isinstance(table.interruption(), Wait)  # one at a time
    table.live.apply(Yielded(5, 2))
    assert table.live.status(5) == "paused"
    assert sentence(table.live.why(5), "epoch") == (
        "gave its worker to a promotion at 2 epochs; goes on before any new trial begins"
    )
    assert table.begin() == 1


def yielded() -> Table:
    table = promoted()
    table.live.apply(YieldRequested(5))
    table.live.apply(Yielded(5, 2))
    assert table.begin() == 1
    return table


def test_who_has_yielded_goes_on_before_a_new_trial_begins() -> None:
    table = yielded()
    table.end(0, 20, 0.1)
    found = table.live.decide(ask())
    assert found == Advance(5, 10, Why("has its turn", resource=2))
    table.live.apply(JobGranted(9, 5, 2, 10))
    assert isinstance(table.live.decide(ask()), New)
    table.end(5, 10, 0.3)
    assert table.live.status(5) == "paused"  # at the barrier of its rung, as if nothing had happened


def test_nobody_yields_twice() -> None:
    table = yielded()
    table.live.apply(TrialStopped(0))
    table.live.apply(JobGranted(9, 5, 2, 10))  # has its turn
    table.train(5, 3)
    assert table.live.spared == {5}
    for trial in (4, 6):
        table.live.apply(TrialStopped(trial))
    assert table.interruption() == Wait(Why("all busy"))


def test_nobody_yields_where_a_worker_is_free_soon_or_free_already() -> None:
    table = promoted()
    table.train(4, 3, 4, 5, 6)
    assert isinstance(table.interruption(), Yield)
    table.train(4, 7)  # 3 steps to go
    assert isinstance(table.interruption(), Wait)
    table = promoted()
    table.end(4, 10, 0.5)  # its worker gets the promotion
    assert isinstance(table.interruption(), Wait)


def test_nobody_yields_without_the_option_or_a_promotion_that_the_budget_covers() -> None:
    table = promoted()
    assert isinstance(table.live.decide(ask(n_slots=0, room=5)), Wait)
    with pytest.raises(AttributeError):
        _ = Table(preempt=None).live.spared  # type: ignore[attr-defined]
    table = Table()
    table.begin()
    table.train(0, 1)
    assert isinstance(table.interruption(), Wait)


def test_where_only_the_rests_are_left_and_cost_too_much_it_has_finished() -> None:
    table = yielded()
    for trial in (0, 1, 4, 6):
        table.live.apply(TrialStopped(trial))
    assert table.live.decide(ask(may_create=False, room=3)) == Finished(Why("budget"))
    assert isinstance(table.live.decide(ask(may_create=False)), Advance)


@pytest.mark.parametrize("wrong", [0, -1, float("inf"), True, "5"])
def test_wrong_options_are_refused_with_a_sentence(wrong: object) -> None:
    for scheduler in (rung.ASHA, rung.PASHA, rung.SuccessiveHalving, rung.Hyperband, rung.AsyncHyperband):
        with pytest.raises(SpecError, match="preempt is for how many seconds"):
            scheduler(9, preempt=wrong)  # type: ignore[arg-type]


# In any order of events


@pytest.mark.parametrize("audit", [None, Audit(0.4)], ids=["", "audited"])
@pytest.mark.parametrize("spec", SPECS[::2], ids=NAMES[::2])
def test_a_scheduler_that_preempts_keeps_its_word(spec: SchedulerSpec, audit: Audit | None) -> None:
    run_state_machine_as_test(
        machine(Case(spec, audit=audit)),
        settings=settings(
            max_examples=6,
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


@pytest.mark.parametrize("workers", [1, 3, 50])
@pytest.mark.parametrize(
    "spec", [*SPECS, rung.AsyncHyperband(max_resource=9, preempt=1)], ids=lambda spec: repr(spec)[:9]
)
def test_a_study_ends_with_any_number_of_workers(spec: SchedulerSpec, workers: int) -> None:
    world = World(Settings(spec, workers, Budget(trials=12)))
    world.do("drain", 3)
    it_has_ended(world)


def wandering(spec: SchedulerSpec, seed: int) -> World:
    """A study in which workers report in any order, some are lost, and drivers die."""
    draws = random.Random(seed)
    world = World(Settings(spec, draws.choice([2, 3, 4]), Budget(trials=40), seed), checking=False)
    for _ in range(500):
        number = draws.randrange(12)
        if draws.random() < 0.04:
            world.do(draws.choice(["lose", "interrupt", "save"]), number)
        elif draws.random() < 0.01:
            world.do("restart")
        while world.ask():
            pass
        world.do("step", number, draws.randrange(9) / 4)
    world.do("drain", 1)
    return world


@pytest.mark.parametrize("spec", SPECS[:2], ids=NAMES[:2])
def test_whoever_has_yielded_had_come_further_yields_once_and_gets_its_turn(spec: SchedulerSpec) -> None:
    n_yields = 0
    for seed in range(8):
        world = wandering(spec, seed)
        it_has_ended(world)
        begun: dict[int, int] = {}
        position: dict[int, int] = {}
        waiting: set[int] = set()
        have_yielded: set[int] = set()
        for entry in world.entries:
            match entry.event:
                case ev.Started(job=job, trial=trial, start=start, why=why):
                    begun[job] = position[job] = start
                    waiting.discard(trial)
                    assert why.rule != "new" or not waiting  # nobody begins while somebody waits for its turn
                case ev.Reported(job=job, resource=resource):
                    position[job] = resource
                case ev.YieldAsked(trial=trial, owed=False):
                    assert trial not in have_yielded
                    have_yielded.add(trial)
                case ev.Ended(job=job, trial=trial, outcome="yielded") if trial in have_yielded:
                    assert position[job] > begun[job]
                    waiting.add(trial)
        assert not waiting
        n_yields += len(have_yielded)
        assert isinstance(world.state.scheduler, LivePreempting)
        assert not world.state.scheduler.waiting
    assert n_yields > 5
