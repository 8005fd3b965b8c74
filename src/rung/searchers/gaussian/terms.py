"""The score of a suggestion: what is gained, times the probabilities that it counts, by what it costs.

References:
    Knowles, ParEGO: A Hybrid Algorithm with On-Line Landscape Approximation for Expensive Multiobjective Optimization
    Problems, IEEE TEC 2006 (several objectives by random Chebyshev scalarization).
"""

from collections.abc import Callable
from functools import partial

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.models.feasibility import Bools, caution, failure_marks, log_success, violation_marks
from rung.models.scores import Judged, Lifted, Score, price
from rung.models.warp import fit_warp
from rung.searchers.evidence import failed, latest
from rung.searchers.gaussian.learning import Learner, Transform, scheduled
from rung.searchers.gaussian.rows import Rows

Lift = Callable[[Floats], Floats]

KEPT = 0.7  # how probable it must be that a limit is kept: the best point often lies on it
AUGMENTED = 0.05  # the share of the weighted sum in a Chebyshev scalarization, as in ParEGO


def scalarized(losses: Floats, rng: np.random.Generator) -> Floats:
    """One loss for several, by weights drawn uniformly: the largest weighted loss, plus a little of their sum.

    Args:
        losses: Shape (n, k); inf where training diverged.
        rng: For the weights.

    Returns:
        Shape (n,); inf where a loss is.
    """
    weights = rng.dirichlet(np.ones(losses.shape[1]))
    scaled = np.stack([fit_warp(column)(column) for column in losses.T], axis=1) * weights
    finite = np.isfinite(losses).all(axis=1)
    return np.where(finite, scaled.max(axis=1) + AUGMENTED * scaled.sum(axis=1), np.inf)


def limit_terms(learner: Learner, rows: Rows, lift: Lift) -> list[Score]:
    """How probable it is that each constraint is kept; no term for one that never was broken."""
    terms: list[Score] = []
    for number, violations in enumerate(rows.violations.T):
        if (violations > 0).any():
            marks = violation_marks(violations)
            gp = learner.settled(f"limit {number}", rows.points, marks, np.arange(scheduled(len(marks))))
            terms.append(log_success(Lifted(gp, lift), KEPT))
    return terms


def failure_terms(learner: Learner, history: HistoryView) -> list[Score]:
    """How probable it is that training does not fail, learned from trials at any resource; no term if none has."""
    well, bad, order = _outcomes(history)
    if not len(bad):
        return []
    marks = failure_marks(np.repeat([0.0, 1.0], [len(well), len(bad)]))
    first = [np.arange(scheduled(len(well))), len(well) + np.arange(scheduled(len(bad)))]
    gp = learner.settled("failures", np.vstack([well, bad]), marks, np.concatenate(first))
    return [log_success(gp, caution(order))]


def cost_terms(learner: Learner, history: HistoryView, rows: Rows, lift: Lift, weight: float) -> list[Score]:
    """What the training time up to the resource of the rows takes away from a gain, if it counts."""
    if not weight:
        return []
    counted = np.where(history.resources <= rows.resource, history.seconds, 0.0)
    seconds = np.bincount(history.trials, counted, history.n_trials)[rows.trials]
    logs = np.log(np.maximum(seconds, 1e-6))
    gp = learner.grown("cost", rows.points, logs, standard)
    return [Judged(Lifted(gp, lift), price(weight * (float(logs[: scheduled(len(logs))].std()) or 1.0)))]


def _outcomes(history: HistoryView) -> tuple[Floats, Floats, Bools]:
    """The points of trials that went well so far and of those that did not, and which did not in their order."""
    seen, gone = latest(history), np.unique(history.failed[:, 0])
    lost = np.isin(seen.trials, gone)
    well = np.isfinite(seen.losses).all(axis=1) & ~lost
    diverged = ~well & ~lost
    bad = np.concatenate([gone, seen.trials[diverged]])
    trials = np.union1d(seen.trials, gone)
    return seen.points[well], np.vstack([failed(history), seen.points[diverged]]), np.isin(trials, bad)


def standard(values: Floats) -> Transform:
    """To mean 0 and standard deviation 1."""
    return partial(_standardized, mean=float(values.mean()), std=float(values.std()) or 1.0)


def _standardized(values: Floats, mean: float, std: float) -> Floats:
    return (values - mean) / std
