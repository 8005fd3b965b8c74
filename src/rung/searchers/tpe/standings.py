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

Bools = npt.NDArray[np.bool_]

LARGE = 1e300  # sums of such numbers are finite


@dataclass(frozen=True, slots=True)
class Standings:
    """Trials as their results order them.

    Attributes:
        trials: Those with a loss, the best first, those that repeat others behind them, shape (n,).
        n_able: How many of them can be good: the first ones, that do not repeat others.
        failed: Those that failed or diverged, in the order of their numbers.
        waiting: Trials with unfinished work and without a result, in the order of their numbers.
        trainings: How much was trained, in trainings as long as the longest one.
        is_even: Whether all were observed at one resource.
    """

    trials: Ints
    n_able: int
    failed: Ints
    waiting: Ints
    trainings: float
    is_even: bool

    @property
    def n_results(self) -> int:
        """How many trials ended in a loss or failed."""
        return len(self.trials) + len(self.failed)


def standings(history: HistoryView, leaders: int) -> Standings:
    """All trials, compared where they can be; O(observations * log n), vectorized.

    Args:
        history: What is known.
        leaders: With several objectives, how many of the best must be told apart.
    """
    trials, resources, losses = history.trials, history.resources, history.losses
    is_even = not len(resources) or bool((resources == resources[0]).all())
    sound = np.isfinite(losses).all(axis=1)
    failed = np.zeros(history.n_trials, np.bool_)
    failed[history.failed[:, 0]] = True
    failed[trials[~sound]] = True
    inside = _inside(history)
    counts = inside & ~failed
    rows = np.flatnonzero(counts[trials])
    if is_even:
        rows = rows[np.argsort(trials[rows], kind="stable")]
        found = trials[rows[order(losses[rows], history.violations[rows], leaders)]]
        repeats = np.zeros(len(found), np.bool_)
    else:
        found, repeats = _compared_by_level(
            trials[rows], resources[rows], losses[rows], history.violations[rows], leaders
        )
    open_ = counts.copy()
    open_[trials] = False
    pending = np.sort(np.fromiter(history.pending, np.int64, len(history.pending)))
    pending = pending[pending < history.n_trials]
    return Standings(
        np.concatenate([found[~repeats], found[repeats]]),
        len(found) - int(repeats.sum()),
        np.flatnonzero(failed & inside),
        pending[open_[pending]],
        _trainings(history),
        is_even,
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


def _compared_by_level(
    trials: Ints, resources: Ints, losses: Floats, violations: Floats, leaders: int
) -> tuple[Ints, Bools]:
    """Trials that ended at several resources, the best first, and which of them repeat another's whole curve.

    What repeats others' losses to the last digit wherever it was compared has met the same training again: a value
    that does not matter, or the same row of a table. One says what all of them say, and the scheduler promotes all.
    """
    n = int(trials.max(initial=-1)) + 1
    highest = np.zeros(n, np.int64)
    np.maximum.at(highest, trials, resources)
    counted, place, new = np.zeros(n, np.int64), np.zeros(n), np.zeros(n, np.bool_)
    for level in np.unique(highest[trials]):
        here = np.flatnonzero(resources == level)
        here = here[np.lexsort((trials[here], -highest[trials[here]]))]
        here = here[order(losses[here], violations[here], leaders)]
        ranked = trials[here]
        new[ranked[:1]] = True
        new[ranked[1:]] |= (losses[here[1:]] != losses[here[:-1]]).any(axis=1)
        places = np.arange(len(ranked)) / len(ranked)
        better = places < 0.5
        nowhere = (highest[ranked] == level) & (counted[ranked] == 0) & ~better
        counted[ranked[better]] = level
        place[ranked[better | nowhere]] = places[better | nowhere]
    found = np.flatnonzero(highest)
    found = found[np.lexsort((place[found], -counted[found]))]
    return found, ~new[found]


def _trainings(history: HistoryView) -> float:
    """How much was trained, in trainings as long as the longest one."""
    reached = np.zeros(history.n_trials, np.int64)
    np.maximum.at(reached, history.trials, history.resources)
    np.maximum.at(reached, history.failed[:, 0], history.failed[:, 1])
    return float(reached.sum() / max(reached.max(initial=0), 1))


def _inside(history: HistoryView) -> Bools:
    """Which trials lie in the present space; their first column is always active."""
    points = history.encoded
    outside: Bools = np.isnan(points[:, :1]).max(axis=1, initial=False)
    return ~outside
