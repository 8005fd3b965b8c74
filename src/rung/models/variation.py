"""Variation: how new points come from old ones, by crossover and mutation, in a unit cube of mixed columns.

Points are rows; NaN stands in a column that is inactive there. What comes out has a number in every column, so that
whatever becomes active has a value, and is to be snapped to the space. All is vectorized over the rows.

References:
    Deb & Agrawal, Simulated Binary Crossover for Continuous Search Space, Complex Systems 1995.
    Deb & Goyal, A Combined Genetic Adaptive Search (GeneAS), 1996 (polynomial mutation).
    Deb et al., NSGA-II, IEEE TEVC 2002 (both, as they are used there).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.core.history import Floats
from rung.core.space import Choice, Space

Mask = npt.NDArray[np.bool_]
Random = np.random.Generator


@dataclass(frozen=True, slots=True)
class Kinds:
    """What stands in the columns of a space.

    Attributes:
        n_values: How many values each has, inf for a continuous one, shape (d,).
        unordered: Which are choices whose options have no order, shape (d,).
    """

    n_values: Floats
    unordered: Mask

    @classmethod
    def of(cls, space: Space) -> "Kinds":
        """Those of a space."""
        parameters = [column.parameter for column in space.columns]
        unordered = [isinstance(each, Choice) and not each.ordered for each in parameters]
        n_values = [float(column.n_values) for column in space.columns]
        return cls(np.array(n_values, float), np.array(unordered, np.bool_))

    def __len__(self) -> int:
        return len(self.n_values)


def filled(X: Floats, rng: Random, *others: Floats) -> Floats:
    """Points without NaN: what is inactive comes from the first of the others in which it is active, or is random."""
    found = X
    for other in others:
        found = np.where(np.isnan(found), other, found)
    drawn = rng.random(X.shape)
    missing = np.isnan(found)
    return np.where(missing, drawn, found) if missing.any() else found


def binary_crossover(A: Floats, B: Floats, kinds: Kinds, rng: Random, eta: float) -> Floats:
    """One child of each pair of rows: SBX in about half of the ordered columns, in others the value of a parent.

    Args:
        A: First parents, shape (m, d), without NaN.
        B: Second parents, shape (m, d), without NaN.
        kinds: Of the columns.
        rng: Where the randomness comes from.
        eta: Distribution index: the larger, the nearer the child is to a parent.
    """
    u, v = rng.random((2, *A.shape))
    spread = np.where(u <= 0.5, 2 * u, 1 / (2 - 2 * u)) ** (1 / (eta + 1))  # u is below 1
    blended = 0.5 * ((A + B) + spread * (A - B))
    crossed = np.where(kinds.unordered, B, blended)
    return np.where(v < 0.5, np.minimum(np.maximum(crossed, 0.0), 1.0), A)


def uniform_crossover(A: Floats, B: Floats, rng: Random, rate: float | Floats = 0.5) -> Floats:
    """One child of each pair of rows: each value of the second parent with a chance of `rate`, else of the first."""
    return np.where(rng.random(A.shape) < rate, B, A)


def some(active: Mask, rng: Random, rate: float | None = None) -> Mask:
    """Which values to mutate: each active one with a chance of `rate`, and at least one in each row.

    Args:
        active: Which may be chosen, shape (m, d), at least one in each row that shall have one.
        rng: Where the randomness comes from.
        rate: None: one in expectation. 0: exactly one.
    """
    chances = np.where(active, rng.random(active.shape), np.inf)
    rates = 1 / np.maximum(active.sum(axis=1, keepdims=True), 1) if rate is None else rate
    chosen: Mask = (chances < rates) | (chances == chances.min(axis=1, keepdims=True))
    return chosen & active


def mutated(X: Floats, chosen: Mask, kinds: Kinds, rng: Random, eta: float) -> Floats:
    """Points with other values where they are chosen: near ones in ordered columns, any other of an unordered choice.

    A discrete value moves by at least one, up or down.

    Args:
        X: Shape (m, d), without NaN.
        chosen: Which values to change, shape (m, d).
        kinds: Of the columns.
        rng: Where the randomness comes from.
        eta: Distribution index of the polynomial: the larger, the smaller the steps.
    """
    step = _polynomial(X, rng.random(X.shape), eta)
    least = np.copysign(1 / kinds.n_values, step)
    moved = X + np.where(np.abs(step) < np.abs(least), least, step)
    moved = np.where(np.abs(moved - 0.5) > 0.5, X - least, moved)
    if kinds.unordered.any():
        moved = np.where(kinds.unordered, _another(X, kinds, rng), moved)
    return np.where(chosen, np.minimum(np.maximum(moved, 0.0), 1.0), X)


def differences(  # noqa: PLR0917  the letters of the method
    kinds: Kinds, base: Floats, A: Floats, B: Floats, factor: Floats, rng: Random
) -> Floats:
    """Rows moved by the difference of two others, `base + factor * (A - B)`; back inside where they leave the cube.

    An unordered choice knows no difference: where A and B do not agree, it takes A's option with a chance of `factor`.

    Args:
        kinds: Of the columns.
        base: Shape (m, d), without NaN, like A and B.
        A: Shape (m, d).
        B: Shape (m, d).
        factor: How much of the difference, shape (m, 1).
        rng: Where the randomness comes from.
    """
    moved = base + factor * (A - B)
    moved = np.where(moved < 0, base / 2, np.where(moved > 1, (base + 1) / 2, moved))
    takes = (_options(A, kinds) != _options(B, kinds)) & (rng.random(base.shape) < factor)
    return np.where(kinds.unordered, np.where(takes, A, base), moved)


def distances(X: Floats, Y: Floats, kinds: Kinds) -> Floats:
    """How far points are apart, squared, shape (m, n): choices differ by 0 or 1, what is active in one alone by 1."""
    apart = np.abs(X[:, None, :] - Y[None, :, :])
    alone = np.isnan(X)[:, None, :] != np.isnan(Y)[None, :, :]
    apart = np.where(np.isnan(apart), alone, apart)
    apart = np.where(kinds.unordered, apart > 0, apart)
    squared: Floats = (apart**2).sum(axis=2)
    return squared


def _polynomial(X: Floats, u: Floats, eta: float) -> Floats:
    """Steps of polynomial mutation that stay in the unit interval, from uniform numbers."""
    down = u < 0.5
    room = np.where(down, 1 - X, X) ** (eta + 1)
    v = 2 * np.where(down, u, 1 - u)  # downwards and upwards are the same in a mirror
    length = 1 - (v + (1 - v) * room) ** (1 / (eta + 1))
    return np.where(down, -length, length)


def _another(X: Floats, kinds: Kinds, rng: Random) -> Floats:
    """The places of other options, each as likely as any; the same where there is only one."""
    n = np.where(kinds.unordered, kinds.n_values, 1.0)
    ahead = 1 + np.floor(rng.random(X.shape) * np.maximum(n - 1, 0))
    found: Floats = ((_options(X, kinds) + np.minimum(ahead, n - 1)) % n + 0.5) / n
    return found


def _options(X: Floats, kinds: Kinds) -> Floats:
    """Numbers of the options; of no meaning where there are none."""
    n = np.where(kinds.unordered, kinds.n_values, 1.0)
    found: Floats = np.minimum(np.floor(X * n), n - 1)
    return found
