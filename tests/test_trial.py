"""What a training function sees: commands in, messages out, no process and no driver."""

import logging
import math
from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cloudpickle
import pytest

import rung.trial
from rung.core.errors import MisuseError
from rung.core.event import Ended, Failure, Reported, Saved
from rung.core.job import Job
from rung.core.objective import Objective
from rung.core.resource import Fraction, Replicates, Steps
from rung.executors.base import Keep, Leave, Release, Released, Start, Yield
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.trial import TrialCall, function_train

KEEP, LOSE = Release(save=True), Release(save=False)


class Script:
    """A channel whose commands are given beforehand; where they run out, the trial is released."""

    def __init__(self, commands: dict[int, object] | None = None, held: tuple[object, ...] = ()) -> None:
        self.said: list[object] = []
        self._running = commands or {}
        self._held = deque(held)

    def send(self, message):
        self.said.append(message)

    def receive(self, wait):
        if wait:
            return self._held.popleft() if self._held else LOSE
        return self._running.pop(self.reports[-1].resource, None)

    @property
    def reports(self) -> list[Reported]:
        return [message for message in self.said if isinstance(message, Reported)]

    @property
    def ends(self) -> list[Ended]:
        return [message for message in self.said if isinstance(message, Ended)]

    @property
    def saves(self) -> list[str]:
        return [message.checkpoint for message in self.said if isinstance(message, Saved)]

    @property
    def failure(self) -> Failure:
        return self.ends[-1].failure


def job(target: int = 3, number: int = 0, **options) -> Job:
    return Job(
        number=number, target=target, **{"trial": 5, "config": {"x": 2.0}, "start": 0, "seed": 9, **options}
    )


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Script]:
    """Runs a training function on a script."""

    def run(
        function, sent: Job | None = None, resource=None, script: Script | None = None, **options
    ) -> Script:
        script = script or Script()
        metrics = options.pop("objectives", (Objective("loss"),))
        call = TrialCall(function, metrics, resource or Steps("epoch"), folder=tmp_path, **options)
        call(sent or job(), script)
        return script

    return run


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    """The time by which trials measure; the test moves it."""
    now = [100.0]
    monkeypatch.setattr(rung.trial, "perf_counter", lambda: now[0])
    return now


def plain(trial, save=None):
    for step in trial.steps():
        trial.report(loss=1.0 / step, save=save)


def mark(folder):
    (folder / "mark").write_text("saved")


# Reports


def test_a_trial_shows_its_job(train, tmp_path):
    def look(trial):
        assert (trial.number, trial.config, trial.seed, trial.target) == (5, {"x": 2.0}, 9, 3)
        assert (trial.resource, trial.instance, trial.checkpoint) == (0, 1, None)
        assert trial.folder == tmp_path / "scratch" / "5"
        assert trial.folder.is_dir()
        plain(trial)

    assert train(look).ends[0].outcome == "reached"


def test_nothing_is_made_on_the_disk_before_it_is_needed(train, tmp_path):
    train(plain)
    assert list(tmp_path.iterdir()) == []


def test_metrics_come_as_keywords_as_a_dict_or_both(train):
    def report(trial):
        trial.report({"val/loss": 1, "loss": 7}, loss=2)
        trial.report({"loss": 3}, step=3)

    assert [(report.resource, report.metrics) for report in train(report).reports] == [
        (1, {"val/loss": 1.0, "loss": 2.0}),
        (3, {"loss": 3.0}),
    ]


def test_a_report_on_the_way_may_lack_the_objective(train):
    def report(trial):
        for step in trial.steps():
            trial.report({"loss": 1.0} if step == trial.target else {})

    assert train(report).ends[0].outcome == "reached"


def test_steps_without_a_report_are_allowed_on_the_way(train):
    def report(trial):
        for step in trial.steps():
            if step % 3 == 0:
                trial.report(loss=step)

    assert [report.resource for report in train(report, job(9)).reports] == [3, 6, 9]


def test_seconds_are_training_without_waiting_and_saving(train, clock):
    def report(trial):
        for _ in trial.steps():
            clock[0] += 2.0
            trial.report(loss=1.0, save=slow)

    def slow(folder):
        clock[0] += 50.0

    class Slow(Script):
        def receive(self, wait):
            clock[0] += 1000.0
            return super().receive(wait)

    script = Slow(held=(Start(job(4, 1, start=3)), LOSE))
    train(report, job(3, save=True), script=script)
    assert [report.seconds for report in script.reports] == [2.0] * 4


def test_the_cost_metric_is_booked(train):
    def report(trial):
        for step in trial.steps():
            trial.report(loss=1.0, joules=math.nan if step == 2 else 3)

    assert [report.cost for report in train(report, cost_metric="joules").reports] == [3.0, 0.0, 3.0]


# Going on and leaving


def test_a_held_trial_goes_on_inside_its_report(train):
    script = Script(held=(Start(job(5, 1, start=3)),))
    train(plain, script=script)
    assert [(report.job, report.resource) for report in script.reports] == [
        (0, 1),
        (0, 2),
        (0, 3),
        (1, 4),
        (1, 5),
    ]
    assert [(ended.job, ended.held) for ended in script.ends] == [(0, True), (1, True)]
    assert script.said[-1] == Released(5)


def test_a_loop_of_the_users_own_learns_from_the_answer(train):
    answers = []

    def loop(trial):
        while trial.report(loss=1.0):
            answers.append(trial.resource)

    script = Script(held=(Start(job(5, 1, start=3)),))
    train(loop, script=script)
    assert answers == [1, 2, 3, 4]


def test_a_loop_that_ignores_the_answer_ends_at_its_next_report(train):
    def loop(trial):
        while True:
            try:
                trial.report(loss=1.0)
            except Exception:  # noqa: BLE001  the end passes it
                pytest.fail("it was caught")

    assert len(train(loop).reports) == 3


def test_a_yield_ends_the_job_and_the_trial_may_go_on_later(train):
    script = Script({2: Yield(0)}, held=(Start(job(3, 1, start=2)),))
    train(plain, job(9), script=script)
    assert [(ended.job, ended.outcome, ended.held) for ended in script.ends] == [
        (0, "yielded", True),
        (1, "reached", True),
    ]


def test_a_yield_that_comes_too_late_is_ignored(train):
    script = Script({1: Yield(8)}, held=(Yield(0), Start(job(4, 1, start=3))))
    train(plain, script=script)
    assert [ended.outcome for ended in script.ends] == ["reached", "reached"]


def test_without_a_driver_the_trial_is_left(train):
    script = Script(held=(None,))
    train(plain, script=script)
    assert isinstance(script.said[-1], Ended)


def test_a_release_saves_on_request_where_the_trial_stands(train, tmp_path):
    script = Script(held=(KEEP,))
    train(partial(plain, save=mark), script=script)
    assert script.saves == ["5/3.0"]
    assert [type(message) for message in script.said[-3:]] == [Ended, Saved, Released]
    assert (tmp_path / "checkpoints" / "5" / "3.0" / "mark").read_text() == "saved"


def test_a_trial_that_waits_is_saved_and_goes_on_in_memory(train):
    script = Script(held=(Keep(), Keep(), Start(job(5, 1, start=3)), LOSE))
    train(partial(plain, save=mark), script=script)
    assert script.saves == ["5/3.0"]
    assert [report.resource for report in script.reports] == [1, 2, 3, 4, 5]


def test_a_training_that_cannot_save_is_released_without(train):
    script = Script(held=(KEEP,))
    train(plain, script=script)
    assert script.saves == []
    assert script.said[-1] == Released(5)


def test_a_checkpoint_is_written_once_for_each_resource(train):
    script = Script(held=(KEEP,))
    train(partial(plain, save=mark), job(3, save=True), script=script)
    assert script.saves == ["5/3.0"]


def test_a_trial_goes_on_from_its_checkpoint(train):
    def resume(trial):
        found.append((trial.checkpoint / "mark").read_text())
        assert trial.resource == 3
        plain(trial)

    found: list[str] = []
    train(partial(plain, save=mark), job(3, save=True))
    script = train(resume, job(5, 1, start=3, restore="5/3.0"))
    assert found == ["saved"]
    assert [report.resource for report in script.reports] == [4, 5]


def test_sigterm_saves_and_leaves(train):
    script = Script({2: Leave()})
    train(partial(plain, save=mark), script=script)
    assert [type(message) for message in script.said] == [Reported, Reported, Saved, Ended]
    assert (script.ends[0].outcome, script.ends[0].held) == ("yielded", False)


def test_a_running_trial_saves_itself_when_it_is_due_and_no_more_than_two_percent_of_the_time(train, clock):
    def report(trial):
        for _ in trial.steps():
            clock[0] += 10.0
            trial.report(loss=1.0, save=slow)

    def slow(folder):
        clock[0] += 4.0  # 50 times as long must pass until the next: 20 steps

    script = train(report, job(50), every_s=25.0)
    assert script.saves == ["5/3.0", "5/23.0", "5/43.0"]


def test_a_share_of_the_data_is_one_step_and_never_held(train):
    script = train(plain, job(25), resource=Fraction())
    assert [report.resource for report in script.reports] == [25]
    assert [(ended.outcome, ended.held) for ended in script.ends] == [("reached", False)]


def test_replicates_go_on_behind_the_last_one_without_a_checkpoint(train):
    seen = []

    def report(trial):
        for fold in trial.steps():
            seen.append((fold, trial.instance))
            trial.report(loss=1.0)

    train(report, job(4, start=2), resource=Replicates())
    assert seen == [(3, 3), (4, 4)]


# Failures


def test_divergence_is_reported_and_ends_the_trial(train):
    def diverge(trial):
        for step in trial.steps():
            if not trial.report(loss=math.inf if step == 2 else 1.0):
                left.append(step)

    left: list[int] = []
    script = train(diverge)
    assert script.reports[-1].metrics == {"loss": "inf"}
    assert script.failure == Failure("configuration", "diverged", "loss is inf")
    assert left == [2]


@pytest.mark.parametrize(
    ("error", "fault", "type_"),
    [
        (MemoryError("too large"), "configuration", "out of memory"),
        (
            type("OutOfMemoryError", (RuntimeError,), {})("CUDA out of memory"),
            "configuration",
            "out of memory",
        ),
        (ZeroDivisionError("by zero"), "configuration", "ZeroDivisionError"),
        (GeneratorExit("odd"), "configuration", "GeneratorExit"),
    ],
)
def test_whatever_a_training_raises_is_a_result(train, error, fault, type_):
    def fail(trial):
        raise error

    script = train(fail)
    assert (script.ends[0].outcome, script.failure.fault, script.failure.type) == ("failed", fault, type_)


def test_a_failure_is_placed_in_the_users_code_even_if_a_library_raised_it(train):
    def fail(trial):
        cloudpickle.loads(b"")

    assert train(fail).failure.place == f"{__file__}:{fail.__code__.co_firstlineno + 1}"


def test_a_save_that_fails_fails_the_trial(train, tmp_path):
    def broken(folder):
        raise OSError("read only")

    script = train(partial(plain, save=broken), job(3, save=True))
    assert script.failure.type == "OSError"
    assert list((tmp_path / "checkpoints" / "5").iterdir()) == []


def test_a_save_that_fails_after_the_job_has_ended_well_is_only_logged(train, caplog):
    def broken(folder):
        raise OSError("read only")

    script = Script(held=(KEEP,))
    with caplog.at_level(logging.ERROR):
        train(partial(plain, save=broken), script=script)
    assert script.said[-1] == Released(5)
    assert "trial 5 could not be saved at 3" in caplog.text


def test_a_disk_that_refuses_is_the_fault_of_the_machine(train, tmp_path):
    (tmp_path / "checkpoints").write_text("in the way")
    script = train(partial(plain, save=mark), job(3, save=True))
    assert (script.ends[0].outcome, script.failure.fault) == ("lost", "machine")


def test_a_checkpoint_that_is_gone_is_the_fault_of_the_machine(train):
    script = train(lambda trial: trial.checkpoint, job(5, start=3, restore="5/3.0"))
    assert (script.ends[0].outcome, script.failure.fault) == ("lost", "machine")
    assert "checkpoint 5/3.0 is gone" in script.failure.message


def test_an_error_behind_the_last_report_is_logged_and_fails_nothing(train, caplog):
    def fail_late(trial):
        plain(trial)
        raise ValueError("too late")

    with caplog.at_level(logging.ERROR):
        script = train(fail_late)
    assert [ended.outcome for ended in script.ends] == ["reached"]
    assert "too late" in caplog.text


# Misuse


def misuses():
    def nothing(trial):
        pass

    def halfway(trial):
        for step in trial.steps():
            trial.report(loss=step)
            if step == 2:
                return

    def silent_target(trial):
        for step in trial.steps():
            if step < trial.target:
                trial.report(loss=step)

    def twice(trial):
        for _ in trial.steps():
            trial.report(loss=1)
            trial.report(loss=1)

    def backwards(trial):
        trial.report(loss=1, step=2)
        trial.report(loss=1, step=1)

    return [
        (
            nothing,
            "nothing returned without a report, but epochs up to 3 were asked for. Say trial.report(loss=...).",
        ),
        (
            halfway,
            "halfway returned at epoch 2 of 3. Train and report up to trial.target: `for epoch in trial.steps()`",
        ),
        (silent_target, "epoch 3 ended without a report, but a decision falls there."),
        (twice, "epoch 1 was reported again, but steps must rise."),
        (backwards, "epoch 1 was reported after epoch 2, but steps must rise."),
        (
            lambda trial: trial.report(loss=1, step=5),
            "epoch 5 was reported, but a decision falls at epoch 3.",
        ),
        (lambda trial: trial.report(loss=1, step=1.5), "a report's step is a whole number, got step=1.5."),
        (lambda trial: trial.report(loss="low"), "a report must hold numbers, got loss='low' of type str."),
        (lambda trial: trial.report(0.5), "a report is a dict of names and numbers, got 0.5."),
        (lambda trial: trial.report({1: 0.5}), "a report is a dict of names and numbers, got {1: 0.5}."),
        (
            lambda trial: trial.report(step=3),
            "the report at epoch 3 lacks the objective 'loss'; it holds nothing.",
        ),
    ]


@pytest.mark.parametrize(("function", "sentence"), misuses())
def test_misuse_is_the_fault_of_the_code_and_says_what_to_do(train, function, sentence):
    script = train(function)
    assert script.ends[-1].outcome == "failed"
    assert (script.failure.fault, script.failure.type) == ("code", "MisuseError")
    assert script.failure.message.startswith(sentence)


def test_a_resumed_training_that_does_not_look_at_its_checkpoint_is_misuse(train, tmp_path):
    CheckpointFolder(tmp_path / "checkpoints").write("5/3.0", mark)
    script = train(plain, job(5, start=3, restore="5/3.0"))
    assert script.failure.message.startswith(
        "training goes on after epoch 3, but plain has not looked at trial.checkpoint."
    )


def test_misuse_raises_where_it_happens(train):
    def look(trial):
        with pytest.raises(MisuseError, match=r"lacks the objective 'val/loss'.*\{'val/loss': \.\.\.\}"):
            trial.report(step=3)
        raise SystemExit

    assert train(look, objectives=(Objective("val/loss"),)).failure.type == "MisuseError"


# Plain functions


def test_a_plain_function_is_one_report_at_the_target_and_not_held(train):
    value = (Objective("value"),)
    script = train(function_train(lambda x: x * 2), job(9), objectives=value)
    assert [(report.resource, report.metrics) for report in script.reports] == [(9, {"value": 4.0})]
    assert [(ended.outcome, ended.held) for ended in script.ends] == [("reached", False)]


def test_a_plain_function_that_returns_no_number_is_told_so(train):
    def forgetful(x):
        pass

    script = train(function_train(forgetful), objectives=(Objective("value"),))
    assert script.failure.fault == "code"
    assert script.failure.message == (
        "forgetful must return a number, got None of type NoneType. "
        "Return the value to optimize, for example float(loss)."
    )


def test_a_call_survives_the_way_to_a_worker(tmp_path):
    call = TrialCall(plain, (Objective("loss"),), Steps(), folder=tmp_path)
    script = Script()
    cloudpickle.loads(cloudpickle.dumps(call))(job(2), script)
    assert [report.resource for report in script.reports] == [1, 2]
