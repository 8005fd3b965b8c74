"""Scales of real numbers.

A continuous scale cannot be inverted on every float: a sum or a logarithm there and back is off by some units
in the last place. So **a continuous value has 12 significant digits** (on a linear scale: of the range).
Decoding rounds to them, and `decode(encode(x)) == x` holds to the bit for every x that decoding gives, for
both bounds, and for every x that is given with at most these digits. A value that rounds to what a bound
rounds to is that bound.
"""

import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rung.core.scale import Array, Axis, Scalar, floats, is_number, outside, refusal

DIGITS = 12

_POWERS = [float(f"1e{k}") for k in range(23)]  # 10**k is a float64 up to k = 22
_EXACT_POWERS = np.array(_POWERS)
_MAX_POWER = 22
_LARGEST_POWER = math.log(sys.float_info.max)  # exp of it is a float


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
        x = floats(values)
        if x is None or not (x.min() >= self.low and x.max() <= self.high):  # also refuses NaN
            raise refusal(self, values)
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
        if not is_number(value) or not self.low <= value <= self.high:  # type: ignore[operator]
            raise refusal(self, [value])
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
        return None if fits else outside("a number", value, self.low, self.high)


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
