"""Trials over several machines of a real Ray: where their processes stand, and what is left when one is lost."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from executors import gang_trainings, trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from executors.gang_trainings import notes
from infra.processes import outliving
from infra.ray import RayCluster, RayNode
from rung.core.errors import ExecutorError
from rung.core.event import Saved
from rung.executors.base import Joined, Left, Release, Released
from rung.executors.ray import Ray

ray = pytest.importorskip("ray")

PAIR = Ray(workers=1, processes_per_trial=2, nodes_per_trial=2)
DRIVER = """\
import json, sys
from pathlib import Path

from executors import gang_trainings
from executors.contract import Hand, job
from rung.core.event import Reported
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.executors.ray import Ray
from rung.trial import TrialCall

address, folder = sys.argv[1], Path(sys.argv[2])
call = TrialCall(gang_trainings.hanging_with_a_name, (Objective("loss"),), Steps(), folder=folder)
hand = Hand(Ray(workers=1, processes_per_trial=2, nodes_per_trial=2, address=address).start(call), folder)
hand.start(job(0, target=9))
hand.until(lambda: hand.all(Reported))
print("training", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module", autouse=True)
def program(ray_cluster: RayCluster) -> Iterator[None]:
    """This process is a program of the cluster for as long as these tests last."""
    before = signal.getsignal(signal.SIGTERM)
    ray.init(address=ray_cluster.address, log_to_driver=False, logging_level="error")
    signal.signal(signal.SIGTERM, before)  # Ray's own would end the tests in silence
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def node(ray_cluster: RayCluster, program: None) -> Iterator[RayNode]:
    found = RayNode(ray_cluster.address)
    yield found
    found.kill()


def groups() -> list[str]:
    """The states of placement groups that are there."""
    states = [group["state"] for group in ray.util.placement_group_table().values()]
    return [state for state in states if state != "REMOVED"]


class TestGangOnRay:
    executor = PAIR
    opened = ExecutorContract.opened

    def test_a_trial_for_which_there_are_too_few_machines_is_refused(self, opened):
        many = Ray(processes_per_trial=9, nodes_per_trial=9)
        with pytest.raises(
            ExecutorError, match=r"own 1 CPU on each of 9 machines, but only \d of the Ray cluster has that"
        ):
            opened(trainings.plain, executor=many)

    def test_a_killed_driver_leaves_no_rank_on_any_machine(self, node, ray_cluster, tmp_path):
        driver = subprocess.Popen(
            [sys.executable, "-c", DRIVER, ray_cluster.address, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert driver.stdout is not None
        assert "training\n" in driver.stdout  # and what Ray tells of its nodes
        ranks = [psutil.Process(notes(tmp_path, 0, rank)[0]["pid"]) for rank in (0, 1)]
        driver.kill()
        driver.communicate()
        assert not outliving(ranks, LIMIT_S)

    def test_a_trial_goes_on_at_another_machine_when_one_of_its_own_is_lost(self, opened, node, ray_cluster):
        hand = opened(gang_trainings.noting, every_s=0.0)
        (first,) = hand.joined(1)
        hand.start(job(0, target=10**9))
        hand.until(lambda: hand.all(Saved))
        node.kill()
        hand.until(lambda: hand.all(Left))
        assert (hand.all(Left)[0].worker, hand.all(Left)[0].failure.fault) == (first, "machine")
        other = RayNode(ray_cluster.address)
        try:
            saved = hand.all(Saved)[-1]
            start, target = saved.resource, saved.resource + 2
            again = job(1, trial=0, start=start, target=target, restore=saved.checkpoint)
            hand.until(lambda: len(hand.all(Joined)) == 2)
            assert hand.end(again, hand.joined(2)[1]).outcome == "reached"
            hand.pool.send(hand.joined(2)[1], Release(save=False))
            hand.until(lambda: hand.all(Released))
            hand.pool.close(LIMIT_S)
            for rank in (0, 1):
                (note,) = notes(hand.folder, 0, rank)
                assert note["steps"] == [start + 1, target]
                assert note["total"] == target * (target + 1) // 2
                environment = note["environment"]
                found = [
                    environment[name] for name in ("RANK", "GROUP_RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
                ]
                assert found == [str(rank), str(rank), "0", "1"]
            assert not groups()
        finally:
            other.kill()
