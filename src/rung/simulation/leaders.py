"""The front of a simulated study with several objectives, as trials arrive."""

from rung.core.objective import Losses


class Leaders:
    """The trials that no other one dominates, of those that have arrived at the highest target.

    Feasible ones come before all others; where none is, those that break the limits the least. An arrival costs
    O(trials on the front).
    """

    def __init__(self) -> None:
        self._class: tuple[float, int] | None = (
            None  # by what they break the limits, and how far they came, negated
        )
        self._losses: dict[int, Losses] = {}

    @property
    def trials(self) -> list[int]:
        """Their numbers, in the order of arrival."""
        return list(self._losses)

    def arrive(self, trial: int, target: int, losses: Losses, violation: float) -> None:
        """A trial has arrived at a target."""
        this = (violation, -target)
        if self._class is None or this < self._class:
            self._class, self._losses = this, {}
        if this != self._class or any(_dominates(other, losses) for other in self._losses.values()):
            return
        self._losses = {
            each: other for each, other in self._losses.items() if not _dominates(losses, other)
        } | {trial: losses}


def _dominates(one: Losses, other: Losses) -> bool:
    """Whether one is nowhere worse than and somewhere better."""
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
