"""Which bracket a new trial belongs to: the seam of asynchronous Hyperband that a model may fill.

A choice is asked once for each new trial. It gets what is known of all trials, and randomness by address, and keeps
nothing that it could not do without: the same history gives the same bracket, so that a resumed study decides alike.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from rung.core.history import HistoryView
from rung.core.rng import Rng, address


class BracketChoice(Protocol):
    """Chooses brackets."""

    def choose(self, history: HistoryView, rng: Rng) -> int:
        """Number of the bracket for trial `history.n_trials`; 0 is the one that begins lowest.

        Args:
            history: What is known of all trials.
            rng: `rng("bracket", history.n_trials)` is a generator for this choice.
        """
        ...


class ByShare:
    """Each bracket with a given chance, whatever is known.

    Attributes:
        shares: The chances.
    """

    def __init__(self, weights: Sequence[float], seed: int) -> None:
        self.shares = [weight / sum(weights) for weight in weights]
        self._ends = list(accumulate(self.shares))[:-1]
        self._seed = seed

    def choose(self, history: HistoryView, rng: Rng) -> int:
        """The bracket in whose part of [0, 1) the trial's address lies; a generator would take ten times as long."""
        return bisect_right(self._ends, address(self._seed, "bracket", history.n_trials) / 2**64)
