"""Which observations a Gaussian process learns a loss from, and in what form: the seam for several resources.

Here losses are compared only with losses at the same resource: those at the highest one that enough trials have
reached. A model over configuration and resource is another `Fidelity`, with rows of all resources and a column more.

Reference:
    Falkner, Klein & Hutter, BOHB, ICML 2018, section 3.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.core.space import Choice, Space
from rung.models.effects import WithEffects
from rung.models.kernels import Dimension, Form, Kernel
from rung.searchers.evidence import at, level, pending


@dataclass(frozen=True, slots=True)
class Rows:
    """Observations, in the order in which they were made: later ones only follow.

    Attributes:
        points: What the kernel reads, the columns of the space first, shape (n, columns).
        losses: Lower is better, shape (n, k); inf where training diverged.
        violations: By how much each constraint is broken, shape (n, c).
        trials: The trials, shape (n,).
        pending: Points of trials that were not observed there yet, as `points`, shape (m, columns).
        resource: Where the losses are comparable.
    """

    points: Floats
    losses: Floats
    violations: Floats
    trials: Ints
    pending: Floats
    resource: int

    def __len__(self) -> int:
        return len(self.trials)


class Fidelity(Protocol):
    """How observations at several resources make one model."""

    def kernel(self, dimensions: Sequence[Dimension], form: Form) -> Kernel:
        """The covariance over rows."""
        ...

    def rows(self, history: HistoryView, enough: int) -> Rows | None:
        """What to learn from; None while fewer than `enough` trials can be compared."""
        ...

    def asked(self, X: Floats, rows: Rows) -> Floats:
        """Points of the space, shape (m, d), as the kernel reads them where their losses are compared."""
        ...


class OneLevel:
    """The observations at the highest resource that enough trials have reached."""

    def kernel(self, dimensions: Sequence[Dimension], form: Form) -> Kernel:
        """See `Fidelity`."""
        return WithEffects(tuple(dimensions), form)

    def rows(self, history: HistoryView, enough: int) -> Rows | None:
        """See `Fidelity`."""
        resource = level(history, enough)
        if resource is None:
            return None
        found = at(history, resource)
        observed = history.trials[history.resources == resource]
        order = np.searchsorted(found.trials, observed[np.isin(observed, found.trials)])
        if len(order) < enough:  # some lie outside the present space
            return None
        return Rows(
            found.points[order],
            found.losses[order],
            found.violations[order],
            found.trials[order],
            pending(history, resource),
            resource,
        )

    def asked(self, X: Floats, rows: Rows) -> Floats:
        """The points themselves."""
        return X


def dimensions(space: Space) -> tuple[Dimension, ...]:
    """The kinds of a space's columns."""
    return tuple(
        Dimension(
            int(column.n_values)
            if isinstance(column.parameter, Choice) and not column.parameter.ordered
            else None,
            column.parent is not None,
        )
        for column in space.columns
    )
