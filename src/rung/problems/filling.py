"""What a table does not hold: curves of other configurations, and how curves go on that were stopped.

Two answers, and the choice is the user's. `Nearest` takes the curve of the nearest recorded configuration: every number
was really observed, but between rows nothing changes. `Fitted` trains a forest on the ranks of what was observed, from
the configuration and the resource: smooth between rows, but a guess everywhere.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from rung.core.space import Config
from rung.problems.features import Features
from rung.problems.table import Table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

OffTable = Literal["nearest", "fitted"]
"""Where the curves of configurations come from that a table does not hold."""

MAX_ROWS = 20_000  # observations that a forest is trained on
TREES = 40


class Filling(Protocol):
    """Curves for any configuration."""

    def curves(self, config: Config) -> tuple[Mapping[str, Floats], Floats]:
        """Values by metric and seconds of a configuration, shape (seeds, levels) each; NaN where it diverged."""
        ...


def filling(table: Table, how: OffTable) -> Filling:
    """What answers for configurations off the table."""
    return Nearest(table) if how == "nearest" else Fitted(table)


class Nearest:
    """The curve of the nearest configuration; stopped curves go on as their neighbours' did, from where they stood."""

    def __init__(self, table: Table) -> None:
        from scipy.spatial import cKDTree

        self._features = Features(table.space)
        points = self._features(table.configs)
        self._rows = cKDTree(points)
        self._values = {
            metric: _held(table, values) if table.is_whole else _continued(table, values, points)
            for metric, values in table.metrics.items()
        }
        self._seconds = _over(table) if table.is_whole else _paced(table)

    def row(self, config: Config) -> int:
        """Which row of the table is nearest."""
        return int(self._rows.query(self._features([config])[0])[1])

    def curves(self, config: Config) -> tuple[Mapping[str, Floats], Floats]:
        """See `Filling.curves`."""
        row = self.row(config)
        return {metric: values[:, row] for metric, values in self._values.items()}, self._seconds[:, row]


class Fitted:
    """Forests for each metric and for the time; configurations diverge where their nearest neighbour did."""

    def __init__(self, table: Table) -> None:
        self._nearest = Nearest(table)
        self._features = Features(table.space)
        self._levels = np.arange(1, table.max_resource + 1)
        points = self._features(table.configs)
        recorded = np.arange(table.max_resource) < table.lengths[:, None]
        self._ranks = {
            metric: _Ranks(points, values.mean(axis=0), recorded) for metric, values in table.metrics.items()
        }
        rows, levels = _some(*np.nonzero(np.isfinite(table.means) & recorded))
        took = np.log(np.maximum(table.seconds.mean(axis=0)[rows, levels], 1e-9))
        self._pace = _forest(_inputs(points[rows], levels + 1), took)

    def curves(self, config: Config) -> tuple[Mapping[str, Floats], Floats]:
        """See `Filling.curves`."""
        X = _inputs(np.repeat(self._features([config]), len(self._levels), axis=0), self._levels)
        recorded, _ = self._nearest.curves(config)
        values = {
            metric: np.where(np.isnan(recorded[metric]).any(axis=0), np.nan, ranks.predict(X))[None]
            for metric, ranks in self._ranks.items()
        }
        return values, np.exp(self._pace.predict(X))[None]


class _Ranks:
    """A forest on the ranks of what was observed of one metric.

    Args:
        points: Features of the configurations, shape (n, number of features).
        means: What was observed, shape (n, levels).
        recorded: Where that counts, the same shape.
    """

    def __init__(self, points: Floats, means: Floats, recorded: npt.NDArray[np.bool_]) -> None:
        rows, levels = _some(*np.nonzero(np.isfinite(means) & recorded))
        values = means[rows, levels]
        self._sorted = np.sort(values)
        self._forest = _forest(
            _inputs(points[rows], levels + 1), np.searchsorted(self._sorted, values) / len(values)
        )

    def predict(self, X: Floats) -> Floats:
        """The values that are foretold, shape (len(X),)."""
        places = np.linspace(0, 1, len(self._sorted))
        return np.asarray(np.interp(self._forest.predict(X), places, self._sorted))


def _inputs(points: Floats, levels: Ints) -> Floats:
    return np.column_stack([points, np.log(levels)])


def _some(rows: Ints, levels: Ints) -> tuple[Ints, Ints]:
    """At most `MAX_ROWS` observations, spread evenly."""
    keep = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MAX_ROWS)).astype(int))
    return rows[keep], levels[keep]


def _forest(X: Floats, y: Floats) -> Any:  # scikit-learn has no types
    from sklearn.ensemble import ExtraTreesRegressor

    forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=0)
    return forest.fit(X, y)


def _held(table: Table, values: Floats) -> Floats:
    """Values to the last level: a run that was over holds its last value."""
    last = np.minimum(np.arange(table.max_resource), table.lengths[:, None] - 1)
    return np.take_along_axis(values, last[None], axis=2)


def _over(table: Table) -> Floats:
    """Seconds to the last level: what is over takes no time."""
    recorded = np.arange(table.max_resource) < table.lengths[:, None]
    return np.where(recorded, table.seconds, 0.0)


def _paced(table: Table) -> Floats:
    """Seconds to the last level: a run that was stopped would have gone on at its pace."""
    recorded = np.arange(table.max_resource) < table.lengths[:, None]
    counts = np.maximum(table.lengths, 1)[None, :, None]
    pace = np.where(recorded, table.seconds, 0.0).sum(axis=2, keepdims=True) / counts
    return np.where(recorded, table.seconds, pace)


def _continued(table: Table, recorded: Floats, points: Floats) -> Floats:
    """Stopped curves, each with the further way of the nearest configuration that went further, from where it stood."""
    from scipy.spatial import cKDTree

    values = _held(table, recorded)
    reached: Sequence[int] = np.unique(table.lengths).tolist()
    for stop, further in zip(reached, [*reached[1:], table.max_resource], strict=True):
        short = np.flatnonzero(table.lengths <= stop)
        far = np.flatnonzero(table.lengths >= further)
        if further > stop and len(far):
            nearest = far[cKDTree(points[far]).query(points[short])[1]]
            way = values[:, nearest, stop:further] - values[:, nearest, stop - 1 : stop]
            values[:, short, stop:further] = values[:, short, stop - 1 : stop] + way
    return values
