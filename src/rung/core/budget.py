"""Budget: what a study may spend in all, and the account of what it has spent and reserved."""

import math
from dataclasses import dataclass

import msgspec

from rung.core.errors import SpecError


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a study may spend; None means no limit. All but `seconds` count over all runs of the study.

    Attributes:
        trials: New trials; children of population-based training are not counted.
        resource: Units of training (epochs, folds …). What a lost job must train again is not counted twice.
        seconds: Wall-clock time of one `run`, the start of its workers included.
        worker_seconds: Training time summed over workers.
        cost: Sum of the metric named `cost_metric`, as reported: money, energy.
        cost_metric: Which reported metric is the cost since the last report.
    """

    trials: int | None = None
    resource: int | None = None
    seconds: float | None = None
    worker_seconds: float | None = None
    cost: float | None = None
    cost_metric: str = "cost"

    def __post_init__(self) -> None:
        for name in ("trials", "resource"):
            value = getattr(self, name)
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
                raise SpecError(f"a budget's {name} is a whole number of at least 0, got {value!r}.")
        for name in ("seconds", "worker_seconds", "cost"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value >= 0):
                raise SpecError(f"a budget's {name} is a number of at least 0, got {value!r}.")


NO_LIMIT = Budget()


@dataclass(slots=True)
class Account:
    """What a study has spent and reserved, against its budget.

    A job reserves its units of resource when it is granted. Each report turns reserved units into spent ones; the end
    of the job frees the rest, and units whose result was lost with a machine are refunded. Seconds and cost of
    reserved units are estimated by the study's mean per unit so far.

    Attributes:
        budget: The limits.
        trials: Trials created, without children.
        resource: Units spent, those refunded left out.
        reserved: Units granted to open jobs and not reported yet.
        seconds: Training time of all reports.
        cost: Cost of all reports.
        trained: Units reported in all, also those refunded later.
    """

    budget: Budget = NO_LIMIT
    trials: int = 0
    resource: int = 0
    reserved: int = 0
    seconds: float = 0.0
    cost: float = 0.0
    trained: int = 0

    def train(self, units: int, seconds: float, cost: float) -> None:
        """Reserved units were trained and reported."""
        self.reserved -= units
        self.resource += units
        self.trained += units
        self.seconds += seconds
        self.cost += cost

    def late(self, seconds: float, cost: float) -> None:
        """A job that is over reported once more: its time counts, its units were refunded."""
        self.seconds += seconds
        self.cost += cost

    def more_trials(self) -> bool:
        """Whether one more trial may be created."""
        return self.budget.trials is None or self.trials < self.budget.trials

    def room(self) -> float:
        """Units of resource that the budget still has for new jobs; `inf` without a limit, never below 0."""
        budget = self.budget
        room = math.inf
        if budget.resource is not None:
            room = budget.resource - self.resource - self.reserved
        if budget.worker_seconds is not None:
            room = min(room, self._units_left(budget.worker_seconds, self.seconds))
        if budget.cost is not None:
            room = min(room, self._units_left(budget.cost, self.cost))
        return max(room, 0)

    def overdrawn(self) -> str | None:
        """The currency that is used up while jobs are running, or None."""
        if self.budget.worker_seconds is not None and self.seconds >= self.budget.worker_seconds:
            return "worker_seconds"
        if self.budget.cost is not None and self.cost >= self.budget.cost:
            return self.budget.cost_metric
        return None

    def _units_left(self, limit: float, spent: float) -> float:
        if spent >= limit:
            return 0
        if not spent:
            return math.inf  # nothing is known about the price of a unit yet
        return (limit - spent) * self.trained / spent - self.reserved
