"""Training in the driver's own process: the contract, and the driver's errors."""

import pytest

from executors.contract import ExecutorContract, Hand, job
from rung.core.event import Ended, Reported
from rung.executors.inprocess import InProcess


class TestInProcess(ExecutorContract):
    executor = pair = InProcess()

    # what ends or stops its process ends or stops the driver
    test_a_worker_that_is_killed_is_replaced_and_its_trial_goes_on_from_its_last_checkpoint = None
    test_a_worker_that_is_killed_while_it_has_nothing_to_do_is_replaced = None
    test_a_trial_that_says_nothing_for_too_long_is_ended = None
    test_a_worker_that_is_stopped_is_ended_as_one_that_says_nothing = None
    test_a_worker_that_is_stopped_for_a_while_loses_nothing = None
    test_a_held_trial_goes_on_where_it_stands_without_a_new_call = None  # it cannot hold a trial
    test_a_function_that_cannot_be_sent_is_refused_by_name = None  # it sends nothing

    def test_an_error_of_the_driver_passes_every_except_of_the_training(self, opened):
        reports = []

        def train(trial):
            while True:
                try:
                    reports.append(trial.number)
                    trial.report(loss=1.0)
                except Exception:  # noqa: BLE001  as trainings do
                    reports.append("swallowed")

        hand: Hand = opened(train)

        def refuse(outcome):
            if isinstance(outcome, Reported):
                raise OSError("the disk is full")

        hand.answer = refuse
        with pytest.raises(OSError, match="the disk is full"):
            hand.end(job(0, target=9))
        assert reports == [0, 0]  # the second report ended the loop that did not look at the answer

    def test_ctrl_c_ends_the_job_as_yielded_and_goes_on_to_the_caller(self, opened):
        def train(trial):
            raise KeyboardInterrupt

        hand: Hand = opened(train)
        with pytest.raises(KeyboardInterrupt):
            hand.end(job(0))
        (ended,) = hand.all(Ended)
        assert (ended.outcome, ended.held) == ("yielded", False)

    def test_the_training_cannot_change_the_configuration_of_the_study(self, opened):
        hand: Hand = opened(lambda trial: trial.report(loss=trial.config.pop("x")))
        sent = job(0, target=1)
        hand.end(sent)
        assert sent.config == {"x": 0.5}
