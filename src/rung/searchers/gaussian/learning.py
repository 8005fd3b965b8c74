"""Models of losses, marks and costs from rows of a history, with parameters that are fitted now and then.

Parameters are fitted when the number of rows comes to a number of `SCHEDULE`, to the rows up to there, so that they are
a function of the history. Every fourth fit begins where fits usually begin, those between where the one before ended.
Whatever is kept here is a memo: it is looked up by the very rows that it was made of.
"""

from collections.abc import Callable

import numpy as np

from rung.core.history import Floats, Ints
from rung.models.gp import GP, Parameters, condition, fit_parameters, usual_starts
from rung.models.kernels import Kernel

FIT_ROWS = 250  # that parameters are fitted to at most
RESTART = 4

Transform = Callable[[Floats], Floats]


def _schedule(last: int) -> list[int]:
    counts = [2]
    while counts[-1] < last:
        counts.append(counts[-1] + max(1, counts[-1] // 10))
    return counts


SCHEDULE = np.array(_schedule(10**7))


class Learner:
    """Makes models with one kernel; knows those it made last, by name.

    Attributes:
        kernel: The kernel.
    """

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._fits: dict[tuple[str, int], tuple[Floats, Floats, Parameters]] = {}
        self._grown: dict[str, tuple[Floats, Floats, GP]] = {}

    def grown(self, name: str, X: Floats, values: Floats, scaled: Callable[[Floats], Transform]) -> GP:
        """A model of all rows, whose values only follow each other in time.

        Args:
            name: Of what is learned.
            X: Points, shape (n, d), n at least 1.
            values: Finite, shape (n,).
            scaled: Finds a transform for values.
        """
        k = scheduled(len(values))
        y = scaled(values[:k])(values)
        gp = self._still(name, X, values, k)
        if gp is None:
            gp = condition(X[:k], y[:k], self.kernel, self.parameters(name, X, values, scaled))
        # Row by row, so that the numbers are the same to the bit however many came at once.
        for row in range(len(gp), len(values)):
            gp = gp.extended(X[row : row + 1], y[row : row + 1])
        self._grown[name] = X, values, gp
        return gp

    def parameters(
        self, name: str, X: Floats, values: Floats, scaled: Callable[[Floats], Transform]
    ) -> Parameters:
        """Those of `grown`: from the last fit that began anew up to the one that holds now."""
        last = int(np.searchsorted(SCHEDULE, scheduled(len(values))))
        found: Parameters | None = None
        for step in range(last - last % RESTART, last + 1):
            k = int(SCHEDULE[step]) if len(values) >= SCHEDULE[0] else len(values)
            y = scaled(values[:k])(values[:k])
            rows = some_rows(y, FIT_ROWS)
            found = self._fitted((name, step), X[rows], y[rows], found)
        assert found is not None
        return found

    def settled(self, name: str, X: Floats, y: Floats, fitted: Ints) -> GP:
        """A model of rows that may change their order, or values.

        Args:
            name: Of what is learned.
            X: Points, shape (n, d).
            y: What to learn, shape (n,).
            fitted: The rows that parameters are fitted to, as their numbers; they should seldom change.
        """
        rows = fitted[some_rows(y[fitted], FIT_ROWS)]
        parameters = self._fitted((name, 0), X[rows], y[rows], None)
        return condition(X, y, self.kernel, parameters)

    def _still(self, name: str, X: Floats, values: Floats, k: int) -> GP | None:
        """The last model of that name, if it is one of the first rows, with the parameters that hold now."""
        if name not in self._grown:
            return None
        old_X, old_values, known = self._grown[name]
        n = len(old_values)
        same = k <= n <= len(values) and scheduled(n) == k
        return known if same and _equal(old_X, X[:n]) and _equal(old_values, values[:n]) else None

    def _fitted(self, key: tuple[str, int], X: Floats, y: Floats, before: Parameters | None) -> Parameters:
        if key in self._fits:
            old_X, old_y, known = self._fits[key]
            if _equal(old_X, X) and _equal(old_y, y):
                return known
        starts = usual_starts(self.kernel) if before is None else [before.vector]
        found = fit_parameters(X, y, self.kernel, starts=starts)
        self._fits[key] = X, y, found
        return found


def scheduled(n: int) -> int:
    """The number of rows that parameters are fitted to when there are n."""
    return int(SCHEDULE[np.searchsorted(SCHEDULE, n, side="right") - 1]) if n >= SCHEDULE[0] else n


def some_rows(y: Floats, most: int) -> Ints:
    """Rows to fit parameters to: all, or half of them the best and half spread over the rest, in their order."""
    if len(y) <= most:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    half = most // 2
    rest = np.sort(order[half:])
    spread = rest[np.linspace(0, len(rest) - 1, most - half).astype(np.int64)]
    return np.sort(np.concatenate([order[:half], spread]))


def _equal(A: Floats, B: Floats) -> bool:
    return A.shape == B.shape and np.array_equal(A, B, equal_nan=True)
