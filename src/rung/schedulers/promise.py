"""Promises: the curves of trials, what is believed of their final losses, and how much each may improve on the best."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from rung.core.constraint import is_feasible
from rung.models.curves import Curves, Floats, fit_curves

ENOUGH = 8  # arrivals before what curves have in common is learned
GROWTH = 1.25  # by how much arrivals grow until it is learned anew
MOST = 500  # curves that it is learned from
LATEST = 50  # trials that tell what a new one may become
CAUTION = 2.0  # standard deviations by which the best one is judged worse than expected
TELLING = 3  # different losses that two curves must share before one counts as a repetition of the other


class Promises:
    """What is known of the trials that have arrived somewhere; a row for each, in the order of first arrival.

    Attributes:
        n_arrivals: How many arrivals were told.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.n_arrivals = 0
        self._levels = np.array(levels, dtype=np.float64)
        self._trials: list[int] = []
        self._rows: dict[int, int] = {}
        self._losses = np.empty((0, len(levels)))  # with room for more rows; NaN where not observed
        self._final = np.empty((0, 2))  # mean and standard deviation
        self._curves: Curves | None = None
        self._next_fit = ENOUGH
        self._first: dict[bytes, int] = {}  # the row that was first to show a curve, so far as it went
        self._repeats: dict[int, int] = {}  # rows whose whole curve another row had shown before, and which
        self._gone: set[int] = set()

    def observe(self, trial: int, resource: int, loss: float) -> None:
        """A trial rests at the first level or above it; inf, or one of broken constraints, is the worst loss."""
        column = int(np.searchsorted(self._levels, resource, side="right")) - 1
        row = self._row(trial)
        self._losses[row, column] = loss if is_feasible(loss) else np.inf
        self.n_arrivals += 1
        self._compare(row, self._losses[row, : column + 1])
        if self.n_arrivals >= self._next_fit:
            self._learn()
        self._extrapolate(slice(row, row + 1))

    def leave(self, trial: int) -> None:
        """A trial will not go on; whoever repeats it may."""
        if trial in self._rows:
            self._gone.add(self._rows[trial])

    def _compare(self, row: int, curve: Floats) -> None:
        self._repeats.pop(row, None)
        if len(np.unique(curve[np.isfinite(curve)])) < TELLING:
            return
        shown = blake2b(
            curve.tobytes(), digest_size=16
        ).digest()  # each curve is noted as often as it has steps
        first = self._first.setdefault(shown, row)
        if first in self._gone:
            self._first[shown] = row
        elif first != row:
            self._repeats[row] = first

    def _row(self, trial: int) -> int:
        n = len(self._trials)
        if trial not in self._rows:
            if n == len(self._losses):
                self._losses = np.vstack([self._losses, np.full((n + 16, len(self._levels)), np.nan)])
                self._final = np.vstack([self._final, np.zeros((n + 16, 2))])
            self._rows[trial] = n
            self._trials.append(trial)
        return self._rows[trial]

    def _learn(self) -> None:
        """From curves of finite losses, if there are any; some of them, spread over all, if there are many."""
        losses = self._losses[: len(self._trials)]
        losses = losses[~np.isinf(losses).any(axis=1)]
        self._next_fit = max(self.n_arrivals + 1, int(self.n_arrivals * GROWTH))
        if len(losses):
            every = -(-len(losses) // MOST)
            self._curves = fit_curves(self._levels, losses[::every], self._curves)
            self._extrapolate(slice(0, len(self._trials)))

    def _extrapolate(self, rows: slice) -> None:
        if self._curves is not None:
            self._final[rows] = np.stack(self._curves.extrapolate(self._losses[rows]), axis=1)

    # What is believed

    @property
    def is_learned(self) -> bool:
        """Whether enough is known to compare what trials promise."""
        return self._curves is not None

    @property
    def spread(self) -> float:
        """How far the better final losses are apart; 0 before that is learned."""
        return 0.0 if self._curves is None else self._curves.spread

    def knows(self, trial: int) -> bool:
        """Whether a trial has arrived somewhere."""
        return trial in self._rows

    def expected(self, trial: int) -> float:
        """The final loss that is expected of a trial."""
        return float(self._final[self._rows[trial], 0])

    @property
    def best(self) -> int | None:
        """The trial whose final loss is lowest, with caution; None before promises can be compared."""
        if self._curves is None:
            return None
        mean, std = self._final[: len(self._trials)].T
        return self._trials[int(np.argmin(mean + CAUTION * std))]

    def repeats(self, trial: int) -> bool:
        """Whether another trial that may go on, or is complete, had shown the whole curve of this one before."""
        first = self._repeats.get(self._rows[trial])
        return first is not None and first not in self._gone

    def gains(self, trials: Sequence[int]) -> Floats:
        """How much the final loss of each is expected to improve on the lowest expected one, shape (n,)."""
        return self._improvement(self._final[np.array([self._rows[trial] for trial in trials], np.int64)])

    @property
    def gain_of_new(self) -> float:
        """The same of a new trial, as the latest ones may each become what it will; none, if they repeat others."""
        latest = self._trials[-LATEST:]
        return float((self.gains(latest) * [not self.repeats(trial) for trial in latest]).mean())

    def _improvement(self, final: Floats) -> Floats:
        from rung.models.acquisition import expected_improvement

        lowest = float(self._final[: len(self._trials), 0].min())
        return expected_improvement(final[:, 0], final[:, 1], lowest)
