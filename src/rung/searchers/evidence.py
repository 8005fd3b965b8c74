"""What a model learns from: one row for each trial that was observed, from the arrays of a history.

Early stopping makes histories uneven: a trial stands where it was left. `latest` takes each trial where it got
furthest, for those who know what to make of the resource; `level` gives the highest resource with enough trials, on
which those learn who compare losses only with others of the same resource (BOHB).

Reference:
    Falkner, Klein & Hutter, BOHB, ICML 2018, section 3.2 (the largest budget with enough observations).
    Deb, An Efficient Constraint Handling Method for Genetic Algorithms, CMAME 2000 (feasibility first).
    Deb et al., NSGA-II, IEEE TEVC 2002 (fronts, crowding).
"""

from dataclasses import dataclass

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.models.fronts import fronts


@dataclass(frozen=True, slots=True)
class Evidence:
    """Observed trials, in the order of their numbers.

    Attributes:
        trials: Their numbers, shape (n,).
        points: Their configurations in the unit cube, shape (n, d), NaN where inactive.
        resources: Where each was observed, shape (n,).
        losses: Lower is better, shape (n, k); inf where training diverged.
        violations: By how much each constraint is broken, 0 where it is kept, shape (n, c).
    """

    trials: Ints
    points: Floats
    resources: Ints
    losses: Floats
    violations: Floats

    def __len__(self) -> int:
        return len(self.trials)


def latest(history: HistoryView) -> Evidence:
    """Each observed trial at its highest resource. Takes O(observations), vectorized."""
    highest = np.zeros(history.n_trials, np.int64)
    np.maximum.at(highest, history.trials, history.resources)
    return _rows(history, np.flatnonzero(history.resources == highest[history.trials]))


def at(history: HistoryView, resource: int) -> Evidence:
    """The trials that were observed at a resource, there."""
    return _rows(history, np.flatnonzero(history.resources == resource))


def level(history: HistoryView, enough: int) -> int | None:
    """The highest resource at which at least `enough` trials were observed; None if there is none."""
    levels, counts = np.unique(history.resources, return_counts=True)
    found = levels[counts >= enough]
    return int(found[-1]) if len(found) else None


def pending(history: HistoryView, resource: int = 0) -> Floats:
    """The points of trials with unfinished work that were not observed at `resource` or above, shape (n, d)."""
    waiting = np.fromiter(history.pending, np.int64, len(history.pending))
    waiting = np.setdiff1d(waiting, history.trials[history.resources >= resource])
    return _inside(history.encoded[waiting[waiting < history.n_trials]])


def failed(history: HistoryView) -> Floats:
    """The points of trials that failed, shape (n, d)."""
    return _inside(history.encoded[np.unique(history.failed[:, 0])])


def ranks(evidence: Evidence) -> Ints:
    """The place of each row in an order that is sound for uneven evidence: 0 is best, then 1, and so on; shape (n,).

    What diverged is last. What keeps the constraints is before what does not, which is ordered by how much it breaks
    them (Deb 2000). Then those that got further are better, as it was for being good that they went on, and losses
    are compared only with losses of the same resource. Several objectives order by fronts, and within a front by
    crowding distance (NSGA-II). Of equals the one that stands first is better. Takes O(n log n).
    """
    losses = evidence.losses
    diverged = np.isinf(losses).max(axis=1, initial=False)
    tier = np.stack([-evidence.resources, evidence.violations.sum(axis=1), diverged])
    if losses.shape[1] == 1:
        order = np.lexsort((losses[:, 0], *tier))
    else:
        finite = np.where(diverged[:, None], 0.0, losses)
        front = _fronts(_numbered(tier), finite)
        order = np.lexsort((-_crowding(front, finite), front))
    places = np.empty(len(evidence), np.int64)
    places[order] = np.arange(len(evidence))
    return places


def _numbered(tier: Floats) -> Ints:
    """Tiers as numbers from 0, the best first, from what tells them apart, the most important last."""
    if (tier == tier[:, :1]).all():
        return np.zeros(tier.shape[1], np.int64)
    found: Ints = np.unique(tier[::-1], axis=1, return_inverse=True)[1].ravel()
    return found


def _fronts(tiers: Ints, losses: Floats) -> Ints:
    """Numbers of fronts that grow through the tiers, shape (n,)."""
    if not tiers.any():
        return fronts(losses)
    found, base = np.empty(len(tiers), np.int64), 0
    order = np.argsort(tiers, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(tiers[order])) + 1):
        found[rows] = base + (fronts(losses[rows]) if len(rows) > 1 else 0)
        base += len(rows)
    return found


def _crowding(group: Ints, losses: Floats) -> Floats:
    """The crowding distance of each row among those of its group, of all groups at once, shape (n,)."""
    found = np.zeros(len(group))
    if not len(group):
        return found
    for column in losses.T:
        order = np.lexsort((column, group))
        values, groups = column[order], group[order]
        starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]]))
        stops = np.append(starts[1:], len(groups)) - 1
        span = np.repeat(values[stops] - values[starts], stops - starts + 1)[1:-1]
        gaps = np.empty(len(group))
        with np.errstate(over="ignore", invalid="ignore"):  # of the largest floats, and between two groups
            gaps[1:-1] = (values[2:] - values[:-2]) / np.where(span > 0, span, 1.0)
        gaps[starts] = gaps[stops] = np.inf
        found[order] += gaps
    return found


def _rows(history: HistoryView, rows: Ints) -> Evidence:
    rows = rows[np.argsort(history.trials[rows], kind="stable")]
    trials = history.trials[rows]
    points = history.encoded[trials]
    known = _is_inside(points)
    losses = history.losses[rows]
    losses = np.where(np.isnan(losses), np.inf, losses)
    return Evidence(
        trials[known],
        points[known],
        history.resources[rows][known],
        losses[known],
        history.violations[rows][known],
    )


def _inside(points: Floats) -> Floats:
    """Without the rows of configurations outside the present space, which are all NaN."""
    return points[_is_inside(points)]


def _is_inside(points: Floats) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    if points.shape[1] == 0:
        return np.ones(len(points), np.bool_)
    inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]] = ~np.isnan(points).min(axis=1)
    return inside
