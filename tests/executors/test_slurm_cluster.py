"""What the Slurm of other tests does with jobs, so that it need not be doubted where one of them fails."""

import time
from collections.abc import Callable

from infra.slurm import SlurmCluster

LIMIT_S = 60.0


def test_a_job_runs_on_all_nodes_that_it_asks_for(slurm: SlurmCluster) -> None:
    job = slurm.submit("srun printenv SLURMD_NODENAME", "--nodes=2")
    assert sorted(words(slurm, job)) == ["n1", "n2"]


def test_jobs_on_a_node_have_different_gpus(slurm: SlurmCluster) -> None:
    script = "echo $CUDA_VISIBLE_DEVICES; touch met-$SLURM_JOB_NAME; until [ -e met-{} ]; do sleep 0.1; done"
    options = ["--gpus=1", "--nodelist=n1"]
    first = slurm.submit(script.format("second"), "--job-name=first", *options)
    second = slurm.submit(script.format("first"), "--job-name=second", *options)
    assert sorted(words(slurm, first) + words(slurm, second)) == ["0", "1"]


def test_the_job_of_a_dead_node_starts_anew_on_another(slurm: SlurmCluster) -> None:
    job, node = running(slurm)
    slurm.kill_node(node)
    try:
        slurm.give_up_node(node)
        slurm.hasten(job)
        until(lambda: len(runs(slurm, job)) == 2)
        other = slurm.jobs()[job].node
        assert runs(slurm, job) == [f"run on {node}", f"run 1 on {other}"]
        assert other != node
    finally:
        slurm.start_node(node)
        slurm.cancel(job)


def test_a_job_that_is_put_back_into_the_queue_starts_anew(slurm: SlurmCluster) -> None:
    job, _ = running(slurm)
    slurm.requeue(job)
    until(lambda: len(runs(slurm, job)) == 2)
    assert runs(slurm, job)[1].startswith("run 1 on ")
    slurm.cancel(job)
    until(lambda: slurm.jobs()[job].state == "CANCELLED")


def running(slurm: SlurmCluster) -> tuple[int, str]:
    """A job that writes a line in each of its runs and then works; and its node."""
    job = slurm.submit("echo run $SLURM_RESTART_COUNT on $SLURMD_NODENAME; sleep 100 & sleep 100")
    until(lambda: len(runs(slurm, job)) == 1)
    return job, slurm.jobs()[job].node


def runs(slurm: SlurmCluster, job: int) -> list[str]:
    """The lines of a job of `running`, without those in which Slurm tells of its end."""
    output = slurm.output(job)
    lines = output.read_text().splitlines() if output.exists() else []
    return [line for line in lines if line.startswith("run")]


def words(slurm: SlurmCluster, job: int) -> list[str]:
    """What a job has written when it has ended as it should."""
    until(lambda: slurm.jobs()[job].state in ("COMPLETED", "FAILED"))
    assert slurm.jobs()[job].state == "COMPLETED", slurm.output(job).read_text()
    return slurm.output(job).read_text().split()


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.05)
