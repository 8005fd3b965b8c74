"""Outcomes: what a model of losses and of success learns from, in the order in which it became known.

Rows are added at the end as trials are observed and as trials fail, so that the first rows are those of an earlier
moment. One number for each row says how good it is: the logarithm of its loss; of several objectives the weighted
worst of them. What failed is as bad as the worst.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.core.history import Floats, HistoryView, Ints
from rung.models.logscale import log_scaled
from rung.searchers.evidence import at, level

Mask = npt.NDArray[np.bool_]
Random = np.random.Generator

WORST_COUNTS = 0.95  # the share of the worst objective in the weighted sum of ParEGO


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came of trials at one resource, observed ones first, then those that failed without being observed there.

    Attributes:
        points: Their configurations, shape (n, d), NaN where inactive.
        losses: Lower is better, shape (n, k); inf where there is none.
        violations: The sum of violations of constraints, shape (n,); inf where nothing is known.
        well: Who succeeded: did not fail, and kept all limits, shape (n,).
        n_observed: How many were observed.
        weights: Of the objectives, shape (k,).
    """

    points: Floats
    losses: Floats
    violations: Floats
    well: Mask
    n_observed: int
    weights: Floats

    def __len__(self) -> int:
        return len(self.points)

    @property
    def n_failed(self) -> int:
        """How many failed without being observed."""
        return len(self) - self.n_observed

    @property
    def all_well(self) -> bool:
        """Whether all succeeded."""
        return bool(self.well.all())

    @property
    def promising(self) -> Mask:
        """Which rows are to be improved on: those that went well; else those that have a violation; else all."""
        found: Mask = self.well
        for other in (np.isfinite(self.violations), np.ones(len(self), np.bool_)):
            found = found if found.any() else other
        return found

    @property
    def key(self) -> bytes:
        """Equal for equal outcomes, whatever the weights."""
        parts = (self.points, self.losses, self.violations, self.well)
        return b"".join(np.ascontiguousarray(part).tobytes() for part in parts)

    def first(self, n_observed: int, n_failed: int) -> "Outcomes":
        """The first observed ones and the first failed ones."""
        rows = np.r_[:n_observed, self.n_observed : self.n_observed + n_failed]
        return Outcomes(
            self.points[rows],
            self.losses[rows],
            self.violations[rows],
            self.well[rows],
            n_observed,
            self.weights,
        )

    def goals(self) -> Floats:
        """One number for each row, lower is better, finite, shape (n,): see the head of the file."""
        known: Mask = np.asarray(np.isfinite(self.losses).all(axis=1))
        if not self.well.any() and np.isfinite(self.violations).any():
            return _with_worst(self.violations, np.isfinite(self.violations))
        if self.losses.shape[1] == 1:
            return _with_worst(self.losses[:, 0], known)
        return _with_worst(self._weighted(known), known)

    def marks(self) -> Floats:
        """What trees are to tell apart: each objective, and who succeeded if not all did, shape (n, k or k + 1)."""
        columns = [_with_worst(losses, np.isfinite(losses)) for losses in self.losses.T]
        if not self.all_well:
            columns.append(_standardized(self.well.astype(np.float64)))
        return np.column_stack(columns)

    def _weighted(self, known: Mask) -> Floats:
        """The augmented Chebyshev norm of the objectives, each 0 at its best; inf where unknown."""
        if not known.any():
            return np.full(len(self), np.inf)
        losses = np.clip(self.losses[known], -1e150, 1e150)
        low = losses.min(axis=0)
        span = np.median(losses, axis=0) - low
        weighted = self.weights * np.log1p((losses - low) / np.where(span > 0, span, 1.0))
        found = np.full(len(self), np.inf)
        found[known] = WORST_COUNTS * weighted.max(axis=1) + (1 - WORST_COUNTS) * weighted.sum(axis=1)
        return found


def outcomes(history: HistoryView, enough: int, draw: Random) -> Outcomes:
    """What came of the trials of a history at its highest resource with enough of them.

    Args:
        history: What is known.
        enough: How many observations make a resource count; with fewer everywhere only failures do.
        draw: Of the weights of several objectives.
    """
    resource = level(history, enough)
    seen = at(history, -1 if resource is None else resource)
    order = np.arange(0) if resource is None else _arrival(seen.trials, history.at(resource)[0])
    gone = np.unique(history.failed[:, 0])
    lost = _in_order(history.failed[:, 0], np.setdiff1d(gone, seen.trials))
    lost = lost[~np.isnan(history.encoded[lost]).all(axis=1)]
    well = np.isfinite(seen.losses).all(axis=1) & (seen.violations.sum(axis=1) == 0)
    well &= ~np.isin(seen.trials, gone)
    k = history.losses.shape[1]
    return Outcomes(
        np.vstack([seen.points[order], history.encoded[lost]]),
        np.vstack([seen.losses[order], np.full((len(lost), k), np.inf)]),
        np.concatenate([seen.violations[order].sum(axis=1), np.full(len(lost), np.inf)]),
        np.concatenate([well[order], np.zeros(len(lost), np.bool_)]),
        len(order),
        draw.dirichlet(np.ones(k)) if k > 1 else np.ones(1),
    )


def _arrival(trials: Ints, arrived: Ints) -> Ints:
    """The rows of sorted trials in the order of their arrival; those that are not told of come first."""
    told = arrived[np.isin(arrived, trials)]
    untold = np.flatnonzero(~np.isin(trials, arrived))
    return np.concatenate([untold, np.searchsorted(trials, told)])


def _in_order(trials: Ints, wanted: Ints) -> Ints:
    """The wanted trials in the order in which they are named first."""
    named, first = np.unique(trials, return_index=True)
    places = first[np.isin(named, wanted)]
    found: Ints = trials[np.sort(places)]
    return found


def _with_worst(losses: Floats, known: Mask) -> Floats:
    """Logarithmic losses, where those that are not known are as bad as the worst."""
    found = np.zeros(len(losses))
    if known.any():
        found[known] = log_scaled(losses[known])
        found[~known] = found[known].max()
    return found


def _standardized(values: Floats) -> Floats:
    spread = values.std()
    found: Floats = (values - values.mean()) / (spread if spread > 0 else 1.0)
    return found
