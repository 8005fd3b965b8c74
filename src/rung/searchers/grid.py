"""Grid search: every combination of values, once; the study ends when the grid does."""

from collections.abc import Sequence

import msgspec

from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.space import Space
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
    """Walks the grid by index; has no memory."""

    def __init__(self, space: Space, points: int | dict[str, int] | None) -> None:
        self._space = space
        self._points = points
        self._size = space.grid_size(points)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """The next combinations; none when all were suggested."""
        end = min(request.index + request.count, self._size)
        return [
            Suggestion(self._space.grid_config(index, self._points)) for index in range(request.index, end)
        ]
