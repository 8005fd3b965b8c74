"""An order from the best trial to the worst, although early stopping left them at different resources.

Losses are compared only with losses at the same resource. A trial counts at the highest resource at which it belongs to
the better half of those that were observed there. So a trial that was promoted stands above those that it left behind,
whatever their losses; one that fell back after that is put back among its earlier peers; and one that was trained far
without having been compared, as in the last brackets of Hyperband, gains nothing by that.

References:
    Deb, An Efficient Constraint Handling Method for Genetic Algorithms, CMAME 2000 (feasibility first).
    Ozaki, Tanigaki, Watanabe, Nomura & Onishi, Multiobjective Tree-Structured Parzen Estimator, JAIR 73, 2022,
        section 3
        (fronts, then the subset of the last one with the most hypervolume).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.core.history import Floats, HistoryView, Ints
from rung.models.fronts import fronts
from rung.models.subsets import hypervolume_subset

LARGE = 1e300  # sums of such numbers are finite


@dataclass(frozen=True, slots=True)
class Standings:
    """Trials as their results order them.

    Attributes:
        trials: Those with a result, the best first, those that failed last, shape (n,).
        n_sound: How many of them have not failed.
        waiting: Trials with unfinished work and without a result, in the order of their numbers.
        trainings: How much was trained, in trainings as long as the longest one.
        is_even: Whether all were observed at one resource.
    """

    trials: Ints
    n_sound: int
    waiting: Ints
    trainings: float
    is_even: bool


def standings(history: HistoryView, leaders: int) -> Standings:
    """All trials, compared where they can be; O(observations * log n), vectorized.

    Args:
        history: What is known.
        leaders: With several objectives, how many of the best must be told apart.
    """
    inside = _inside(history)
    failed = np.zeros(history.n_trials, np.bool_)
    failed[history.failed[:, 0]] = True
    failed[history.trials[~np.isfinite(history.losses).all(axis=1)]] = True
    observed = np.zeros(history.n_trials, np.bool_)
    observed[history.trials] = True
    rows = np.flatnonzero((~failed & inside)[history.trials])
    sound = _sound(history, rows, leaders)
    lost = np.flatnonzero(failed & inside)
    waiting = np.zeros(history.n_trials, np.bool_)
    waiting[[trial for trial in history.pending if trial < history.n_trials]] = True
    return Standings(
        np.concatenate([sound, lost]),
        len(sound),
        np.flatnonzero(waiting & inside & ~observed & ~failed),
        _trainings(history),
        len(resources := history.resources) == 0 or bool((resources == resources[0]).all()),
    )


def order(losses: Floats, violations: Floats, leaders: int) -> Ints:
    """Rows from the best to the worst: those that keep the constraints, then those that break them least.

    Several objectives go by fronts. In the front in which the last of the leaders stands, those come first that cover
    the most hypervolume together.

    Args:
        losses: Finite, shape (n, k).
        violations: Shape (n, c).
        leaders: How many of the best must be told apart.

    Returns:
        Rows, shape (n,).
    """
    broken = np.minimum(violations, LARGE).sum(axis=1)
    if losses.shape[1] == 1:
        if not violations.shape[1]:
            return np.argsort(losses[:, 0], kind="stable")
        return np.lexsort((losses[:, 0], broken))
    front = np.zeros(len(losses), np.int64)
    for level in np.unique(broken):
        among = np.flatnonzero(broken == level)
        front[among] = fronts(losses[among])
    found = np.lexsort((front, broken))
    if not 0 < leaders < len(found):
        return found
    last = found[leaders - 1]
    split = np.flatnonzero((front == front[last]) & (broken == broken[last]))
    start = int(np.flatnonzero(found == split[0])[0])
    chosen = hypervolume_subset(losses[split], leaders - start)
    found[start : start + len(split)] = np.concatenate([split[chosen], np.delete(split, chosen)])
    return found


def _sound(history: HistoryView, rows: Ints, leaders: int) -> Ints:
    """The trials of observations, the best first."""
    trials, resources = history.trials[rows], history.resources[rows]
    losses, violations = history.losses[rows], history.violations[rows]
    if not len(rows) or (resources == resources[0]).all():
        by_number = np.argsort(trials, kind="stable")
        return trials[by_number][order(losses[by_number], violations[by_number], leaders)]
    highest = np.zeros(history.n_trials, np.int64)
    np.maximum.at(highest, trials, resources)
    counted, place = np.zeros(history.n_trials, np.int64), np.zeros(history.n_trials)
    for level in np.unique(highest[trials]):
        here = np.flatnonzero(resources == level)
        here = here[np.argsort(trials[here], kind="stable")]
        ordered = trials[here[order(losses[here], violations[here], leaders)]]
        places = np.arange(len(ordered)) / len(ordered)
        better = places < 0.5
        nowhere = (highest[ordered] == level) & (counted[ordered] == 0) & ~better
        counted[ordered[better]] = level
        place[ordered[better | nowhere]] = places[better | nowhere]
    found = np.flatnonzero(highest)
    return found[np.lexsort((place[found], -counted[found]))]


def _trainings(history: HistoryView) -> float:
    """How much was trained, in trainings as long as the longest one."""
    reached = np.zeros(history.n_trials, np.int64)
    np.maximum.at(reached, history.trials, history.resources)
    np.maximum.at(reached, history.failed[:, 0], history.failed[:, 1])
    return float(reached.sum() / max(reached.max(initial=0), 1))


def _inside(history: HistoryView) -> npt.NDArray[np.bool_]:
    """Which trials lie in the present space."""
    points = history.encoded
    inside: npt.NDArray[np.bool_] = np.isnan(points).sum(axis=1) < max(points.shape[1], 1)
    return inside
