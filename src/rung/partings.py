"""Which workers are about to go with their machines, and when the others must be left for that reason."""

from collections.abc import Iterator
from heapq import heappop, heappush

from rung.core.budget import Account
from rung.core.decision import Slot

RESERVE_S = 20.0  # for saving a trial, and for clocks that differ
STEPS = 2.0  # a training hands back control at its next report, so this much of its time is kept, too


class Partings:
    """Follows the workers of a run.

    Attributes:
        parting: Those that get no more jobs, until they have left.
    """

    def __init__(self) -> None:
        self.parting: set[int] = set()
        self._ends: list[tuple[float, int]] = []

    def join(self, slot: Slot) -> None:
        """A worker is there."""
        if slot.ends_at is not None:
            heappush(self._ends, (slot.ends_at, slot.worker))

    def due(self, now: float, account: Account) -> Iterator[int]:
        """Workers that must be left now, so that what they train can be saved before their machine goes."""
        reserve = _reserve(account)
        while self._ends and self._ends[0][0] - reserve <= now:
            yield heappop(self._ends)[1]

    def next(self, account: Account) -> float | None:
        """When the next one is due; None: none is known to go."""
        return self._ends[0][0] - _reserve(account) if self._ends else None


def _reserve(account: Account) -> float:
    step = account.seconds / account.trained if account.trained else 0.0
    return RESERVE_S + STEPS * step
