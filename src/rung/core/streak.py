"""Whether training fails the same way from the first trial on, which is a fault of the code and of no trial."""

from rung.core.event import Failure

_ENOUGH = 3  # trials


class FailureStreak:
    """The failures so far, until a first job reaches its target."""

    def __init__(self) -> None:
        self._last: Failure | None = None
        self._count = 0  # that were like it in a row
        self._broken = False

    def break_off(self) -> None:
        """A job has reached its target: the code works."""
        self._broken = True

    def add(self, failure: Failure) -> None:
        """A trial has failed."""
        if self._broken:
            return
        last = self._last
        same = last is not None and (failure.type, failure.place) == (last.type, last.place)
        self._count = self._count + 1 if same else 1
        self._last = failure
        if not failure.place:
            self._last, self._count = None, 0

    @property
    def repeated(self) -> Failure | None:
        """The failure that every trial so far has met, if those are enough to blame the code."""
        return self._last if not self._broken and self._count >= _ENOUGH else None
