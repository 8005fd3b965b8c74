"""Forest: a random forest of what was observed says where to look next, for large spaces of choices and conditions.

As SMAC does it: the mean and the variance of a forest on logarithmic losses, the expected improvement, a local search
from the best configurations, and every few suggestions one at random. Trials that failed have the worst loss, and the
forest knows how probable failure is. Pending trials are taken to have brought what the forest expects of them.

Trees grow again when there are 5 % more trials than when they did last; new results fill their leaves meanwhile. So a
suggestion costs about the same however many trials there are.

References:
    Hutter, Hoos & Leyton-Brown, Sequential Model-Based Optimization for General Algorithm Configuration, LION 2011.
    Lindauer et al., SMAC3: A Versatile Bayesian Optimization Package for Hyperparameter Optimization, JMLR 2022.
    Knowles, ParEGO, IEEE TEVC 2006 (several objectives by a random weighting for each suggestion).
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, HistoryView, Ints
from rung.core.objective import Objectives
from rung.core.rng import rng
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.models.climbing import climb
from rung.models.grove import TREES, Filled, Grove, fill, grow
from rung.models.success import Success, learn_success
from rung.searchers.evidence import level, pending
from rung.searchers.outcomes import Outcomes, outcomes
from rung.searchers.transfer.earlier import options_of

AT_ONCE = 100  # trials up to which trees grow with each of them
GROWTH = 1.05
CANDIDATES = 600  # random points that are looked at
STARTS = (6, 4)  # of the local search: of the best trials, of the random points
ROUNDS, NEIGHBOURS = 8, 24
SPREAD = 24  # points that stand for success while there was none
BELIEF = 10.0  # trials after which what the user believes counts as much as one (πBO's β)
LIKELY = 0.5  # what is tried at random succeeds with at least this probability, if there is such a point


class Forest(
    msgspec.Struct,
    frozen=True,
    tag="forest",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Look where a forest of the trials so far expects improvement.

    Attributes:
        initial: How many configurations are tried at first, spread over the space; None: twice as many as there are
            hyperparameters, at least 8.
        random_every: Of so many suggestions one is random; 0: none.
        trees: Of the forest.
    """

    initial: int | None = None
    random_every: int = 8
    trees: int = TREES

    def __post_init__(self) -> None:
        _check("initial", self.initial or 0, 0, "Leave it out for twice the number of hyperparameters.")
        _check("random_every", self.random_every, 0, "Use 8, or 0 for none.")
        _check("trees", self.trees, 2, "Use 24: a single tree knows no variance.")

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveForest":
        """A live searcher."""
        return LiveForest(self, space, seed)


class LiveForest:
    """Asks a forest. What it keeps is the trees that it grew last, and on what."""

    takes_time: ClassVar[bool] = True

    def __init__(self, spec: Forest, space: Space, seed: int) -> None:
        self._spec = spec
        self._space = space
        self._seed = seed
        self._initial = spec.initial if spec.initial is not None else max(8, 2 * len(space.columns))
        self._enough = max(2, self._initial // 2)
        self._options = options_of(space)
        self._grown: tuple[bytes, Grove] | None = None
        self._filed = (_Filed(), _Filed())  # of observed and of failed trials

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for, each as if those before it were on their way."""
        waiting = pending(history, level(history, self._enough) or 1)
        found = []
        for number in range(request.count):
            point, fitted = self._point(history, request, number, waiting)
            waiting = np.vstack([waiting, point])
            found.append(Suggestion(self._space.decode(point[None])[0], fitted))
        return found

    def _point(
        self, history: HistoryView, request: Request, number: int, waiting: Floats
    ) -> tuple[Floats, dict[str, object]]:
        index, draw = request.index + number, request.rng("forest", request.trial + number)
        known = outcomes(history, self._enough, draw)
        if index < self._initial or not len(known):
            return self._designed(index), {"model": "initial design"}
        model = self._model(known, waiting)
        if self._spec.random_every and index % self._spec.random_every == self._spec.random_every - 1:
            return self._drawn(model, draw), {"model": "random"}
        return self._best(model, draw)

    def _designed(self, index: int) -> Floats:
        from rung.models.designs import sobol

        point: Floats = sobol(self._space, 1, self._seed, skip=index)[0]
        return point

    def _drawn(self, model: "_Model", draw: np.random.Generator) -> Floats:
        """A random point that is not expected to fail."""
        points = self._space.points(16, draw)
        likely = model.success.probability(points) >= LIKELY
        point: Floats = points[likely.argmax()]
        return point

    def _best(self, model: "_Model", draw: np.random.Generator) -> tuple[Floats, dict[str, object]]:
        random = self._space.points(CANDIDATES, draw)
        score = partial(model.score, self._space)
        from_known, from_random = STARTS
        starts = np.vstack([model.best_points(from_known), random[np.argsort(-score(random))[:from_random]]])
        climbed, scores = climb(self._space, score, starts, draw, rounds=ROUNDS, neighbours=NEIGHBOURS)
        order = np.argsort(-scores, kind="stable")
        ranked = np.vstack([climbed[order], random])
        point = next(
            (each for each in ranked if not is_known(each, model.known.points, model.waiting)), ranked[0]
        )
        mean, std = model.losses.predict(point[None])
        return point, {
            "model": "forest",
            "trials": len(model.known),
            "log_ei": round(float(score(point[None])[0]), 6),
            "mean": round(float(mean[0]), 6),
            "std": round(float(std[0]), 6),
        }

    def _model(self, known: Outcomes, waiting: Floats) -> "_Model":
        grove = self._grove(known.first(scheduled(known.n_observed), scheduled(known.n_failed)))
        parts = np.split(known.points, [known.n_observed])
        leaves = [memo.leaves(grove, part) for memo, part in zip(self._filed, parts, strict=True)]
        return _Model(
            known, self._success(known, grove, np.hstack(leaves)), grove, np.hstack(leaves), waiting
        )

    def _success(self, known: Outcomes, grove: Grove, leaves: Ints) -> Success:
        if known.well.any() and not known.all_well:
            return Success(fill(grove, leaves, known.well.astype(np.float64)))
        spread = self._space.points(SPREAD, rng(self._seed, "spread", 0))
        return learn_success(known.points, known.well, spread, self._options, seed=self._seed)

    def _grove(self, known: Outcomes) -> Grove:
        """The trees that grow on outcomes; those of the last time if they are the same."""
        if self._grown is None or self._grown[0] != known.key:
            grove = grow(
                known.points, known.marks(), self._options, seed=self._seed, n_trees=self._spec.trees
            )
            self._grown = known.key, grove
        return self._grown[1]


class _Filed:
    """In which leaves points lie; only those that were added since it was asked last are looked up."""

    def __init__(self) -> None:
        self._grove: Grove | None = None
        self._points: Floats = np.zeros((0, 0))
        self._leaves: Ints = np.zeros((0, 0), np.int64)

    def leaves(self, grove: Grove, points: Floats) -> Ints:
        """What `Grove.leaves` says."""
        n = len(self._points)
        if grove is self._grove and n and np.array_equal(points[:n], self._points, equal_nan=True):
            self._leaves = np.hstack([self._leaves, grove.leaves(points[n:])])
        else:
            self._leaves = grove.leaves(points)
        self._grove, self._points = grove, points
        return self._leaves


class _Model:
    """A forest filled with all that is known, and with what is expected of pending trials."""

    def __init__(
        self, known: Outcomes, success: Success, grove: Grove, leaves: Ints, waiting: Floats
    ) -> None:
        self.known = known
        self.success = success
        self._goals = known.goals()
        self._best = float(self._goals[known.promising].min())
        self.waiting = waiting
        self.losses = _expecting(fill(grove, leaves, self._goals), leaves, self._goals, waiting)

    def score(self, space: Space, points: Floats) -> Floats:
        """The logarithm of expected improvement, weighted by the chance of success and the user's beliefs."""
        from rung.models.acquisition import log_expected_improvement

        mean, std = self.losses.predict(points)
        found = log_expected_improvement(mean, np.maximum(std, 1e-6), self._best)[0]
        found = found + self.success.log_weight(points)
        if space.has_prior:
            found = found + BELIEF / len(self.known) * space.log_prior(points)
        return found

    def best_points(self, n: int) -> Floats:
        """The best of what was tried and went well, or the best of all."""
        order = np.lexsort((self._goals, ~self.known.promising))
        points: Floats = self.known.points[order[:n]]
        return points


def is_known(point: Floats, *known: Floats) -> bool:
    """Whether a point is among rows."""
    return any(
        bool(((rows == point) | (np.isnan(rows) & np.isnan(point))).all(axis=1).any())
        for rows in known
        if len(rows)
    )


def _expecting(filled: Filled, leaves: Ints, goals: Floats, waiting: Floats) -> Filled:
    """As if pending trials had brought what is expected of them."""
    if not len(waiting):
        return filled
    there = filled.grove.leaves(waiting)
    expected = np.concatenate([goals, filled.at(there)[0]])
    return fill(filled.grove, np.hstack([leaves, there]), expected)


def scheduled(n: int) -> int:
    """Of the counts at which trees grow the last one up to n: each up to a hundred, then 5 % more each time."""
    count = min(n, AT_ONCE)
    while n > AT_ONCE and int(count * GROWTH) <= n:
        count = int(count * GROWTH)
    return count


def _check(name: str, value: object, least: int, advice: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SpecError(
            f"{name} of Forest must be a whole number of at least {least}, got {value!r}. {advice}"
        )
