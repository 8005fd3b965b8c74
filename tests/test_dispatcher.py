"""The dispatcher: what happens is recorded, and free slots become jobs."""

from collections.abc import Callable, Sequence

import pytest

from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.decision import (
    Advance,
    Ask,
    Decision,
    Fact,
    Finished,
    New,
    RestingStatus,
    Slot,
    Stop,
    Wait,
    Yield,
)
from rung.core.errors import ContradictionError
from rung.core.event import Entry
from rung.core.job import Job
from rung.core.objective import Objective
from rung.core.resource import Replicates, Resource, Steps
from rung.core.rng import trial_seed
from rung.core.space import Float, Space
from rung.core.state import State
from rung.core.suggestion import SearcherSpec
from rung.core.why import Why
from rung.dispatcher import Dispatcher, Work
from rung.searchers.grid import GridSearch
from rung.searchers.random import RandomSearch
from rung.stores.memory import MemoryStore

SPACE = Space({"x": Float(0.0, 1.0, default=0.25)})
SLOTS = (Slot(0),)
WHY = Why("new")
LOST = ev.Failure("machine", "lost", "gone")


class Scripted:
    """A scheduler that answers what it is told to."""

    def __init__(self) -> None:
        self.answer: Callable[[Ask], Decision] = lambda ask: New(9, WHY)
        self.asked: list[Ask] = []

    def decide(self, ask: Ask) -> Decision:
        self.asked.append(ask)
        return self.answer(ask)

    def apply(self, fact: Fact) -> Sequence[int]:
        return ()

    def status(self, trial: int) -> RestingStatus:
        return "paused"

    def why(self, trial: int) -> Why:
        return WHY


class House:
    """A dispatcher over a scripted scheduler; `groups` are the entries as they were appended."""

    def __init__(
        self,
        *,
        budget: Budget | None = None,
        searcher: SearcherSpec | None = None,
        resource: Resource | None = None,
        tries_defaults: bool = False,
    ) -> None:
        self.scheduler = Scripted()
        self.groups: list[list[Entry]] = []
        objectives = (Objective("loss"),)
        log = MemoryStore().create("house", [])
        log.acquire()
        self.log = log
        self.state = State(SPACE, objectives, resource or Steps(), self.scheduler)
        self.dispatcher = Dispatcher(
            self.state,
            log,
            (searcher or RandomSearch()).start(SPACE, objectives, 3),
            seed=3,
            tries_defaults=tries_defaults,
            clock=lambda: 7.0,
            recorded=lambda entries, _: self.groups.append(list(entries)),
        )
        if budget is not None:
            self.dispatcher.record(ev.BudgetChanged(budget))

    def decide(self, answer: Decision | None = None, held: frozenset[int] = frozenset()) -> object:
        if answer is not None:
            self.scheduler.answer = lambda ask: answer
        return self.dispatcher.decide(SLOTS, held)

    def job(self, answer: Decision | None = None, held: frozenset[int] = frozenset()) -> Job:
        work = self.decide(answer, held)
        assert isinstance(work, Work)
        job = self.dispatcher.grant(work, Slot(0), held)
        assert job is not None
        return job

    def train(self, job: Job, *resources: int) -> None:
        for resource in resources:
            self.dispatcher.report(ev.Reported(job.number, job.trial, resource, {"loss": 0.5}))

    def end(self, job: Job, outcome: ev.Outcome) -> None:
        self.dispatcher.record(ev.Ended(job.number, job.trial, outcome, LOST if outcome == "lost" else None))

    @property
    def last(self) -> list[ev.AnyEvent]:
        return [entry.event for entry in self.groups[-1]]


def test_a_new_trial_and_its_first_job_are_one_group_of_the_log() -> None:
    house = House()
    job = house.job()
    assert [type(event) for event in house.last] == [ev.Created, ev.Started]
    assert {entry.time for entry in house.groups[-1]} == {7.0}
    assert (job.number, job.trial, job.start, job.target, job.restore) == (0, 0, 0, 9, None)
    assert job.seed == trial_seed(3, 0)
    assert list(house.log.read()) == [entry for group in house.groups for entry in group]


def test_configurations_are_the_defaults_then_those_asked_for_then_the_searchers() -> None:
    house = House(tries_defaults=True)
    house.dispatcher.record(ev.Enqueued({"x": 0.75}))
    configs = [house.job().config for _ in range(3)]
    assert configs[:2] == [{"x": 0.25}, {"x": 0.75}]
    assert [record.source for record in house.state.trials] == ["default", "enqueued", "searcher"]
    job = house.job(New(9, WHY, config={"x": 0.5}))
    assert (job.config, house.state.trials[3].source) == ({"x": 0.5}, "scheduler")


def test_what_is_owed_is_granted_before_the_scheduler_is_asked() -> None:
    house = House()
    job = house.job()
    house.train(job, 1)
    house.end(job, "lost")
    house.scheduler.asked.clear()
    again = house.job()
    assert (again.number, again.trial, again.target, again.attempt) == (1, 0, 9, 2)
    assert house.scheduler.asked == []


def test_an_owed_job_that_the_budget_does_not_cover_holds_up_no_other() -> None:
    house = House(budget=Budget(resource=12))
    job = house.job()
    house.train(job, *range(1, 6))
    house.dispatcher.record(ev.YieldAsked(0, 0, WHY), ev.Ended(0, 0, "yielded", held=True))
    assert isinstance(
        house.decide(held=frozenset({0})), Work
    )  # held in memory it needs 4 more of the 7 units left
    work = house.decide(New(2, WHY))  # it was not saved, so that it would need 9
    assert isinstance(work, Work)
    assert (work.trial, work.target) == (None, 2)
    assert house.decide(Finished(Why("done"))) == Wait(Why("budget", resource=9))


def test_a_job_that_does_not_fit_into_the_budget_is_not_granted() -> None:
    house = House(budget=Budget(resource=8))
    assert house.decide(New(9, WHY)) == Wait(Why("budget", resource=9))
    job = house.job(New(3, WHY))
    assert house.decide(New(6, WHY)) == Wait(Why("budget", resource=6))
    house.train(job, 1, 2, 3)
    house.end(job, "reached")
    assert isinstance(house.decide(Advance(0, 8, WHY), held=frozenset({0})), Work)
    assert house.decide(Advance(0, 8, WHY)) == Wait(Why("budget", resource=8))


def test_the_scheduler_is_told_where_a_job_would_start() -> None:
    house = House()
    job = house.job()
    house.train(job, 1)
    house.dispatcher.record(ev.Saved(0, 0, 1, "0/1"))
    house.train(job, *range(2, 10))
    house.end(job, "reached")
    house.decide(held=frozenset({0}))
    house.decide()
    held, not_held = house.scheduler.asked[-2:]
    assert (held.starts_at(0), held.child_starts_at(0)) == (9, 1)
    assert (not_held.starts_at(0), not_held.child_starts_at(0)) == (1, 1)


def test_a_job_restores_the_checkpoint_unless_a_free_worker_holds_its_trial() -> None:
    house = House()
    house.train(job := house.job(), 1)
    house.dispatcher.record(ev.Saved(0, 0, 1, "0/1"))
    house.train(job, *range(2, 10))
    house.end(job, "reached")
    work = house.decide(Advance(0, 27, WHY))
    assert isinstance(work, Work)
    restored = house.dispatcher.grant(work, Slot(0), frozenset())
    assert restored is not None
    assert (restored.start, restored.restore) == (1, "0/1")
    house.train(restored, *range(2, 28))
    house.end(restored, "reached")
    held = house.job(Advance(0, 81, WHY), held=frozenset({0}))
    assert (held.start, held.restore) == (27, None)


def test_a_budget_of_trials_that_is_used_up_closes_the_study_once() -> None:
    house = House(budget=Budget(trials=1))
    house.job()
    for _ in range(3):
        assert house.decide() == Wait(Why("done"))
    closed = [event for group in house.groups for event in group if isinstance(event.event, ev.Closed)]
    assert [entry.event.why for entry in closed] == [Why("budget of trials", of=1)]
    assert not house.scheduler.asked[-1].may_create


def test_a_child_does_not_count_as_a_trial_of_the_budget() -> None:
    house = House(budget=Budget(trials=1))
    house.train(job := house.job(), *range(1, 10))
    house.dispatcher.record(ev.Saved(0, 0, 9, "0/9"))
    house.end(job, "reached")
    child = house.job(New(12, WHY, config={"x": 0.5}, parent=0, ends=0))
    assert (child.trial, child.start, child.restore) == (1, 9, "0/9")
    assert house.state.status(0) == "stopped"
    assert house.state.account.trials == 1


def test_a_child_of_a_trial_in_replicates_starts_from_the_first_one() -> None:
    house = House(resource=Replicates())
    house.train(job := house.job(), *range(1, 10))
    house.end(job, "reached")
    child = house.job(New(9, WHY, config={"x": 0.5}, parent=0))
    assert (child.start, child.restore) == (0, None)


def test_a_searcher_that_has_nothing_left_closes_the_study() -> None:
    house = House(searcher=GridSearch(points=2))
    house.job(), house.job()
    work = house.decide()
    assert isinstance(work, Work)
    assert house.dispatcher.grant(work, Slot(0), frozenset()) is None
    assert house.last == [ev.Closed(Why("exhausted"))]
    assert house.decide() == Wait(Why("done"))


def test_a_report_that_repeats_is_marked() -> None:
    house = House()
    house.train(job := house.job(), 1, 2)
    house.end(job, "lost")
    house.train(again := house.job(), 1)
    assert house.last == [ev.Reported(again.number, 0, 1, {"loss": 0.5}, repeat=True)]
    with pytest.raises(ContradictionError, match="trial 5 does not exist"):
        house.dispatcher.report(ev.Reported(0, 5, 1, {"loss": 0.5}))


def test_a_reason_to_idle_is_logged_once_until_something_runs_again() -> None:
    house = House()
    n_before = len(house.groups)
    for why in (Why("all busy"), Why("all busy"), Why("barrier", of=3), Why("barrier", of=2)):
        house.dispatcher.idle(why)
    assert len(house.groups) - n_before == 2
    house.job()
    house.dispatcher.idle(Why("barrier", of=2))
    assert house.last == [ev.Idled(Why("barrier", of=2))]


def test_checkpoints_that_nothing_needs_are_given_up_and_doomed_in_order() -> None:
    house = House()
    house.train(house.job(), 1)
    house.dispatcher.record(ev.Saved(0, 0, 1, "0/1"))
    assert list(house.dispatcher.doomed) == []
    house.dispatcher.record(ev.Saved(0, 0, 1, "0/1 again"))
    assert list(house.dispatcher.doomed) == []  # the one before the last is kept, in case that is damaged
    house.dispatcher.record(ev.Saved(0, 0, 1, "0/1 once more"))
    assert house.last == [ev.Dropped(0, "0/1")]
    house.dispatcher.record(ev.Stopped(0, Why("asked")))
    house.dispatcher.record(ev.Ended(0, 0, "yielded"))
    assert [name for _, name in house.dispatcher.doomed] == ["0/1", "0/1 again", "0/1 once more"]
    numbers = [seq for seq, _ in house.dispatcher.doomed]
    dropped = [entry.seq for group in house.groups for entry in group if isinstance(entry.event, ev.Dropped)]
    assert numbers == dropped


def test_an_interruption_is_passed_on_only_while_it_changes_something() -> None:
    house = House()
    job = house.job()
    interruption = Yield(0, Why("asked"))
    assert house.decide(interruption) == interruption
    house.dispatcher.record(ev.YieldAsked(job.number, 0, Why("asked"), owed=False))
    assert house.decide(interruption) == Wait(Why("all busy"))
    house.end(job, "yielded")
    assert house.decide(interruption) == Wait(Why("all busy"))
    assert house.decide(Stop(0, Why("asked"))) == Stop(0, Why("asked"))


def test_what_the_state_refuses_is_not_in_the_log() -> None:
    house = House()
    house.job()
    n = len(list(house.log.read()))
    with pytest.raises(ContradictionError):
        house.dispatcher.record(ev.Ended(7, 0, "lost"))
    assert len(list(house.log.read())) == n == house.state.seq
