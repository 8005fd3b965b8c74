"""Checks of the space: where the best values lie in their ranges, and on which scale.

The best trials are a tenth of those at one level, 5 to 20 of them. If a hyperparameter did not matter, they would lie
in an end of its range as often as that end is wide, or as the worse half of the trials does; a binomial test says when
they do so too often, with a limit of 1 % over all hyperparameters and ends together. (The better half is no measure: a
searcher that learns crowds where the good ones are.)
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rung.analysis.doctor.case import Case, need, place
from rung.analysis.doctor.finding import Finding, Number
from rung.core.history import Floats
from rung.core.space import Choice, Column, Float, Int

LIMIT = 0.01
END = 0.1  # of a range
LEAST = 30  # trials


@dataclass(frozen=True, slots=True)
class End:
    """One end of a range, and who lies there.

    Attributes:
        side: low or high.
        width: Share of the range that it is.
        best: How many trials are the best.
        best_there: How many of them lie there.
        there: How many of all trials do.
        trials: How many there are in all.
        p_value: Chance of so many of the best if the hyperparameter did not matter.
    """

    side: str
    width: float
    best: int
    best_there: int
    there: int
    trials: int
    p_value: float


def edges(case: Case) -> Iterator[Finding]:
    """The best values lie at the end of a range: better ones may lie beyond."""
    for column, places in _ranges(case):
        if _lacks_logarithm(column) and _crowded(case, _end(places, "low", END)):
            continue  # that is another finding
        for end in (_end(places, side, max(END, 1 / column.n_values)) for side in ("low", "high")):
            if _crowded(case, end):
                yield _edge(column, end)


def logarithm(case: Case) -> Iterator[Finding]:
    """A linear range over two decades or more, of which only the low end is good."""
    for column, places in _ranges(case):
        end = _end(places, "low", END)
        if not (_lacks_logarithm(column) and _crowded(case, end)):
            continue
        assert isinstance(column.parameter, Float | Int)
        how = "log=True" if column.parameter.low > 0 else "log=True and a low above 0"
        yield Finding(
            "logarithm",
            "warning",
            f"{end.best_there} of the {end.best} best trials have {column.label} in the lowest tenth of its range, "
            f"up to {place(column, END)}, where {end.there} of all {end.trials} trials were.",
            f"Give {column.label} {how}, so that small values are searched as well as large ones.",
            {"low": column.parameter.low, "high": column.parameter.high, **_evidence(column, end)},
        )


def _ranges(case: Case) -> Iterator[tuple[Column, Floats]]:
    """What has a low and a high end, and the places of trials where it is active, the best first."""
    found = case.sample
    need(len(found) >= LEAST, f"{len(found)} trials at {case.units(found.resource)}, {LEAST} are needed")
    order = np.argsort(found.losses, kind="stable")
    order = order[~found.failed[order]]
    for column in case.data.space.columns:
        places = found.X[order, column.index]
        places = places[np.isfinite(places)]
        ordered = not isinstance(column.parameter, Choice) or column.parameter.ordered
        if ordered and column.n_values >= 3 and len(places) >= LEAST:
            yield column, places


def _end(places: Floats, side: str, width: float) -> End:
    """Who lies at an end, of trials from the best to the worst."""
    n = min(20, max(5, len(places) // 10))
    there = (places if side == "low" else 1 - places) <= width
    chance = max(width, float(there[len(there) // 2 :].mean()))
    hits = int(there[:n].sum())
    return End(side, width, n, hits, int(there.sum()), len(there), _tail(hits, n, chance))


def _crowded(case: Case, end: End) -> bool:
    return end.best_there > end.best / 2 and end.p_value <= LIMIT / (2 * len(case.data.space.columns))


def _lacks_logarithm(column: Column) -> bool:
    """A linear range over two decades or more, or down to 0."""
    parameter = column.parameter
    if isinstance(parameter, Choice) or parameter.log or column.n_values < 50:
        return False
    return parameter.low == 0 or (parameter.low > 0 and parameter.high / parameter.low >= 100)


def _edge(column: Column, end: End) -> Finding:
    low = end.side == "low"
    bound, inner = (place(column, u) for u in ((0.0, end.width) if low else (1.0, 1 - end.width)))
    where = (
        f"at {bound}"
        if end.width > END
        else f"between {bound} and {inner}"
        if low
        else f"between {inner} and {bound}"
    )
    return Finding(
        "edge",
        "warning",
        f"{end.best_there} of the {end.best} best trials have {column.label} at the {end.side} end of its range, "
        f"{where}, where {end.there} of all {end.trials} were.",
        f"Try values {'below' if low else 'above'} {bound}, if they make sense.",
        {"end": end.side, "bound": bound, **_evidence(column, end)},
    )


def _evidence(column: Column, end: End) -> dict[str, Number]:
    return {
        "hyperparameter": column.label,
        "best": end.best,
        "best_there": end.best_there,
        "trials": end.trials,
        "trials_there": end.there,
        "p_value": end.p_value,
    }


def _tail(k: int, n: int, p: float) -> float:
    """Chance of at least k of n."""
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1))
