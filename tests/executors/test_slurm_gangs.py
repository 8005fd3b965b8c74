"""Trials over several nodes of a real Slurm: where their processes stand, and what happens to their jobs."""

import psutil
import pytest

from executors import gang_trainings
from executors.contract import LIMIT_S, ExecutorContract, Hand, job
from executors.gang_trainings import notes
from infra.processes import outliving
from rung.core.event import Ended, Saved
from rung.executors.base import Joined, Leaving, Left
from rung.executors.slurm import Slurm

pytest.importorskip("dask_jobqueue")
PAIR = Slurm(
    workers=1,
    memory="1GB",
    interface="lo",
    time="0:10:00",
    gpus=1,
    cpus=1,
    processes_per_trial=2,
    nodes_per_trial=2,
)


class TestGangOnSlurm:
    executor = PAIR
    opened = ExecutorContract.opened

    @pytest.fixture(autouse=True)
    def cluster(self, slurm, monkeypatch):
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        return slurm

    def test_a_cancelled_job_saves_its_trial_and_all_ranks_leave_in_order(self, opened, cluster):
        hand = opened(gang_trainings.noting)
        assert hand.end(job(0, target=2)).held
        hand.start(job(1, trial=0, start=2, target=10**9))
        hand.until(lambda: len(hand.resources(1)) > 0)
        cluster.cancel(*running(cluster))
        hand.until(lambda: hand.all(Left))
        kinds = (Saved, Ended, Left)
        assert [type(each) for each in hand.outcomes if isinstance(each, kinds)] == [Ended, *kinds]
        assert len(hand.all(Leaving)) == 1
        assert hand.all(Left)[0].failure.message.endswith("exited with code 0")
        (saved,) = hand.all(Saved)
        found = [notes(hand.folder, 0, rank)[0] for rank in (0, 1)]
        assert [note["steps"][-1] for note in found] == [saved.resource] * 2
        variables = ("RANK", "GROUP_RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR")
        assert [[note["environment"][name] for name in variables] for note in found] == [
            ["0", "0", "0", "2", "1", "127.0.0.1"],
            ["1", "1", "0", "2", "1", "127.0.0.1"],
        ]
        assert sorted(note["node"] for note in found) == ["n1", "n2"]
        assert all(note["gpus"] in ("0", "1") for note in found)

    def test_a_trial_goes_on_in_another_job_when_one_of_its_nodes_dies(self, opened, cluster):
        hand = opened(gang_trainings.hanging_with_a_name, every_s=0.0)
        hand.joined(1)
        first = hand.all(Joined)[0].slot.node
        (other,) = {"n1", "n2"} - {first}
        hand.start(job(0, target=10**9))
        hand.until(lambda: len(hand.resources(0)) > 0)
        ranks = [psutil.Process(notes(hand.folder, 0, rank)[0]["pid"]) for rank in (0, 1)]
        try:
            cluster.kill_node(other)
            hand.until(lambda: hand.all(Left))
            assert hand.all(Left)[0].failure.fault == "machine"
            assert not outliving(ranks, LIMIT_S)
            cluster.give_up_node(other)
        finally:
            cluster.start_node(other)
        _hasten(hand, cluster)
        again = job(1, trial=0, target=1)
        assert hand.end(again, hand.joined(2)[1]).outcome == "reached"

    @pytest.mark.integration
    def test_a_job_that_has_lost_its_outpost_is_given_back_and_another_is_asked_for(self, opened, cluster):
        hand = opened(gang_trainings.hanging_with_a_name)
        hand.start(job(0, target=10**9))
        hand.until(lambda: len(hand.resources(0)) > 0)
        before = running(cluster)
        psutil.Process(notes(hand.folder, 0, 1)[0]["parent"]).kill()
        hand.until(lambda: len(hand.all(Joined)) == 2)
        assert hand.all(Left)[0].failure.fault == "machine"
        assert len(running(cluster)) == 1
        assert running(cluster) != before


def running(cluster) -> list[int]:
    return [each.number for each in cluster.jobs().values() if each.state == "RUNNING"]


def _hasten(hand: Hand, cluster) -> None:
    for each in list(cluster.jobs().values()):
        if each.state == "PENDING":
            cluster.hasten(each.number)
    hand.until(lambda: len(hand.all(Joined)) == 2)
