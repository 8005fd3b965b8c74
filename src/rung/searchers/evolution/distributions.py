"""The distributions that CMA-ES samples from and learns, each a thin coat around one of the package `cmaes`.

A history knows which configuration was tried, not the raw sample that it came from: it has no value where a
hyperparameter is inactive, and of a discrete one the value instead of a real number. What it lacks is drawn from the
part of the distribution that the value stands for: so it favours nothing.

References:
    Hansen, The CMA Evolution Strategy: A Tutorial, arXiv 1604.00772.
    Ros & Hansen, A Simple Modification in CMA-ES Achieving Linear Time and Space Complexity, PPSN 2008 (separable).
    Hamano et al., CatCMA with Margin, GECCO 2025 (integers and choices).
    Hansen, Injecting External Solutions Into CMA-ES, arXiv 1110.4181 (points that are too far away).
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from rung.core.history import Floats, Ints
from rung.core.space import Choice, Column, Space

FAR = 5.0  # a sample is this much longer than a usual one by a chance below one in a million
MANY = 64  # values from which on a discrete hyperparameter counts as continuous
TRIES = 20  # samples outside the cube before one is moved to its border


@dataclass(frozen=True, slots=True)
class Begin:
    """Where a distribution begins.

    Attributes:
        mean: Its centre, shape (d,).
        sigma: Its overall standard deviation, in parts of the ranges.
        population: Trials in a generation; None: as many as the number of dimensions asks for.
        cov: Its shape, (d, d); None: a ball.
    """

    mean: Floats
    sigma: float
    population: int | None = None
    cov: Floats | None = None


class Distribution(Protocol):
    """What CMA-ES samples from and learns; points are rows of the unit cube."""

    population: int

    def sample(self, seed: int) -> Floats:
        """A point, shape (d,); the same seed gives the same."""
        ...

    def learn(self, points: Floats, rng: np.random.Generator) -> None:
        """One generation, the best first, shape (population, d); NaN where inactive."""
        ...

    @property
    def step(self) -> float:
        """The largest standard deviation of a coordinate, in parts of its range."""
        ...

    @property
    def is_spent(self) -> bool:
        """Whether it is numerically at its end."""
        ...


def distribution(space: Space, begin: Begin, *, separable: bool) -> Distribution:
    """The distribution for the kinds of hyperparameters that a space has."""
    if any(_is_discrete(column) for column in space.columns):
        return Mixed(space, begin)
    return Gaussian(begin, separable=separable)


class Gaussian:
    """A normal distribution on the unit cube: of any shape, or along the axes."""

    def __init__(self, begin: Begin, *, separable: bool) -> None:
        import cmaes

        d = len(begin.mean)
        shared = {
            "bounds": np.tile([0.0, 1.0], (d, 1)),
            "n_max_resampling": TRIES,
            "population_size": begin.population,
        }
        if separable and d > 1:
            self._inner = cmaes.SepCMA(begin.mean.copy(), begin.sigma, **shared)
        else:
            self._inner = cmaes.CMA(begin.mean, begin.sigma, cov=begin.cov, **shared)
        self.population: int = self._inner.population_size

    def sample(self, seed: int) -> Floats:
        """A point, shape (d,)."""
        self._inner.reseed_rng(seed)
        point: Floats = self._inner.ask()
        return point

    def learn(self, points: Floats, rng: np.random.Generator) -> None:
        """One generation, the best first."""
        mean, spread = self._inner.mean, self._deviations()
        X = np.where(np.isnan(points), mean + spread * rng.standard_normal(points.shape), points)
        X = mean + (X - mean) * self._shrinkage(X - mean)[:, None]
        with np.errstate(all="ignore"):
            self._inner.tell([(x, float(place)) for place, x in enumerate(X)])

    @property
    def step(self) -> float:
        """The largest standard deviation."""
        return float(self._deviations().max())

    @property
    def is_spent(self) -> bool:
        """Whether it is numerically at its end."""
        with np.errstate(all="ignore"):
            return bool(self._inner.should_stop()) or not np.isfinite(self._inner.mean).all()

    def _deviations(self) -> Floats:
        C = self._inner._C
        found: Floats = self._inner._sigma * np.sqrt(np.maximum(C if C.ndim == 1 else np.diag(C), 0.0))
        return found

    def _shrinkage(self, away: Floats) -> Floats:
        """By how much points are drawn nearer that the distribution would hardly ever give."""
        C = self._inner._C
        inverse = away / C if C.ndim == 1 else np.linalg.solve(C, away.T).T
        return _shrinkage(np.sqrt(np.maximum((away * inverse).sum(axis=1), 0.0)) / self._inner._sigma, away)


class Mixed:
    """A normal distribution with a margin for discrete values, and a chance for each option of an unordered choice."""

    def __init__(self, space: Space, begin: Begin) -> None:
        columns = [column for column in space.columns if column.n_values > 1]
        self._d = len(space.columns)
        self._x = _indices(column for column in columns if not _is_discrete(column))
        self._z = _indices(column for column in columns if _is_discrete(column) and not _is_unordered(column))
        self._c = _indices(column for column in columns if _is_unordered(column))
        self._v = np.concatenate([self._x, self._z])
        self._values = [_places(space.columns[index]) for index in self._z.tolist()]
        self._counts = np.array([int(space.columns[index].n_values) for index in self._c.tolist()], np.int64)
        self._inner = self._begun(begin)
        self.population: int = self._inner.population_size

    def _begun(self, begin: Begin) -> Any:  # Any: an object of the package
        import cmaes

        shape: dict[str, Any] = {}
        if len(self._v):
            cov = np.eye(self._d) if begin.cov is None else begin.cov
            shape = {"mean": begin.mean[self._v], "sigma": begin.sigma, "cov": cov[np.ix_(self._v, self._v)]}
        return cmaes.CatCMAwM(
            x_space=[[0.0, 1.0]] * len(self._x) or None,
            z_space=self._values or None,
            c_space=self._counts.tolist() or None,
            population_size=begin.population,
            **shape,
        )

    def sample(self, seed: int) -> Floats:
        """A point, shape (d,)."""
        self._inner.reseed_rng(seed)
        drawn = self._inner.ask()
        point = np.full(self._d, 0.5)
        if len(self._x):
            point[self._x] = drawn.x
        if len(self._z):
            point[self._z] = drawn.z
        if len(self._c):
            point[self._c] = (drawn.c.argmax(axis=1) + 0.5) / self._counts
        return point

    def learn(self, points: Floats, rng: np.random.Generator) -> None:
        """One generation, the best first."""
        raw = self._raw(points[:, self._v], rng)
        options = self._options(points[:, self._c], rng)
        solutions = [
            (self._inner.Solution(None, None, options[row], raw[row]), float(row))
            for row in range(len(points))
        ]
        with np.errstate(all="ignore"):
            self._inner.tell(solutions)

    @property
    def step(self) -> float:
        """The largest standard deviation of a number, or chance of an option that is not the likeliest."""
        spread = self._deviations().max(initial=0.0)
        return max(float(spread), 1.0 if len(self._z) or len(self._c) else 0.0)

    @property
    def is_spent(self) -> bool:
        """Whether it is numerically at its end."""
        if not len(self._v):
            return False
        with np.errstate(all="ignore"):
            return bool(self._inner.should_stop()) or not np.isfinite(self._inner._mean).all()

    def _deviations(self) -> Floats:
        if not len(self._v):
            return np.empty(0)
        C = np.maximum(np.diag(self._inner._C), 0.0)
        found: Floats = self._inner._sigma * self._inner._A * np.sqrt(C)
        return found

    def _raw(self, values: Floats, rng: np.random.Generator) -> Floats:
        """Real numbers for ordered values: themselves, a draw from the bin of a discrete one, any if inactive."""
        if not len(self._v):
            return values
        from scipy.special import ndtr, ndtri

        mean, spread = self._inner._mean, self._deviations()
        low, high = self._bins(values)
        inactive = np.isnan(values)
        low, high = np.where(inactive, -np.inf, low), np.where(inactive, np.inf, high)
        below, above = ndtr((low - mean) / spread), ndtr((high - mean) / spread)
        share = np.clip(below + rng.random(values.shape) * (above - below), 1e-12, 1 - 1e-12)
        drawn = np.clip(mean + spread * ndtri(share), low, high)
        raw = np.where(inactive | (high > low), drawn, values)
        away = raw - mean
        inverse = np.linalg.solve(self._inner._C, (away / self._inner._A).T).T
        lengths = np.sqrt(np.maximum((away / self._inner._A * inverse).sum(axis=1), 0.0)) / self._inner._sigma
        found: Floats = mean + away * _shrinkage(lengths, away)[:, None]
        return found

    def _bins(self, values: Floats) -> tuple[Floats, Floats]:
        """Between which real numbers each value stands for what is between; the value itself where it is continuous."""
        low, high = values.copy(), values.copy()
        for column, places in enumerate(self._values, len(self._x)):
            edges = np.concatenate([[-np.inf], (places[1:] + places[:-1]) / 2, [np.inf]])
            number = np.searchsorted(edges[1:-1], np.nan_to_num(values[:, column]))
            low[:, column], high[:, column] = edges[number], edges[number + 1]
        return low, high

    def _options(self, places: Floats, rng: np.random.Generator) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Options as the package writes them, a row of bits for each choice; any likely one if inactive."""
        if not len(self._c):
            return np.zeros((len(places), 0), np.bool_)
        numbers = np.minimum(np.floor(places * self._counts), self._counts - 1)
        chances = self._inner._q.cumsum(axis=1)
        drawn = (rng.random((*places.shape, 1)) >= chances[None]).sum(axis=2)
        numbers = np.where(np.isnan(numbers), np.minimum(drawn, self._counts - 1), numbers)
        bits: np.ndarray[Any, np.dtype[np.bool_]] = numbers[..., None] == np.arange(chances.shape[1])
        return bits


def _shrinkage(lengths: Floats, away: Floats) -> Floats:
    limit = np.sqrt(away.shape[1]) + FAR
    found: Floats = limit / np.maximum(lengths, limit)
    return found


def _indices(columns: Any) -> Ints:  # Any: an iterable of columns
    return np.array([column.index for column in columns], np.int64)


def _is_unordered(column: Column) -> bool:
    """Whether a column is drawn by the chance of each value: choices without order, and where there are only two."""
    parameter = column.parameter
    return column.n_values == 2 or (isinstance(parameter, Choice) and not parameter.ordered)


def _is_discrete(column: Column) -> bool:
    return column.n_values <= MANY or _is_unordered(column)


def _places(column: Column) -> Floats:
    """Where the values of a discrete column lie in the unit interval."""
    axis = column.scale.axis(None)
    return column.scale.encode([axis.value(number) for number in range(axis.size)])
