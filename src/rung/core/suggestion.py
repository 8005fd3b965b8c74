"""What a searcher is asked and what it answers.

A searcher is a pure function of the history: what it keeps between calls is a memo that can be dropped.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.rng import Rng
from rung.core.space import Config, Space


class Request(msgspec.Struct, frozen=True, gc=False):
    """Configurations wanted.

    Attributes:
        trial: Number of the first trial that they are for.
        index: How many configurations this study's searcher has suggested before.
        count: How many are wanted.
        target: Resource that their first jobs will reach.
        bracket: The bracket that they are for.
        rng: Randomness by address.
        trials: How many trials the study may have in all; None: there is no limit.
    """

    trial: int
    index: int
    count: int
    target: int
    bracket: int
    rng: Rng
    trials: int | None = None


class Suggestion(msgspec.Struct, frozen=True, gc=False):
    """A configuration to try, and the model parameters that led to it, for the log.

    Attributes:
        config: The configuration.
        fitted: The parameters.
        reuses: A trial of this configuration whose results serve in place of training; None: it is trained.
    """

    config: Config
    fitted: dict[str, Any] | None = None  # each searcher's own
    reuses: int | None = None


class Searcher(Protocol):
    """A live searcher: which configuration to try next?"""

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """At most `request.count` suggestions; fewer once the space is exhausted."""
        ...


def looks_at_results(searcher: Searcher) -> bool:
    """Whether suggestions depend on what was observed; not if a searcher says `looks_at_results = False`."""
    return getattr(searcher, "looks_at_results", True)


def takes_time(searcher: Searcher) -> bool:
    """Whether a suggestion takes more than some milliseconds, as a searcher says by `takes_time = True`."""
    return getattr(searcher, "takes_time", False)


class SearcherSpec(Protocol):
    """The options of a searcher, as a user writes them."""

    @property
    def tries_defaults(self) -> bool:
        """Whether the study's first trial may be the space's defaults instead of a suggestion."""
        ...

    def start(self, space: Space, objectives: Objectives, seed: int) -> Searcher:
        """A live searcher."""
        ...
