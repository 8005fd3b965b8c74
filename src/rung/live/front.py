"""The front of several objectives, kept up while reports come in."""

import math

import numpy as np

from rung.core.objective import Losses
from rung.core.state import State
from rung.models.fronts import comparable
from rung.models.pareto import non_dominated


class Front:
    """The trials that no other one dominates, at the highest resource that any was observed at.

    Under constraints, those of the feasible ones; if there is none, of those that break them least.

    Attributes:
        resource: That resource; 0 before the first report.
        violation: By how much these trials break the constraints in all.
        losses: The losses of those trials there.
    """

    def __init__(self, state: State) -> None:
        self.resource = 0
        self.violation = math.inf
        self.losses: dict[int, Losses] = {}
        view = state.history.view()
        if len(state.objectives) == 1:
            return
        rows = comparable(view.losses, view.violations, view.resources)
        if not len(rows):
            return
        self.resource = int(view.resources[rows[0]])
        self.violation = float(view.violations[rows[0]].sum())
        trials, found = view.trials[rows], view.losses[rows]
        for row in np.flatnonzero(non_dominated(found)):
            self.losses[int(trials[row])] = tuple(found[row].tolist())

    def add(self, trial: int, resource: int, losses: Losses, violation: float = 0.0) -> None:
        """A trial was observed. O(size of the front); nothing to do for one objective."""
        if len(losses) == 1 or not np.isfinite(losses).all():
            return
        if (violation, -resource) > (self.violation, -self.resource):
            return
        if (violation, -resource) < (self.violation, -self.resource):
            self.violation, self.resource, self.losses = violation, resource, {}
        if any(_dominates(other, losses) for other in self.losses.values()):
            return
        self.losses = {
            number: other for number, other in self.losses.items() if not _dominates(losses, other)
        }
        self.losses[trial] = losses

    def best(self, objective: int) -> tuple[int, Losses]:
        """The trial that is best in one objective, and its losses."""
        return min(self.losses.items(), key=lambda item: (item[1][objective], item[0]))


def _dominates(one: Losses, other: Losses) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
