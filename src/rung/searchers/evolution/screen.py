"""The screen: which of some candidates is worth a trial.

It keeps the rules of the space, was not tried before, and does not lie next to what has failed.
"""

from collections.abc import Iterable

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.core.space import Space
from rung.models.variation import Kinds, distances

RECENT = 256  # trials among which the neighbours of a candidate are looked for


class Screen:
    """Looks through candidates. What it keeps is the first trial of each point."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._kinds = Kinds.of(space)
        self._tried: dict[bytes, int] = {}
        self._known = 0  # trials in it

    def first(self, blocks: Iterable[Floats], history: HistoryView, taken: set[bytes]) -> tuple[Floats, int]:
        """The first good candidate, as a point of shape (d,), and its number among all.

        If there is none, the best of what is allowed and new; if there is nothing of that either, what comes last.

        Args:
            blocks: Candidates, each of shape (m, d); asked for as far as they are needed.
            history: What is known.
            taken: Points as bytes that were suggested in the same breath; the one that is found is added.
        """
        self._learn(history)
        best: tuple[float, Floats, int] = (-np.inf, np.empty(0), 0)
        before = 0
        for block in blocks:
            X = self._space.snapped(block)
            margins = self._margins(X, history, taken)
            row = int(np.argmax(margins >= 0)) if (margins >= 0).any() else int(np.argmax(margins))
            if margins[row] > best[0] or not len(best[1]):
                best = (float(margins[row]), X[row], before + row)
            if best[0] >= 0:
                break
            before += len(X)
        taken.add(best[1].tobytes())
        return best[1], best[2]

    def _learn(self, history: HistoryView) -> None:
        if history.n_trials > self._known:
            for trial, point in enumerate(history.encoded[self._known :], self._known):
                self._tried.setdefault(point.tobytes(), trial)
            self._known = history.n_trials

    def _margins(self, X: Floats, history: HistoryView, taken: set[bytes]) -> Floats:
        """How much nearer each point is to what went well than to what failed; -inf where it is out of the question."""
        keys = [point.tobytes() for point in X]
        n = history.n_trials
        new = np.array([self._tried.get(key, n) >= n and key not in taken for key in keys])
        if self._space.has_rules:
            new &= self._space.allows(X)
        return np.where(new, self._clearance(X, history), -np.inf)

    def _clearance(self, X: Floats, history: HistoryView) -> Floats:
        failed = history.failed[:, 0]
        if not len(failed):
            return np.zeros(len(X))
        recent = np.arange(max(0, history.n_trials - RECENT), history.n_trials)
        recent = recent[~np.isnan(history.encoded[recent]).all(axis=1)]
        bad = np.isin(recent, failed)
        good = ~bad & ~np.isin(recent, np.fromiter(history.pending, np.int64, len(history.pending)))
        apart = distances(X, history.encoded[recent], self._kinds)
        found: Floats = _nearest(apart[:, bad]) - _nearest(apart[:, good])
        return found


def _nearest(apart: Floats) -> Floats:
    """The squared distance to the nearest one; more than there can be if there is none."""
    found: Floats = apart.min(axis=1, initial=1e6)
    return found
