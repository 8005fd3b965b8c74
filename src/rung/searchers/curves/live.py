"""Bayesian optimization of where learning curves will end: from a history to the next configurations.

A Gaussian process has a row for each trial: what its curve tells of the end, with a noise of its own (`ends.py`). A
short curve counts little and a long one much, however far apart the trials stand, so any scheduler will do. What is
asked for is the improvement of the loss at the highest resource that was observed.

A suggestion is the best one of some points spread over the space, as in DyHPO, and every third is only spread. To climb
to the very best point would give one trial after the other beside the incumbent. Each of them promises as much as it
does, and is trained as far, for hardly any gain; a scheduler that looks at curves learns more from many that differ.

Parameters are fitted when the observations come to a number of the schedule, to those up to there, so that they are a
function of the history; what curves tell is found anew for each suggestion. Several objectives are made one by
random weights, anew for each suggestion.

References:
    Swersky, Snoek & Adams, Freeze-Thaw Bayesian Optimization, 2014.
    Wistuba, Kadra & Grabocka, Supervising the Multi-Fidelity Race of Hyperparameter Configurations, NeurIPS 2022
    (DyHPO).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.core.objective import Objectives
from rung.core.rng import address
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.acquisition import bounded, criterion
from rung.models.designs import sobol
from rung.models.doubt import Doubted, with_doubt
from rung.models.gp import GP, Parameters, condition, fit_parameters
from rung.models.kernels import Stationary
from rung.models.maximizing import Terrain, picked
from rung.models.scores import Apart, Believed, Judged, Lifted, Score, Sum
from rung.models.warp import Warp, fit_warp
from rung.searchers.curves.ends import Ends, ends
from rung.searchers.curves.options import CurveGP
from rung.searchers.evidence import latest, pending
from rung.searchers.gaussian.learning import Learner, scheduled, some_rows
from rung.searchers.gaussian.rows import Rows, dimensions
from rung.searchers.gaussian.terms import failure_terms, limit_terms, scalarized

FIT_ROWS = 100  # that parameters are fitted to
STEPS = 30  # of a fit
CANDIDATES = 100
SPREAD_EVERY = 3  # suggestions one is only spread: that it is bad a scheduler learns from a few units
PRIOR_WEIGHT = 10.0  # trials that the user's priors weigh as much as


@dataclass(frozen=True, slots=True)
class Observations:
    """One loss wherever a trial was observed, in the order in which that happened, shape (n,) each.

    Attributes:
        trials: Which trial.
        resources: Where.
        losses: Lower is better, inf where training diverged.
    """

    trials: Ints
    resources: Ints
    losses: Floats

    def first(self, n: int) -> "Observations":
        """The first n of them."""
        return Observations(self.trials[:n], self.resources[:n], self.losses[:n])

    @property
    def ends(self) -> Ends:
        """What the curves tell of their ends."""
        return ends(self.trials, self.resources, self.losses)

    def equals(self, other: "Observations") -> bool:
        """Whether others are the same."""
        pairs = (
            (self.trials, other.trials),
            (self.resources, other.resources),
            (self.losses, other.losses),
        )
        return all(np.array_equal(one, another) for one, another in pairs)


@dataclass(frozen=True, slots=True)
class Belief:
    """What is believed of the ends.

    Attributes:
        gp: The model.
        ends: What it is made of.
        warp: From their losses to what the model learned.
    """

    gp: GP
    ends: Ends
    warp: Warp

    def best(self, kept: Ints) -> float | None:
        """The lowest mean of the trials that keep all limits; None if there is none."""
        rows = np.isin(self.ends.trials, kept)
        return float(self.gp.mean(with_doubt(self.gp.X[rows, :-1])).min()) if rows.any() else None

    def losses(self, values: Floats) -> Floats:
        """Losses of values that the model predicts."""
        found: Floats = self.ends.centre + self.ends.spread * self.warp.inverse(values)
        return found


@dataclass(frozen=True, slots=True)
class Known:
    """What all suggestions of a request share.

    Attributes:
        points: Of the trials, shape (n, d).
        kept: Those that keep all limits, so far as is known, by their numbers.
        terms: Of the score, but for what is gained.
    """

    points: Floats
    kept: Ints
    terms: Sequence[Score]


class LiveCurveGP:
    """Suggests; keeps what it has fitted as a memo."""

    takes_time: ClassVar[bool] = True

    def __init__(self, space: Space, objectives: Objectives, seed: int, spec: CurveGP) -> None:
        kernel = Stationary(dimensions(space))
        self._space, self._objectives, self._spec = space, objectives, spec
        self._kernel = Doubted(kernel, len(space.columns))
        self._sobol_seed = address(seed, "curve gp sobol", 0)
        self._terrain = Terrain.of(space)
        self._failures, self._limits = Learner(kernel), Learner(kernel)
        self._fit: tuple[Observations, Floats, Parameters | None] | None = None

    @property
    def initial(self) -> int:
        """How many quasi-random trials come first."""
        return self._spec.initial or min(max(len(self._space.columns), 6), 20)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """As many as are wanted."""
        numbers = range(request.index, request.index + request.count)
        known = self._known(history)
        if len(known.points) < self.initial or not len(self._space.columns):
            return [self._spread(number) for number in numbers]
        chosen, found = pending(history, 1), []
        for number in numbers:
            if number % SPREAD_EVERY == 0:
                suggestion = self._spread(number)
            else:
                suggestion = self._best(
                    known, self._believed(history, request, number), chosen, request, number
                )
            chosen = np.vstack([chosen, self._space.encode([suggestion.config])])
            found.append(suggestion)
        return found

    def _known(self, history: HistoryView) -> Known:
        seen = latest(history)
        rows = Rows(seen.points, seen.losses, seen.violations, seen.trials, seen.points[:0], 1)
        terms: list[Score] = failure_terms(self._failures, history)
        terms += limit_terms(self._limits, rows, lambda X: X)
        if self._space.has_prior:
            terms.append(Believed(self._space.log_prior, PRIOR_WEIGHT / max(len(seen), 1)))
        return Known(seen.points, seen.trials[(seen.violations == 0).all(axis=1)], terms)

    def _spread(self, number: int) -> Suggestion:
        """A point of the quasi-random sequence."""
        X = sobol(self._space, 1, self._sobol_seed, skip=number)
        return Suggestion(self._space.decode(X)[0], {"model": "sobol"})

    # The belief

    def _believed(self, history: HistoryView, request: Request, number: int) -> Belief | None:
        """None if training diverged in all trials, or their curves tell nothing yet."""
        observed = self._observed(history, request, number)
        told = _some(observed.ends, self._spec.rows)
        parameters = self._parameters(history.encoded, observed.first(scheduled(len(observed.losses))))
        if parameters is None or not len(told):
            return None
        X, y, warp = _learnable(history.encoded, told)
        return Belief(condition(X, y, self._kernel, parameters), told, warp)

    def _observed(self, history: HistoryView, request: Request, number: int) -> Observations:
        """All of the present space."""
        inside = ~np.isnan(history.encoded[history.trials]).all(axis=1)
        losses = np.where(np.isnan(history.losses[inside]), np.inf, history.losses[inside])
        several = len(self._objectives) > 1
        loss = scalarized(losses, request.rng("curve gp weights", number)) if several else losses[:, 0]
        return Observations(history.trials[inside], history.resources[inside], loss)

    def _parameters(self, encoded: Floats, observed: Observations) -> Parameters | None:
        """Those of the last fit if it was to the same."""
        points = encoded[np.unique(observed.trials)]
        if self._fit is not None:
            before, at, known = self._fit
            if observed.equals(before) and np.array_equal(points, at, equal_nan=True):
                return known
        self._fit = observed, points, self._fitted(encoded, observed.ends)
        return self._fit[2]

    def _fitted(self, encoded: Floats, told: Ends) -> Parameters | None:
        if not len(told):
            return None
        X, y, _ = _learnable(encoded, told)
        rows = some_rows(y, FIT_ROWS)
        return fit_parameters(X[rows], y[rows], self._kernel, max_steps=STEPS)

    # The best point

    def _best(
        self, known: Known, belief: Belief | None, chosen: Floats, request: Request, number: int
    ) -> Suggestion:
        """The candidate of the highest score, and what to tell of it."""
        terms = [*known.terms, Apart(chosen)] if len(chosen) else list(known.terms)
        model = None if belief is None else Lifted(belief.gp.fantasized(with_doubt(chosen)), with_doubt)
        best = None if belief is None else belief.best(known.kept)
        if model is not None and best is not None:
            terms.append(Judged(model, bounded(criterion("log_ei", best))))
        taken = np.vstack([known.points, chosen])
        x, value = picked(self._terrain, Sum(tuple(terms)).values, self._candidates(request, number), taken)
        rows = 0 if belief is None else len(belief.ends)
        told: dict[str, Any] = {"model": "curve-gp", "rows": rows, "acquisition": value}
        if belief is not None and model is not None and len(self._objectives) == 1:
            told |= self._expected(belief, model, x)
        return Suggestion(self._space.decode(x[None])[0], told)

    def _candidates(self, request: Request, number: int) -> Floats:
        """Points spread over the space, without NaN."""
        rng = request.rng("curve gp", number)
        X = sobol(self._space, CANDIDATES, int(rng.integers(2**62)))
        return np.where(np.isnan(X), rng.random(X.shape), X)

    def _expected(self, belief: Belief, model: Lifted, x: Floats) -> dict[str, float]:
        """The end that is expected of a point and one standard deviation to both sides, in the objective's units."""
        mean, std = (float(each[0]) for each in model.predict(x[None]))
        (objective,) = self._objectives
        values = map(objective.value, belief.losses(np.array([mean, mean - std, mean + std])).tolist())
        return dict(zip(("mean", "low", "high"), values, strict=True))


def _some(told: Ends, most: int) -> Ends:
    """Of too many trials half the best, and of the rest those that are known best."""
    if len(told) <= most:
        return told
    order = np.argsort(told.losses, kind="stable")
    best, rest = order[: most // 2], order[most // 2 :]
    rest = rest[np.argsort(told.doubts[rest], kind="stable")[: most - len(best)]]
    return told.only(np.sort(np.concatenate([best, rest])))


def _learnable(encoded: Floats, told: Ends) -> tuple[Floats, Floats, Warp]:
    """Points with their doubt, and warped losses."""
    warp, std = fit_warp(told.losses), np.sqrt(told.doubts)
    doubts = ((warp(told.losses + std) - warp(told.losses - std)) / 2) ** 2
    return with_doubt(encoded[told.trials], doubts), warp(told.losses), warp
