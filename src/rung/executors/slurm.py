"""Workers in jobs of Slurm: `rung.Dask` on a cluster that dask-jobqueue asks the batch system for."""

import re
from collections.abc import Sequence

import msgspec

from rung.core.errors import SpecError
from rung.core.options import check_fields, check_positive
from rung.core.resource import check_count
from rung.executors.base import Call, Pool
from rung.executors.spread import check_spread

_TIME = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)")


class _Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    workers: int = 2


class Slurm(_Workers, frozen=True, kw_only=True, tag="slurm", tag_field="type"):
    """Worker processes in Slurm jobs, one a job; run it where `sbatch` works, such as on the login node.

    Jobs come when Slurm has room, and are asked for anew when one ends before the study does. A worker whose time runs
    out saves its trial, which goes on in the next one.

    Attributes:
        workers: How many jobs.
        partition: Where they are queued; None: Slurm's default.
        account: Whom they are billed to; None: Slurm's default.
        time: How long each may last, as "days-hours:minutes:seconds" or "hours:minutes:seconds".
        cpus: Processors of each, on each of its nodes.
        gpus: GPUs of each, on each of its nodes.
        memory: Of each, on each of its nodes, such as "8GB".
        setup: Lines of shell to run first, such as "module load cuda" or "source env/bin/activate".
        directives: Further options of `sbatch`, such as "--constraint=a100".
        interface: The network interface by which the jobs reach this process, such as "ib0"; None: the default one.
        logs: A folder for what the jobs print; None: it is dropped.
        autoscales: Whether jobs that have had nothing to do for a minute are given back, as at a barrier, and asked for
            again when there is work; those that still wait in the queue keep their place.
        processes_per_trial: How many processes train a trial together in each job, which share what it has.
        nodes_per_trial: Over how many nodes the processes of a trial go, evenly; see the page on gangs in the guide.
        trial_timeout_s: A trial that says nothing for so long is ended as failed; None: never.
    """

    partition: str | None = None
    account: str | None = None
    time: str = "1:00:00"
    cpus: int = 1
    gpus: int = 0
    memory: str = "4GB"
    setup: Sequence[str] = ()
    directives: Sequence[str] = ()
    interface: str | None = None
    logs: str | None = None
    autoscales: bool = False
    processes_per_trial: int = 1
    nodes_per_trial: int = 1
    trial_timeout_s: float | None = None

    def __post_init__(self) -> None:
        check_count("workers", self.workers)
        check_count("cpus", self.cpus)
        check_spread(self.processes_per_trial, self.nodes_per_trial)
        check_positive("trial_timeout_s", self.trial_timeout_s, "seconds")
        for name, lines in {"setup": self.setup, "directives": self.directives}.items():
            if isinstance(lines, str):
                raise SpecError(f"{name} is a list of lines, got the text {lines!r}. Put it into brackets.")
        check_fields(self)
        if self.gpus < 0:
            raise SpecError(f"gpus is a number from 0 on, got {self.gpus!r}.")
        if _seconds(self.time) is None:
            raise SpecError(f'time is written as in "1-12:00:00" or "4:00:00", got {self.time!r}.')

    def start(self, call: Call) -> Pool:
        """Ask Slurm for jobs, without waiting for any.

        Raises:
            ExecutorError: If dask-jobqueue is not installed, or Slurm's commands are not there or refuse.
        """
        from rung.executors.remote.on_slurm import pool_on_slurm

        return pool_on_slurm(self, call)

    @property
    def seconds(self) -> int:
        """How long a job may last."""
        return _seconds(self.time) or 0


def _seconds(time: str) -> int | None:
    found = _TIME.fullmatch(time)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
