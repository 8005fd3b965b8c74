"""A percentile of a sample that grows."""

from heapq import heappop, heappush, heappushpop


class Percentile:
    """A percentile of a growing sample, linear between its neighbours; O(log n) to add to, O(1) to read.

    The place of the percentile among n sorted values is `percent * (n - 1) / 100`, counted from 0. All and only the
    values up to that place are in `_low`, negated.
    """

    __slots__ = ("_high", "_low", "percent")

    def __init__(self, percent: int) -> None:
        self.percent = percent
        self._low: list[float] = []
        self._high: list[float] = []

    def __len__(self) -> int:
        return len(self._low) + len(self._high)

    def add(self, value: float) -> None:
        """Take in a value."""
        if self._low:
            value = -heappushpop(self._low, -value)
        heappush(self._high, value)
        if len(self._low) <= self.percent * (len(self) - 1) // 100:
            heappush(self._low, -heappop(self._high))

    def value(self) -> float:
        """The percentile of what was added, which must not be nothing."""
        below, part = -self._low[0], self.percent * (len(self) - 1) % 100
        if not part or self._high[0] == below:
            return below
        return below + (self._high[0] - below) * part / 100
