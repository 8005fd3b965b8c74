"""Random search: configurations drawn uniformly from the encoded space, independent of what was observed.

Reference:
    Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.rng import rng
from rung.core.space import Config, Space
from rung.core.suggestion import Request, Suggestion

BLOCK = 256  # configurations drawn at once; part of what a seed means, like the generator


class RandomSearch(msgspec.Struct, frozen=True, tag="random", tag_field="type", forbid_unknown_fields=True):
    """Draw each configuration at random."""

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveRandomSearch":
        """A live searcher."""
        return LiveRandomSearch(space, seed)


class LiveRandomSearch:
    """Draws in blocks: trial `n` has row `n % BLOCK` of the block at address `n // BLOCK`.

    In a space that was changed the blocks have addresses of their own, as the numbers of the old ones, cut into
    rows of another width, would bring back values that were tried.
    """

    looks_at_results: ClassVar[bool] = False

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._address = ("", -1)
        self._block: list[Config] = []  # memo of the block there

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for."""
        purpose = f"random search from {history.since}" if history.since else "random search"
        trials = range(request.trial, request.trial + request.count)
        return [Suggestion(self._config(purpose, trial)) for trial in trials]

    def _config(self, purpose: str, trial: int) -> Config:
        number, row = divmod(trial, BLOCK)
        if self._address != (purpose, number):
            self._address = (purpose, number)
            self._block = self._space.sample(BLOCK, rng(self._seed, *self._address))
        return self._block[row]
