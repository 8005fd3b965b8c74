"""The live searcher that genetic search, regularized evolution, differential evolution and NSGA share.

They differ in who survives (a `Pool`) and in how children come from survivors (a `Breed`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rung.core.history import Floats, HistoryView, Ints
from rung.core.space import Space
from rung.core.suggestion import Request, Suggestion
from rung.searchers.evidence import Evidence
from rung.searchers.evolution.pool import Pool
from rung.searchers.evolution.screen import Screen

BROOD = 4  # children of which the first good one is taken
BROODS = 5  # broods at most, before it is left to chance
BLOCK = 64  # points of the design that are worked out at once


@dataclass(frozen=True, slots=True)
class Children:
    """Candidates for one trial.

    Attributes:
        points: In the unit cube, a number in every column, shape (m, d).
        parents: The trials that each comes from, shape (m, p).
    """

    points: Floats
    parents: Ints


class Breed(Protocol):
    """How children come from survivors."""

    def __call__(self, pool: Evidence, trial: int, n: int, rng: np.random.Generator) -> Children:
        """Some children for a trial.

        Args:
            pool: The survivors, best first.
            trial: The number that the child will have.
            n: How many children.
            rng: Where the randomness comes from.
        """
        ...


class LiveEvolution:
    """Begins with a design that fills the space; breeds once there are enough survivors.

    Args:
        space: Where to search.
        seed: Of the study.
        name: Of the method, for the log.
        pool: The survivors.
        breed: How children come from them.
        initial: How many survivors it takes to breed.
    """

    def __init__(  # noqa: PLR0917  what a method is made of
        self, space: Space, seed: int, name: str, pool: Pool, breed: Breed, initial: int
    ) -> None:
        self._name = name
        self._pool = pool
        self._breed = breed
        self._initial = initial
        self._space = space
        self._design = Design(space, seed)
        self._screen = Screen(space)

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """One configuration for each trial asked for."""
        pool = self._pool.at(history)
        taken: set[bytes] = set()
        return [self._one(history, pool, request, number, taken) for number in range(request.count)]

    def _one(
        self, history: HistoryView, pool: Evidence, request: Request, number: int, taken: set[bytes]
    ) -> Suggestion:
        trial = request.trial + number
        rng = request.rng(self._name, trial)
        if len(pool) < self._initial:
            row = self._design.row(request.index + number)
            point, _ = self._screen.first(self._begun(row, rng), history, taken)
            return Suggestion(self._space.decode(point[None])[0], {"model": self._name, "initial": True})
        parents: list[Ints] = []
        point, row_number = self._screen.first(self._bred(pool, trial, rng, parents), history, taken)
        fitted: dict[str, Any] = {"model": self._name}
        if row_number < sum(map(len, parents)):
            fitted["parents"] = sorted({*np.concatenate(parents)[row_number].tolist()})
        return Suggestion(self._space.decode(point[None])[0], fitted)

    def _begun(self, row: Floats, rng: np.random.Generator) -> Iterator[Floats]:
        yield row[None]
        yield self._space.points(BROOD * BROODS, rng)

    def _bred(
        self, pool: Evidence, trial: int, rng: np.random.Generator, parents: list[Ints]
    ) -> Iterator[Floats]:
        for _ in range(BROODS):
            children = self._breed(pool, trial, BROOD, rng)
            parents.append(children.parents)
            yield children.points
        yield self._space.points(BROOD * BROODS, rng)


class Design:
    """The points that a search begins with, by their number: a Sobol sequence; what is kept is a block of it."""

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._number = -1
        self._block: Floats = np.empty((0, 0))

    def row(self, index: int) -> Floats:
        """A point, shape (d,)."""
        from rung.models.designs import sobol

        number, row = divmod(index, BLOCK)
        if number != self._number:
            self._block = sobol(self._space, BLOCK, self._seed, skip=number * BLOCK)
            self._number = number
        found: Floats = self._block[row % len(self._block)]
        return found
