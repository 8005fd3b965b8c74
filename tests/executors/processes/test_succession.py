"""A fresh process for each trial, limits of memory, and more room for a trial that has run out of it."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import rung
from executors import trainings
from executors.contract import Hand, job
from infra.processes import workers_of
from rung.core.event import Ended, Reported, Saved
from rung.core.invariants import validate
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.executors.base import Joined, Leaving, Left, Outcome, Release, Released, Yield
from rung.executors.local import Local
from rung.trial import TrialCall


class Waiting(Hand):
    """Waits until there are so many outcomes of a kind."""

    def until_all(self, kind: type, n: int) -> list:
        self.until(lambda: len(self.all(kind)) >= n)
        return self.all(kind)

    def _deliver(self, outcome: Outcome) -> None:
        """As the driver does: who leaves saves first what it holds."""
        super()._deliver(outcome)
        if isinstance(outcome, Leaving) and outcome.worker in self.holding:
            self.pool.send(outcome.worker, Release(save=True))

    @property
    def holding(self) -> set[int]:
        """The workers that hold a trial."""
        ended = {each.trial for each in self.all(Ended) if each.held}
        return {worker for trial, worker in self._worker.items() if trial in ended}


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Waiting]]:
    hands: list[Waiting] = []

    def start(train: Callable, executor: Local) -> Waiting:
        call = TrialCall(train, (Objective("loss"),), Steps("epoch"), folder=tmp_path)
        hands.append(Waiting(executor.start(call), tmp_path))
        return hands[-1]

    yield start
    for hand in hands:
        hand.pool.close(0.5)


class TestIsolated:
    """Each trial in a process of its own."""

    executor = Local(workers=1, isolate=True)

    def test_each_trial_has_a_fresh_process_and_the_driver_learns_of_no_change(self, opened):
        hand = opened(trainings.counting, self.executor)
        hand.answer = lambda outcome: Release(save=False) if isinstance(outcome, Ended) else None
        for number in range(3):
            assert hand.end(job(number, target=2)).outcome == "reached"
        assert [len(pids(hand, number)) for number in range(3)] == [1, 1, 1]
        assert len(pids(hand)) == 3
        assert len(hand.all(Joined)) == 1
        assert not hand.all(Left)

    def test_a_held_trial_goes_on_in_its_process_and_code_behind_its_loop_runs_before_the_next(self, opened):
        hand = opened(trainings.with_an_epilogue, self.executor)
        hand.end(job(0, target=2))
        hand.end(job(1, target=3, trial=0, start=2))
        hand.pool.send(0, Release(save=False))
        hand.end(job(2, target=1))
        assert [(report.job, report.resource) for report in hand.all(Reported)] == [
            (0, 1),
            (0, 2),
            (1, 3),
            (2, 1),
        ]
        assert (hand.folder / "scratch" / "0" / "epilogue").read_text() == "3"

    def test_a_job_that_follows_a_release_at_once_waits_for_its_own_process(self, opened):
        hand = opened(trainings.counting, self.executor)
        hand.end(job(0, target=3))
        hand.pool.send(0, Release(save=True))
        assert hand.end(job(1, target=2)).outcome == "reached"
        (saved,) = hand.all(Saved)
        hand.pool.send(0, Release(save=False))
        hand.end(job(2, target=4, trial=0, start=3, restore=saved.checkpoint))
        assert [report.metrics["loss"] for report in hand.all(Reported)] == [1, 3, 6, 1, 3, 10]
        assert len(pids(hand)) == 3

    def test_a_job_that_is_not_wanted_any_more_ends_before_it_has_begun(self, opened):
        hand = opened(trainings.counting, self.executor)
        hand.end(job(0, target=2))
        hand.pool.send(0, Release(save=False))
        hand.start(job(1, target=2))
        hand.pool.send(0, Yield(1))
        hand.until(lambda: len(hand.all(Ended)) == 2)
        assert (hand.all(Ended)[1].job, hand.all(Ended)[1].outcome) == (1, "yielded")
        assert not pids(hand, 1)
        assert hand.end(job(2, target=1)).outcome == "reached"

    def test_want_of_memory_is_never_excused_by_earlier_trials(self, opened):
        hand = opened(trainings.wanting, self.executor)
        hand.end(job(0, target=1, config={"mb": 1}))
        hand.pool.send(0, Release(save=False))
        assert hand.end(job(1, target=1, config={"mb": 10**9})).failure.fault == "configuration"


class TestMemory:
    def test_a_trial_that_holds_too_much_with_its_children_is_ended_and_told_in_numbers(self, opened):
        hand = opened(trainings.hoarding, Local(workers=1, memory_gb=0.15))
        hand.start(job(0, config={"mb": 200}))
        (left,) = hand.until_all(Left, 1)
        assert (left.failure.fault, left.failure.type) == ("configuration", "out of memory")
        assert re.fullmatch(
            r"worker 0 \(pid \d+\) held 0\.\d+ GB with its child, more than memory_gb=0.15 allows, and was killed",
            left.failure.message,
        )
        assert hand.end(job(1, target=1, config={"mb": 0}), worker=1).outcome == "reached"

    def test_memory_that_a_process_has_kept_from_earlier_trials_is_no_fault_of_the_next(self, opened):
        hand = opened(trainings.hoarding, Local(workers=1, memory_gb=0.15))
        hand.end(job(0, target=1, config={"mb": 0}))
        hand.pool.send(0, Release(save=False))
        hand.start(job(1, config={"mb": 200}))
        (left,) = hand.until_all(Left, 1)
        assert (left.failure.fault, left.failure.type) == ("machine", "out of memory")
        assert left.failure.message.endswith("(after a trial in the same process, so it is tried again)")


class TestRoom:
    """Trainings that are out of memory unless their libraries may use so many threads."""

    def test_a_trial_that_ran_out_of_memory_is_trained_once_more_in_the_room_of_two(self, opened):
        hand = opened(trainings.roomy, Local(workers=2, threads=1, retry_room=2))
        hand.joined(2)
        first = hand.end(job(0, trial=7, target=2, config={"threads": 2}), worker=0)
        assert (first.outcome, first.failure.fault, first.failure.type) == (
            "lost",
            "machine",
            "out of memory",
        )
        assert first.failure.message == "no room (it is tried once more in the room of 2 workers)"
        hand.until_all(Joined, 3)
        second = hand.end(job(1, trial=7, target=2, attempt=2, config={"threads": 2}), worker=2)
        assert second.outcome == "reached"
        assert [(report.job, report.metrics["threads"]) for report in hand.all(Reported)] == [
            (1, 2.0),
            (1, 2.0),
        ]
        left = {left.worker: left.failure.message for left in hand.all(Left)}
        assert left[1].endswith("has given its room to worker 2")
        hand.pool.send(2, Release(save=False))
        hand.until_all(Joined, 4)
        for number, worker in [(2, 2), (3, 3)]:  # the room is shared out again
            hand.end(job(number, target=1, config={"threads": 1}), worker=worker)
        assert {report.metrics["threads"] for report in hand.all(Reported) if report.job > 1} == {1.0}

    def test_who_gives_up_its_room_saves_what_it_holds_before_it_leaves(self, opened):
        hand = opened(trainings.roomy, Local(workers=2, threads=1, retry_room=2))
        hand.joined(2)
        hand.end(job(0, config={"threads": 2}), worker=0)
        hand.until_all(Joined, 3)
        hand.start(job(1, trial=0, config={"threads": 2}), worker=2)
        ended = hand.end(job(2, target=2, config={"threads": 1}), worker=1)
        assert (ended.outcome, ended.held) == ("reached", True)
        hand.until_all(Left, 2)
        mine = [
            each
            for each in hand.outcomes
            if getattr(each, "trial", None) == 2 or getattr(each, "worker", None) == 1
        ]
        assert [type(outcome) for outcome in mine] == [
            Reported,
            Reported,
            Ended,
            Leaving,
            Saved,
            Released,
            Left,
        ]
        hand.until_all(Ended, 3)

    def test_a_trial_at_rest_in_a_larger_room_gives_it_up_for_another_one(self, opened):
        hand = opened(trainings.roomy, Local(workers=3, threads=1, retry_room=2))
        hand.joined(3)
        for number in range(2):
            hand.end(job(number, config={"threads": 2}), worker=number)
        hand.until_all(Joined, 5)
        assert hand.end(job(2, trial=0, target=1, config={"threads": 2}), worker=3).held
        assert hand.end(job(3, trial=1, target=1, config={"threads": 2}), worker=4).outcome == "reached"
        assert [left.worker for left in hand.all(Left)] == [0, 1, 2, 3]
        assert [saved.trial for saved in hand.all(Saved)] == [0]
        assert {report.metrics["threads"] for report in hand.all(Reported)} == {2.0}
        hand.until_all(Joined, 6)  # the room that is left

    def test_a_trial_that_nobody_wants_any_more_does_not_wait_for_room(self, opened):
        hand = opened(trainings.roomy, Local(workers=2, threads=1, retry_room=2))
        hand.joined(2)
        hand.start(job(5, config={"threads": 0}), worker=1)  # trains on and on
        hand.end(job(0, config={"threads": 2}), worker=0)
        hand.until_all(Joined, 3)
        hand.start(job(1, trial=0, config={"threads": 2}), worker=2)
        hand.pool.send(2, Yield(1))
        hand.until_all(Ended, 2)
        assert (hand.all(Ended)[1].job, hand.all(Ended)[1].outcome) == (1, "yielded")
        assert hand.end(job(3, target=1, config={"threads": 1}), worker=2).outcome == "reached"

    def test_a_trial_stays_on_the_gpu_that_it_shares_and_has_more_of_it(self, opened):
        hand = opened(trainings.roomy, Local(gpus=("4", "6"), gpus_per_worker=0.5, threads=1, retry_room=2))
        assert [joined.slot.gpus for joined in hand.until_all(Joined, 4)].count(("6",)) == 2
        hand.end(job(0, config={"threads": 2}), worker=1)
        hand.until_all(Joined, 5)
        assert hand.end(job(1, trial=0, target=1, config={"threads": 2}), worker=4).outcome == "reached"
        assert hand.all(Reported)[0].metrics["gpu"] == 6.0
        assert [left.worker for left in hand.all(Left)] == [1, 3]

    def test_trials_that_all_need_more_room_get_it_one_after_another_and_only_once(self, tmp_path):
        study = rung.Study(
            "roomy",
            {"threads": rung.Choice([1, 2, 3])},
            minimize="loss",
            scheduler=rung.FIFO(2),
            store=None,
            duplicates="replicate",
        )
        for threads in (2, 3, 2):
            study.enqueue({"threads": threads})
        executor = rung.Local(workers=2, threads=1, retry_room=2)
        study.run(trainings.roomy, executor=executor, budget=rung.Budget(trials=3))
        validate(study.state)
        assert [trial.status for trial in study.trials] == ["complete", "failed", "complete"]
        failure = study.trials[1].failure
        assert failure is not None
        assert (failure.fault, failure.message) == ("configuration", "no room")
        lost = [entry.event for entry in study.events() if getattr(entry.event, "outcome", "") == "lost"]
        assert {event.trial for event in lost} == {0, 1, 2}
        assert not workers_of()


def pids(hand: Hand, number: int | None = None) -> set[float]:
    """The processes that reported in a job; in all jobs."""
    return {report.metrics["pid"] for report in hand.all(Reported) if number in (None, report.job)}
