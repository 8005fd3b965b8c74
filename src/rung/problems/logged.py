"""A table from the log of a study: what its trials have reported, as far as they were trained."""

from collections.abc import Sequence

import msgspec
import numpy as np

from rung.core.errors import NoResultError
from rung.core.history import HistoryView
from rung.core.resource import Resource
from rung.core.space import Space
from rung.problems.goals import Goals
from rung.problems.table import Floats, Ints, Table

FEWEST = 5  # trials with a result, below which a simulation says nothing


def logged(
    name: str, space: Space, goals: Goals, resource: Resource, history: HistoryView, *, repeats: int = 1
) -> Table:
    """What a study has observed, as curves; its configurations outside the space are left out.

    Between two reports a curve is straight. A trial that failed is NaN from its next unit on; one that was paused or
    stopped ends where it stood, see `Table.is_whole`.

    Args:
        name: Of the study.
        space: Its space.
        goals: What it looks for.
        resource: Its kind of resource.
        history: What it has observed.
        repeats: How many trials of the same configuration are the seeds of one row; configurations with fewer are left
            out. 1: each trial is a row.

    Raises:
        NoResultError: If fewer than `FEWEST` configurations have reported.
    """
    failed = set(history.failed[:, 0].tolist())
    known = sorted({*history.trials.tolist(), *failed})
    rows = _rows(history, [trial for trial in known if space.contains(history.completed[trial])], repeats)
    if len(rows) < FEWEST or not len(history.trials):
        raise NoResultError(
            f"study {name!r} has results of {len(rows)} trials: a simulation on them needs {FEWEST} at least. "
            "Train more first, or use a recorded table."
        )
    curves = _Curves(goals, resource, history, (repeats, len(rows), int(history.resources.max())))
    for place, row in enumerate(rows):
        for seed, trial in enumerate(row):
            curves.draw(seed, place, trial, trial in failed)
    first, *further = goals.objectives
    return Table(
        name,
        space,
        [history.completed[row[0]] for row in rows],
        first,
        resource,
        curves.values.pop(first.metric),
        curves.seconds,
        curves.lengths.max(axis=0),
        is_whole=curves.are_whole,
        others=curves.values,
        further=tuple(further),
        constraints=goals.constraints,
    )


class _Curves:
    """The arrays of a table, trial by trial.

    Attributes:
        values: By metric, shape (seeds, n, levels).
        seconds: The same shape.
        lengths: Shape (seeds, n).
        are_whole: Whether each trial failed or came to the last level.
    """

    def __init__(
        self, goals: Goals, resource: Resource, history: HistoryView, shape: tuple[int, int, int]
    ) -> None:
        reported = [metric for metrics in history.metrics for metric in metrics]
        self.values = {
            metric: np.full(shape, np.nan) for metric in dict.fromkeys([*goals.metrics, *reported])
        }
        self.seconds = np.zeros(shape)
        self.lengths = np.ones(shape[:2], np.int64)
        self.are_whole = True
        self._resource = resource
        self._history = history
        self._order = np.lexsort((history.resources, history.trials))
        self._trials = history.trials[self._order]

    def draw(self, seed: int, row: int, trial: int, failed: bool) -> None:
        """Enter what a trial has reported."""
        history, levels = self._history, self.seconds.shape[2]
        low, high = np.searchsorted(self._trials, trial), np.searchsorted(self._trials, trial, "right")
        seen = self._order[low:high]
        end = int(history.resources[seen[-1]]) if len(seen) else 0  # 0: it failed before its first report
        self.are_whole &= failed or end == levels
        self.lengths[seed, row] = min(end + 1, levels) if failed else end
        if not end:
            return
        self.seconds[seed, row, :end] = _seconds(
            history.resources[seen], history.seconds[seen], self._resource
        )
        for metric, found in self.values.items():
            found[seed, row, :end] = _between(history, metric, seen)


def _rows(history: HistoryView, trials: Sequence[int], repeats: int) -> list[list[int]]:
    """The trials of each row."""
    if repeats == 1:
        return [[trial] for trial in trials]
    same: dict[bytes, list[int]] = {}
    for trial in trials:
        same.setdefault(msgspec.json.encode(history.completed[trial], order="sorted"), []).append(trial)
    return [found[:repeats] for found in same.values() if len(found) >= repeats]


def _between(history: HistoryView, metric: str, seen: Ints) -> Floats:
    """A metric at each unit up to the last report; NaN where it was never reported."""
    units = np.arange(1, int(history.resources[seen[-1]]) + 1)
    told = [each for each in seen.tolist() if metric in history.metrics[each]]
    if not told:
        return np.full(len(units), np.nan)
    own = [float(history.metrics[each][metric]) for each in told]
    return np.asarray(np.interp(units, history.resources[told], own))


def _seconds(at: Ints, took: Floats, resource: Resource) -> Floats:
    """What each unit took, or a run to each level where the resource restarts."""
    units = np.arange(1, int(at[-1]) + 1)
    if resource.restarts:
        return np.asarray(np.interp(units, np.append(0, at), np.append(0.0, took)))
    each = took / np.diff(at, prepend=0)
    return np.asarray(np.repeat(each, np.diff(at, prepend=0)))
