"""Where the curves of a history end: for each trial what its curve tells of its loss at the highest resource.

Curves are extrapolated by what they have in common (`rung.models.curves`). What that already knew of a trial before it
began is taken out again, so that a model of configurations may stand in its place: what is left is a loss, as if it had
been observed with noise, and a curve of one unit has much of it.

Reference:
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014, section 3 (a process of asymptotes, each observed
    through its curve).
"""

from dataclasses import dataclass, replace

import numpy as np

from rung.core.history import Floats, Ints
from rung.models.curves import Curves, fit_curves

LEVELS = 40  # at which curves are read, at most
LEARNED = 100  # curves that are learned from, at most
LEAST = 0.02  # of what is known of any trial must a curve add, or it tells nothing
LOW = -10.0  # in spreads of the losses: nothing is as much better than the rest


@dataclass(frozen=True, slots=True)
class Ends:
    """What curves tell of their ends.

    Attributes:
        trials: Whose curve it is, shape (n,), ascending; those that diverged, or tell nothing, are left out.
        losses: What each tells, shape (n,), in spreads from the median.
        doubts: Variances, shape (n,).
        centre, spread: The losses are measured from the one in units of the other.
    """

    trials: Ints
    losses: Floats
    doubts: Floats
    centre: float
    spread: float

    def __len__(self) -> int:
        return len(self.trials)

    def only(self, rows: Ints) -> "Ends":
        """Some of them."""
        return replace(self, trials=self.trials[rows], losses=self.losses[rows], doubts=self.doubts[rows])


def ends(trials: Ints, resources: Ints, losses: Floats) -> Ends:
    """What each of some trials' curves tells of its end. O(observations).

    Args:
        trials: Of each observation, shape (n,), n at least 1.
        resources: Where it was made, shape (n,).
        losses: Lower is better, shape (n,), inf where training diverged; one at least is finite.
    """
    diverged = np.isin(trials, trials[~np.isfinite(losses)])
    trials, resources, losses = trials[~diverged], resources[~diverged], losses[~diverged]
    whose, rows = np.unique(trials, return_inverse=True)
    if not len(whose):
        return Ends(whose, losses, losses, 0.0, 1.0)
    levels = _levels(resources)
    observed = np.full((len(whose), len(levels)), np.nan)
    observed[rows, np.searchsorted(levels, resources, side="right") - 1] = losses
    curves = _learned(levels.astype(np.float64), observed)
    told, doubts, tells = _without_prior(curves, *curves.extrapolate(observed))
    return Ends(whose[tells], told[tells], doubts[tells], curves.centre, curves.spread)


def _levels(resources: Ints) -> Ints:
    """Those observed, or if they are many some of them, with the first and the last."""
    levels = np.unique(resources)
    return levels[np.unique(np.linspace(0, len(levels) - 1, LEVELS).astype(np.int64))]


def _learned(levels: Floats, observed: Floats) -> Curves:
    some = observed[:: -(-len(observed) // LEARNED)]
    return fit_curves(levels, some, fit_curves(levels, some))


def _without_prior(curves: Curves, mean: Floats, std: Floats) -> tuple[Floats, Floats, Floats]:
    """The loss and the variance that, added to what is known of any trial, give what is known of each.

    Returns:
        Both in spreads, and where they tell anything; shape (n,) each.
    """
    z, precision = (mean - curves.centre) / curves.spread, (curves.spread / std) ** 2
    known = 1 / curves.covariance[0, 0]
    added = precision - known
    tells = added > LEAST * known
    added = np.where(tells, added, 1.0)
    return np.maximum((z * precision - curves.mean[0] * known) / added, LOW), 1 / added, tells
