"""Workers on this machine: processes that live as long as their pool and train trial after trial."""

import os
import sys
from pathlib import Path

import msgspec

from rung.core.errors import SpecError
from rung.core.options import check_fields, check_positive
from rung.core.resource import check_count
from rung.executors import limits
from rung.executors.base import Call
from rung.executors.messages import Setup
from rung.executors.pickling import dumps
from rung.executors.processes.places import Places
from rung.executors.processes.pool import LocalPool
from rung.executors.processes.shares import Gpus, check_share, shared_out
from rung.executors.worker.meeting import Meeting

__all__ = ["Local", "LocalPool", "setup_of"]

_WORKERS = 2


class _Workers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    workers: int | None = None


class Local(_Workers, frozen=True, kw_only=True, tag="local", tag_field="type"):
    """Worker processes on this machine.

    Attributes:
        workers: How many; None: two, or with `gpus_per_worker` as many as the GPUs hold.
        gpus: Names of the GPUs to share out, as in CUDA_VISIBLE_DEVICES. None: all that are visible; empty: none.
        gpus_per_worker: How much of them each worker owns: a share of one, such as 0.3, which is never split across
            two, or a whole number. None: workers take one each in turn.
        processes_per_trial: How many processes train a trial together in each worker, as under `torchrun`; see the
            page on gangs in the guide.
        threads: Threads that numerical libraries use in each process; None: an equal share of the processors,
            where the user's environment says nothing.
        memory_gb: Gigabytes (10**9 bytes) that a worker may hold together with the processes that its training
            starts. A trial that takes more is ended as failed: out of memory. None: what the machine has.
        retry_room: A trial that ran out of memory is trained once more in the room of so many workers: with their
            processors, their memory and their GPUs, or their shares of one. None: it has failed.
        isolate: Whether each trial gets a fresh process.
        trial_timeout_s: A trial that says nothing for so long is ended as failed; None: never.
    """

    gpus: Gpus | None = None
    gpus_per_worker: float | None = None
    processes_per_trial: int = 1
    threads: int | None = None
    memory_gb: float | None = None
    retry_room: int | None = None
    isolate: bool = False
    trial_timeout_s: float | None = None

    def __post_init__(self) -> None:
        if self.workers is not None:
            check_count("workers", self.workers)
        check_count("processes_per_trial", self.processes_per_trial)
        if self.threads is not None:
            check_count("threads", self.threads)
        if self.gpus_per_worker is not None:
            check_share(self.gpus_per_worker)
        if self.retry_room is not None:
            check_count("retry_room", self.retry_room)
        if self.retry_room == 1:
            raise SpecError(
                "retry_room=1 is the room that a trial had already. Say 2 or more workers, or leave it out."
            )
        check_positive("memory_gb", self.memory_gb, "gigabytes for each worker")
        check_positive("trial_timeout_s", self.trial_timeout_s, "seconds")
        check_fields(self)
        if self.gpus is not None:
            self._places()

    @property
    def n_workers(self) -> int:
        """How many there are on this machine.

        Raises:
            SpecError: If its GPUs do not hold so many.
        """
        return len(self._places())

    def start(self, call: Call) -> LocalPool:
        """Start all workers, without waiting for any.

        Raises:
            SpecError: If the GPUs of this machine do not hold them.
            ExecutorError: If the callable cannot be sent to them.
        """
        places = self._places()
        return self._open(setup_of(call), places)

    def open(self, setup: Setup, meeting: Meeting | None = None) -> LocalPool:
        """Start all workers of a setup that may come from another machine, and train on others, too."""
        return self._open(setup, self._places(), meeting)

    def _open(self, setup: Setup, places: Places, meeting: Meeting | None = None) -> LocalPool:
        return LocalPool(
            setup,
            places,
            isolate=self.isolate,
            memory_gb=self.memory_gb,
            retry_room=self.retry_room,
            silence_s=self.trial_timeout_s,
            processes=self.processes_per_trial,
            meeting=meeting,
        )

    def _places(self) -> Places:
        """What workers own on this machine."""
        gpus = limits.gpus(os.environ) if self.gpus is None else self.gpus
        workers = self.workers
        if workers is None and self.gpus_per_worker is None:
            workers = _WORKERS
        shares = shared_out(gpus, self.gpus_per_worker, workers)
        places = Places(
            shares, self.threads, hides_gpus=self.gpus is not None, processes=self.processes_per_trial
        )
        if self.retry_room is not None:
            _check_room(self.retry_room, places)
        return places


def setup_of(call: Call) -> Setup:
    """What workers of a callable learn first.

    Raises:
        ExecutorError: If the callable cannot be sent to them.
    """
    return Setup(_path(), sys.argv, str(Path.cwd()), os.environ.get("PYTHONPATH"), dumps(call))


def _check_room(retry_room: int, places: Places) -> None:
    """Raise unless the room of so many workers can be joined, wherever the trial is."""
    if retry_room == 1:
        raise SpecError(
            "retry_room=1 is the room that a trial had already. Say 2 or more workers, or leave it out."
        )
    least = 1 + min(len(places.neighbours(place)) for place in range(len(places)))
    if least < retry_room:
        holder = "a GPU" if least < len(places) else "this pool"
        raise SpecError(
            f"retry_room={retry_room} is the room of {retry_room} workers, but {holder} holds {least}. Say more "
            "workers, or a smaller room."
        )


def _path() -> list[str]:
    """`sys.path` for a process that may stand elsewhere; entries of import hooks, which are no paths, stay."""
    entries = [entry for entry in sys.path if isinstance(entry, str)]
    return [str(Path(entry).absolute()) if Path(entry).exists() else entry for entry in entries]
