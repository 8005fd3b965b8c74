"""Bayesian optimization with a Gaussian process: from a history to the next configurations.

First come quasi-random trials. Then each suggestion is the point of the highest score: what the model expects to be
gained there, times the probabilities that training does not fail and that the limits are kept, times what the user
believes, by what it costs. Trials under way count as if the mean had been observed, those suggested just before too, so
that the trials of a batch differ. Once there are many observations, the model is made of those around the best, and
all but every fourth suggestion stay near it.

Everything is a function of the history and the request; what is kept is a memo.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.core.objective import Objectives
from rung.core.rng import address
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.acquisition import augmented, bounded, criterion
from rung.models.designs import sobol
from rung.models.maximizing import Box, Terrain, maximize, picked
from rung.models.scores import Apart, Believed, Judged, Lifted, Score, Sum
from rung.searchers.gaussian.belief import Belief, believed, scalarized_belief
from rung.searchers.gaussian.candidates import Start
from rung.searchers.gaussian.front import FrontBelief, believed_front
from rung.searchers.gaussian.learning import Learner
from rung.searchers.gaussian.options import GP
from rung.searchers.gaussian.rows import Fidelity, OneLevel, Rows, dimensions
from rung.searchers.gaussian.terms import cost_terms, failure_terms, limit_terms, scalarized

GLOBAL_EVERY = 4  # suggestions, once the model is local
GOOD = 5  # points near which the best point is sought


class LiveGP:
    """Suggests; `fidelity` says how observations at several resources make one model."""

    takes_time: ClassVar[bool] = True

    def __init__(
        self,
        space: Space,
        objectives: Objectives,
        seed: int,
        spec: GP,
        fidelity: Fidelity | None = None,
    ) -> None:
        kinds = dimensions(space)
        self._space, self._objectives, self._spec = space, objectives, spec
        self._sobol_seed = address(seed, "gp sobol", 0)
        self._terrain, self._start = Terrain.of(space), Start(space)
        self._fidelity = fidelity or OneLevel()
        self._learner = Learner(self._fidelity.kernel(kinds, spec.kernel))
        self._failures = Learner(OneLevel().kernel(kinds, spec.kernel))

    @property
    def initial(self) -> int:
        """How many quasi-random trials come first."""
        return self._spec.initial or min(len(self._space.columns) + 4, 20)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """As many as are wanted."""
        rows = self._fidelity.rows(history, self.initial)
        if rows is None or not len(self._space.columns):
            return [self._spread(request.index + number) for number in range(request.count)]
        certain = self._certain(history, rows)
        chosen, suggestions = rows.pending, []
        for number in range(request.index, request.index + request.count):
            x, fitted = self._best(rows, certain, chosen, request, number)
            chosen = np.vstack([chosen, self._fidelity.asked(x[None], rows)])
            suggestions.append(Suggestion(self._space.decode(x[None])[0], fitted))
        return suggestions

    def _spread(self, number: int) -> Suggestion:
        """A point of the quasi-random sequence."""
        X = sobol(self._space, 1, self._sobol_seed, skip=number)
        return Suggestion(self._space.decode(X)[0], {"model": "sobol"})

    def _certain(self, history: HistoryView, rows: Rows) -> list[Score]:
        """The terms of the score that all suggestions of a request share."""
        terms: list[Score] = []
        lift = partial(self._fidelity.asked, rows=rows)
        terms += limit_terms(self._learner, rows, lift)
        terms += failure_terms(self._failures, history)
        terms += cost_terms(self._learner, history, rows, lift, self._spec.cost_weight)
        if self._space.has_prior and self._spec.prior_weight:
            terms.append(Believed(self._space.log_prior, self._spec.prior_weight / len(rows)))
        return terms

    def _best(
        self, rows: Rows, certain: Sequence[Score], chosen: Floats, request: Request, number: int
    ) -> tuple[Floats, dict[str, Any]]:
        """The point of the highest score, NaN where inactive, and what to tell of it.

        Args:
            rows: What was observed.
            certain: Terms of the score.
            chosen: Points of trials under way and suggested just now, as those of rows.
            request: What is wanted.
            number: Which suggestion of the study it is.
        """
        d = len(self._space.columns)
        if len(chosen):
            certain = [*certain, Apart(chosen[:, :d])]
        rng = request.rng("gp", number)
        taken = np.vstack([rows.points, chosen])[:, :d]
        if front := self._front(rows):
            return self._extending(front.expecting(chosen), rows, certain, taken, rng)
        belief = self._believed(rows, request, number)
        if belief is None:  # everything has diverged
            U = self._start(taken[:GOOD], Box.whole(d), rng)
            x, value = maximize(self._terrain, Sum(tuple(certain)), U, Box.whole(d), taken)
            return x, {"model": "gp", "rows": 0, "acquisition": value}
        belief = belief.expecting(chosen)
        model = Lifted(belief.gp, partial(self._fidelity.asked, rows=rows))
        U, box = self._start(belief.good(GOOD, d), belief.box(d), rng), belief.box(d)
        if self._spec.acquisition == "thompson":

            def drawn(X: Floats) -> Floats:
                values: Floats = Sum(tuple(certain)).values(X) - belief.gp.sample(model.lift(X), 1, rng)[0]
                return values

            x, value = picked(self._terrain, drawn, U, taken)
        else:
            x, value = maximize(self._terrain, self._score(belief, model, certain), U, box, taken)
        return x, {
            "model": "gp",
            "rows": len(belief.gp),
            "acquisition": value,
            **self._told(belief, model, x),
        }

    def _front(self, rows: Rows) -> FrontBelief | None:
        """What is believed of each objective, if that is what counts and anything is known."""
        if not self._spec.models_each(self._objectives):
            return None
        lift = partial(self._fidelity.asked, rows=rows)
        return believed_front(self._learner, rows, lift, len(self._space.columns))

    def _extending(
        self,
        belief: FrontBelief,
        rows: Rows,
        certain: Sequence[Score],
        taken: Floats,
        rng: np.random.Generator,
    ) -> tuple[Floats, dict[str, Any]]:
        """As `_best`, by what the front gains."""
        lift, d = partial(self._fidelity.asked, rows=rows), len(self._space.columns)
        score, box = Sum((*belief.gain(lift), *certain)), Box.whole(d)
        x, value = maximize(self._terrain, score, self._start(belief.good(GOOD, d), box, rng), box, taken)
        means = zip(self._objectives, belief.expected(lift(x[None])), strict=True)
        told = {f"mean {objective.metric}": objective.value(loss) for objective, loss in means}
        return x, {"model": "gp", "rows": len(belief.counts), "acquisition": value, **told}

    def _believed(self, rows: Rows, request: Request, number: int) -> Belief | None:
        if rows.losses.shape[1] == 1:
            return believed(self._learner, rows, wide=number % GLOBAL_EVERY == 0)
        losses = scalarized(rows.losses, request.rng("gp weights", number))
        return scalarized_belief(self._learner.kernel, rows, losses)

    def _score(self, belief: Belief, model: Lifted, certain: Sequence[Score]) -> Score:
        """The gain, if there is something to improve on, and the other terms."""
        if belief.best is None or self._spec.acquisition == "thompson":
            return Sum(tuple(certain))
        gain = criterion(self._spec.acquisition, belief.best)
        if self._spec.acquisition in ("log_ei", "ei"):
            gain = augmented(gain, math.sqrt(belief.gp.parameters.noise))
        return Sum((Judged(model, bounded(gain)), *certain))

    def _told(self, belief: Belief, model: Lifted, x: Floats) -> dict[str, float]:
        """What is expected of a point, in the units of the objective."""
        if len(self._objectives) > 1:
            return {}
        mean, std = model.predict(x[None])
        low, middle, high = belief.warp.inverse(np.array([mean - std, mean, mean + std])[:, 0]).tolist()
        (objective,) = self._objectives
        return {"mean": objective.value(middle), "low": objective.value(low), "high": objective.value(high)}
