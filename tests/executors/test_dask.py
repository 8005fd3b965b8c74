"""Workers beside those of a real Dask cluster: the contract, and what only a cluster can do."""

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from executors import contract, trainings
from executors.contract import ExecutorContract, job
from infra.dask import DaskCluster
from infra.network import HERE, THERE, FarMachine
from infra.servers import NotInstalledError
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Ended, Reported, Saved
from rung.executors.base import Joined, Leaving, Left
from rung.executors.dask import Dask
from rung.executors.remote import on_dask, pool

distributed = pytest.importorskip("distributed")


@pytest.fixture
def far_machine() -> Iterator[FarMachine]:
    try:
        machine = FarMachine()
    except NotInstalledError as error:
        pytest.skip(str(error))
    yield machine
    machine.close()


class TestDask(ExecutorContract):
    """The contract is kept on a cluster within this process, whose workers' processes are the same."""

    executor = Dask(workers=1)
    pair = Dask(workers=2)

    def test_a_killed_dask_worker_is_the_fault_of_the_machine_and_those_that_come_later_join(
        self, opened, dask_cluster
    ):
        hand = opened(trainings.hanging, executor=Dask(dask_cluster.address))
        first, second = hand.joined(2)
        hand.start(job(0, target=9), first)
        hand.until(lambda: hand.all(Reported))
        training = psutil.Process(int(hand.all(Reported)[0].metrics["pid"]))
        for worker in dask_cluster.workers:
            worker.kill()
        hand.until(lambda: len(hand.all(Left)) == 2)
        assert {left.worker for left in hand.all(Left)} == {first, second}
        assert {(left.failure.fault, left.failure.type) for left in hand.all(Left)} == {
            ("machine", "node lost")
        }
        training.wait(10)  # it ends with its agent
        dask_cluster.start_worker()
        hand.until(lambda: len(hand.all(Joined)) == 3)
        assert hand.joined(3)[2] not in (first, second)

    def test_a_scheduler_that_is_restarted_is_found_again(self, opened, dask_cluster):
        hand = opened(trainings.counting, executor=Dask(dask_cluster.address, workers=1))
        hand.start(job(0, target=10**6))
        hand.until(lambda: hand.all(Reported))
        dask_cluster.restart_scheduler()
        dask_cluster.start_worker()
        hand.until(lambda: len(hand.all(Joined)) == 2)
        assert hand.all(Left)[0].failure.type == "node lost"
        assert hand.end(job(1, target=2), hand.joined(2)[1]).outcome == "reached"

    def test_sigterm_of_a_dask_worker_saves_what_is_trained_beside_it(self, opened, dask_cluster):
        hand = opened(trainings.counting, executor=Dask(dask_cluster.address, workers=1))
        (worker,) = hand.joined(1)
        hand.start(job(0, target=10**6))
        hand.until(lambda: hand.all(Reported))
        pid = int(hand.all(Reported)[0].metrics["pid"])
        psutil.Process(pid).parent().send_signal(signal.SIGTERM)
        hand.until(lambda: hand.all(Left))
        said = [type(each) for each in hand.outcomes if not isinstance(each, Reported | Joined)]
        assert said == [Leaving, Saved, Ended, Left]
        assert hand.all(Ended)[0].outcome == "yielded"
        assert hand.all(Saved)[0].resource == hand.resources(0)[-1]
        assert hand.all(Left)[0].worker == worker

    def test_a_node_that_is_silent_is_given_up_and_what_it_says_later_is_not_heard(
        self, opened, dask_cluster, monkeypatch
    ):
        monkeypatch.setattr(pool, "SILENT_S", 2.0)
        monkeypatch.setattr(pool, "LOOK_S", 0.1)
        hand = opened(trainings.counting, executor=Dask(dask_cluster.address, workers=1))
        (first,) = hand.joined(1)
        hand.start(job(0, target=10**6))
        hand.until(lambda: hand.all(Reported))
        agent = psutil.Process(int(hand.all(Reported)[0].metrics["pid"])).parent()
        agent.suspend()
        hand.until(lambda: hand.all(Left))
        (left,) = hand.all(Left)
        assert (left.worker, left.failure.type) == (first, "node lost")
        assert left.failure.message.endswith("it has not answered for 2 seconds")
        heard = len(hand.all(Reported))
        agent.resume()
        hand.until(lambda: len(hand.all(Joined)) == 2)  # the other node, or this one anew
        hand.end(job(1, target=1), hand.joined(2)[1])
        assert [report.job for report in hand.all(Reported)[heard:]] == [1]

    def test_a_machine_that_is_cut_off_and_back_does_no_harm(
        self, opened, far_machine, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(pool, "SILENT_S", 2.0)
        monkeypatch.setattr(pool, "LOOK_S", 0.1)
        self.cut_off(opened, far_machine, tmp_path, 0.0, "it has not answered for 2 seconds")

    @pytest.mark.integration
    @pytest.mark.timeout(300)
    def test_a_machine_that_is_cut_off_for_a_minute_and_back_does_no_harm(
        self, opened, far_machine, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(contract, "LIMIT_S", 100.0)
        self.cut_off(opened, far_machine, tmp_path, 60.0, "OSError: Unable to contact Actor's worker")

    def cut_off(self, opened, far_machine, tmp_path, at_least_s, why):
        """Its trial goes on at another machine, and what it says later is not heard."""
        folder = tmp_path / "far"
        folder.mkdir()
        cluster = DaskCluster(folder, host=HERE)
        try:
            cluster.start_worker(THERE, within=far_machine.command)
            hand = opened(trainings.counting, executor=Dask(cluster.address))
            (far,) = hand.joined(1)
            hand.start(job(0, target=10**6), far)
            hand.until(lambda: len(hand.all(Reported)) > 5)
            far_machine.pull_cable()
            back = hand.pool.clock() + at_least_s
            assert hand.left().failure.message == f"worker {far} is gone with its node: {why}"
            heard = len(hand.all(Reported))
            cluster.start_worker()
            hand.until(lambda: len(hand.all(Joined)) == 2)
            hand.start(job(1, target=10**6, trial=0), hand.joined(2)[1])
            hand.pause(back - hand.pool.clock())
            far_machine.plug_in()
            hand.until(lambda: len(hand.all(Reported)) > heard + 2000)
            assert {report.job for report in hand.all(Reported)[heard:]} == {1}
            assert hand.resources(1)[:5] == [1, 2, 3, 4, 5]
        finally:
            hand.pool.close(1.0)
            cluster.stop()

    def test_a_cluster_object_is_scaled_to_the_work_that_there_is(self, opened, monkeypatch):
        monkeypatch.setattr(pool, "LOOK_S", 0.1)
        monkeypatch.setattr(pool, "IDLE_S", 0.3)
        monkeypatch.setattr(pool, "GOODBYE_S", 0.0)
        own = {
            "n_workers": 0,
            "threads_per_worker": 1,
            "processes": True,  # as on other machines: with a Dask worker goes what stands beside it
            "dashboard_address": on_dask.LOOPBACK,
        }
        with distributed.LocalCluster(**own, worker_dashboard_address=on_dask.LOOPBACK) as cluster:
            hand = opened(trainings.hanging, executor=Dask(cluster, workers=2, autoscales=True))
            first, second = hand.joined(2)
            hand.start(job(0, target=9), first)
            hand.until(lambda: hand.all(Reported))
            hand.pool.want(1)  # as at a barrier
            left = hand.left()
            assert (left.worker, left.failure.type) == (second, "given back")
            hand.until_elsewhere(lambda: len(cluster.scheduler_info["workers"]) == 1)
            hand.pool.want(None)
            assert hand.comes_after(left) not in (first, second)
            assert len(hand.all(Left)) == 1
            hand.pool.close(0.0)

    def test_workers_know_their_machine(self, opened):
        hand = opened(trainings.plain)
        hand.joined(1)
        assert hand.all(Joined)[0].slot.node == os.uname().nodename


def test_an_address_without_a_scheduler_is_told_in_words(monkeypatch):
    monkeypatch.setattr("rung.executors.remote.on_dask.CONNECT_S", 0.5)
    with pytest.raises(ExecutorError, match=r"there is no Dask scheduler at 'tcp://127\.0\.0\.1:9': "):
        Dask("tcp://127.0.0.1:9").start(trainings.call(trainings.plain))


def test_what_cannot_be_scaled_is_refused():
    with pytest.raises(SpecError, match=r"starts and ends workers, such as .*, got 'tcp://head:8786'"):
        Dask("tcp://head:8786", workers=2, autoscales=True)


def test_what_is_no_cluster_is_refused():
    with pytest.raises(SpecError, match=r"or the address of a scheduler such as .*, got 8786"):
        Dask(8786)
