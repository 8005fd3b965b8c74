"""Scales of a finite number of values: integers, steps, and the options of a choice."""

# ruff: noqa: D102  # the contract stands on the protocol `Scale`

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rung.core.scale import (
    Array,
    Axis,
    Scalar,
    as_array,
    bins,
    decimal,
    floats,
    integers,
    is_number,
    listed,
    nearest,
    outside,
    plain_advice,
    refusal,
)

_MAX_WHOLE = 2**53


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
        x = integers(values)
        if x is None or x.min() < self.low or x.max() > self.high:
            raise refusal(self, values)
        k, rest = np.divmod(x - self.low, self.step)
        if rest.any():
            raise refusal(self, values)
        numbers: NDArray[np.int64] = k
        return numbers

    def _number_of(self, value: Scalar) -> int:
        if type(value) is not int or not self.low <= value <= self.high or (value - self.low) % self.step:
            raise refusal(self, [value])
        return (value - self.low) // self.step

    def fault(self, value: object) -> str | None:
        if type(value) is not int or not self.low <= value <= self.high:
            return outside("an integer", value, self.low, self.high)
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
        x = floats(values)
        if x is None or not (x.min() >= self.low and x.max() <= self.high):
            raise refusal(self, values)
        k = np.minimum(np.rint((x - self.low) / self.step).astype(np.int64), self.n_values - 1)
        if self._values(k) != x.tolist():
            raise refusal(self, values)
        return k

    def _number_of(self, value: Scalar) -> int:
        if not is_number(value) or not self.low <= value <= self.high:  # type: ignore[operator]
            raise refusal(self, [value])
        x = float(value)  # type: ignore[arg-type]
        k = min(round((x - self.low) / self.step), self.n_values - 1)
        if self.value(k) != x:
            raise refusal(self, [value])
        return k

    def fault(self, value: object) -> str | None:
        if not (isinstance(value, int | float) and is_number(value) and self.low <= value <= self.high):
            return outside("a number", value, self.low, self.high)
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
        x = integers(values)
        if x is None or x.min() < self.low or x.max() > self.high:
            raise refusal(self, values)
        return self._place(x)

    def decode(self, u: Array) -> list[Scalar]:
        values: list[Scalar] = self.values(u).tolist()
        return values

    def place_of(self, value: Scalar) -> float:
        if type(value) is not int or not self.low <= value <= self.high:
            raise refusal(self, [value])
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
        return None if fits else outside("an integer", value, self.low, self.high)

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
            raise refusal(self, values) from None
        return np.array(numbers, dtype=np.int64)

    def _number_of(self, value: Scalar) -> int:
        try:
            return self._known[type(value), value]
        except (KeyError, TypeError):
            raise refusal(self, [value]) from None

    def fault(self, value: object) -> str | None:
        if any(type(value) is type(option) and value == option for option in self.options):
            return None
        hint = nearest(value, self.options) or plain_advice(value) or " Give one of these."
        return f"must be one of {listed(self.options)}, got {value!r}.{hint}"


def _off_step(value: object, nearest_level: float, low: float, step: float) -> str:
    return (
        f"must be {low!r} plus a multiple of step={step!r}, got {value!r}. The nearest is {nearest_level!r}."
    )
