"""What a method is to the benchmark: it says what to try next, and is told what came of it."""

import math
from dataclasses import dataclass
from typing import Protocol

from rung.core.space import Config, Space


@dataclass(frozen=True)
class Setting:
    """What a method may know before it begins.

    Attributes:
        space: What is tuned.
        n_limits: How many limits there are to keep.
        penalty: A loss worse than what is typical, for tools that are not told of limits or failures.
        seed: Of its own randomness.
        budget: How many evaluations there will be.
    """

    space: Space
    n_limits: int
    penalty: float
    seed: int
    budget: int

    def penalized(self, loss: float, broken: tuple[float, ...]) -> float:
        """What a tool is told that knows nothing of limits: those who break them by more are worse."""
        if math.isnan(loss):
            return self.penalty
        return self.penalty * (1 + sum(min(each, 1e6) for each in broken)) if any(broken) else loss


class Method(Protocol):
    """One run of a method."""

    def ask(self) -> Config:
        """What to try next."""
        ...

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """What came of it: a loss, NaN if it failed, and by how much limits are broken.

        Called once after each `ask`, with what that gave.
        """
        ...
