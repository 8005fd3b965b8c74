"""MFES: from a history to the next configurations.

A level of resource has a model if enough trials were observed there. Levels are compared at a third of each other: with
rungs at 1, 3, 9 and 27 these are just the rungs. The mean and the doubt of all models together say where improvement is
expected; what a model counts is how often it ranks the trials of the highest level best. So many cheap observations
lead as long as there are few dear ones, and no longer than they are right.

Several objectives are made one by random weights, anew for each suggestion.

References:
    Li et al., MFES-HB: Efficient Hyperband with Multi-Fidelity Quality Measurements, AAAI 2021, section 4.
    Li et al., Hyper-Tune: Towards Efficient Hyper-Parameter Tuning at Scale, VLDB 2022, section 4.3.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.core.objective import Objectives
from rung.core.rng import address
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.acquisition import criterion
from rung.models.agreement import ranking_weights
from rung.models.designs import sobol
from rung.models.gp import GP
from rung.models.kernels import Stationary
from rung.models.levels import Ensemble
from rung.models.maximizing import Box, Terrain, maximize
from rung.models.scores import Believed, Judged, Score, Sum
from rung.models.warp import fit_warp
from rung.searchers.evidence import pending
from rung.searchers.gaussian.candidates import Start
from rung.searchers.gaussian.learning import Learner, scheduled, some_rows
from rung.searchers.gaussian.rows import dimensions
from rung.searchers.gaussian.terms import failure_terms, scalarized

THINNING = 3
ROWS, LATEST = 200, 50  # of a level: those that a model is fitted to, and those made since, at most
COMPARED = 3  # trials on the highest level at least
RANKED = 60  # trials by which models are compared at most, the latest of the highest level
GOOD = 5
PRIOR_WEIGHT = 10.0


class LiveMFES:
    """Suggests; keeps what it has fitted as a memo."""

    takes_time: ClassVar[bool] = True

    def __init__(self, space: Space, objectives: Objectives, seed: int, initial: int | None) -> None:
        self._space, self._initial = space, initial or min(max(len(space.columns), 6), 20)
        self._n_objectives = len(objectives)
        self._sobol_seed = address(seed, "mfes sobol", 0)
        self._terrain, self._start = Terrain.of(space), Start(space)
        kernel = Stationary(dimensions(space))
        self._learner, self._failures = Learner(kernel), Learner(kernel)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """As many as are wanted."""
        levels = _levels(history, self._initial) if self._space.columns else []
        chosen = pending(history, int(history.resources.max(initial=0)))
        found = []
        for number in range(request.index, request.index + request.count):
            if not levels:
                x, fitted = sobol(self._space, 1, self._sobol_seed, skip=number)[0], {"model": "sobol"}
            else:
                x, fitted = self._best(history, levels, chosen, request, number)
            chosen = np.vstack([chosen, x[None]])
            found.append(Suggestion(self._space.decode(x[None])[0], fitted))
        return found

    def _best(
        self, history: HistoryView, levels: Sequence[int], chosen: Floats, request: Request, number: int
    ) -> tuple[Floats, dict[str, Any]]:
        """The point where most is expected, NaN where inactive, and what to tell of it."""
        rng = request.rng("mfes", number)
        models = [self._model(history, level, request, number) for level in levels]
        believed = [model for model in models if model is not None]
        terms: list[Score] = failure_terms(self._failures, history)
        if self._space.has_prior:
            terms.append(Believed(self._space.log_prior, PRIOR_WEIGHT / max(history.n_trials, 1)))
        taken, whole = np.vstack([history.encoded, chosen]), Box.whole(len(self._space.columns))
        taken = taken[~np.isnan(taken).all(axis=1)]
        told: dict[str, Any] = {"model": "mfes"}
        good = taken[:GOOD]
        if believed:
            top, weights = believed[-1], _weights(believed, rng)
            ensemble = Ensemble(believed, weights).expecting(chosen)
            lowest = float(ensemble.predict(top.X)[0].min())
            terms.append(Judged(ensemble, criterion("log_ei", lowest)))
            good = top.X[np.argsort(top.fitted, kind="stable")[:GOOD]]
            told["weights"] = np.round(weights, 3).tolist()
        x, value = maximize(self._terrain, Sum(tuple(terms)), self._start(good, whole, rng), whole, taken)
        return x, {**told, "acquisition": value}

    def _model(self, history: HistoryView, level: int, request: Request, number: int) -> GP | None:
        """The model of a level; None if training diverged in all of its trials."""
        trials, losses = history.at(level)
        X = history.encoded[trials]
        finite = np.isfinite(losses).all(axis=1) & ~np.isnan(X).all(axis=1)
        X, losses = X[finite], losses[finite]
        if not len(X):
            return None
        name = str(level)
        if self._n_objectives > 1:
            loss, name = scalarized(losses, request.rng("mfes weights", number)), f"{level} of several"
        else:
            loss = losses[:, 0]
        k = scheduled(len(loss))
        y = fit_warp(loss[:k])(loss)
        fitted = some_rows(y[:k], ROWS)  # the same until the next count of the schedule
        rows = np.concatenate([fitted, np.arange(max(k, len(y) - LATEST), len(y))])
        return self._learner.settled(name, X[rows], y[rows], np.arange(len(fitted)))


def _levels(history: HistoryView, enough: int) -> list[int]:
    """Levels to make models of, lowest first: the highest that a few trials have reached, and thirds of it.

    Empty if on none there are enough to suggest by.
    """
    resources, counts = np.unique(history.resources, return_counts=True)
    if not len(counts) or counts.max() < enough:
        return []
    found: list[int] = []
    for resource, count in zip(resources[::-1].tolist(), counts[::-1].tolist(), strict=True):
        if count >= COMPARED and (not found or resource * THINNING <= found[0]):
            found.insert(0, resource)
    return found


def _weights(models: Sequence[GP], rng: np.random.Generator) -> Floats:
    """What each counts, by how it ranks the trials of the last one."""
    top = models[-1]
    if len(models) == 1 or len(top) < 2:
        return np.eye(1, len(models), len(models) - 1).ravel()
    X, y = top.X[-RANKED:], top.y[-RANKED:]
    own = top.leave_one_out()[0][-RANKED:]
    return ranking_weights(np.stack([*(model.mean(X) for model in models[:-1]), own]), y, rng)
