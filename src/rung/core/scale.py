"""How the values of one hyperparameter lie on the unit interval: a map there and back, a column at a time.

A scale knows numbers and options; it must not know names, conditions or spaces.

A discrete scale gives each of its n values a bin of `[0, 1]`, encodes a value as a point inside its bin and
decodes every point of the bin to it, so that uniform points decode to uniform values.

A continuous scale cannot be inverted on every float: a sum or a logarithm there and back is off by some units
in the last place. So **a continuous value has 12 significant digits** (on a linear scale: of the range).
Decoding rounds to them, and `decode(encode(x)) == x` holds to the bit for every x that decoding gives, for
both bounds, and for every x that is given with at most these digits. A value that rounds to what a bound
rounds to is that bound.
"""

# ruff: noqa: D102  # the contract stands on the protocol `Scale`

import math
import sys
from abc import ABC, abstractmethod
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

DIGITS = 12
MAX_VALUES = 2**40  # bins of a float64 unit interval stay far wider than its rounding errors
MAX_INTEGER = 2**62  # so that differences of integers fit 64 bits

_POWERS = [float(f"1e{k}") for k in range(23)]  # 10**k is a float64 up to k = 22
_EXACT_POWERS = np.array(_POWERS)
_MAX_POWER = 22
_MAX_WHOLE = 2**53
_LARGEST_POWER = math.log(sys.float_info.max)  # exp of it is a float
_NUMBERS = (int, float)


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


def _refusal(scale: Scale, values: Sequence[Scalar]) -> ConfigurationError:
    """What is wrong with a column, in the words of the scale's `fault`."""
    faults = (scale.fault(value) for value in values)
    return ConfigurationError("A value " + next(fault for fault in faults if fault is not None))


class _Continuous(ABC):
    """Real numbers between two bounds; the subclass bends the interval and rounds."""

    def __init__(self, low: float, high: float) -> None:
        self.low, self.high = low, high
        self.n_values = math.inf
        self._rounded_low, self._rounded_high = self._rounded(low), self._rounded(high)

    @abstractmethod
    def _place(self, x: Array) -> Array: ...

    @abstractmethod
    def _value(self, u: Array) -> Array: ...

    @abstractmethod
    def _round(self, x: Array) -> Array:
        """The nearest values of 12 significant digits; monotone."""

    @abstractmethod
    def _place_of(self, x: float) -> float: ...

    @abstractmethod
    def _value_at(self, u: float) -> float: ...

    @abstractmethod
    def _rounded(self, x: float) -> float: ...

    def encode(self, values: Sequence[Scalar]) -> Array:
        x = _floats(values)
        if x is None or not (x.min() >= self.low and x.max() <= self.high):  # also refuses NaN
            raise _refusal(self, values)
        # The bounds exactly, as they may have any digits and halfway to the next quantum any error counts.
        u = np.where(x == self.low, 0.0, self._place(x))
        u[x == self.high] = 1.0
        return u

    def decode(self, u: Array) -> list[Scalar]:
        decoded: list[Scalar] = self.values(u).tolist()
        return decoded

    def values(self, u: Array) -> Array:
        x = self._round(np.clip(self._value(u), self.low, self.high))
        # Rounding is monotone, so what is strictly between the rounded bounds is between the bounds.
        x[(x == self._rounded_low) | (u == 0.0)] = self.low
        x[(x == self._rounded_high) | (u == 1.0)] = self.high
        return x

    def place_of(self, value: Scalar) -> float:
        if type(value) not in _NUMBERS or not self.low <= value <= self.high:  # type: ignore[operator]
            raise _refusal(self, [value])
        x = float(value)  # type: ignore[arg-type]
        return 0.0 if x == self.low else 1.0 if x == self.high else self._place_of(x)

    def value_at(self, u: float) -> Scalar:
        x = self._rounded(min(max(self._value_at(u), self.low), self.high))
        if x == self._rounded_low or u == 0.0:
            return self.low
        return self.high if x == self._rounded_high or u == 1.0 else x

    def snap(self, u: Array) -> Array:
        return u

    def nth(self, k: NDArray[np.int64]) -> Array:
        raise AssertionError("the values of a continuous scale have no numbers")

    def number(self, u: Array) -> NDArray[np.int64]:
        raise AssertionError("the values of a continuous scale have no numbers")

    def axis(self, points: int | None) -> Axis:
        assert points is not None, "a grid over a continuous scale needs a number of points"
        places = np.linspace(0.0, 1.0, points) if points > 1 else np.array([0.5])
        values = list(dict.fromkeys(self.decode(places)))
        return Axis(len(values), values.__getitem__)

    def fault(self, value: object) -> str | None:
        fits = isinstance(value, int | float) and is_number(value) and self.low <= value <= self.high
        return None if fits else _outside("a number", value, self.low, self.high)


class Linear(_Continuous):
    """Evenly from low to high, on a decimal quantum of 1e-13 to 1e-12 of the range."""

    def __init__(self, low: float, high: float) -> None:
        self._range = high - low
        decimals = DIGITS - math.floor(math.log10(self._range))
        # Where floats lie about as far apart as the quantum, the range is below 1/50 of the bounds: x - low
        # is exact, and low + (x - low) falls back on x without any rounding of ours.
        too_fine = 10.0**-decimals < 8 * math.ulp(max(abs(low), abs(high)))
        self._decimals = None if too_fine else decimals
        super().__init__(low, high)

    def _place(self, x: Array) -> Array:
        return (x - self.low) / self._range

    def _value(self, u: Array) -> Array:
        return self.low + u * self._range

    def _round(self, x: Array) -> Array:
        decimals = self._decimals
        if decimals is None:
            return x.copy()
        if abs(decimals) > _MAX_POWER:
            return np.array([round(value, decimals) for value in x.tolist()])
        # A whole number below 2**53 over (or times) an exact power of ten is the float that its decimal text
        # denotes: one correctly rounded operation on two exact numbers.
        power = _EXACT_POWERS[abs(decimals)]
        rounded: Array = np.rint(x * power) / power if decimals >= 0 else np.rint(x / power) * power
        return rounded + 0.0  # no negative zero

    def _place_of(self, x: float) -> float:
        return (x - self.low) / self._range

    def _value_at(self, u: float) -> float:
        return self.low + u * self._range

    def _rounded(self, x: float) -> float:
        decimals = self._decimals
        if decimals is None:
            return x
        if abs(decimals) > _MAX_POWER:
            return round(x, decimals)
        power = _POWERS[abs(decimals)]
        return round(x * power) / power if decimals >= 0 else round(x / power) * power


class Logarithmic(_Continuous):
    """Evenly in the logarithm from low to high, rounded to 12 significant digits.

    Logarithm, division, product and sum together are off by at most 4.2e-13 of x, even between the smallest
    and the largest float; half a unit of the twelfth digit is at least 5e-13 of x.
    """

    def __init__(self, low: float, high: float) -> None:
        self._log_low = math.log(low)
        self._span = math.log(high) - self._log_low
        # 11 - exponent stays within the exact powers of ten, with one to spare for a log10 that errs.
        self._exact = low >= 1e-10 and high < 1e32
        super().__init__(low, high)

    def _place(self, x: Array) -> Array:
        # A bound's logarithm by numpy may differ from that by math in the last place.
        return np.clip((np.log(x) - self._log_low) / self._span, 0.0, 1.0)

    def _value(self, u: Array) -> Array:
        # Near the largest float the last place of the sum may carry exp to infinity; `decode` clips.
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(self._log_low + u * self._span)

    def _round(self, x: Array) -> Array:
        if not self._exact:
            return np.array([float(f"{value:.{DIGITS - 1}e}") for value in x.tolist()])
        # The exponent may come out one off just beside a power of ten: both quanta round to that power.
        decimals = DIGITS - 1 - np.floor(np.log10(x)).astype(np.int64)
        up = _EXACT_POWERS[np.maximum(decimals, 0)]
        down = _EXACT_POWERS[np.maximum(-decimals, 0)]
        rounded: Array = np.rint(x * up / down) / up * down
        return rounded

    # One number goes through the functions of numpy, too: those of math may differ in the last place.

    def _place_of(self, x: float) -> float:
        return min(max((float(np.log(x)) - self._log_low) / self._span, 0.0), 1.0)

    def _value_at(self, u: float) -> float:
        power = self._log_low + u * self._span
        return float(np.exp(power)) if power <= _LARGEST_POWER else self.high

    def _rounded(self, x: float) -> float:
        if not self._exact:
            return float(f"{x:.{DIGITS - 1}e}")
        decimals = DIGITS - 1 - math.floor(float(np.log10(x)))
        up, down = _POWERS[max(decimals, 0)], _POWERS[max(-decimals, 0)]
        return round(x * up / down) / up * down


class EvenLevels(ABC):
    """n values in a fixed order, each the same share of the interval."""

    n_values: int

    @abstractmethod
    def _numbers(self, values: Sequence[Scalar]) -> NDArray[np.int64]:
        """Positions of values in the order; may be wrong for a value that is not in it."""

    @abstractmethod
    def _number_of(self, value: Scalar) -> int:
        """Position of a value in the order; ConfigurationError if it is not in it."""

    @abstractmethod
    def value(self, k: int) -> Scalar:
        """The k-th value."""

    def place_of(self, value: Scalar) -> float:
        return (self._number_of(value) + 0.5) / self.n_values

    def value_at(self, u: float) -> Scalar:
        return self.value(min(int(u * self.n_values), self.n_values - 1))

    def _values(self, k: NDArray[np.int64]) -> list[Scalar]:
        return list(map(self.value, k.tolist()))

    def encode(self, values: Sequence[Scalar]) -> Array:
        return self.nth(self._numbers(values))

    def decode(self, u: Array) -> list[Scalar]:
        return self._values(self.number(u))

    def values(self, u: Array) -> NDArray[Any]:
        return np.array(self._values(self.number(u)))

    def snap(self, u: Array) -> Array:
        return self.nth(self.number(u))

    def nth(self, k: NDArray[np.int64]) -> Array:
        return (k + 0.5) / self.n_values

    def number(self, u: Array) -> NDArray[np.int64]:
        return bins(u, self.n_values)

    def axis(self, points: int | None) -> Axis:
        if points is None or self.n_values <= points:
            return Axis(self.n_values, self.value)
        last, gaps = self.n_values - 1, points - 1
        if gaps == 0:
            return Axis(1, lambda _: self.value(last // 2))
        # Rounded in integers: steps of more than one level never meet.
        return Axis(points, lambda i: self.value((2 * i * last + gaps) // (2 * gaps)))


class Integers(EvenLevels):
    """low, low + step, … up to high."""

    def __init__(self, low: int, high: int, step: int = 1) -> None:
        self.low, self.high, self.step = low, high, step
        self.n_values = (high - low) // step + 1

    def value(self, k: int) -> int:
        return self.low + k * self.step

    def _values(self, k: NDArray[np.int64]) -> list[Scalar]:
        values: list[Scalar] = (self.low + k * self.step).tolist()
        return values

    def values(self, u: Array) -> NDArray[np.int64]:
        return self.low + self.number(u) * self.step

    def _numbers(self, values: Sequence[Scalar]) -> NDArray[np.int64]:
        x = _integers(values)
        if x is None or x.min() < self.low or x.max() > self.high:
            raise _refusal(self, values)
        k, rest = np.divmod(x - self.low, self.step)
        if rest.any():
            raise _refusal(self, values)
        numbers: NDArray[np.int64] = k
        return numbers

    def _number_of(self, value: Scalar) -> int:
        if type(value) is not int or not self.low <= value <= self.high or (value - self.low) % self.step:
            raise _refusal(self, [value])
        return (value - self.low) // self.step

    def fault(self, value: object) -> str | None:
        if type(value) is not int or not self.low <= value <= self.high:
            return _outside("an integer", value, self.low, self.high)
        off = (value - self.low) % self.step
        return _off_step(value, value - off, self.low, self.step) if off else None


class Steps(EvenLevels):
    """low, low + step, … up to high, in exact decimal arithmetic: three steps of 0.1 are 0.3.

    The k-th value is the float nearest to `(first + k * stride) / unit`, all three integers.
    """

    def __init__(self, low: float, high: float, step: float) -> None:
        self.low, self.high, self.step = low, high, step
        first, last, stride = map(decimal, (low, high, step))
        self._unit = math.lcm(first.denominator, stride.denominator)
        self._first, self._stride = int(first * self._unit), int(stride * self._unit)
        self.n_values = (last - first) // stride + 1
        largest = max(abs(self._first), abs(self._first + self.n_values * self._stride), self._unit)
        self._exact = largest < _MAX_WHOLE

    def value(self, k: int) -> float:
        return (self._first + k * self._stride) / self._unit

    def _values(self, k: NDArray[np.int64]) -> list[Scalar]:
        if not self._exact:
            return super()._values(k)
        values: list[Scalar] = ((self._first + k * self._stride) / self._unit).tolist()
        return values

    def _numbers(self, values: Sequence[Scalar]) -> NDArray[np.int64]:
        x = _floats(values)
        if x is None or not (x.min() >= self.low and x.max() <= self.high):
            raise _refusal(self, values)
        k = np.minimum(np.rint((x - self.low) / self.step).astype(np.int64), self.n_values - 1)
        if self._values(k) != x.tolist():
            raise _refusal(self, values)
        return k

    def _number_of(self, value: Scalar) -> int:
        if type(value) not in _NUMBERS or not self.low <= value <= self.high:  # type: ignore[operator]
            raise _refusal(self, [value])
        x = float(value)  # type: ignore[arg-type]
        k = min(round((x - self.low) / self.step), self.n_values - 1)
        if self.value(k) != x:
            raise _refusal(self, [value])
        return k

    def fault(self, value: object) -> str | None:
        if not (isinstance(value, int | float) and is_number(value) and self.low <= value <= self.high):
            return _outside("a number", value, self.low, self.high)
        nearest_level = self.value(min(round((value - self.low) / self.step), self.n_values - 1))
        return None if value == nearest_level else _off_step(value, nearest_level, self.low, self.step)


class LogIntegers:
    """low, low + 1, … high: x has the stretch of the logarithm from x - 0.5 to x + 0.5."""

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high
        self.n_values: int = high - low + 1
        self._log_low = math.log(low - 0.5)
        self._span = math.log(high + 0.5) - self._log_low

    def encode(self, values: Sequence[Scalar]) -> Array:
        x = _integers(values)
        if x is None or x.min() < self.low or x.max() > self.high:
            raise _refusal(self, values)
        return self._place(x)

    def decode(self, u: Array) -> list[Scalar]:
        values: list[Scalar] = self.values(u).tolist()
        return values

    def place_of(self, value: Scalar) -> float:
        if type(value) is not int or not self.low <= value <= self.high:
            raise _refusal(self, [value])
        return (float(np.log(value)) - self._log_low) / self._span

    def value_at(self, u: float) -> Scalar:
        return min(max(round(float(np.exp(self._log_low + u * self._span))), self.low), self.high)

    def values(self, u: Array) -> NDArray[np.int64]:
        x = np.rint(np.exp(self._log_low + u * self._span)).astype(np.int64)
        return np.clip(x, self.low, self.high)

    def snap(self, u: Array) -> Array:
        return self._place(self.values(u))

    def nth(self, k: NDArray[np.int64]) -> Array:
        return self._place(self.low + k)

    def number(self, u: Array) -> NDArray[np.int64]:
        return self.values(u) - self.low

    def axis(self, points: int | None) -> Axis:
        if points is None or self.n_values <= points:
            return Axis(self.n_values, lambda k: self.low + k)
        if points == 1:
            return Axis(1, self.decode(np.array([0.5])).__getitem__)
        # The lowest integers lie further apart than the points: each moves up until it is free.
        x, i = self.values(np.linspace(0.0, 1.0, points)), np.arange(points)
        x = np.maximum.accumulate(x - i) + i
        values: list[Scalar] = np.minimum(x, self.high - i[::-1]).tolist()
        return Axis(points, values.__getitem__)

    def fault(self, value: object) -> str | None:
        fits = type(value) is int and self.low <= value <= self.high
        return None if fits else _outside("an integer", value, self.low, self.high)

    def _place(self, x: NDArray[np.int64]) -> Array:
        places: Array = (np.log(x) - self._log_low) / self._span
        return places


class Options(EvenLevels):
    """The options of a choice, in the order in which they were given."""

    def __init__(self, options: Sequence[Scalar]) -> None:
        self.options = tuple(options)
        self.n_values = len(self.options)
        # The type is part of the key, as True == 1 == 1.0 in Python.
        self._known = {(type(option), option): k for k, option in enumerate(self.options)}
        self._array = as_array(self.options)

    def value(self, k: int) -> Scalar:
        return self.options[k]

    def values(self, u: Array) -> NDArray[Any]:
        return self._array[self.number(u)]

    def axis(self, points: int | None) -> Axis:  # a grid leaves out no option
        return Axis(self.n_values, self.value)

    def _numbers(self, values: Sequence[Scalar]) -> NDArray[np.int64]:
        try:
            numbers = [self._known[type(value), value] for value in values]
        except (KeyError, TypeError):
            raise _refusal(self, values) from None
        return np.array(numbers, dtype=np.int64)

    def _number_of(self, value: Scalar) -> int:
        try:
            return self._known[type(value), value]
        except (KeyError, TypeError):
            raise _refusal(self, [value]) from None

    def fault(self, value: object) -> str | None:
        if any(type(value) is type(option) and value == option for option in self.options):
            return None
        hint = nearest(value, self.options) or plain_advice(value) or " Give one of these."
        return f"must be one of {listed(self.options)}, got {value!r}.{hint}"


def _floats(values: Sequence[Scalar]) -> Array | None:
    """Plain numbers as an array; None if some are none."""
    if not set(map(type, values)) <= {float, int}:
        return None
    try:
        return np.array(values, dtype=np.float64)
    except OverflowError:
        return None


def _integers(values: Sequence[Scalar]) -> NDArray[np.int64] | None:
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


def _outside(kind: str, value: object, low: float, high: float) -> str:
    advice = plain_advice(value) or " Give a value in that range."
    return f"must be {kind} from {low!r} to {high!r}, got {value!r}.{advice}"


def _off_step(value: object, nearest_level: float, low: float, step: float) -> str:
    return (
        f"must be {low!r} plus a multiple of step={step!r}, got {value!r}. The nearest is {nearest_level!r}."
    )
