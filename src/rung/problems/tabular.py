"""A table as a problem: each trial trains along a recorded curve."""

from collections.abc import Mapping

import msgspec
import numpy as np

from rung.core.errors import SpecError
from rung.core.space import Config
from rung.problems.filling import OffTable, filling
from rung.problems.goals import Floats, Front, Goals
from rung.problems.table import Table

Curves = Mapping[str, list[list[float]]]  # by metric, of each seed


class TableProblem:
    """Trials train along recorded curves, each along that of one seed; see `rung.problems.base.Benchmark`.

    Args:
        table: The curves.
        off_table: Where the curves of other configurations come from.
        goals: What is looked for; None: what was, when the table was recorded.

    Raises:
        SpecError: If the table holds no such metric, or no configuration of it keeps the limits.
    """

    def __init__(self, table: Table, off_table: OffTable = "nearest", goals: Goals | None = None) -> None:
        self.name = table.name
        self.space = table.space
        self.goals = goals = goals or table.goals
        self.objective = goals.objectives[0]
        self.resource = table.resource
        self.max_resource = table.max_resource
        losses = _sound(table, goals)
        self.best = self.objective.value(float(losses[:, 0].min()))
        self.typical = self.objective.value(float(np.median(losses[:, 0])))
        self.front = Front.of(losses) if len(goals.objectives) > 1 else None
        self._filling = filling(table, off_table)
        self._known: dict[bytes, tuple[Curves, list[list[float]]]] = {}

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        curves, seconds = self._curves(config)
        values = {metric: runs[seed % len(runs)][resource - 1] for metric, runs in curves.items()}
        return values, seconds[seed % len(seconds)][resource - 1]

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        curves, seconds = self._curves(config)
        values = curves[self.objective.metric]
        return values[seed % len(values)][start:target], seconds[seed % len(seconds)][start:target]

    def final(self, config: Config) -> float:
        """See `Benchmark.final`."""
        return self.finals(config)[self.objective.metric]

    def finals(self, config: Config) -> Mapping[str, float]:
        """See `Benchmark.finals`."""
        curves, _ = self._curves(config)
        return {metric: self._final(np.array(runs)) for metric, runs in curves.items()}

    def _final(self, runs: Floats) -> float:
        return float(np.mean(runs if self.resource.averages else runs[:, -1]))

    def _curves(self, config: Config) -> tuple[Curves, list[list[float]]]:
        key = msgspec.json.encode(config)
        if key not in self._known:
            values, seconds = self._filling.curves(config)
            self._known[key] = ({metric: runs.tolist() for metric, runs in values.items()}, seconds.tolist())
        return self._known[key]


def _sound(table: Table, goals: Goals) -> Floats:
    """The losses at the end of those configurations that keep all limits and have not diverged, shape (n, k)."""
    if unknown := sorted(set(goals.metrics) - set(table.metrics)):
        raise SpecError(
            f"the table {table.name} holds no {', '.join(map(repr, unknown))}. Its metrics are {list(table.metrics)}."
        )
    finals = {metric: table.finals_of(metric).tolist() for metric in goals.metrics}
    rows = [dict(zip(finals, values, strict=True)) for values in zip(*finals.values(), strict=True)]
    kept = [goals.losses(values) for values in rows if goals.are_kept(values)]
    losses: Floats = np.array(kept, float).reshape(len(kept), len(goals.objectives))
    losses = np.asarray(losses[np.isfinite(losses).all(axis=1)])
    if not len(losses):
        limits = " and ".join(map(str, goals.constraints)) or "has no value at the end"
        raise SpecError(
            f"no configuration of the table {table.name} {'keeps ' if goals.constraints else ''}{limits}: nothing is "
            "known to be best. Loosen the limits, or take another table."
        )
    return losses
