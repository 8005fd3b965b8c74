"""The features of the kernels of all trials, kept from one suggestion to the next.

Trials have their features for life. The mass of a kernel within the cube depends on the width of its column; it is
computed again for all trials where that width has changed.
"""

import numpy as np

from rung.core.history import Floats
from rung.models.parzen import Bandwidths, Grain, features, log_masses


class Kernels:
    """A memo: what `at` gives depends on its arguments alone, as long as settled points stay as they are."""

    def __init__(self, grain: Grain) -> None:
        self._grain = grain
        self._known = 0  # settled points whose features are kept
        self._widths = np.full(len(grain.numeric), np.nan)  # for which masses are
        self._rows = np.empty((16, 4 * len(grain.numeric) + int(grain.n_options.sum())))

    def at(self, X: Floats, settled: int, widths: Bandwidths) -> Floats:
        """Features of kernels at points, and behind them minus the logarithms of their masses.

        Args:
            X: Shape (n, d).
            settled: How many of them, from the first, will be the same in later calls.
            widths: How wide the kernels are.

        Returns:
            Shape (n, f), for the queries of `rung.models.parzen`; not to be changed.
        """
        self._follow(X, widths)
        if self._known < settled:
            self._settle(X[self._known : settled], widths)
        if settled == len(X):
            return self._rows[:settled]
        return np.vstack([self._rows[:settled], features(self._grain, X[settled:], widths)])

    def _follow(self, X: Floats, widths: Bandwidths) -> None:
        first = self._rows.shape[1] - len(self._widths)
        self._known = min(self._known, len(X))  # what a longer history had is made again when it is needed
        changed = np.flatnonzero(self._widths != widths.numeric)
        if len(changed):
            x = X[: self._known, self._grain.numeric[changed]]
            self._rows[: self._known, first + changed] = -log_masses(x, widths.numeric[changed])
        self._widths = widths.numeric

    def _settle(self, new: Floats, widths: Bandwidths) -> None:
        end = self._known + len(new)
        if end > len(self._rows):
            grown = np.empty((max(end, 2 * len(self._rows)), self._rows.shape[1]))
            grown[: self._known] = self._rows[: self._known]
            self._rows = grown
        self._rows[self._known : end] = features(self._grain, new, widths)
        self._known = end
