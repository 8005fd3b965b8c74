"""Columns that grow: what a history holds of very many observations, packed, 8 bytes a number.

Appending is O(1). Nothing appended ever changes, so the first `n` rows are the same for ever.
"""

import math
from array import array
from collections.abc import Callable, Sequence
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from rung.core.objective import Metrics, Number


class GrowingArray:
    """A numpy array to append to. Appending costs as much as to a list; reading moves the new rows over once.

    Args:
        dtype: Of its numbers: `np.float64` or `np.int64`.
        width: Numbers in a row; None: the rows are numbers.

    Attributes:
        append: Add one row: a number, or `width` of them.
    """

    __slots__ = ("_buffer", "_moved", "_tail", "_width", "append")

    def __init__(self, dtype: type[np.generic], width: int | None = None) -> None:
        shape = (16,) if width is None else (16, width)
        self._buffer: npt.NDArray[Any] = np.empty(shape, dtype)
        self._moved = 0
        self._width = width or 1
        self._tail = array("d" if dtype is np.float64 else "q")
        self.append: Callable[..., None] = self._tail.append if width is None else self._tail.extend

    def __len__(self) -> int:
        return self._moved + len(self._tail) // self._width

    def extend(self, rows: npt.NDArray[Any]) -> None:
        """Add many rows."""
        self._move()
        self._put(rows)

    def first(self, n: int) -> npt.NDArray[Any]:
        """The first `n` rows, read-only; what is appended later does not change them."""
        if self._tail:
            self._move()
        rows = self._buffer[:n]
        rows.flags.writeable = False
        return rows

    def _move(self) -> None:
        # a copy: an array whose own bytes numpy looks at cannot be appended to
        new = np.frombuffer(self._tail.tobytes(), self._buffer.dtype)
        del self._tail[: len(new)]
        self._put(new.reshape(-1, *self._buffer.shape[1:]) if len(new) else self._buffer[:0])

    def _put(self, rows: npt.NDArray[Any]) -> None:
        needed = self._moved + len(rows)
        if needed > len(self._buffer):
            shape = (max(needed, 2 * len(self._buffer)), *self._buffer.shape[1:])
            grown = np.empty(shape, self._buffer.dtype)
            grown[: self._moved] = self._buffer[: self._moved]
            self._buffer = grown
        self._buffer[self._moved : needed] = rows
        self._moved = needed


class GrowingMetrics:
    """Metrics of one report after another; a dict for each would be the largest part of a large study."""

    __slots__ = ("_kinds", "_known", "_names", "_numbers", "_starts")

    def __init__(self) -> None:
        self._names: list[tuple[str, ...]] = []  # the names of each kind of report, in their order
        self._known: dict[tuple[str, ...], int] = {}  # the kind, by its names
        self._kinds = array("l")  # of each report
        self._starts = array("q")  # where its numbers begin
        self._numbers = array("d")

    def __len__(self) -> int:
        return len(self._kinds)

    def append(self, metrics: Metrics) -> None:
        """Add the metrics of a report."""
        names, start = tuple(metrics), len(self._numbers)
        try:
            self._numbers.extend(metrics.values())  # type: ignore[arg-type]  # a word raises TypeError
        except TypeError:
            del self._numbers[start:]
            self._numbers.extend(map(float, metrics.values()))
        self._kinds.append(self._known[names] if names in self._known else self._new(names))
        self._starts.append(start)

    def _new(self, names: tuple[str, ...]) -> int:
        self._names.append(names)
        return self._known.setdefault(names, len(self._known))

    def row(self, index: int) -> Metrics:
        """The metrics of one report, in a dict of its own."""
        names, start = self._names[self._kinds[index]], self._starts[index]
        return dict(zip(names, map(_number, self._numbers[start : start + len(names)]), strict=True))

    def first(self, n: int) -> Sequence[Metrics]:
        """Those of the first `n` reports; each is made when it is asked for."""
        return _First(self, n)


class _First(Sequence[Metrics]):
    """The first rows of metrics that may grow meanwhile."""

    __slots__ = ("_n", "_rows")

    def __init__(self, rows: GrowingMetrics, n: int) -> None:
        self._rows = rows
        self._n = n

    def __len__(self) -> int:
        return self._n

    @overload
    def __getitem__(self, index: int) -> Metrics: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Metrics]: ...
    def __getitem__(self, index: int | slice) -> Metrics | Sequence[Metrics]:
        rows = range(self._n)[index]
        return [self._rows.row(row) for row in rows] if isinstance(rows, range) else self._rows.row(rows)


def _number(value: float) -> Number:
    """As it was reported: what is not finite is a word."""
    return value if math.isfinite(value) else repr(value)
