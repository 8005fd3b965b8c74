"""Trials that several processes train together: parts of the contract, and what befalls one of them."""

import json
import os
import re
import signal
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, ClassVar

import msgspec
import psutil
import pytest

from executors import gang_trainings, trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from executors.gang_trainings import notes
from infra.processes import outliving
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Ended, Reported, Sampled, Saved
from rung.executors.base import Call, Joined, Left, Release, Released, Yield
from rung.executors.local import Local
from rung.executors.remote.summons import gathered
from rung.executors.remote.terms import Terms, terms
from rung.executors.worker.meeting import Meeting


class TestGang:
    executor = Local(workers=1, processes_per_trial=2)
    environment_of_rank_1: ClassVar = {
        "RANK": "1",
        "LOCAL_RANK": "1",
        "GROUP_RANK": "0",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "2",
        "GROUP_WORLD_SIZE": "1",
    }

    processes = ExecutorContract.processes
    opened = ExecutorContract.opened

    test_a_trial_is_trained_from_its_start_to_its_target = (
        ExecutorContract.test_a_trial_is_trained_from_its_start_to_its_target
    )
    test_a_loop_that_ignores_the_answer_ends_too = (
        ExecutorContract.test_a_loop_that_ignores_the_answer_ends_too
    )
    test_an_exception_of_the_training_is_a_failure_with_its_place = (
        ExecutorContract.test_an_exception_of_the_training_is_a_failure_with_its_place
    )
    test_nothing_is_left_running_behind_it = ExecutorContract.test_nothing_is_left_running_behind_it

    def test_all_ranks_take_the_same_steps_held_released_resumed_and_yielded(self, opened):
        hand = opened(gang_trainings.noting)
        assert hand.end(job(0, target=2)).held
        assert hand.end(job(1, target=4, trial=0, start=2)).held
        hand.pool.send(0, Release(save=True))
        hand.until(lambda: hand.all(Released))
        (saved,) = hand.all(Saved)
        hand.end(job(2, target=1, trial=1))
        hand.pool.send(0, Release(save=False))
        hand.end(job(3, target=6, trial=0, start=4, restore=saved.checkpoint))
        hand.pool.send(0, Release(save=False))
        hand.answer = lambda outcome: Yield(4) if isinstance(outcome, Reported) else None
        assert hand.end(job(4, target=10**9, trial=2)).outcome == "yielded"
        hand.pool.send(0, Release(save=False))
        hand.until(lambda: len(hand.all(Released)) == 4)
        hand.pool.close(LIMIT_S)

        first, other = notes(hand.folder, 0, 0), notes(hand.folder, 0, 1)
        assert [(note["steps"], note["total"], note["target"]) for note in first] == [
            ([1, 2, 3, 4], 10, 4),
            ([5, 6], 21, 6),
        ]
        for trial in range(3):
            for left, right in zip(notes(hand.folder, trial, 0), notes(hand.folder, trial, 1), strict=True):
                same = ("steps", "total", "config", "seed", "target")
                assert [left[name] for name in same] == [right[name] for name in same]
        assert (first[0]["ranks"], other[0]["ranks"]) == ([0, 2], [1, 2])
        environment = {**first[0]["environment"], **self.environment_of_rank_1}
        assert other[0]["environment"] == environment
        assert environment["MASTER_ADDR"] == "127.0.0.1"
        port = notes(hand.folder, 1, 0)[0]["environment"]["MASTER_PORT"]
        assert (
            port != environment["MASTER_PORT"]
        )  # what torch keeps of a trial does not get in the way of the next
        kept = hand.folder / "checkpoints" / saved.checkpoint / "total.json"
        assert json.loads(kept.read_text()) == {"total": 10, "rank": 0}

    def test_reports_of_rank_0_are_enough(self, opened):
        hand = opened(gang_trainings.quiet_others)
        hand.end(job(0, target=5))
        hand.pool.send(0, Release(save=False))
        hand.until(lambda: hand.all(Released))
        hand.pool.close(LIMIT_S)
        assert hand.resources(0) == [2, 4, 5]
        assert [notes(hand.folder, 0, rank)[0]["steps"] for rank in (0, 1)] == [[1, 2, 3, 4, 5]] * 2

    def test_a_rank_that_raises_fails_the_trial_though_others_wait_for_it(self, opened):
        hand = opened(gang_trainings.raising_in_rank_1)
        why = hand.end(job(0, target=3)).failure
        assert (why.fault, why.type, why.message) == ("configuration", "ValueError", "rank 1: bad 0.5")
        assert "in raising_in_rank_1" in why.traceback
        hand.until(lambda: len(hand.all(Joined)) == 2)
        (left,) = hand.all(Left)
        assert (left.failure.fault, left.failure.type) == ("machine", "replaced")
        assert "rank 1" in left.failure.message
        assert hand.end(job(1, trial=1, target=3, config={"x": 0}), worker=1).outcome == "reached"

    def test_a_rank_that_is_killed_takes_the_gang_along_and_costs_nobody_but_the_machine(self, opened):
        hand = opened(gang_trainings.dying_once)
        hand.start(job(0, target=4))
        hand.until(lambda: len(hand.all(Joined)) == 2)
        (left,) = hand.all(Left)
        assert not hand.all(Ended)
        assert (left.failure.fault, left.failure.type) == ("machine", "killed")
        assert left.failure.message.endswith("was killed by signal 9")
        assert left.failure.traceback.startswith("rank 1 (pid ")
        assert hand.end(job(1, trial=0, target=4), worker=1).outcome == "reached"

    def test_a_silent_gang_is_ended_whole(self, opened):
        hand = opened(
            gang_trainings.hanging_together,
            executor=Local(processes_per_trial=2, workers=1, trial_timeout_s=0.3),
        )
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        gang = psutil.Process(int(hand.all(Reported)[0].metrics["pid"])).parent()
        processes = [gang, *gang.children()]
        hand.until(lambda: hand.all(Left))
        assert hand.all(Left)[0].failure.type == "timeout"
        assert not outliving(processes, LIMIT_S)

    def test_ranks_that_report_different_steps_are_told_so(self, opened):
        why = opened(gang_trainings.out_of_step).end(job(0, target=9)).failure
        assert (why.fault, why.type) == ("code", "MisuseError")
        assert why.message.startswith("rank 1: this process was at epoch 2 when rank 0 reported epoch 1.")

    def test_many_commands_in_a_flood_of_reports_block_nobody(self, opened):
        hand = opened(gang_trainings.noting)
        hand.start(job(0, target=10**9))
        hand.until(lambda: hand.all(Reported))
        for _ in range(20_000):
            hand.pool.send(0, Yield(99))
        hand.pool.send(0, Yield(0))
        hand.until(lambda: hand.all(Ended))

    def test_sigterm_saves_a_running_trial_and_all_ranks_leave_in_order(self, opened):
        hand = opened(gang_trainings.terminated)
        assert hand.end(job(0, target=10**9)).outcome == "yielded"
        hand.until(lambda: hand.all(Left))
        (saved,) = hand.all(Saved)
        assert hand.all(Left)[0].failure.message.endswith("exited with code 0")
        assert [notes(hand.folder, 0, rank)[0]["last"] for rank in (0, 1)] == [saved.resource] * 2

    def test_a_diverged_trial_keeps_its_gang(self, opened):
        hand = opened(trainings.diverging)
        for number in range(2):
            assert hand.end(job(number, target=9)).failure.type == "diverged"
        assert not hand.all(Left)


class _Pool:
    """A local pool whose gangs have an outpost: all machines are this one.

    Attributes:
        lost: What the agent would learn of the end of outposts.
    """

    def __init__(self, told: Terms) -> None:
        self.lost: SimpleQueue[str] = SimpleQueue()
        meeting = Meeting(outposts=1)
        self._outposts = ExitStack()
        self._outposts.enter_context(gathered(told, meeting, self.lost.put))
        self._pool = told.options.open(told.setup, meeting)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    def close(self, grace_s: float) -> None:
        self._pool.close(grace_s)
        self._outposts.close()


@dataclass
class Spread:
    """Trials over two machines, with a process on each; the outpost is started as Slurm starts it.

    Attributes:
        shared: The folder that the other machine must see, in place of the study's.
    """

    shared: str | None = None

    def start(self, call: Call) -> Any:
        summons = (sys.executable, "-m", "rung.executors.remote.outpost")
        told = terms(Local(workers=1), call, machines=2, summons=summons)
        return _Pool(msgspec.structs.replace(told, shared=self.shared or told.shared))


class TestGangOnTwoMachines:
    executor = Spread()
    environment_of_rank_1: ClassVar = {
        "RANK": "1",
        "LOCAL_RANK": "0",
        "GROUP_RANK": "1",
        "NODE_RANK": "1",
        "WORLD_SIZE": "2",
        "LOCAL_WORLD_SIZE": "1",
        "GROUP_WORLD_SIZE": "2",
    }

    @pytest.fixture(autouse=True)
    def first_machine(self, monkeypatch):
        monkeypatch.setenv("SLURM_LAUNCH_NODE_IPADDR", "127.0.0.1")

    processes = ExecutorContract.processes
    opened = ExecutorContract.opened

    test_all_ranks_take_the_same_steps_held_released_resumed_and_yielded = (
        TestGang.test_all_ranks_take_the_same_steps_held_released_resumed_and_yielded
    )
    test_a_rank_that_raises_fails_the_trial_though_others_wait_for_it = (
        TestGang.test_a_rank_that_raises_fails_the_trial_though_others_wait_for_it
    )
    test_a_rank_that_is_killed_takes_the_gang_along_and_costs_nobody_but_the_machine = (
        TestGang.test_a_rank_that_is_killed_takes_the_gang_along_and_costs_nobody_but_the_machine
    )
    test_many_commands_in_a_flood_of_reports_block_nobody = (
        TestGang.test_many_commands_in_a_flood_of_reports_block_nobody
    )
    test_sigterm_saves_a_running_trial_and_all_ranks_leave_in_order = (
        TestGang.test_sigterm_saves_a_running_trial_and_all_ranks_leave_in_order
    )
    test_nothing_is_left_running_behind_it = ExecutorContract.test_nothing_is_left_running_behind_it

    def test_the_loss_of_another_machine_ends_the_gang_and_is_known_to_the_agent(self, opened):
        hand = opened(gang_trainings.hanging_with_a_name)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        there = notes(hand.folder, 0, 1)[0]
        rank = psutil.Process(there["pid"])
        os.kill(there["parent"], signal.SIGKILL)
        hand.until(lambda: hand.all(Left))
        why = hand.all(Left)[0].failure
        assert (why.fault, why.type) == ("machine", "exited")
        assert re.fullmatch(r"rank 1 \(on .*\) is gone with its machine", why.traceback)
        assert hand.pool.lost.get(timeout=LIMIT_S).startswith(f"{sys.executable} exited with code -9")
        assert not outliving([rank], LIMIT_S)

    def test_no_rank_outlives_the_process_of_its_gang_on_any_machine(self, opened):
        hand = opened(gang_trainings.hanging_with_a_name)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        ranks = [psutil.Process(notes(hand.folder, 0, rank)[0]["pid"]) for rank in (0, 1)]
        ranks[0].parent().kill()
        assert not outliving(ranks, LIMIT_S)
        hand.until(lambda: len(hand.all(Joined)) == 2)  # the outpost has come to the next one
        assert hand.pool.lost.empty()

    def test_what_the_other_machine_uses_counts(self, opened):
        hand = opened(gang_trainings.busy_elsewhere)
        hand.end(job(0, target=1))
        (found,) = hand.all(Sampled)
        assert 0.3 < found.cpu_seconds < 0.7 * found.seconds  # of two machines one is idle

    def test_a_machine_that_cannot_train_is_told_in_words(self, opened):
        hand = opened(trainings.plain, executor=Spread(shared="/no/such/folder"))
        with pytest.raises(ExecutorError, match=r"workers on .* cannot see /no/such/folder"):
            hand.joined(1)


def test_a_gang_has_at_least_one_process():
    with pytest.raises(SpecError, match="processes_per_trial"):
        Local(processes_per_trial=0)
