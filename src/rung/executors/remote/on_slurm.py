"""Slurm, through dask-jobqueue: each job is a Dask worker, with an agent beside it."""

import shutil
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from typing import Any

from rung.core.errors import ExecutorError
from rung.executors.base import Call
from rung.executors.remote.on_dask import LOOPBACK, Beside, Scaling, pool_beside
from rung.executors.remote.pool import RemotePool
from rung.executors.slurm import Slurm

LOOK_S = 10.0  # between two looks at which jobs are still there
ENDS_AT = "export RUNG_ENDS_AT=$(( $(date +%s) + {seconds} ))"


def pool_on_slurm(spec: Slurm, call: Call) -> RemotePool:
    """A pool of workers in Slurm jobs."""
    cluster = _cluster(spec)
    try:
        _check(cluster.job_script())
        jobs = _Jobs(cluster, spec.workers)
        how = Beside(
            spec.workers,
            spec.trial_timeout_s,
            jobs,
            spec.processes_per_trial,
            jobs if spec.autoscales else None,
            spec.nodes_per_trial,
            _summons(spec),
        )
        return pool_beside(cluster, how, call)
    except BaseException:
        cluster.close()
        raise


class _Jobs(Scaling):
    """Keeps as many jobs asked for as there are to be; ends them all in the end."""

    def __init__(self, cluster: Any, jobs: int) -> None:
        super().__init__(cluster, jobs)
        self._look_at = 0.0

    def look(self) -> None:
        """Ask for new jobs in place of those that have ended."""
        if time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_S
        cluster = self._cluster
        asked_for = {name: job.job_id for name, job in cluster.workers.items() if job.job_id is not None}
        known = _known(asked_for.values())
        if gone := [name for name, job in asked_for.items() if job not in known]:
            self.forget(gone)
        super().look()

    def close(self) -> None:
        """Cancel all jobs."""
        self._cluster.close()


def _known(jobs: Collection[str]) -> set[str]:
    """Which of these jobs wait or run; if Slurm does not answer, all of them."""
    if not jobs:
        return set()
    asked = subprocess.run(
        ["squeue", "--noheader", "--format=%A"], capture_output=True, text=True, check=False
    )
    return set(jobs) if asked.returncode else set(asked.stdout.split())


def _cluster(spec: Slurm) -> Any:
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError:
        raise ExecutorError(
            "rung.Slurm needs dask-jobqueue, which is not installed. Say: pip install 'rung[dask]'."
        ) from None
    if shutil.which("sbatch") is None:
        raise ExecutorError(
            "Slurm's sbatch is not found on this machine. Start the run where jobs are submitted, such as on the login "
            "node."
        )
    return SLURMCluster(
        queue=spec.partition,
        account=spec.account,
        walltime=spec.time,
        cores=spec.cpus,
        processes=1,
        nanny=False,  # the training has a process of its own, and SIGTERM is to reach the one that knows it
        python=f"exec {sys.executable}",  # likewise, where Slurm signals the batch process alone
        memory=spec.memory,
        interface=spec.interface,
        scheduler_options={"dashboard_address": LOOPBACK},
        worker_extra_args=["--dashboard-address", LOOPBACK],
        job_directives_skip=["-n 1"] if spec.nodes_per_trial > 1 else [],  # see `_directives`
        job_extra_directives=list(_directives(spec)),
        job_script_prologue=[ENDS_AT.format(seconds=spec.seconds), *spec.setup],
        log_directory=spec.logs,
    )


def _check(script: str) -> None:
    """Ask Slurm whether it would ever run such a job."""
    asked = subprocess.run(
        ["sbatch", "--test-only"], input=script, capture_output=True, text=True, check=False
    )
    if asked.returncode:
        words = [line.split(": ", 2)[-1] for line in asked.stderr.splitlines() if "rror: " in line]
        raise ExecutorError(
            f"sbatch does not take such jobs: {'; '.join(words) or asked.stderr.strip()}. Change what they ask for."
        )


def _directives(spec: Slurm) -> Iterator[str]:
    """Options of `sbatch` beyond those that dask-jobqueue knows."""
    if spec.nodes_per_trial > 1:
        yield f"--nodes={spec.nodes_per_trial}"
        yield "--ntasks-per-node=1"
    if spec.gpus:
        yield f"--gres=gpu:{spec.gpus}"
    if spec.logs is None:
        yield "--output=/dev/null"
    yield from spec.directives


def _summons(spec: Slurm) -> tuple[str, ...]:
    """Starts an outpost on each node of a job but the first, where Slurm runs its script."""
    others = spec.nodes_per_trial - 1
    if not others:
        return ()
    where = ("--relative=1", f"--nodes={others}", f"--ntasks={others}", f"--cpus-per-task={spec.cpus}")
    how = ("--overlap", "--export=ALL", "--kill-on-bad-exit=1")
    return ("srun", *where, *how, sys.executable, "-m", "rung.executors.remote.outpost")
