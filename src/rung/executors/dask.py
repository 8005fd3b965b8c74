"""Workers on the machines of a Dask cluster, however that was deployed: by hand, by dask-jobqueue, on Kubernetes."""

from typing import Any

import msgspec

from rung.core.errors import SpecError
from rung.core.options import check_fields, check_positive
from rung.core.resource import check_count
from rung.executors.base import Call, Pool


class _Cluster(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    cluster: Any = None


class Dask(_Cluster, frozen=True, kw_only=True, tag="dask", tag_field="type"):
    """A worker process beside each worker of a Dask cluster, those included that come later.

    A worker of rung has the processors of the Dask worker that it stands beside, and what its environment names:
    Dask deploys, rung trains. Keep other work off the cluster meanwhile.

    Attributes:
        cluster: A `distributed.Client`, a cluster object, or the address of a scheduler such as "tcp://head:8786";
            None: a cluster on this machine, started for the run.
        workers: At most so many; None: beside all that there are.
        autoscales: Whether `cluster` is asked for `workers` workers, of which those that have had nothing to do for a
            minute are given back, as at a barrier, until there is work again.
        processes_per_trial: How many processes train a trial together beside each worker of Dask.
        trial_timeout_s: A trial that says nothing for so long is ended as failed; None: never.
    """

    workers: int | None = None
    autoscales: bool = False
    processes_per_trial: int = 1
    trial_timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_count("workers", self.workers)
        check_count("processes_per_trial", self.processes_per_trial)
        check_positive("trial_timeout_s", self.trial_timeout_s, "seconds")
        check_fields(self)
        if self.autoscales:
            _check_scales(self.cluster, self.workers)
        if not _is_cluster(self.cluster):
            raise SpecError(
                "cluster is a distributed.Client, a Dask cluster, or the address of a scheduler such as "
                f"'tcp://head:8786', got {self.cluster!r:.60}."
            )

    def start(self, call: Call) -> Pool:
        """Look for workers, without waiting for any.

        Raises:
            ExecutorError: If Dask is not installed, or there is no scheduler at the address.
        """
        from rung.executors.remote.on_dask import Beside, Scaling, pool_beside

        scaling = (
            Scaling(self.cluster, self.workers) if self.autoscales and self.workers is not None else None
        )
        how = Beside(self.workers, self.trial_timeout_s, scaling, self.processes_per_trial, scaling)
        return pool_beside(self.cluster, how, call)


def _is_cluster(given: Any) -> bool:
    if given is None or isinstance(given, str):
        return given is None or ":" in given
    return any(hasattr(given, name) for name in ("scheduler", "scheduler_address"))


def _check_scales(cluster: Any, workers: int | None) -> None:
    if not hasattr(cluster, "worker_spec"):
        raise SpecError(
            "autoscales goes with a cluster object that starts and ends workers, such as those of dask-jobqueue, got "
            f"{cluster!r:.60}. Leave it out where somebody else does that."
        )
    if workers is None:
        raise SpecError("autoscales needs to know how many workers there may be: say workers=8.")
