"""Observations at all resources as rows of one model: a column more says where each was made.

A trial that stands at 27 units gives the rows at 1, 3, 9 and 27: what lies between tells little more and costs as much.
So the rows of a trial are about those of the rungs where it was judged, without knowing of rungs; one at the highest
resource of all is a row in any case. The covariance is that of the configurations times that of the resources, whose
logarithms it compares. What is asked for is the loss at the highest resource observed; trials under way count there as
if the mean had been observed.

In departure from the paper, which takes some at random, of too many rows the oldest are left out, but for those at the
highest resources. That is done anew only once as many have come as a third of what there is room for: what was fitted
to the others holds until then.

Reference:
    Klein, Tiao, Lienart, Archambeau & Seeger, Model-based Asynchronous Hyperparameter and Neural Architecture Search,
    2020, section 3.2 (one model of all levels), section 4 (pending trials).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.models.kernels import Dimension, Form, Kernel, Product, Stationary
from rung.searchers.evidence import pending
from rung.searchers.gaussian.rows import Rows

POWERS = 3 ** np.arange(39)  # at the first observation at each of these or above a trial gets a row
DOUBLINGS = 6  # of the resource take its column from 0 to 1


@dataclass(frozen=True, slots=True)
class AllLevels:
    """The observations at all resources; see `rung.searchers.gaussian.rows.Fidelity`.

    Attributes:
        most: How many rows at most.
    """

    most: int

    def kernel(self, dimensions: Sequence[Dimension], form: Form) -> Kernel:
        """The product of a kernel of configurations and one of resources."""
        return Product(
            (Stationary(tuple(dimensions), form), Stationary((Dimension(),), form, len(dimensions)))
        )

    def rows(self, history: HistoryView, enough: int) -> Rows | None:
        """See `Fidelity`."""
        chosen = _told(history)
        if len(np.unique(history.trials[chosen])) < enough:
            return None
        chosen = self._subset(chosen, history.resources[chosen])
        top = int(history.resources.max())
        trials, losses = history.trials[chosen], history.losses[chosen]
        return Rows(
            _with_resource(history.encoded[trials], history.resources[chosen]),
            np.where(np.isnan(losses), np.inf, losses),
            history.violations[chosen],
            trials,
            _with_resource(pending(history, top), top),
            top,
        )

    def asked(self, X: Floats, rows: Rows) -> Floats:
        """Points at the highest resource."""
        return _with_resource(X, rows.resource)

    def _subset(self, chosen: Ints, resources: Ints) -> Ints:
        """The latest, and of those before them some at the highest resources and some of the latest, half and half.

        The number of those before grows in steps, so that rows only follow until the next step.
        """
        if len(chosen) <= self.most:
            return chosen
        step = self.most // 3
        before = self.most + (len(chosen) - self.most - 1) // step * step
        room = self.most - step
        highest = np.lexsort([-chosen[:before], -resources[:before]])[: room // 2]
        rest = np.setdiff1d(np.arange(before), highest)[-(room - len(highest)) :]
        kept: Ints = chosen[
            np.concatenate([np.sort(np.concatenate([highest, rest])), np.arange(before, len(chosen))])
        ]
        return kept


def _told(history: HistoryView) -> Ints:
    """The observations that become rows, in their order; trials outside the present space are left out."""
    trials, resources = history.trials, history.resources
    third = np.searchsorted(POWERS, resources, side="right")
    order = np.lexsort([resources, third, trials])
    step = np.diff(np.stack([trials, third])[:, order], prepend=-1)
    first = order[(step != 0).any(axis=0)]
    chosen = np.union1d(first, np.flatnonzero(resources == resources.max(initial=0)))
    told: Ints = chosen[~np.isnan(history.encoded[trials[chosen]]).all(axis=1)]
    return told


def _with_resource(X: Floats, resources: Ints | int) -> Floats:
    column = np.log2(np.broadcast_to(np.asarray(resources, np.float64), len(X))) / DOUBLINGS
    return np.column_stack([X, column])
