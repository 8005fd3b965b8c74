"""Curves to draw in a few characters: what trials reported on their way, and the best so far."""

from collections.abc import Sequence

import numpy as np

from rung.core import event as ev
from rung.core.objective import Losses, Objectives, losses
from rung.core.state import State

BLOCKS = "▁▂▃▄▅▆▇█"
MANY = 128

Point = tuple[float, float]


class Curve:
    """Points in the order in which they came; from many, every second one is dropped."""

    __slots__ = ("points",)

    def __init__(self, points: Sequence[Point] = ()) -> None:
        self.points = list(points)
        while len(self.points) > MANY:
            self.points = self.points[::2]

    def add(self, x: float, y: float) -> None:
        """One more point."""
        if len(self.points) == MANY:
            self.points = self.points[::2]
        self.points.append((x, y))

    def steps(self, end: float) -> list[Point]:
        """The corners of the function that keeps each value until the next point, and the last one to `end`."""
        found: list[Point] = []
        for x, y in self.points:
            if found:
                found.append((x, found[-1][1]))
            found.append((x, y))
        return [*found, (max(end, found[-1][0]), found[-1][1])] if found else []


class Curves:
    """The losses of trials on their way: the curve of the first objective, and means where the resource averages."""

    def __init__(self, state: State) -> None:
        self._goals: Objectives = state.objectives
        self._averages = state.resource.averages
        self._sums = {
            record.number: (record.totals, record.replicates) for record in state.trials if record.totals
        }
        self._curves: dict[int, Curve] = {}
        if state.incumbent is not None:
            self._curves[state.incumbent.trial] = _known(state, state.incumbent.trial)

    def of(self, trial: int) -> Curve:
        """Values of the first objective by resource; for a trial of an earlier run only what came since then."""
        return self._curves.get(trial, Curve())

    def report(self, event: ev.Reported) -> Losses | None:
        """Learn a report; returns the losses of the trial there, None if it lacks an objective."""
        own = losses(self._goals, event.metrics)
        if own is None or event.repeat:
            return own
        if self._averages:
            own = self._mean(event.trial, own)
        curve = self._curves.setdefault(event.trial, Curve())
        curve.add(event.resource, self._goals[0].value(own[0]))
        return own

    def forget(self, trial: int) -> None:
        """A trial will not go on."""
        self._curves.pop(trial, None)
        self._sums.pop(trial, None)

    def _mean(self, trial: int, own: Losses) -> Losses:
        sums, n = self._sums.get(trial, ((0.0,) * len(own), 0))
        sums = tuple([total + loss for total, loss in zip(sums, own, strict=True)])
        self._sums[trial] = sums, n + 1
        return tuple([total / (n + 1) for total in sums])


def best_so_far(state: State) -> Curve:
    """The value of the best observation at the highest target so far, by the number of reports; one objective."""
    view, goal = state.history.view(), state.objectives[0]
    targets = {record.target for record in state.trials}
    at_targets = np.flatnonzero(np.isin(view.resources, sorted(targets)))
    if len(state.objectives) > 1 or not len(at_targets):
        return Curve()
    resources, first = view.resources[at_targets], view.losses[at_targets, 0]
    ranks = np.empty(len(first), np.int64)
    ranks[np.lexsort((first, -resources))] = np.arange(len(first))
    better = np.flatnonzero(np.diff(np.minimum.accumulate(ranks), prepend=len(ranks)))
    return Curve([(float(at_targets[i]) + 1, goal.value(float(first[i]))) for i in better])


def sparkline(curve: Curve, width: int, end: float | None = None) -> str:
    """The curve in `width` characters or less, a step function from its first point to `end` (None: its last)."""
    points = [point for point in curve.points if np.isfinite(point[1])]
    if not points or width < 1:
        return ""
    xs, ys = np.array(points).T
    last = max(xs[-1], xs[-1] if end is None else end)
    width = min(width, int(last - xs[0]) + 1)
    at = np.searchsorted(xs, np.linspace(xs[0], last, width), side="right") - 1
    low, span = ys.min(), np.ptp(ys)
    heights = np.full(width, 3) if not span else np.rint((ys[at] - low) / span * 7).astype(int)
    return "".join(BLOCKS[height] for height in heights)


def _known(state: State, trial: int) -> Curve:
    view, goal = state.history.view(), state.objectives[0]
    rows = np.flatnonzero(view.trials == trial)
    values = [goal.value(float(loss)) for loss in view.losses[rows, 0]]
    return Curve(list(zip(view.resources[rows].tolist(), values, strict=True)))
