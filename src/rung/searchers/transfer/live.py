"""How searchers that transfer suggest: what a belief about this task, made from others as well, is worth at points.

Before this study has results, losses are drawn from the belief at many points and the lowest is tried (Thompson
sampling), so that several workers begin at different points. Then it is the expected improvement, the chance that a
trial succeeds, and what the user believes, sought by local search from the best points of this study and of others.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.core.past import Past
from rung.core.rng import rng
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.acquisition import log_expected_improvement
from rung.models.climbing import climb
from rung.models.designs import sobol
from rung.models.success import Success, learn_success
from rung.models.transfer import Belief
from rung.searchers.evidence import pending
from rung.searchers.forest import BELIEF, LIKELY, SPREAD, is_known
from rung.searchers.outcomes import Outcomes, outcomes
from rung.searchers.transfer.earlier import options_of, tasks_of
from rung.searchers.transfer.models import Model

CANDIDATES = 400  # random points that are looked at
PER_TASK = 5  # and the best points of each earlier study
STARTS = 8  # of the local search
ROUNDS, NEIGHBOURS = 6, 20
DEMANDED = (
    0.9  # how probable success must be: what was best elsewhere draws to the very edge of what fails here
)
SPREAD_EVERY = 5  # of so many suggestions one is random, so that a past that misleads is found out
UNKNOWN = 8  # trials of a study without a past that are spread over the space


class LiveTransfer:
    """Asks a belief. What it keeps are the memos of the model that makes it."""

    reads_past: ClassVar[bool] = True
    takes_time: ClassVar[bool] = True

    def __init__(self, space: Space, seed: int, model: Model) -> None:
        self._space = space
        self._seed = seed
        self._model = model
        self._options = options_of(space)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for, each as if those before it were on their way."""
        waiting = pending(history, 1)
        found = []
        for number in range(request.count):
            point, how = self._point(history, request, number, waiting)
            waiting = np.vstack([waiting, point])
            found.append(Suggestion(self._space.decode(point[None])[0], {"model": how}))
        return found

    def _point(
        self, history: HistoryView, request: Request, number: int, waiting: Floats
    ) -> tuple[Floats, str]:
        index, draw = request.index + number, request.rng("transfer", request.trial + number)
        known = outcomes(history, 1, draw)
        belief = self._belief(history.past, known, request, number)
        if belief is None or (not history.past and index < UNKNOWN):
            return sobol(self._space, 1, self._seed, skip=index)[0], "initial design"
        success = self._success(known)
        if index % SPREAD_EVERY == SPREAD_EVERY - 1:
            return self._spread(success, draw), "random"
        points = self._candidates(history.past, known, draw)
        if belief.best is None:
            return self._drawn(belief, points, success, known, waiting, draw), "thompson sampling"
        return self._climbed(belief, points, success, known, waiting, draw), "expected improvement"

    def _belief(self, past: Sequence[Past], known: Outcomes, request: Request, number: int) -> Belief | None:
        n = known.n_observed
        losses = np.where(known.well[:n], known.losses[:n, 0], np.inf)
        finite = np.isfinite(losses)
        if not finite.any():
            return self._model.belief(
                past, known.points[:0], losses[:0], request.rng("weights", request.trial)
            )
        settled = np.clip(np.where(finite, losses, losses[finite].max()), -1e150, 1e150)
        return self._model.belief(
            past, known.points[:n], settled, request.rng("weights", request.trial + number)
        )

    def _spread(self, success: Success, draw: np.random.Generator) -> Floats:
        """A random point that is not expected to fail."""
        points = self._space.points(16, draw)
        point: Floats = points[(success.probability(points) >= LIKELY).argmax()]
        return point

    def _candidates(self, past: Sequence[Past], known: Outcomes, draw: np.random.Generator) -> Floats:
        """The best points of this study, of earlier ones, and random ones, the best first."""
        order = np.lexsort((known.losses[:, 0], ~known.well))
        best = [task.best(PER_TASK) for task in tasks_of(past)]
        points = np.vstack([known.points[order[:PER_TASK]], *best, self._space.points(CANDIDATES, draw)])
        kept: Floats = points[self._space.allows(points)]
        return kept

    def _success(self, known: Outcomes) -> Success:
        spread = self._space.points(SPREAD, rng(self._seed, "spread", 0))
        return learn_success(
            known.points, known.well, spread, self._options, seed=self._seed, demanded=DEMANDED
        )

    def _drawn(  # noqa: PLR0917  what a suggestion depends on
        self,
        belief: Belief,
        points: Floats,
        success: Success,
        known: Outcomes,
        waiting: Floats,
        draw: np.random.Generator,
    ) -> Floats:
        mean, std = belief.predict(points)
        order = np.argsort(mean + std * draw.standard_normal(len(points)) - success.log_weight(points))
        return _first_new(points[order], known, waiting)

    def _climbed(  # noqa: PLR0917  the same
        self,
        belief: Belief,
        points: Floats,
        success: Success,
        known: Outcomes,
        waiting: Floats,
        draw: np.random.Generator,
    ) -> Floats:
        expecting = belief.expecting(waiting) if len(waiting) else belief
        assert belief.best is not None  # else nothing can be improved on
        score = partial(_score, self._space, expecting, belief.best, success, len(known))
        values = score(points)
        starts = points[np.argsort(-values, kind="stable")[:STARTS]]
        climbed, scores = climb(self._space, score, starts, draw, rounds=ROUNDS, neighbours=NEIGHBOURS)
        ranked = np.vstack([climbed[np.argsort(-scores, kind="stable")], points])
        return _first_new(ranked, known, waiting)


def _score(  # noqa: PLR0917  the terms of a sum
    space: Space, belief: Belief, best: float, success: Success, n: int, points: Floats
) -> Floats:
    mean, std = belief.predict(points)
    found = log_expected_improvement(mean, np.maximum(std, 1e-6), best)[0] + success.log_weight(points)
    return found + BELIEF / n * space.log_prior(points) if space.has_prior else found


def _first_new(points: Floats, known: Outcomes, waiting: Floats) -> Floats:
    """The first point that was not tried and is not pending; the first of all if there is none."""
    return next((each for each in points if not is_known(each, known.points, waiting)), points[0])
