"""How the values of one hyperparameter lie on the unit interval: a map there and back, a column at a time.

A scale knows numbers and options; it must not know names, conditions or spaces.

A discrete scale gives each of its n values a bin of `[0, 1]`, encodes a value as a point inside its bin and
decodes every point of the bin to it, so that uniform points decode to uniform values.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rung.core.errors import ConfigurationError

Scalar = str | int | float | bool | None
"""What a configuration may hold: the scalars of JSON."""

Array = NDArray[np.float64]

MAX_VALUES = 2**40  # bins of a float64 unit interval stay far wider than its rounding errors
MAX_INTEGER = 2**62  # so that differences of integers fit 64 bits


@dataclass(frozen=True, slots=True)
class Axis:
    """The values that a grid visits: how many, and which is the k-th."""

    size: int
    value: Callable[[int], Scalar]


class Scale(Protocol):
    """Values of one hyperparameter and their places in `[0, 1]`."""

    @property
    def n_values(self) -> int | float:
        """How many distinct values there are; `math.inf` for a continuous scale."""

    def encode(self, values: Sequence[Scalar]) -> Array:
        """Places of values, shape (n,); ConfigurationError if one is not a value of this scale."""

    def decode(self, u: Array) -> list[Scalar]:
        """Values at places in `[0, 1]`, as plain Python objects."""

    def place_of(self, value: Scalar) -> float:
        """What `encode` gives for one value, to the bit; some ten times as fast."""

    def value_at(self, u: float) -> Scalar:
        """What `decode` gives for one place, likewise."""

    def values(self, u: Array) -> NDArray[Any]:  # Any: numbers, or the options of a choice as objects
        """The same values as an array to compute with."""

    def snap(self, u: Array) -> Array:
        """Where the values at places are encoded; on a continuous scale the places as they are."""

    def nth(self, k: NDArray[np.int64]) -> Array:
        """Where the k-th values are encoded, counted from 0; not on a continuous scale."""

    def number(self, u: Array) -> NDArray[np.int64]:
        """Which of the values, counted from 0, lie at places; not on a continuous scale."""

    def axis(self, points: int | None) -> Axis:
        """The values of a grid: `points` of them, evenly over the interval, or all if they are fewer.

        None stands for all; a continuous scale needs a number.
        """

    def fault(self, value: object) -> str | None:
        """What is wrong with a value, to stand after its name in a sentence; None if nothing is."""


def bins(u: Array, n: int) -> NDArray[np.int64]:
    """Number of the bin of each place, if `[0, 1]` is cut into n equal ones."""
    return np.minimum((u * n).astype(np.int64), n - 1)


def listed(values: Iterable[object]) -> str:
    """Values as they would be typed, joined by commas; the first twelve of a long list."""
    words = [repr(value) for value in values]
    return ", ".join(words if len(words) <= 12 else [*words[:12], f"… ({len(words)} in all)"])


def decimal(x: float) -> Fraction:
    """The number that is written: one tenth for 0.1, not the float nearest to it."""
    return Fraction(repr(x))


def nearest(word: object, words: Iterable[object]) -> str:
    """` Did you mean 'x'?`, or nothing if no word is near."""
    names = [name for name in words if isinstance(name, str)]
    match = get_close_matches(word, names, n=1) if isinstance(word, str) else []
    return f" Did you mean {match[0]!r}?" if match else ""


def refusal(scale: Scale, values: Sequence[Scalar]) -> ConfigurationError:
    """What is wrong with a column, in the words of the scale's `fault`."""
    faults = (scale.fault(value) for value in values)
    return ConfigurationError("A value " + next(fault for fault in faults if fault is not None))


def floats(values: Sequence[Scalar]) -> Array | None:
    """Plain numbers as an array; None if some are none."""
    if not set(map(type, values)) <= {float, int}:
        return None
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return None


def integers(values: Sequence[Scalar]) -> NDArray[np.int64] | None:
    """Plain integers as an array; None if some are none or do not fit."""
    if set(map(type, values)) != {int}:
        return None
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        return None


def as_array(values: Sequence[Scalar]) -> NDArray[Any]:  # Any: see below
    """Values to compute with: numbers as floats, truth values as such, everything else as objects."""
    if all(map(is_number, values)):
        return np.array(values, dtype=np.float64)
    if all(type(value) is bool for value in values):
        return np.array(values, dtype=np.bool_)
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def is_number(value: object) -> bool:
    """A plain int or float: no bool, no numpy scalar, nothing that JSON would change."""
    return type(value) in (int, float)


def plain_advice(value: object) -> str:
    """Advice for a numpy scalar where a plain Python value is meant."""
    return " Turn it into a plain Python value with .item()." if isinstance(value, np.generic) else ""


def outside(kind: str, value: object, low: float, high: float) -> str:
    """The fault of a value that is none of a kind between two bounds."""
    advice = plain_advice(value) or " Give a value in that range."
    return f"must be {kind} from {low!r} to {high!r}, got {value!r}.{advice}"
