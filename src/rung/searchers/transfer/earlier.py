"""Earlier tasks: what is comparable in the past of a study, on one scale for all tasks."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.errors import SpecError
from rung.core.history import Floats
from rung.core.objective import Objectives
from rung.core.past import Past
from rung.core.space import Choice, Space

FEWEST = 3  # trials of a task from which something can be learned


@dataclass(frozen=True, slots=True)
class Task:
    """What came of the trials of an earlier study, all at one resource.

    Attributes:
        study: Its name.
        points: Their configurations, shape (n, d), NaN where inactive.
        losses: Finite, lower is better, shape (n,); what failed is as bad as the worst.
    """

    study: str
    points: Floats
    losses: Floats

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def shares(self) -> Floats:
        """The share of its trials that are better than each, in 0..1, shape (n,)."""
        places = np.searchsorted(np.sort(self.losses), self.losses, side="left")
        found: Floats = places / max(len(self) - 1, 1)
        return found

    def best(self, n: int) -> Floats:
        """The points of its best trials."""
        points: Floats = self.points[np.argsort(self.losses, kind="stable")[:n]]
        return points

    def thinned(self, most: int) -> "Task":
        """At most so many of its trials, evenly over their ranks, the best and the worst among them."""
        if len(self) <= most:
            return self
        order = np.argsort(self.losses, kind="stable")
        rows = np.sort(order[np.linspace(0, len(order) - 1, most).astype(np.int64)])
        return Task(self.study, self.points[rows], self.losses[rows])


def tasks_of(past: Sequence[Past]) -> list[Task]:
    """The tasks of a past from which something can be learned, each at its highest resource with enough trials."""
    found = [_task(each) for each in past]
    return [task for task in found if len(task) >= FEWEST and np.ptp(task.losses) > 0]


def options_of(space: Space) -> tuple[int | None, ...]:
    """For each column the number of options of an unordered choice; None: it has an order."""
    return tuple(
        int(column.n_values)
        if isinstance(column.parameter, Choice) and not column.parameter.ordered
        else None
        for column in space.columns
    )


def check_one_objective(objectives: Objectives, owner: str) -> None:
    """Raise unless there is one objective."""
    if len(objectives) > 1:
        raise SpecError(
            f"{owner} compares trials of several studies by one objective, got "
            f"{[goal.metric for goal in objectives]}. Use another searcher, such as rung.Forest()."
        )


def _task(past: Past) -> Task:
    losses = np.where(past.violations.sum(axis=1) > 0, np.inf, past.losses[:, 0])
    known = past.inside & np.isfinite(losses)
    levels, counts = np.unique(past.resources[known], return_counts=True)
    enough = levels[counts >= max(FEWEST, counts.max(initial=0) // 4)]
    if not len(enough):
        return Task(past.study, past.points[:0], losses[:0])
    rows = (known & (past.resources == enough[-1])) | (past.inside & ~np.isfinite(losses))
    settled = np.where(np.isfinite(losses), losses, losses[known & rows].max())
    return Task(past.study, past.points[rows], np.clip(settled[rows], -1e150, 1e150))
