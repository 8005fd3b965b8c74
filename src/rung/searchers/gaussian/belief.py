"""What is believed of the loss, from rows of a history: the model, and where the best is."""

from dataclasses import dataclass

import numpy as np

from rung.core.history import Floats, Ints
from rung.models.gp import GP, condition, fit_parameters, usual_starts
from rung.models.kernels import Kernel
from rung.models.maximizing import Box
from rung.models.region import around, side
from rung.models.warp import Warp, fit_warp
from rung.searchers.gaussian.learning import Learner, scheduled, some_rows
from rung.searchers.gaussian.rows import Rows

MODEL_ROWS = 500  # that a model is made of at most; beyond it is local
NEAR = 400  # of these rows the nearest to the best; the others are spread over the rest
SCALARIZED_ROWS = 200  # that the parameters for a scalarized loss are fitted to at most


@dataclass(frozen=True, slots=True)
class Belief:
    """A model of the loss.

    Attributes:
        gp: The model, of warped losses.
        warp: From losses to those.
        keeps: Which of its observations keep all limits, shape (n,).
        local: How long the sides of the region are that it is made for; None: the whole space.
    """

    gp: GP
    warp: Warp
    keeps: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
    local: float | None = None

    @property
    def best(self) -> float | None:
        """The lowest mean at an observation that keeps the limits; None if there is none."""
        return float(self.gp.fitted[self.keeps].min()) if self.keeps.any() else None

    def good(self, n: int, d: int) -> Floats:
        """The points of the n lowest means, those that keep the limits first, in the first d columns."""
        order = np.lexsort([self.gp.fitted, ~self.keeps])
        return self.gp.X[order[:n], :d]

    def box(self, d: int) -> Box:
        """Where to search."""
        if self.local is None:
            return Box.whole(d)
        return around(np.nan_to_num(self.good(1, d)[0], nan=0.5), self.local)

    def expecting(self, A: Floats) -> "Belief":
        """As if the mean had been observed at points."""
        keeps = np.concatenate([self.keeps, np.ones(len(A), np.bool_)])
        return Belief(self.gp.fantasized(A), self.warp, keeps, self.local)


def believed(learner: Learner, rows: Rows, wide: bool) -> Belief | None:
    """The belief in a single loss; None if training diverged in all rows.

    Args:
        learner: Remembers fits.
        rows: What was observed.
        wide: Whether the model shall be of the whole space although there are many rows.
    """
    finite = np.isfinite(rows.losses[:, 0])
    X, losses, keeps = rows.points[finite], rows.losses[finite, 0], (rows.violations[finite] == 0).all(axis=1)
    if not len(X):
        return None
    warp = fit_warp(losses[: scheduled(len(losses))])
    if len(X) <= MODEL_ROWS:
        return Belief(learner.grown("loss", X, losses, fit_warp), warp, keeps)
    parameters = learner.parameters("loss", X, losses, fit_warp)
    y = warp(losses)
    order = np.lexsort([y, ~keeps])
    near = order if wide else _nearest(X, order[0], parameters.theta, learner.kernel)
    some = thinned(near)
    gp = condition(X[some], y[some], learner.kernel, parameters)
    return Belief(gp, warp, keeps[some], None if wide else side(losses[MODEL_ROWS:], X.shape[1]))


def scalarized_belief(kernel: Kernel, rows: Rows, losses: Floats) -> Belief | None:
    """The belief in one loss made of several, shape (n,), inf where one of them is; fitted anew."""
    finite = np.isfinite(losses)
    X, losses, keeps = rows.points[finite], losses[finite], (rows.violations[finite] == 0).all(axis=1)
    if not len(X):
        return None
    warp = fit_warp(losses)
    some = thinned(np.argsort(losses, kind="stable"))
    X, y, keeps = X[some], warp(losses[some]), keeps[some]
    few = some_rows(y, SCALARIZED_ROWS)
    parameters = fit_parameters(X[few], y[few], kernel, starts=usual_starts(kernel)[:1], max_steps=25)
    return Belief(condition(X, y, kernel, parameters), warp, keeps)


def _nearest(X: Floats, best: int, theta: Floats, kernel: Kernel) -> Ints:
    """All rows, the most alike to one of them first."""
    alike = kernel.against(theta, X[best : best + 1]).matrix(X)[:, 0]
    return np.argsort(-alike, kind="stable")


def thinned(order: Ints) -> Ints:
    """At most `MODEL_ROWS` rows, sorted: the first ones of an order, and some spread evenly over the rest."""
    if len(order) <= MODEL_ROWS:
        return np.sort(order)
    rest = np.sort(order[NEAR:])
    spread = rest[np.linspace(0, len(rest) - 1, MODEL_ROWS - NEAR).astype(np.int64)]
    return np.sort(np.concatenate([order[:NEAR], spread]))
