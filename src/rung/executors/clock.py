"""The clock of pools in real time: nobody who sets the machine's clock moves it, so that events stay in order."""

import time
from collections.abc import Callable


def _since_boot() -> float:
    """Seconds that no setting of a clock changes; on Linux those of a suspended machine count, too."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class SteadyClock:
    """Unix time as it is when this is made, and from then on steadily onward."""

    __slots__ = ("_offset", "_steady")

    def __init__(self, steady: Callable[[], float] = _since_boot) -> None:
        self._steady = steady
        self._offset = time.time() - steady()

    def __call__(self) -> float:
        """Now."""
        return self._offset + self._steady()
