"""A table as a problem: each trial trains along a recorded curve."""

from collections.abc import Mapping

import msgspec
import numpy as np

from rung.core.space import Config
from rung.problems.filling import OffTable, filling
from rung.problems.table import Table


class TableProblem:
    """Trials train along recorded curves, each along that of one seed; see `rung.problems.base.Benchmark`.

    Args:
        table: The curves.
        off_table: Where the curves of other configurations come from.
    """

    def __init__(self, table: Table, off_table: OffTable = "nearest") -> None:
        self.name = table.name
        self.space = table.space
        self.objective = table.objective
        self.resource = table.resource
        self.max_resource = table.max_resource
        self.best = table.best
        self.typical = table.typical
        self._filling = filling(table, off_table)
        self._known: dict[bytes, tuple[list[list[float]], list[list[float]]]] = {}

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        values, seconds = self._curves(config)
        value = values[seed % len(values)][resource - 1]
        return {self.objective.metric: value}, seconds[seed % len(seconds)][resource - 1]

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        values, seconds = self._curves(config)
        return values[seed % len(values)][start:target], seconds[seed % len(seconds)][start:target]

    def final(self, config: Config) -> float:
        """See `Benchmark.final`."""
        curves = np.array(self._curves(config)[0])
        return float(np.mean(curves if self.resource.averages else curves[:, -1]))

    def _curves(self, config: Config) -> tuple[list[list[float]], list[list[float]]]:
        key = msgspec.json.encode(config)
        if key not in self._known:
            values, seconds = self._filling.curves(config)
            self._known[key] = (values.tolist(), seconds.tolist())
        return self._known[key]
