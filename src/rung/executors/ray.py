"""Workers as actors of Ray: on a cluster that is there, or on one that is started for the run."""

import math
from collections.abc import Mapping

import msgspec

from rung.core.errors import SpecError
from rung.core.options import check_fields, check_positive
from rung.core.resource import check_count
from rung.executors.base import Call, Pool
from rung.executors.spread import check_spread


class _Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    workers: int = 2


class Ray(_Workers, frozen=True, kw_only=True, tag="ray", tag_field="type"):
    """Worker processes on the machines of a Ray cluster, each held by an actor.

    Attributes:
        workers: How many.
        address: Of the cluster, such as "auto" or "10.0.0.1:6379"; None: the one that this program has joined
            already, else that of RAY_ADDRESS, else one on this machine, started for the run.
        cpus: Processors that each worker owns, on each of its machines.
        gpus: GPUs that each worker owns there; a fraction shares one.
        resources: Custom resources of Ray that each worker owns there.
        autoscales: Whether machines may come that are not there yet; else a worker that fits on none is refused.
        processes_per_trial: How many processes train a trial together in each worker, which share what it owns.
        nodes_per_trial: Over how many machines the processes of a trial go, evenly; see the page on gangs in the guide.
        trial_timeout_s: A trial that says nothing for so long is ended as failed; None: never.
    """

    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    resources: Mapping[str, float] = {}
    autoscales: bool = False
    processes_per_trial: int = 1
    nodes_per_trial: int = 1
    trial_timeout_s: float | None = None

    def __post_init__(self) -> None:
        check_count("workers", self.workers)
        check_spread(self.processes_per_trial, self.nodes_per_trial)
        check_positive("trial_timeout_s", self.trial_timeout_s, "seconds")
        check_fields(self)
        for name, amount in {"cpus": self.cpus, "gpus": self.gpus, **self.resources}.items():
            if not (math.isfinite(amount) and amount >= 0):
                raise SpecError(f"{name} of a worker is a number from 0 on, got {amount!r}.")
        if self.gpus > 1 and self.gpus != int(self.gpus):
            raise SpecError(f"gpus is a share of one GPU or a whole number of them, got {self.gpus!r}.")
        if self.nodes_per_trial > 1 and not any((self.cpus, self.gpus, *self.resources.values())):
            raise SpecError("a worker that owns nothing has no place on several machines. Say cpus=1.")

    def start(self, call: Call) -> Pool:
        """Ask the cluster for workers, without waiting for any.

        Raises:
            ExecutorError: If Ray is not installed, there is no cluster at the address, or no machine of it is large
                enough for a worker.
        """
        from rung.executors.remote.on_ray import pool_on_ray

        return pool_on_ray(self, call)
