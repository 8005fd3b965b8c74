"""What a unit of training costs a trial, measured from its own reports."""

import math
from dataclasses import dataclass

from rung.core.decision import Observed


@dataclass(slots=True)
class Price:
    """The cost of a unit: a mean over all that was measured, without the first report of each job.

    With that one come compilation, the loading of data and of a checkpoint. It counts only while there is no other.

    Attributes:
        reports: How many reports were measured.
    """

    reports: int = 0
    _units: int = 0
    _total: float = 0.0
    _first_units: int = 0
    _first_total: float = 0.0

    def add(self, units: int, cost: float, *, first: bool) -> None:
        """Some units were trained at a cost; `first` says that no other report of their job came before."""
        self.reports += 1
        if first:
            self._first_units += units
            self._first_total += cost
        else:
            self._units += units
            self._total += cost

    @property
    def per_unit(self) -> float | None:
        """The cost of a unit; None: nothing was measured."""
        if self._units:
            return self._total / self._units
        return self._first_total / self._first_units if self._first_units else None


def spent(fact: Observed, cost: str) -> float | None:
    """What the units of a report have cost; None: it does not say so.

    Args:
        fact: The report.
        cost: "seconds" for the time that was measured, else the name of a reported metric.
    """
    value = fact.seconds if cost == "seconds" else fact.metrics.get(cost)
    if isinstance(value, int | float) and math.isfinite(value) and value >= 0:
        return float(value)
    return None
