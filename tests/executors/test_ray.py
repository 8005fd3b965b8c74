"""Workers as actors of a real Ray on this machine: the contract, and what only a cluster can do."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import psutil
import pytest

from executors import trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from infra.processes import outliving
from infra.ray import RayCluster
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Reported
from rung.executors.base import Joined, Left
from rung.executors.ray import Ray
from rung.executors.remote import pool

ray = pytest.importorskip("ray")


@pytest.fixture(scope="module", autouse=True)
def program(ray_cluster: RayCluster) -> Iterator[None]:
    """This process is a program of the cluster for as long as these tests last."""
    before = signal.getsignal(signal.SIGTERM)
    ray.init(address=ray_cluster.address, log_to_driver=False, logging_level="error")
    signal.signal(signal.SIGTERM, before)  # Ray's own would end the tests in silence
    yield
    ray.shutdown()


def called(cluster: RayCluster, *names: str) -> list[psutil.Process]:
    """Processes of the cluster that are called so."""
    found = []
    for process in cluster.processes:
        with suppress(psutil.NoSuchProcess):  # or it has ended, and nobody has asked for its status
            if any(name in " ".join(process.cmdline()) for name in names):
                found.append(process)
    return found


class TestRay(ExecutorContract):
    executor = Ray(workers=1)
    pair = Ray(workers=2)

    @pytest.fixture(autouse=True)
    def cluster(self, ray_cluster):
        self.ray_cluster = ray_cluster

    def processes(self):
        """Those of Ray itself stay, and it starts spare ones for actors to come; actors end in their own time."""
        return {
            process.pid
            for process in outliving(called(self.ray_cluster, "rung.executors.worker", "ray::Agent"), LIMIT_S)
        }

    def test_the_death_of_an_actor_is_the_fault_of_the_machine_and_another_takes_its_place(self, opened):
        hand = opened(trainings.hanging)
        (first,) = hand.joined(1)
        hand.start(job(0, target=9))
        hand.until(lambda: hand.all(Reported))
        training = psutil.Process(int(hand.all(Reported)[0].metrics["pid"]))
        (agent,) = called(self.ray_cluster, "ray::Agent")
        agent.kill()
        hand.until(lambda: len(hand.all(Joined)) == 2)
        (left,) = hand.all(Left)
        assert (left.worker, left.failure.fault, left.failure.type) == (first, "machine", "node lost")
        training.wait(10)  # it ends with its agent
        assert hand.joined(2)[1] != first

    def test_an_agent_that_stands_still_is_given_up_and_what_it_says_later_is_not_heard(
        self, opened, monkeypatch
    ):
        monkeypatch.setattr(pool, "SILENT_S", 2.0)
        monkeypatch.setattr(pool, "LOOK_S", 0.1)
        hand = opened(trainings.counting)
        hand.start(job(0, target=10**9))
        hand.until(lambda: hand.all(Reported))
        agent = hand.training().parent()
        agent.suspend()
        left = hand.left()
        assert left.failure.message.endswith("gone with its node: it has not answered for 2 seconds")
        heard = len(hand.all(Reported))
        agent.resume()
        assert hand.end(job(1, target=3), hand.comes_after(left)).outcome == "reached"
        assert [report.job for report in hand.all(Reported)[heard:]] == [1, 1, 1]

    def test_a_worker_knows_its_node_and_owns_what_was_asked_for(self, opened):
        hand = opened(trainings.plain, executor=Ray(workers=1, cpus=2))
        hand.joined(1)
        slot = hand.all(Joined)[0].slot
        assert (slot.node, slot.cpus) == (os.uname().nodename, 2)

    def test_a_worker_that_fits_on_no_machine_is_refused_with_what_there_is(self, opened):
        with pytest.raises(
            ExecutorError, match=r"own 1 CPU, 4 GPU, but no machine .* has that; they have: 2 CPU, 0 GPU"
        ):
            opened(trainings.plain, executor=Ray(gpus=4))


def test_an_address_without_a_cluster_is_told_in_words(monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: False)  # as in a program that has not joined one
    with pytest.raises(
        ExecutorError, match=r"there is no Ray cluster at address '127\.0\.0\.1:9': .*refused\. Start"
    ):
        Ray(address="127.0.0.1:9").start(trainings.call(trainings.plain))


def test_odd_options_are_refused():
    with pytest.raises(SpecError, match=r"a share of one GPU or a whole number of them, got 1\.5"):
        Ray(gpus=1.5)
    with pytest.raises(SpecError, match="cpus of a worker is a number from 0 on, got -1"):
        Ray(cpus=-1)
