"""Want of memory: whose fault it is, and which trials get more room."""

import msgspec

from rung.core.event import Ended, Failure
from rung.executors.failure import OUT_OF_MEMORY
from rung.executors.processes.memory import Held
from rung.executors.processes.worker import Worker

KERNEL = "was killed by the kernel, as the machine had no memory left"


class Wants:
    """The trials that have run out of memory in a room of the usual size, and need a larger one.

    Attributes:
        retry_room: The room that they get, in workers; None: nobody gets more.
    """

    def __init__(self, retry_room: int | None) -> None:
        self.retry_room = retry_room
        self._trials: set[int] = set()

    def room(self, trial: int) -> int:
        """The room that a trial needs, in workers."""
        return self.retry_room if self.retry_room is not None and trial in self._trials else 1

    def judged(self, worker: Worker, ended: Ended) -> Ended:
        """The end of a job; one for want of memory marks its worker."""
        if ended.failure is None or ended.failure.type != OUT_OF_MEMORY:
            return ended
        worker.is_full = True
        why = self.blamed(worker, ended.failure)
        return msgspec.structs.replace(
            ended, outcome="lost" if why.fault == "machine" else "failed", failure=why
        )

    def blamed(self, worker: Worker, why: Failure) -> Failure:
        """Want of memory is the fault of a configuration only where it had a process and enough room to itself."""
        if worker.n_trials > 1:  # trainings leak
            before = "a trial" if worker.n_trials == 2 else f"{worker.n_trials - 1} trials"
            return _excused(why, f"after {before} in the same process, so it is tried again")
        if self.retry_room is None or worker.trial is None or worker.trial in self._trials:
            return why
        self._trials.add(worker.trial)
        return _excused(why, f"it is tried once more in the room of {self.retry_room} workers")


def killed_by_kernel(worker: Worker) -> Failure:
    """It was killed as the machine had no memory left."""
    return Failure("configuration", OUT_OF_MEMORY, f"{worker} {KERNEL}")


def over_limit(worker: Worker, held: Held, memory_gb: float) -> Failure:
    """It held more than it may."""
    n = len(worker.places)
    may = f"memory_gb={memory_gb:g} allows" + (f" {n} workers" if n > 1 else "")
    return Failure("configuration", OUT_OF_MEMORY, f"{worker} held {held}, more than {may}, and was killed")


def _excused(why: Failure, reason: str) -> Failure:
    return msgspec.structs.replace(why, fault="machine", message=f"{why.message} ({reason})")
