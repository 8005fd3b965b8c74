"""Hyper-Tune's brackets: asynchronous Hyperband that begins lower the better low rungs have ranked trials so far.

The chance of a bracket is the one that it has in `AsyncHyperband`, times how far losses at its first rung rank trials
as losses at the highest rung do (Kendall's tau). Where early losses mislead, most trials begin higher; where they tell
nearly everything, nearly all begin at the bottom. In departure from the paper, the losses of the same trials are
compared, not predictions of models. It goes well with the searcher of the same paper, `rung.searchers.mfes.options`.

Reference:
    Li et al., Hyper-Tune: Towards Efficient Hyper-Parameter Tuning at Scale, VLDB 2022, section 4.1.
"""

from collections.abc import Sequence

import numpy as np

from rung.core.decision import Auditable
from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.rng import Rng
from rung.core.space import Space
from rung.models.agreement import concordance
from rung.schedulers.asha import live_asha
from rung.schedulers.hyperband import AsyncHyperband, LiveAsyncHyperband
from rung.schedulers.preempt import preempting

ENOUGH = 6  # trials on two rungs before these are compared
LATEST = 200  # trials that are compared at most
DOUBT = 0.05  # agreement that every bracket is granted


class HyperTune(AsyncHyperband, frozen=True, tag="hyper-tune"):
    """Asynchronous Hyperband whose brackets are chosen by how well their first rung has ranked trials."""

    def start(self, space: Space, objectives: Objectives, seed: int) -> Auditable:
        """A live scheduler at the beginning of a study."""
        brackets = [live_asha(each) for each in self.ladders(objectives, seed)]
        choice = ByAgreement([bracket.ladder.levels[0] for bracket in brackets], self.choice(seed).shares)
        return preempting(LiveAsyncHyperband(brackets, choice), self.preempt)


class ByAgreement:
    """Each bracket by its share, times how well its first rung agrees with the highest rung that is known.

    Args:
        levels: The first rung of each bracket.
        shares: Their chances if all agree alike.
    """

    def __init__(self, levels: Sequence[int], shares: Sequence[float]) -> None:
        self._levels = levels
        self._shares = np.array(shares)

    def choose(self, history: HistoryView, rng: Rng) -> int:
        """See `BracketChoice`. O(observations), and O(LATEST²) for each bracket."""
        chances = self._shares * self.agreements(history)
        return int(rng("bracket", history.n_trials).choice(len(chances), p=chances / chances.sum()))

    def agreements(self, history: HistoryView) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
        """How each first rung agrees with the highest one on which enough trials are, 0 to 1; 1 where nothing tells."""
        for top in reversed(self._levels):
            trials, losses = history.at(top)
            if len(trials) >= ENOUGH:
                break
        else:
            return np.ones(len(self._levels))
        found = np.ones(len(self._levels))
        for bracket, level in enumerate(self._levels):
            if level < top:
                below, early = history.at(level)
                both, here, there = np.intersect1d(below, trials, assume_unique=True, return_indices=True)
                if len(both) >= ENOUGH:
                    found[bracket] = concordance(early[here][-LATEST:], losses[there][-LATEST:])
        return np.maximum(found, DOUBT)
