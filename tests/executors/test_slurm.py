"""Workers in jobs of a real Slurm on this machine: the contract, and what happens where nodes and jobs come to harm."""

import time
from collections.abc import Iterator

import msgspec
import pytest

from executors import trainings
from executors.contract import LIMIT_S, ExecutorContract, job
from infra.processes import is_worker, outliving
from infra.slurm import SlurmCluster
from rung.core.errors import ExecutorError, SpecError
from rung.core.event import Ended, Reported, Saved
from rung.executors.base import Joined, Leaving, Left
from rung.executors.remote import on_slurm, pool
from rung.executors.slurm import Slurm

pytest.importorskip("dask_jobqueue")
JOB = Slurm(workers=1, memory="1GB", interface="lo", time="0:10:00", gpus=1)


CONTRACT = Slurm(workers=2, memory="1GB", interface="lo", time="0:30:00")


@pytest.fixture(scope="class")
def shared_jobs(slurm: SlurmCluster) -> Iterator[SlurmCluster]:
    """What each pool asks Slurm for is there already, and stays when the pool has ended."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in slurm.environment.items():
            patched.setenv(name, value)
        cluster = on_slurm._cluster(CONTRACT)
        patched.setattr(on_slurm, "_cluster", lambda spec: cluster)
        patched.setattr(cluster, "close", lambda: None)
        yield slurm
    cluster.close()


class TestSlurm(ExecutorContract):
    """The contract is kept in two jobs that its tests share, as one takes seconds to come."""

    executor = pair = CONTRACT

    @pytest.fixture(autouse=True)
    def on_jobs(self, shared_jobs):
        self.slurm = shared_jobs

    def processes(self):
        """The job stays, and in it the worker that had not joined yet ends a moment later."""
        workers = [process for process in self.slurm.processes() if is_worker(process)]
        return {process.pid for process in outliving(workers, LIMIT_S)}


class TestJobs:
    """What happens to jobs; each test has its own."""

    opened = ExecutorContract.opened

    @pytest.fixture(autouse=True)
    def cluster(self, slurm, monkeypatch):
        for name, value in slurm.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(on_slurm, "LOOK_S", 1.0)  # the queue is short
        return slurm

    def test_cancelled_jobs_save_their_trials_which_go_on_when_slurm_grants_jobs_again(self, opened, cluster):
        hand = opened(trainings.counting, executor=JOB)
        hand.joined(1)
        slot = hand.all(Joined)[0].slot
        assert slot.node in cluster.nodes
        assert slot.gpus in {("0",), ("1",)}
        assert 500 < slot.ends_at - time.time() < 600
        hand.start(job(0, target=10**6))
        hand.until(lambda: hand.all(Reported))
        with cluster.granting_nothing():
            cluster.cancel(*running(cluster))
            hand.until(lambda: hand.all(Left))
            hand.until_elsewhere(lambda: waiting(cluster))  # another job is asked for
            assert not running(cluster)
        hand.until(lambda: len(hand.all(Joined)) == 2)
        said = [type(each) for each in hand.outcomes if not isinstance(each, Reported | Joined)]
        assert said == [Leaving, Saved, Ended, Left]
        (saved,) = hand.all(Saved)
        second = job(1, target=saved.resource + 1, trial=0, start=saved.resource, restore=saved.checkpoint)
        assert hand.end(second, hand.joined(2)[1]).outcome == "reached"
        hand.pool.close(LIMIT_S)
        assert not running(cluster) and not waiting(cluster)

    def test_jobs_that_have_nothing_to_do_are_given_back_and_asked_for_again(
        self, opened, cluster, monkeypatch
    ):
        monkeypatch.setattr(pool, "LOOK_S", 0.2)
        monkeypatch.setattr(pool, "IDLE_S", 0.5)
        monkeypatch.setattr(pool, "GOODBYE_S", 0.0)
        scaled = msgspec.structs.replace(JOB, workers=2, autoscales=True)
        hand = opened(trainings.counting, executor=scaled)
        first, second = hand.joined(2)
        hand.start(job(0, target=10**9), first)
        hand.pool.want(1)  # as at a barrier
        left = hand.left()
        assert (left.worker, left.failure.type) == (second, "given back")
        hand.until_elsewhere(lambda: len(running(cluster)) == 1 and not waiting(cluster))
        hand.pool.want(None)
        assert hand.comes_after(left) not in (first, second)
        assert len(running(cluster)) == 2
        assert len(hand.all(Left)) == 1
        hand.pool.close(0.0)

    def test_the_job_of_a_node_that_dies_goes_on_at_another_one(self, opened, cluster):
        hand = opened(trainings.counting, executor=JOB)
        hand.joined(1)
        node = hand.all(Joined)[0].slot.node
        hand.start(job(0, target=10**6))
        hand.until(lambda: hand.all(Reported))
        try:
            cluster.kill_node(node)
            cluster.give_up_node(node)
            hand.until(lambda: hand.all(Left))
            assert hand.all(Left)[0].failure.type == "node lost"
            for number in waiting(cluster):
                cluster.hasten(number)
            hand.until(lambda: len(hand.all(Joined)) == 2)
            assert hand.all(Joined)[1].slot.node != node
        finally:
            cluster.start_node(node)

    def test_what_slurm_would_never_run_is_told_in_its_own_words(self, opened):
        with pytest.raises(
            ExecutorError, match=r"sbatch does not take such jobs: .*Requested node configuration is not"
        ):
            opened(trainings.plain, executor=Slurm(cpus=64, interface="lo"))
        with pytest.raises(ExecutorError, match=r"sbatch does not take such jobs: .*[Ii]nvalid partition"):
            opened(trainings.plain, executor=Slurm(partition="none", interface="lo"))


def running(cluster: SlurmCluster) -> list[int]:
    return [each.number for each in cluster.jobs().values() if each.state == "RUNNING"]


def waiting(cluster: SlurmCluster) -> list[int]:
    return [each.number for each in cluster.jobs().values() if each.state == "PENDING"]


def test_without_slurm_it_is_said_where_to_run(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ExecutorError, match="sbatch is not found on this machine"):
        JOB.start(trainings.call(trainings.plain))


def test_odd_options_are_refused():
    with pytest.raises(SpecError, match=r'time is written as in "1-12:00:00" or "4:00:00", got \'4h\''):
        Slurm(time="4h")
    with pytest.raises(SpecError, match="gpus is a number from 0 on, got -1"):
        Slurm(gpus=-1)
