"""What a worker owns of its machine: places, each with an equal share of the processors and a share of the GPUs."""

import math
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from rung.core.decision import Slot
from rung.executors import limits
from rung.executors.processes.shares import Gpus


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a pool. A worker fills one; one that needs more room fills several.

    Attributes:
        shares: The GPUs of each.
        threads: Threads that numerical libraries use in each; None: an equal share of the processors.
        hides_gpus: Whether a worker without GPUs sees none.
        processes: That share each of them, each with as many threads.
    """

    shares: tuple[Gpus, ...]
    threads: int | None
    hides_gpus: bool
    processes: int = 1

    def __len__(self) -> int:
        return len(self.shares)

    def neighbours(self, place: int) -> set[int]:
        """The places that may be joined to one: those on the same GPU, where GPUs are shared."""
        owners = Counter(name for share in self.shares for name in share)
        same_gpu = max(owners.values(), default=1) > 1
        mine = self.shares[place]
        return {
            other
            for other, share in enumerate(self.shares)
            if other != place and (share == mine or not same_gpu)
        }

    def slot(self, worker: int, filled: tuple[int, ...]) -> Slot:
        """The slot of a worker that fills these places."""
        gpus = self._gpus(filled)
        threads = self._threads(filled)
        cpus = threads * self.processes if threads else max(1, limits.cores() // self._rivals(filled))
        return Slot(worker, kind=limits.kind(os.environ, gpus), cpus=cpus, gpus=gpus)

    def environment(self, filled: tuple[int, ...]) -> dict[str, str]:
        """What its process is told of that."""
        gpus = self._gpus(filled)
        variables = limits.thread_variables(
            self._threads(filled), self._rivals(filled) * self.processes, os.environ
        )
        if gpus or self.hides_gpus:
            variables["CUDA_VISIBLE_DEVICES"] = ",".join(gpus)
        return variables

    def _gpus(self, filled: Iterable[int]) -> Gpus:
        return tuple(dict.fromkeys(name for place in filled for name in self.shares[place]))

    def _threads(self, filled: tuple[int, ...]) -> int | None:
        return None if self.threads is None else self.threads * len(filled)

    def _rivals(self, filled: tuple[int, ...]) -> int:
        """How many workers of this size the machine would have."""
        return math.ceil(len(self) / len(filled))
