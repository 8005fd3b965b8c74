"""What becomes of a suggestion that was a trial already: one place for all searchers.

Spaces with continuous hyperparameters pass untouched, as their suggestions never meet. In a finite one each suggestion
is looked up among the trials, in O(1), and replaced if it is found there: by a neighbour that is no trial, else by one
at random, else by the first of all configurations that is none. When there is none left the study ends.

Where results are reused, a configuration that was trained to the end may come again: its trial takes over the results,
see `rung.reusing`. After `MOST_REUSED` of them in a row the next one is replaced all the same, so that a searcher that
proposes nothing else comes to the end of the space, too.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec
import numpy as np

from rung.core.history import Floats, HistoryView
from rung.core.scale import Scalar
from rung.core.space import MOST_COUNTED, Choice, Column, Config, Space
from rung.core.suggestion import Request, Searcher, Suggestion, looks_at_results, takes_time

Duplicates = Literal["forbid", "reuse", "replicate"]
"""Whether a configuration is tried once only, or its results are taken over, or it is trained with another seed."""

DRAWS = 256  # at random, before the space is gone through
CHUNK = 4096  # configurations that are looked at together when it is
MOST_REUSED = 20  # suggestions in a row, until one that is new is wanted

Key = frozenset[tuple[str, Scalar]]


def distinct(searcher: Searcher, space: Space, duplicates: Duplicates, full: int | None = None) -> Searcher:
    """A searcher that treats exact duplicates so; itself where there can be none.

    Args:
        searcher: The searcher.
        space: Where it suggests.
        duplicates: What becomes of them.
        full: The resource at which a trial is trained to the end; None: the target of what is suggested.
    """
    if space.lattice_size == math.inf or not space.columns:
        return searcher
    return Distinct(searcher, space, duplicates, full)


class Distinct:
    """A searcher in a finite space. It keeps which configurations were tried, which is a memo.

    Attributes:
        looks_at_results: As of the searcher inside, or as it matters which results can be reused.
        takes_time: As of the searcher inside.
    """

    def __init__(self, inner: Searcher, space: Space, duplicates: Duplicates, full: int | None) -> None:
        self.looks_at_results = looks_at_results(inner) or duplicates == "reuse"
        self.takes_time = takes_time(inner)
        self._inner = inner
        self._space = space
        self._duplicates = duplicates
        self._full = full
        self._tried: dict[Key, int] = {}
        self._known = 0  # trials in it
        self._streak = 0  # how many of the last of them were duplicates
        self._next = 0  # all configurations before it are tried

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """What the searcher inside suggests, made distinct; nothing when all was tried."""
        self._learn(history)
        if self._duplicates != "replicate" and len(self._tried) >= self._space.size:
            return []
        found: list[Suggestion] = []
        fresh: dict[Key, int] = {}  # what was suggested by this call
        streak = self._streak
        for trial, suggested in enumerate(self._inner.suggest(history, request), request.trial):
            earlier = self._reused(suggested, history, request.target) if streak < MOST_REUSED else None
            if earlier is None:
                suggestion = self._settled(suggested, fresh, request, trial)
            else:
                suggestion = msgspec.structs.replace(suggested, reuses=earlier)
            if suggestion is None:
                break
            streak = 0 if earlier is None else streak + 1
            fresh.setdefault(_key(suggestion.config), trial)
            found.append(suggestion)
        return found

    def _reused(self, suggestion: Suggestion, history: HistoryView, target: int) -> int | None:
        """The trial that is trained to the end and whose results serve for a job to the target; None: there is none."""
        trial = self._tried.get(_key(suggestion.config)) if self._duplicates == "reuse" else None
        if trial is None or trial in history.pending or trial in history.failed[:, 0]:
            return None
        seen = history.resources[history.trials == trial]
        return trial if np.isin((target, self._full or target), seen).all() else None

    def _settled(
        self, suggestion: Suggestion, fresh: dict[Key, int], request: Request, trial: int
    ) -> Suggestion | None:
        """What is tried; None if nothing is left."""
        known = self._trial_of(suggestion.config, fresh)
        if known is None:
            return suggestion
        fitted = suggestion.fitted or {}
        if self._duplicates == "replicate":
            return msgspec.structs.replace(suggestion, fitted={**fitted, "replicates": known})
        rng = request.rng("instead of a duplicate", trial)
        for config in self._others(suggestion.config, rng):
            if self._trial_of(config, fresh) is None:
                return Suggestion(config, {**fitted, "instead_of": known})
        return None

    def _trial_of(self, config: Config, fresh: dict[Key, int]) -> int | None:
        key = _key(config)
        return self._tried.get(key, fresh.get(key))

    def _others(self, config: Config, rng: np.random.Generator) -> Iterator[Config]:
        """Configurations in place of one: neighbours, random ones, then all of them, or more if they are too many."""
        space = self._space
        yield from space.decode(rng.permutation(neighbours(space, config, rng)))
        yield from space.decode(space.points(DRAWS, rng))
        if space.lattice_size <= MOST_COUNTED:
            yield from self._all()
        else:
            yield from space.decode(space.points(CHUNK, rng))

    def _all(self) -> Iterator[Config]:
        """All configurations from the first that was not found to be tried, in the order of the full grid."""
        size = int(self._space.lattice_size)
        for begin in range(self._next, size, CHUNK):
            X = self._space.numbered(np.arange(begin, min(begin + CHUNK, size)))
            configs = self._space.decode(X[self._space.allows(X)])
            if begin == self._next and all(_key(config) in self._tried for config in configs):
                self._next = begin + CHUNK
            yield from configs

    def _learn(self, history: HistoryView) -> None:
        if history.n_trials < self._known:  # a question about the past
            self._tried, self._known, self._next, self._streak = {}, 0, 0, 0
        for trial, config in enumerate(history.completed[self._known :], self._known):
            if self._space.contains(config):
                first = self._tried.setdefault(_key(config), trial)
                self._streak = 0 if first == trial else self._streak + 1
        self._known = history.n_trials


def neighbours(space: Space, config: Config, rng: np.random.Generator) -> Floats:
    """The points that differ from a configuration in one hyperparameter, by one step or another option; rules are kept.

    Returns:
        Points, shape (n, d). What a changed choice opens is drawn.
    """
    (point,) = space.encode([config])
    moves = [
        (column.index, place)
        for column in space.columns
        if not np.isnan(point[column.index])
        for place in _places_beside(column, point[column.index])
    ]
    point = np.where(np.isnan(point), rng.random(len(point)), point)
    X = np.tile(point, (len(moves), 1))
    for row, (index, place) in zip(X, moves, strict=True):
        row[index] = place
    return space.snapped(X[space.allows(X)])


def _places_beside(column: Column, place: float) -> list[float]:
    n = int(column.n_values)
    k = int(column.scale.number(np.array([place]))[0])
    if isinstance(column.parameter, Choice) and not column.parameter.ordered:
        numbers = [other for other in range(n) if other != k]
    else:
        numbers = [other for other in (k - 1, k + 1) if 0 <= other < n]
    places: list[float] = column.scale.nth(np.array(numbers, np.int64)).tolist()
    return places


def _key(config: Config) -> Key:
    return frozenset(config.items())
