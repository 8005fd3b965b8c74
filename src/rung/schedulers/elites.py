"""New configurations around the elites of a race: truncated normal and categorical distributions that narrow.

Each new candidate has a parent among the elites, drawn by its rank. What is a number, or an ordered choice, is drawn
from a normal distribution around the parent's place on the encoded scale, truncated to the unit interval; an unordered
choice from the probabilities that the parent's line of ancestors has collected. Both narrow from race to race; when
two candidates come out alike they are widened again, and the race draws anew (a soft restart).

Reference:
    López-Ibáñez et al., The irace Package, Operations Research Perspectives 3, 2016, sections 2.2 and 3.3 (called
    "the paper" here). Departures: one spread holds for all elites, and a soft restart widens all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rung.core.history import History
from rung.core.rng import rng
from rung.core.scale import bins
from rung.core.space import Choice, Column, Config, Space

Floats = npt.NDArray[np.float64]

FIRST_SPREAD = 0.5  # standard deviation before the second race: half of the unit interval
ATTEMPTS = 100  # at candidates that keep the rules of the space
ALIKE = 8  # decimals of the unit interval by which candidates are told apart


@dataclass(frozen=True, slots=True)
class Generation:
    """The new candidates of one race.

    Attributes:
        race: Number of the race, from 1; the first has no elites.
        races: Into how many the budget is divided.
        elites: The elites, best first.
        parents: For each new candidate the place of its parent among the elites.
    """

    race: int
    races: int
    elites: tuple[int, ...]
    parents: tuple[int, ...]

    @property
    def shift(self) -> float:
        """How much of its probability each option gives up for the one that an elite has."""
        return (self.race - 1) / max(self.races, self.race)


@dataclass(frozen=True, slots=True)
class Step:
    """One race in the line of an elite.

    Attributes:
        ancestor: Who was the elite then: its forefather, or the elite itself.
        shift: As of the generation.
        restarted: Whether the race was restarted softly.
    """

    ancestor: int
    shift: float
    restarted: bool


@dataclass(slots=True)
class Breeding:
    """Who descends from whom, and what is drawn around them.

    What is kept follows from facts alone. Configurations are computed when they are asked for, from the history, and
    only remembered.
    """

    seed: int
    generations: list[Generation] = field(default_factory=list)
    _lines: dict[int, tuple[tuple[int, int], ...]] = field(
        default_factory=dict
    )  # (generation, ancestor) each
    _drawn: dict[int, tuple[list[Config], bool]] = field(default_factory=dict)

    def begin(self, race: int, races: int, elites: Sequence[int], n_new: int) -> None:
        """A race begins whose new candidates descend from these elites, best first."""
        parents: tuple[int, ...] = ()
        if elites:
            draw = rng(self.seed, "parents of a race", race).random(n_new)
            parents = tuple(np.searchsorted(np.cumsum(weights(len(elites)))[:-1], draw, "right").tolist())
        number = len(self.generations)
        self.generations.append(Generation(race, races, tuple(elites), parents))
        ever = {elite for generation in self.generations for elite in generation.elites}
        self._lines = {trial: line for trial, line in self._lines.items() if trial in ever}
        for elite in elites:
            self._lines[elite] = (*self._lines.get(elite, ()), (number, elite))

    def enter(self, trial: int, index: int) -> None:
        """A trial is the race's new candidate `index`."""
        if (parent := self.parent(index)) is not None:
            self._lines[trial] = self._lines[parent]

    def parent(self, index: int) -> int | None:
        """The parent of the new candidate `index`; None if it has none and the searcher is to be asked."""
        if not self.generations or index >= len(self.generations[-1].parents):
            return None
        generation = self.generations[-1]
        return generation.elites[generation.parents[index]]

    def forget(self) -> None:
        """Forget what was drawn, as the space has changed."""
        self._drawn.clear()

    def config(self, index: int, space: Space, history: History) -> Config:
        """The configuration of the new candidate `index`, which has a parent."""
        return self._of(len(self.generations) - 1, space, history.view().encoded)[0][index]

    def _of(self, number: int, space: Space, encoded: Floats) -> tuple[list[Config], bool]:
        """The new configurations of a generation, and whether it was restarted softly."""
        if number not in self._drawn:
            found, restarted = self._draw(number, space, encoded, restart=False), False
            if space.columns and _any_alike(space, found, encoded[list(self.generations[number].elites)]):
                found, restarted = self._draw(number, space, encoded, restart=True), True
            self._drawn[number] = found, restarted
        return self._drawn[number]

    def _draw(self, number: int, space: Space, encoded: Floats, *, restart: bool) -> list[Config]:
        generation = self.generations[number]
        restarts = [*(self._of(past, space, encoded)[1] for past in range(number)), restart]
        purpose = "a race restarted" if restart else "a race"
        generator = rng(self.seed, purpose, generation.race)
        parents = np.array(generation.parents, np.int64)
        points = self._around(parents, number, restarts, space=space, encoded=encoded, generator=generator)
        for _ in range(ATTEMPTS):
            if not (broken := ~space.allows(points)).any():
                return space.decode(points)
            points[broken] = self._around(
                parents[broken], number, restarts, space=space, encoded=encoded, generator=generator
            )
        broken = ~space.allows(points)
        points[broken] = space.points(int(broken.sum()), generator)
        return space.decode(points)

    def _around(
        self,
        parents: npt.NDArray[np.int64],
        number: int,
        restarts: Sequence[bool],
        *,
        space: Space,
        encoded: Floats,
        generator: np.random.Generator,
    ) -> Floats:
        """Points around the elites that are parents, given by their places, shape (n, d); they may break rules."""
        points = generator.random((len(parents), len(space.columns)))
        spread = self._spread(restarts, len(space.columns))
        for place, elite in enumerate(self.generations[number].elites):
            chosen = parents == place
            line = self._line(elite, number, restarts)
            for column in space.columns:
                u = points[chosen, column.index]
                if is_categorical(column):
                    points[chosen, column.index] = draw_option(odds(column, line, encoded), u)
                else:
                    points[chosen, column.index] = draw_near(encoded[elite, column.index], spread, u)
        return points

    def _line(self, elite: int, number: int, restarts: Sequence[bool]) -> list[Step]:
        """What the line of an elite has learned up to a generation."""
        return [
            Step(ancestor, self.generations[past].shift, restarts[past])
            for past, ancestor in self._lines[elite]
            if past <= number
        ]

    def _spread(self, restarts: Sequence[bool], d: int) -> float:
        """The standard deviation in the last of some generations: it shrinks by `n_new ** (-1 / d)` in each."""
        spread = FIRST_SPREAD
        for generation, restarted in zip(self.generations, restarts, strict=False):
            if (n_new := len(generation.parents)) == 0:
                continue
            narrow = n_new ** (-1 / max(1, d))
            spread *= narrow
            if restarted:
                spread = min(spread / narrow**2, FIRST_SPREAD * narrow)
        return spread


def weights(n: int) -> Floats:
    """Chance of each of n elites, best first, to be a parent: `2 (n - rank + 1) / (n (n + 1))` (section 3.3)."""
    return np.arange(n, 0, -1) / (n * (n + 1) / 2)


def is_categorical(column: Column) -> bool:
    """Whether neighbouring places on the encoded scale mean nothing."""
    return isinstance(column.parameter, Choice) and not column.parameter.ordered


def odds(column: Column, line: Sequence[Step], encoded: Floats) -> Floats:
    """Probability of each option of a choice, after the races in the line of an elite, shape (n_options,).

    In race j of N each elite gives its own option `(j - 1) / N`, and all options keep `1 - (j - 1) / N` of what they
    had (the paper, section 3.3). As in the package none exceeds `0.2 ** (1 / d)`, so that four in five candidates of
    choices alone differ from their parent. Where the choice is not active nothing changes.
    """
    n, cap = int(column.n_values), 0.2 ** (1 / encoded.shape[1])
    p = np.full(n, 1 / n)
    for step in line:
        place = encoded[step.ancestor, [column.index]]
        if not np.isnan(place[0]):
            p *= 1 - step.shift
            p[bins(place, n)] += step.shift
            p = np.minimum(p, cap)
            p /= p.sum()
        if step.restarted:
            p = 0.9 * p + 0.1 * p.max()
            p /= p.sum()
    return p


def draw_option(p: Floats, u: Floats) -> Floats:
    """Places of options drawn with these probabilities, from uniform numbers u, shape (n,)."""
    return (np.searchsorted(np.cumsum(p)[:-1], u, "right") + 0.5) / len(p)


def draw_near(center: float, spread: float, u: Floats) -> Floats:
    """Places around a center, from uniform numbers u, shape (n,); anywhere if the center is NaN.

    The normal distribution with this standard deviation is truncated to the unit interval, not clipped.
    """
    from scipy.special import ndtr, ndtri

    if np.isnan(center):
        return u
    low, high = ndtr(-center / spread), ndtr((1 - center) / spread)
    found: Floats = np.clip(center + spread * ndtri(low + u * (high - low)), 0.0, 1.0)
    return found


def _any_alike(space: Space, configs: Sequence[Config], elites: Floats) -> bool:
    """Whether two among the new configurations and the elites are alike."""
    points = np.vstack([space.encode(configs), elites])
    return len(np.unique(np.nan_to_num(points.round(ALIKE), nan=-1.0), axis=0)) < len(points)
