"""Which free worker holds which trial in memory, and which of them can best give it up for another job."""

from collections.abc import Callable, Container, Sequence
from heapq import heapify, heappop, heappush, heapreplace

Worth = tuple[bool, int, float]
"""What it is worth to keep a trial in memory: whether it may go on, how far it has come, how good it is."""


class Holders:
    """The free workers, by what they hold.

    Attributes:
        empty: Those that hold nothing.
        holding: What the others hold.
        held: The other way round.
        unparked: Those of `holding` of which nobody has asked yet whether their trial should be saved.
        parked: Held trial: the resource at which it was told to save itself.
    """

    def __init__(self, worth: Callable[[int], Worth]) -> None:
        self.empty: dict[int, None] = {}
        self.holding: dict[int, int] = {}
        self.held: dict[int, int] = {}
        self.unparked: dict[int, None] = {}
        self.parked: dict[int, int] = {}
        self._worth = worth
        # a heap of worth, worker and trial; entries that are not true any more may lie in it
        self._worths: list[tuple[bool, int, float, int, int]] = []

    def hold(self, worker: int, trial: int) -> None:
        """A worker is free and holds a trial."""
        self.holding[worker] = trial
        self.held[trial] = worker
        self.unparked[worker] = None
        self.weigh((trial,))

    def let_go(self, worker: int) -> None:
        """A worker holds nothing any more, as it is busy, empty or gone."""
        trial = self.holding.pop(worker, None)
        if trial is not None:
            del self.held[trial]
            self.parked.pop(trial, None)
            self.unparked.pop(worker, None)

    def route(self, trial: int | None) -> int:
        """The free worker that should get a job: the trial's holder, else an empty one, else the least."""
        if trial in self.held:
            return self.held[trial]
        return next(iter(self.empty)) if self.empty else self.least()

    def route_among(self, workers: Container[int]) -> int:
        """The one of some free workers that should get a job whose trial none of them holds. O(n) in all workers."""
        empty = next((worker for worker in self.empty if worker in workers), None)
        if empty is not None:
            return empty
        return min(
            (*self._worth(trial), worker) for worker, trial in self.holding.items() if worker in workers
        )[-1]

    def least(self) -> int:
        """The worker whose trial is worth least; of equals the first. O(log n) in the number of workers."""
        worths = self._worths
        while True:
            noted = worths[0]
            worker, trial = noted[3:]
            if self.holding.get(worker) != trial:
                heappop(worths)
            elif (now := (*self._worth(trial), worker, trial)) != noted:
                heapreplace(worths, now)
            else:
                return worker

    def weigh(self, trials: Sequence[int]) -> None:
        """The standing of trials may have changed: note what they are worth now."""
        held = self.held
        for trial in trials:
            if trial in held:
                heappush(self._worths, (*self._worth(trial), held[trial], trial))
                if len(self._worths) > 4 * len(held) + 64:
                    self._worths = [(*self._worth(each), worker, each) for each, worker in held.items()]
                    heapify(self._worths)
