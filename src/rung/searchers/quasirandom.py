"""Quasi-random search: configurations that cover the space more evenly than chance, independent of what was observed.

Each trial is the next point of a scrambled Sobol sequence, or of Latin hypercubes laid one after the other.

Reference:
    Bergstra & Bengio, Random Search for Hyper-Parameter Optimization, JMLR 2012, section 4 (low-discrepancy sequences).
"""

from collections.abc import Sequence
from typing import ClassVar, Literal

import msgspec

from rung.core.errors import SpecError
from rung.core.history import HistoryView
from rung.core.objective import Objectives
from rung.core.rng import address, rng
from rung.core.space import Config, Space
from rung.core.suggestion import Request, Suggestion
from rung.models.designs import latin, sobol

BLOCK = 64  # configurations made at once; part of what a seed means


class QuasiRandom(
    msgspec.Struct,
    frozen=True,
    tag="quasi-random",
    tag_field="type",
    forbid_unknown_fields=True,
    omit_defaults=True,
):
    """Cover the space evenly.

    Attributes:
        design: `"sobol"`: a scrambled Sobol sequence, even after any number of trials. `"latin"`: a Latin hypercube
            of `size` trials, then the next one; even along each hyperparameter once a hypercube is complete.
        size: How many trials a Latin hypercube has.
    """

    design: Literal["sobol", "latin"] = "sobol"
    size: int = 20

    def __post_init__(self) -> None:
        if self.design not in ("sobol", "latin"):
            raise SpecError(f"design must be 'sobol' or 'latin', got {self.design!r}. Write design='sobol'.")
        if type(self.size) is not int or not 2 <= self.size <= 10_000:
            raise SpecError(f"size must be a whole number from 2 to 10000, got {self.size!r}. Write size=20.")

    @property
    def tries_defaults(self) -> bool:
        """The first trial may be the defaults."""
        return True

    def start(self, space: Space, objectives: Objectives, seed: int) -> "LiveQuasiRandom":
        """A live searcher."""
        return LiveQuasiRandom(space, seed, self.size if self.design == "latin" else None)


class LiveQuasiRandom:
    """Trial `n` has point `n` of the sequence; a space that was changed has a sequence of its own.

    What it keeps is the block of points that holds the last one.
    """

    looks_at_results: ClassVar[bool] = False

    def __init__(self, space: Space, seed: int, size: int | None) -> None:
        self._space = space
        self._seed = seed
        self._size = size
        self._at = (-1, -1)  # since when the sequence is that of the space, and which block is kept
        self._block: list[Config] = []

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for."""
        trials = range(request.trial, request.trial + request.count)
        return [Suggestion(self._config(history.since, trial)) for trial in trials]

    def _config(self, since: int, trial: int) -> Config:
        block, row = divmod(trial, self._size or BLOCK)
        if self._at != (since, block):
            self._block = self._made(since, block)
            self._at = since, block
        return self._block[row]

    def _made(self, since: int, block: int) -> list[Config]:
        if self._size is not None:
            generator = rng(self._seed, f"latin hypercube from {since}", block)
            return self._space.decode(latin(self._space, self._size, generator))
        seed = address(self._seed, "sobol", since)
        return self._space.decode(sobol(self._space, BLOCK, seed, skip=block * BLOCK))
