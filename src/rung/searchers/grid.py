"""Grid search: every combination of values, once; the study ends when the grid does.

What was tried already, be it by the user's wish or before the space changed, is not tried again.
"""

from collections.abc import Sequence
from itertools import islice
from typing import ClassVar

import msgspec

from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.space import Config, Scalar, Space
from rung.core.suggestion import Request, Suggestion


class GridSearch(
    msgspec.Struct, frozen=True, tag="grid", tag_field="type", forbid_unknown_fields=True, omit_defaults=True
):
    """Try every combination.

    Attributes:
        points: Values for each float, and for each integer with more values than that; both ends included and evenly
            spread on the hyperparameter's own scale. A dict gives them by name. None: every value, which a space
            with continuous floats does not have.
    """

    points: int | dict[str, int] | None = None

    @property
    def tries_defaults(self) -> bool:
        """A grid holds what it holds."""
        return False

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveGridSearch":
        """A live searcher.

        Raises:
            SpecError: If a float has no number of points.
        """
        return LiveGridSearch(space, self.points)


class LiveGridSearch:
    """Walks the grid and skips what is a trial already. What it keeps is how far all was found to be done."""

    looks_at_results: ClassVar[bool] = False

    def __init__(self, space: Space, points: int | dict[str, int] | None) -> None:
        self._space = space
        self._points = points
        self._size = space.grid_size(points)
        self._forget()

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """The next combinations; none when all were tried."""
        self._learn(history)
        while self._next < self._size and self._is_done(self._combination(self._next)):
            self._next += 1
        left = (self._combination(index) for index in range(self._next, self._size))
        untried = (config for config in left if not self._is_done(config))
        return [Suggestion(config) for config in islice(untried, request.count)]

    def _learn(self, history: HistoryView) -> None:
        if history.n_trials < self._known:  # a question about the past
            self._forget()
        new = history.completed[self._known :]
        self._tried.update(frozenset(config.items()) for config in new)
        self._known += len(new)

    def _forget(self) -> None:
        self._next = 0  # all combinations before it are done
        self._tried: set[frozenset[tuple[str, Scalar]]] = set()
        self._known = 0  # trials in it

    def _combination(self, index: int) -> Config:
        return self._space.grid_config(index, self._points)

    def _is_done(self, config: Config) -> bool:
        """Whether a combination was tried, or is against the rules of the space."""
        if frozenset(config.items()) in self._tried:
            return True
        return self._space.has_rules and not self._space.contains(config)
