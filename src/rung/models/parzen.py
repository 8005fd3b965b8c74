"""Parzen estimators: densities over a space from points in it, as mixtures of one kernel per point.

A kernel is a product over the columns that are active both where it stands and where it is asked: a truncated normal
for what has an order, the kernel of Aitchison and Aitken for a choice. A column that is active in only one of both
counts as uniform, so the density of a conditional hyperparameter comes only from points in which it is active. All
densities are relative to the uniform one, whose logarithm is 0 everywhere.

The logarithm of a product of kernels is an inner product of features of the two points, and only those of the point
where it is asked know the bandwidths. So all kernels at all candidates are one matrix product, and what belongs to a
point is computed once; only the mass of a normal within the cube has to follow its bandwidth.

References:
    Aitchison & Aitken, Multivariate binary discrimination by the kernel method, Biometrika 63, 1976.
    Watanabe, Tree-Structured Parzen Estimator: Understanding Its Algorithm Components and Their Roles for Better
        Empirical Performance, 2023, section 3.3.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from rung.core.history import Floats, Ints
from rung.core.layout import Column
from rung.core.parameter import Choice

ROOT_2_PI = math.sqrt(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Grain:
    """What kernels must know of the columns of a space.

    Attributes:
        numeric: The columns with an order, shape (p,).
        half_bins: Half the width of a value of these; 0 where values are continuous.
        choices: The columns without, shape (q,).
        n_options: How many options these have.
        groups: For each option that opens columns: these.
        owners: For each option of all choices: which of `choices` it belongs to.
        numbers: Which of its options it is.
    """

    numeric: Ints
    half_bins: Floats
    choices: Ints
    n_options: Ints
    groups: tuple[Ints, ...]
    owners: Ints
    numbers: Ints

    @classmethod
    def of(cls, columns: Sequence[Column]) -> "Grain":
        """That of a space's columns."""
        numeric: list[Column] = []
        choices: list[Column] = []
        below: dict[tuple[int, int | None], list[int]] = {}
        for column in columns:
            unordered = isinstance(column.parameter, Choice) and not column.parameter.ordered
            (choices if unordered else numeric).append(column)
            if column.parent is not None:
                below.setdefault((column.parent, column.option), []).append(column.index)
        n_options = np.array([column.n_values for column in choices], np.int64)
        return cls(
            np.array([column.index for column in numeric], np.int64),
            np.array([0.5 / column.n_values for column in numeric]),
            np.array([column.index for column in choices], np.int64),
            n_options,
            tuple(np.array(members) for members in below.values()),
            np.repeat(np.arange(len(n_options)), n_options),
            np.concatenate([np.arange(0), *map(np.arange, n_options)]),
        )

    def options(self, X: Floats) -> Ints:
        """The option of each choice at points, shape (n, q); -1 where inactive."""
        places = X[:, self.choices] * self.n_options
        found: Ints = np.where(np.isnan(places), -1.0, np.minimum(places, self.n_options - 0.5)).astype(
            np.int64
        )
        return found


@dataclass(frozen=True, slots=True)
class Bandwidths:
    """How wide kernels are.

    Attributes:
        numeric: Standard deviations in the unit cube, before truncation, shape (p,).
        choices: The probability of another option than that of the kernel, shape (q,); 0 where there is only one.
    """

    numeric: Floats
    choices: Floats


def kernels(grain: Grain, X: Floats) -> Floats:
    """The features of kernels that stand at points.

    Args:
        grain: Of the space.
        X: Shape (n, d), NaN where inactive.

    Returns:
        Shape (n, 3 p + all options).
    """
    x = X[:, grain.numeric]
    active = ~np.isnan(x)
    x = np.where(active, x, 0.0)
    marked = grain.options(X)[:, grain.owners] == grain.numbers
    return np.concatenate([active, x, x * x, marked], axis=1)


def log_masses(x: Floats, width: Floats | float) -> Floats:
    """The logarithm of the mass that normals have within `[0, 1]`, shape of x; 0 where x is NaN.

    Args:
        x: Where they stand, shape (n,) or (n, p).
        width: Their standard deviation, one or one for each column.
    """
    active = ~np.isnan(x)
    x = np.where(active, x, 0.5)
    found: Floats = np.where(active, np.log(ndtr((1.0 - x) / width) - ndtr(-x / width)), 0.0)
    return found


def features(grain: Grain, X: Floats, widths: Bandwidths) -> Floats:
    """Those of `kernels` and, behind them, minus the logarithms of their masses; shape (n, 4 p + all options)."""
    masses = log_masses(X[:, grain.numeric], widths.numeric)
    return np.concatenate([kernels(grain, X), -masses], axis=1)


def queries(grain: Grain, X: Floats, widths: Bandwidths) -> Floats:
    """The features of points at which kernels are asked.

    Their inner product with features of kernels, and with minus the `log_masses` of these behind them, is the logarithm
    of a kernel's density.

    Args:
        grain: Of the space.
        X: Shape (m, d), NaN where inactive.
        widths: Of the kernels.

    Returns:
        Shape (m, 4 p + all options).
    """
    s, x = widths.numeric, X[:, grain.numeric]
    active = ~np.isnan(x)
    x = np.where(active, x, 0.0)
    precision = active / s**2
    linear = precision * x
    constant = -0.5 * linear * x - active * np.log(s * ROOT_2_PI)
    table = _table(grain, X, widths.choices)
    return np.concatenate([constant, linear, -0.5 * precision, table, active], axis=1)


def drawn(grain: Grain, X: Floats, widths: Bandwidths, rng: np.random.Generator) -> Floats:
    """One point from each kernel; columns that are inactive where it stands are NaN.

    Args:
        grain: Of the space.
        X: Where the kernels stand, shape (n, d).
        widths: How wide they are.
        rng: Randomness.

    Returns:
        Points of the unit cube, shape (n, d).
    """
    found = X.copy()
    s, x = widths.numeric, X[:, grain.numeric]
    low, high = ndtr(-x / s), ndtr((1.0 - x) / s)
    u = low + rng.random(x.shape) * (high - low)
    found[:, grain.numeric] = np.clip(x + s * ndtri(u), 0.0, 1.0)
    if len(grain.choices):
        n, option = grain.n_options, grain.options(X)
        moves, which = rng.random((2, *option.shape))
        other = (option + 1 + (which * (n - 1)).astype(np.int64)) % n
        moved = np.where(moves < widths.choices, other, option)
        found[:, grain.choices] = np.where(option >= 0, (moved + 0.5) / n, np.nan)
    return found


def _table(grain: Grain, X: Floats, other: Floats) -> Floats:
    """For each option at which a kernel may stand the logarithm of its density at points; shape (m, all options)."""
    n = grain.n_options
    apart = np.log(np.where(n > 1, n * other / np.maximum(n - 1, 1), 1.0))[grain.owners]
    same = np.log(n * (1.0 - other))[grain.owners]
    options = grain.options(X)[:, grain.owners]
    found: Floats = np.where(options == grain.numbers, same, apart) * (options >= 0)
    return found
