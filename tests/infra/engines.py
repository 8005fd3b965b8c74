"""The engines on which the same study is run by a program of its own, each with a cluster of the tests."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil
import pytest

from infra.processes import is_worker

NAMES = ("local", "ray", "dask", "slurm")


@dataclass
class Engine:
    """Where a program of its own trains.

    Attributes:
        executor: As on the command line.
        processes: Where the workers of a driver with this process id may be found.
        environment: Variables by which it finds its cluster.
        heal: Called when an agent was killed: where an engine does not replace its own, as nobody else would.
    """

    executor: str
    processes: Callable[[int], list[psutil.Process]]
    environment: Mapping[str, str] = field(default_factory=dict)
    heal: Callable[[], object] = lambda: None

    def with_options(self, *options: str) -> str:
        """The executor on the command line, with further options."""
        return ",".join([self.executor, *options])

    def variables(self) -> dict[str, str]:
        """The whole environment of a driver."""
        return {**os.environ, **self.environment}

    def workers(self, driver: int) -> list[psutil.Process]:
        """The worker processes of a driver."""
        return [process for process in self.processes(driver) if is_worker(process)]


def engine_named(name: str, request: pytest.FixtureRequest) -> Engine:
    """An engine, with its cluster started."""
    match name:
        case "ray":
            ray = request.getfixturevalue("ray_cluster")
            return Engine(f"ray,address={ray.address}", lambda driver: ray.processes)
        case "dask":
            dask = request.getfixturevalue("dask_cluster")
            return Engine(
                f"dask,cluster={dask.address}", lambda driver: dask.processes, heal=dask.start_worker
            )
        case "slurm":
            slurm = request.getfixturevalue("slurm")
            return Engine(
                "slurm,memory=1GB,interface=lo", lambda driver: slurm.processes(), slurm.environment
            )
        case _:
            return Engine("local", _below)


def _below(driver: int) -> list[psutil.Process]:
    return psutil.Process(driver).children(recursive=True)
