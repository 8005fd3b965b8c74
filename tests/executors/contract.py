"""What every executor must do: inherit `ExecutorContract`, set `executor` and `pair`, and the tests run against it.

A test about something that an executor cannot do is set to None in its class.
"""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import psutil
import pytest

from executors import trainings
from infra.processes import workers_of
from rung.core.errors import ExecutorError
from rung.core.event import Ended, Reported, Saved
from rung.core.job import Job
from rung.core.objective import Objective
from rung.core.resource import Fraction, Resource, Steps
from rung.executors.base import (
    Command,
    Executor,
    Joined,
    Left,
    Outcome,
    Pool,
    Release,
    Released,
    Start,
    Yield,
)
from rung.trial import TrialCall

LIMIT_S = 30.0
"""How long anything may take before the test gives up."""


def job(number: int = 0, target: int = 3, **options: object) -> Job:
    fields = {"trial": number, "config": {"x": 0.5}, "start": 0, "seed": 1, **options}
    return Job(number=number, target=target, **fields)


class Hand:
    """A driver of a few lines: it collects outcomes, and answers some at once."""

    def __init__(self, pool: Pool, folder: Path) -> None:
        self.pool = pool
        self.folder = folder
        self.outcomes: list[Outcome] = []
        self.release = Release(save=False)
        self.answer: Callable[[Outcome], Command | None] = lambda outcome: None
        self._worker: dict[int, int] = {}

    def until(self, happened: Callable[[], object]) -> None:
        """Wait until it has."""
        deadline = self.pool.clock() + LIMIT_S
        while not happened():
            assert self.pool.clock() < deadline, self.outcomes
            self.pool.wait(deadline, self._deliver)

    def joined(self, n: int) -> list[int]:
        """The numbers of the first `n` workers."""
        self.until(lambda: len(self.all(Joined)) >= n)
        return [outcome.slot.worker for outcome in self.all(Joined)][:n]

    def start(self, job: Job, worker: int | None = None) -> None:
        """Send a job, by default to the first worker."""
        worker = self.joined(1)[0] if worker is None else worker
        self._worker[job.trial] = worker
        self.pool.send(worker, Start(job))

    def end(self, job: Job, worker: int | None = None) -> Ended:
        """Send a job and wait for its end."""
        self.start(job, worker)
        self.until(lambda: job.number in [ended.job for ended in self.all(Ended)])
        return next(ended for ended in self.all(Ended) if ended.job == job.number)

    def left(self) -> Left:
        """Wait until a worker has left, and say which."""
        self.until(lambda: self.all(Left))
        return self.all(Left)[0]

    def comes_after(self, left: Left) -> int:
        """Wait until a worker has joined after one has left."""

        def later() -> list[int]:
            rest = self.outcomes[self.outcomes.index(left) :]
            return [outcome.slot.worker for outcome in rest if isinstance(outcome, Joined)]

        self.until(later)
        return later()[0]

    def training(self) -> psutil.Process:
        """The process that has reported last, which says what it is."""
        return psutil.Process(int(self.all(Reported)[-1].metrics["pid"]))

    def until_elsewhere(self, happened: Callable[[], object]) -> None:
        """Wait until something has happened that the pool does not tell."""
        deadline = self.pool.clock() + LIMIT_S
        while not happened():
            assert self.pool.clock() < deadline, self.outcomes
            self.pause(0.1)

    def pause(self, seconds: float) -> None:
        """Take what comes for so long."""
        end = self.pool.clock() + seconds
        while self.pool.clock() < end:
            self.pool.wait(end, self._deliver)

    def all(self, kind: type) -> list:
        return [outcome for outcome in self.outcomes if isinstance(outcome, kind)]

    def resources(self, number: int) -> list[int]:
        return [report.resource for report in self.all(Reported) if report.job == number]

    def _deliver(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        command = self.answer(outcome)
        if command is None and isinstance(outcome, Ended) and outcome.held and not self.pool.holds:
            command = self.release
        if command is not None:
            self.pool.send(self._worker[outcome.trial], command)


class ExecutorContract:
    """Set `executor`, with one worker, and `pair`, with two if it can have several."""

    executor: ClassVar[Executor]
    pair: ClassVar[Executor]

    def impatient(self) -> Executor:
        """The executor with a time-out."""
        return msgspec.structs.replace(self.executor, trial_timeout_s=0.5)  # type: ignore[type-var]

    def processes(self) -> set[int]:
        """Processes that a pool may have started, by id."""
        return {worker.pid for worker in workers_of()}

    @pytest.fixture
    def opened(self, tmp_path: Path) -> Iterator[Callable[..., Hand]]:
        hands: list[Hand] = []

        def start(
            train: Callable,
            resource: Resource | None = None,
            executor: Executor | None = None,
            **options: object,
        ) -> Hand:
            resource = Steps("epoch") if resource is None else resource
            call = TrialCall(train, (Objective("loss"),), resource, folder=tmp_path, **options)
            hands.append(Hand((executor or self.executor).start(call), tmp_path))
            return hands[-1]

        yield start
        for hand in hands:
            hand.pool.close(LIMIT_S)

    def test_a_trial_is_trained_from_its_start_to_its_target(self, opened):
        hand = opened(trainings.plain)
        ended = hand.end(job(0, target=3))
        assert (ended.outcome, ended.trial, ended.failure) == ("reached", 0, None)
        assert [(report.resource, report.metrics) for report in hand.all(Reported)] == [
            (1, {"loss": 1.0, "cost": 2.0}),
            (2, {"loss": 0.5, "cost": 2.0}),
            (3, {"loss": 1 / 3, "cost": 2.0}),
        ]
        assert all(report.seconds > 0 and report.cost == 2.0 for report in hand.all(Reported))

    def test_one_worker_trains_trial_after_trial(self, opened):
        hand = opened(trainings.plain)
        hand.answer = lambda outcome: hand.release if isinstance(outcome, Ended) else None
        for number in range(5):
            assert hand.end(job(number, target=2)).outcome == "reached"
        assert [report.job for report in hand.all(Reported)] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]

    def test_a_paused_trial_is_saved_and_goes_on_in_another_worker(self, opened):
        hand = opened(trainings.counting, executor=self.pair)
        hand.answer = lambda outcome: Release(save=True) if isinstance(outcome, Ended) else None
        hand.end(job(0, target=3))
        hand.until(lambda: hand.all(Released))
        (saved,) = hand.all(Saved)
        assert (saved.resource, saved.checkpoint) == (3, "0/3.0")
        assert saved.size_bytes == 1
        other = hand.joined(2)[1] if hand.pool.holds else None
        hand.end(job(7, target=5, trial=0, start=3, restore=saved.checkpoint), other)
        assert [report.metrics["loss"] for report in hand.all(Reported)] == [1, 3, 6, 10, 15]

    def test_a_held_trial_goes_on_where_it_stands_without_a_new_call(self, opened):
        hand = opened(trainings.counting)
        assert hand.end(job(0, target=2)).held
        assert hand.end(job(1, target=4, trial=0, start=2)).held
        assert [report.metrics["loss"] for report in hand.all(Reported)] == [1, 3, 6, 10]
        assert hand.resources(1) == [3, 4]
        assert not hand.all(Saved)

    def test_a_checkpoint_is_there_before_a_job_that_asked_for_it_has_ended(self, opened):
        hand = opened(trainings.counting)
        hand.end(job(0, target=2, save=True))
        kinds = [type(outcome) for outcome in hand.outcomes]
        assert kinds.index(Saved) < kinds.index(Ended)

    def test_a_running_trial_saves_itself_when_it_is_time(self, opened):
        hand = opened(trainings.counting, every_s=0.0)
        hand.end(job(0, target=2))
        assert [saved.resource for saved in hand.all(Saved)][:1] == [1]

    def test_a_running_job_yields_at_its_next_report(self, opened):
        hand = opened(trainings.plain)
        hand.answer = lambda outcome: Yield(0) if isinstance(outcome, Reported) else None
        assert hand.end(job(0, target=10**9)).outcome == "yielded"

    def test_a_yield_for_another_job_changes_nothing(self, opened):
        hand = opened(trainings.plain)
        hand.answer = lambda outcome: Yield(4) if isinstance(outcome, Reported) else None
        assert hand.end(job(0, target=3)).outcome == "reached"

    def test_code_behind_the_loop_runs_when_the_trial_is_left_for_good(self, opened):
        hand = opened(trainings.with_an_epilogue)
        hand.answer = lambda outcome: Release(save=False) if isinstance(outcome, Ended) else None
        hand.end(job(0, target=2))
        hand.until(lambda: hand.all(Released))
        hand.pool.close(LIMIT_S)
        assert (hand.folder / "scratch" / "0" / "epilogue").read_text() == "2"

    def test_a_loop_that_ignores_the_answer_ends_too(self, opened):
        hand = opened(trainings.stubborn)
        hand.answer = lambda outcome: Release(save=False) if isinstance(outcome, Ended) else None
        assert hand.end(job(0, target=2)).outcome == "reached"
        assert hand.end(job(1, target=2)).outcome == "reached"

    def test_an_exception_of_the_training_is_a_failure_with_its_place(self, opened):
        hand = opened(trainings.broken)
        ended = hand.end(job(0, target=3))
        why = ended.failure
        assert (ended.outcome, ended.held) == ("failed", False)
        assert (why.fault, why.type, why.message) == ("configuration", "ValueError", "bad 0.5 second line")
        assert "in broken" in why.traceback and "_sink(trial.config)" in why.traceback
        assert "rung/trial.py" not in why.traceback
        line = trainings._sink.__code__.co_firstlineno + 1
        assert why.place == f"{trainings.__file__}:{line}"

    def test_a_failed_trial_leaves_its_worker_free(self, opened):
        hand = opened(trainings.broken)
        assert hand.end(job(0, target=3)).outcome == "failed"
        assert hand.end(job(1, target=1)).outcome == "reached"

    def test_sys_exit_is_a_failure_of_the_configuration(self, opened):
        why = opened(trainings.leaving_python).end(job(0)).failure
        assert (why.fault, why.type, why.message) == ("configuration", "SystemExit", "3")

    def test_a_diverged_trial_fails_at_once(self, opened):
        hand = opened(trainings.diverging)
        ended = hand.end(job(0, target=9))
        assert (ended.outcome, ended.failure.type, ended.held) == ("failed", "diverged", False)
        assert hand.resources(0) == [1]

    def test_misuse_is_told_in_words_even_if_the_training_swallows_it(self, opened):
        why = opened(trainings.swallowing).end(job(0, target=1)).failure
        assert (why.fault, why.type) == ("code", "MisuseError")
        assert why.message == (
            "the report at epoch 1 lacks the objective 'loss'; it holds 'los'. Say trial.report(loss=...)."
        )

    @pytest.mark.parametrize("moment", ["training", "saving"])
    def test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on_from_its_last_checkpoint(
        self, opened, moment
    ):
        hand = opened(trainings.killed, every_s=0.0)
        (first,) = hand.joined(1)
        hand.start(job(0, target=5, config={"killed": moment}))
        left = hand.left()
        assert (left.worker, left.failure.fault, left.failure.type) == (first, "machine", "killed")
        assert left.failure.message.endswith("was killed by signal 9")
        last = hand.all(Saved)[-1]
        assert last.resource == 2  # the next one was not whole
        rest = job(1, 5, trial=0, config={"killed": moment}, start=last.resource, restore=last.checkpoint)
        assert hand.end(rest, hand.comes_after(left)).outcome == "reached"
        assert hand.all(Reported)[-1].metrics["loss"] == 1 + 2 + 3 + 4 + 5

    def test_a_worker_that_is_killed_while_it_has_nothing_to_do_is_replaced(self, opened):
        hand = opened(trainings.counting)
        hand.answer = lambda outcome: Release(save=False) if isinstance(outcome, Ended) else None
        hand.end(job(0, target=1))
        hand.until(lambda: hand.all(Released))
        hand.training().kill()
        left = hand.left()
        assert left.failure.message.endswith("was killed by signal 9")
        assert hand.end(job(1, target=2), hand.comes_after(left)).outcome == "reached"

    def test_a_trial_that_says_nothing_for_too_long_is_ended(self, opened):
        hand = opened(trainings.hanging, executor=self.impatient())
        hand.start(job(0, target=9))
        left = hand.left()
        assert (left.failure.fault, left.failure.type) == ("configuration", "timeout")
        assert left.failure.message.endswith("said nothing for 0.5 seconds and was killed")
        hand.comes_after(left)

    def test_a_worker_that_is_stopped_is_ended_as_one_that_says_nothing(self, opened):
        hand = opened(trainings.counting, executor=self.impatient())
        hand.start(job(0, target=10**9))
        hand.until(lambda: hand.all(Reported))
        hand.training().suspend()
        assert hand.left().failure.message.endswith("said nothing for 0.5 seconds and was killed")

    def test_a_worker_that_is_stopped_for_a_while_loses_nothing(self, opened):
        hand = opened(trainings.counting)
        hand.start(job(0, target=10**9))
        hand.until(lambda: hand.all(Reported))
        training = hand.training()
        training.suspend()
        heard = -1
        while heard < len(hand.all(Reported)):  # what it has said before is still on its way
            heard = len(hand.all(Reported))
            hand.pause(0.5)
        training.resume()
        hand.until(lambda: len(hand.all(Reported)) > heard + 10)
        assert hand.resources(0) == list(range(1, len(hand.all(Reported)) + 1))
        assert not hand.all(Left)
        hand.pool.close(0.0)

    def test_a_huge_report_arrives_whole(self, opened):
        hand = opened(trainings.telling_much)
        assert hand.end(job(0, target=1)).outcome == "reached"
        (report,) = hand.all(Reported)
        assert len(report.metrics) == 100_001
        assert report.metrics["weights/99999"] == 99_999 / 7

    def test_a_share_of_the_data_is_trained_in_one_call_and_not_held(self, opened):
        hand = opened(trainings.plain, resource=Fraction())
        ended = hand.end(job(0, target=25))
        assert (ended.outcome, ended.held) == ("reached", False)
        assert hand.resources(0) == [25]

    def test_functions_that_no_module_holds_are_trained_too(self, opened):
        base = 3.0

        def local(trial):
            trial.report(loss=base + trial.config["x"])

        assert opened(local).end(job(0, target=1)).outcome == "reached"
        assert opened(lambda trial: trial.report(loss=base)).end(job(0, target=1)).outcome == "reached"

    def test_a_function_that_cannot_be_sent_is_refused_by_name(self, opened):
        guard = threading.Lock()

        def train(trial):
            with guard:
                trial.report(loss=1.0)

        with pytest.raises(ExecutorError, match=r"variable 'guard' in train: TypeError: cannot pickle"):
            opened(train)

    def test_nothing_is_left_running_behind_it(self, opened):
        before = self.processes()
        hand = opened(trainings.plain)
        hand.end(job(0))
        hand.pool.close(LIMIT_S)
        hand.pool.close(LIMIT_S)
        assert self.processes() <= before
        assert not hand.all(Left)

    def test_a_wait_ends_when_its_time_is_up(self, opened):
        hand = opened(trainings.plain)
        hand.end(job(0))
        hand.pool.wait(hand.pool.clock() + 0.01, hand.outcomes.append)
