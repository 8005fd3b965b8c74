"""What is believed of several objectives: a model of each, independent of the others, and the front of their means.

The front is that of what the models believe at the observations, not of what was observed, as that may be noisy. It is
made of observations at the resource at which trials are compared and that keep all limits. Losses are warped as single
ones are, so volumes are on those scales: what is far worse than most counts little.

References:
    See `rung.models.hypervolume`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.history import Floats, Ints
from rung.models.feasibility import Bools
from rung.models.fronts import epsilon_net, fronts
from rung.models.gp import GP, condition
from rung.models.hypervolume import Extending, HypervolumeImprovement, reference_of
from rung.models.pareto import non_dominated
from rung.models.scores import Lifted
from rung.models.warp import Warp, fit_warp
from rung.searchers.gaussian.belief import MODEL_ROWS, thinned
from rung.searchers.gaussian.learning import Learner, scheduled
from rung.searchers.gaussian.rows import Rows
from rung.searchers.gaussian.terms import Lift

MOST = 128  # points of a front that boxes are made of; of more, those that are spread best


@dataclass(frozen=True, slots=True)
class FrontBelief:
    """Models of k losses.

    Attributes:
        gps: The models, of warped losses, all with the same n observations.
        warps: From losses to those.
        counts: Which of the observations can be on the front, shape (n,).
    """

    gps: tuple[GP, ...]
    warps: tuple[Warp, ...]
    counts: Bools

    def expecting(self, A: Floats) -> "FrontBelief":
        """As if the means had been observed at points."""
        counts = np.concatenate([self.counts, np.ones(len(A), np.bool_)])
        return FrontBelief(tuple(gp.fantasized(A) for gp in self.gps), self.warps, counts)

    @property
    def means(self) -> Floats:
        """The losses that are believed at the observations, shape (n, k)."""
        return np.stack([gp.fitted for gp in self.gps], axis=1)

    def good(self, n: int, d: int) -> Floats:
        """At most n points spread over the front, or that of all if none counts, in the first d columns."""
        return self.gps[0].X[self._front(self.counts if self.counts.any() else ~self.counts)[:n], :d]

    def gain(self, lift: Lift) -> list[Extending]:
        """The term of a score that says what the front would gain; none while no observation counts."""
        front = self.means[self._front(self.counts)]
        if not len(front):
            return []
        models = tuple(Lifted(gp, lift) for gp in self.gps)
        return [Extending(models, HypervolumeImprovement.on(front, reference_of(front)))]

    def _front(self, counts: Bools) -> Ints:
        """The rows of those that count that are not dominated, those first that are spread best, at most MOST."""
        means, rows = self.means, np.flatnonzero(counts)
        rows = rows[non_dominated(means[rows])]
        return rows[epsilon_net(means[rows])[:MOST]]

    def expected(self, point: Floats) -> Sequence[float]:
        """The losses that are expected at a point, shape (1, columns)."""
        means = [gp.mean(point) for gp in self.gps]
        return [float(warp.inverse(mean)[0]) for warp, mean in zip(self.warps, means, strict=True)]


def believed_front(learner: Learner, rows: Rows, lift: Lift, d: int) -> FrontBelief | None:
    """The belief in several losses; None if training diverged in all rows.

    Args:
        learner: Remembers fits.
        rows: What was observed.
        lift: Points as the kernel reads them where losses are compared.
        d: Columns of the space.
    """
    finite = np.isfinite(rows.losses).all(axis=1)
    X, losses = rows.points[finite], rows.losses[finite]
    if not len(X):
        return None
    compared = ((lift(X[:, :d]) == X) | np.isnan(X)).all(axis=1)
    counts = compared & (rows.violations[finite] == 0).all(axis=1)
    some = _kept(losses, counts)
    warps = tuple(fit_warp(column[: scheduled(len(column))]) for column in losses.T)
    gps = []
    for number, (column, warp) in enumerate(zip(losses.T, warps, strict=True)):
        if len(some) == len(X):
            gps.append(learner.grown(f"loss {number}", X, column, fit_warp))
        else:
            parameters = learner.parameters(f"loss {number}", X, column, fit_warp)
            gps.append(condition(X[some], warp(column[some]), learner.kernel, parameters))
    return FrontBelief(tuple(gps), warps, counts[some])


def _kept(losses: Floats, counts: Bools) -> Ints:
    """The rows that models are made of: all, or those of the best fronts and some of the rest."""
    if len(losses) <= MODEL_ROWS:
        return np.arange(len(losses))
    return thinned(np.lexsort([fronts(losses), ~counts]))
