"""Portfolio: first the configurations that together did best in earlier studies, then another searcher.

The earlier studies are those of `warm_start`. Nothing is learned of the present task before they are tried, hence
zero-shot. The searcher that follows knows the trials of this study alone, unless it is one that transfers.

Reference:
    Feurer, Eggensperger, Falkner, Lindauer & Hutter, Auto-sklearn 2.0, JMLR 2022, section 3.2.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats, HistoryView
from rung.core.objective import Objectives
from rung.core.past import Past
from rung.core.space import Space
from rung.core.suggestion import Request, SearcherSpec, Suggestion
from rung.models.portfolio import greedy, regret_table
from rung.searchers.nested import searcher_of
from rung.searchers.transfer.earlier import check_one_objective, options_of, tasks_of

PER_TASK = 20  # best trials of each study from which the portfolio is chosen


class Portfolio(
    msgspec.Struct,
    frozen=True,
    tag="portfolio",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Try the best of earlier studies first.

    Attributes:
        size: How many configurations; fewer are tried if no further one would have been of use in any study.
        then: The searcher that follows; None: `Auto()`.
    """

    size: int = 8
    then: Any = None  # a spec, or a table as in a log

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise SpecError(
                f"size of Portfolio must be a whole number of at least 1, got {self.size!r}. Use 8."
            )
        _ = self.searcher

    @property
    def searcher(self) -> SearcherSpec:
        """The spec of the searcher that follows."""
        return searcher_of({"type": "auto"} if self.then is None else self.then, "Portfolio")

    @property
    def tries_defaults(self) -> bool:
        """The portfolio comes first."""
        return False

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LivePortfolio":
        """A live searcher.

        Raises:
            SpecError: If there are several objectives.
        """
        check_one_objective(objectives, "Portfolio")
        return LivePortfolio(self.size, self.searcher.start(space, objectives, seed), space, seed)


class LivePortfolio:
    """Hands out the portfolio. What it keeps is the portfolio of the past that it saw last."""

    reads_past: ClassVar[bool] = True
    takes_time: ClassVar[bool] = True

    def __init__(self, size: int, then: Any, space: Space, seed: int) -> None:  # then: a live searcher
        self._size = size
        self._then = then
        self._space = space
        self._seed = seed
        self._known: tuple[tuple[Past, ...], Floats] = ((), np.zeros((0, len(space.columns))))

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """What is left of the portfolio, then what the other searcher suggests."""
        points = self._points(history.past)
        rows = points[request.index : request.index + request.count]
        found = [
            Suggestion(config, {"model": "portfolio", "place": place})
            for place, config in enumerate(self._space.decode(rows), request.index)
        ]
        n, left = len(found), request.count - len(found)
        if left:
            asked = msgspec.structs.replace(
                request, trial=request.trial + n, index=request.index + n, count=left
            )
            found += self._then.suggest(history, asked)
        return found

    def _points(self, past: tuple[Past, ...]) -> Floats:
        """The portfolio, shape (at most size, d)."""
        if len(self._known[0]) != len(past) or any(
            a is not b for a, b in zip(self._known[0], past, strict=True)
        ):
            self._known = past, chosen(past, self._space, self._size, self._seed)
        return self._known[1]


def chosen(past: Sequence[Past], space: Space, size: int, seed: int) -> Floats:
    """The portfolio of earlier studies, the most useful point first, shape (at most size, d)."""
    tasks = tasks_of(past)
    if not tasks:
        return np.zeros((0, len(space.columns)))
    wanted = np.vstack([task.best(PER_TASK) for task in tasks])
    wanted = wanted[space.allows(wanted)]
    shares = [task.shares for task in tasks]
    table = regret_table([task.points for task in tasks], shares, wanted, options_of(space), seed)
    found: Floats = wanted[greedy(table, size)]
    return found
