"""Hyperparameters as axes: values, ticks and ranges of a column, in its own numbers or in the unit interval."""

import math
from dataclasses import dataclass

import numpy as np

from rung.analysis.plots.style import cut, fitted
from rung.core.history import Floats
from rung.core.parameter import Choice, Float
from rung.core.scale import bins
from rung.core.space import Column
from rung.words import number

BLANK = "\u200b"


@dataclass(frozen=True, slots=True)
class Axis:
    """A hyperparameter as an axis.

    Attributes:
        label: Of its column.
        log: Whether it is drawn in the logarithm.
        low: Lower end; for a choice -0.5.
        high: Upper end.
        options: Of a choice, which stand at 0, 1, 2 …; None for numbers.
    """

    label: str
    log: bool
    low: float
    high: float
    options: tuple[str, ...] | None

    def layout(self, pad: float = 0.04) -> dict[str, object]:
        """Its part of a plotly layout; `pad` is the room beyond its ends, as a share of its length."""
        title = {"text": cut(self.label)}
        if self.options is not None:
            ticks = [cut(option, 14) for option in self.options]
            keep = range(0, len(ticks), math.ceil(len(ticks) / 12))
            return {
                "title": title,
                "tickvals": list(keep),
                "ticktext": [ticks[k] for k in keep],
                "range": [self.low, self.high],
            }
        low, high = (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)
        ends = [low - pad * (high - low), high + pad * (high - low)]
        if not self.log:
            return {"title": title, "range": ends, "nticks": 5}
        named = _round_logarithms(self.low, self.high, 4)
        texts = [number(int(value) if value >= 1 and value % 1 == 0 else value) for value in named]
        return {"title": title, "range": ends, "type": "log", "tickvals": named, "ticktext": texts}

    def points(self, n: int) -> Floats:
        """Values over the axis: n of them, or one for each option."""
        if self.options is not None:
            return np.arange(len(self.options), dtype=float)
        if self.log:
            return np.geomspace(self.low, self.high, n)
        return np.linspace(self.low, self.high, n)

    def places(self, values: Floats) -> Floats:
        """Where values stand on it, in proportion to what the eye sees: for models."""
        return np.log(values) if self.log else np.asarray(values, float)


def axis(column: Column) -> Axis:
    """The axis of a column."""
    parameter = column.parameter
    if isinstance(parameter, Choice):
        options = tuple(map(str, parameter.options))
        return Axis(column.label, False, -0.5, len(options) - 0.5, options)
    return Axis(column.label, parameter.log, float(parameter.low), float(parameter.high), None)


def values(column: Column, u: Floats) -> Floats:
    """The values at places in the unit interval, NaN where inactive; options by their number.

    Args:
        column: The hyperparameter.
        u: Its column of the encoding, shape (n,).
    """
    found = np.full(len(u), np.nan)
    active = np.isfinite(u)
    if isinstance(column.parameter, Choice):
        found[active] = bins(u[active], len(column.parameter.options))
    else:
        found[active] = np.array(column.scale.decode(u[active]), dtype=float)
    return found


def ticks(column: Column) -> tuple[list[float], list[str]]:
    """Places and texts of ticks in the unit interval; most texts are blank.

    A brush snaps to ticks, so there are many where any value can be, and one for each option of a choice.
    """
    parameter = column.parameter
    if isinstance(parameter, Choice):
        n = len(parameter.options)
        # Plotly takes these texts, unlike all others, as they are
        return [(k + 0.5) / n for k in range(n)], [fitted(str(option), 16) for option in parameter.options]
    named = _named(column)
    # Plotly tells ticks apart by their texts, so those without a name have different numbers of a blank without width.
    between = {k / 25: BLANK * (k + 1) for k in range(26) if all(abs(k / 25 - u) > 0.012 for u in named)}
    both = dict(sorted({**between, **named}.items()))
    return list(both), list(both.values())


def _named(column: Column) -> dict[float, str]:
    """Places and texts of the numbers that an axis names, its ends among them."""
    parameter = column.parameter
    assert not isinstance(parameter, Choice)
    low, high = float(parameter.low), float(parameter.high)
    inner = _round_logarithms(low, high, 6) if parameter.log else _round_numbers(low, high)
    kind = float if isinstance(parameter, Float) else int
    found = {0.0: number(kind(low)), 1.0: number(kind(high))}
    for value in inner:
        u = _place(value, low, high, parameter.log)
        if 0.06 < u < 0.94:
            found[u] = number(kind(value))
    return found


def _place(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return (value - low) / (high - low)


def _round_numbers(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= rough * 0.999)
    first = math.ceil(low / step)
    return [k * step for k in range(first, math.floor(high / step) + 1)]


def _round_logarithms(low: float, high: float, most: int) -> list[float]:
    """Up to about `most` round numbers; none where the range holds none."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 2:
        found = [float(f"{k}e{e}") for e in range(first - 1, last + 1) for k in (1, 2, 5)]
        found = [value for value in found if low <= value <= high]
        return found[:: math.ceil(len(found) / most)] if found else []
    return [float(f"1e{e}") for e in range(first, last + 1, math.ceil((last - first + 1) / most))]
