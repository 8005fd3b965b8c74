"""Random search: configurations drawn uniformly from the encoded space, independent of what was observed.

Reference:
    Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012.
"""

from collections.abc import Sequence

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
    """Draws in blocks: trial `n` has row `n % BLOCK` of the block at address `n // BLOCK`."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._number = -1
        self._block: list[Config] = []  # memo of the block in use

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for."""
        return [
            Suggestion(self._config(trial)) for trial in range(request.trial, request.trial + request.count)
        ]

    def _config(self, trial: int) -> Config:
        number, row = divmod(trial, BLOCK)
        if number != self._number:
            self._block = self._space.sample(BLOCK, rng(self._seed, "random search", number))
            self._number = number
        return self._block[row]
