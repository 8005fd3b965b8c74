"""Scoring: what a report says of its trial, and what trials are ranked by."""

from rung.core.constraint import Constraints, limited, ranking, violations
from rung.core.objective import Losses, Metrics, Objectives, losses
from rung.core.record import TrialRecord


class Scoring:
    """Turns reports into losses, their means over replicates, and violations of constraints.

    Args:
        objectives: Of the study.
        constraints: Of the study.
        averages: Whether a trial counts by the mean of its reports, as where the resource is replicates.
    """

    def __init__(self, objectives: Objectives, constraints: Constraints, averages: bool) -> None:
        self._objectives = objectives
        self._constraints = constraints
        self._averages = averages

    def losses(self, metrics: Metrics) -> Losses | None:
        """The losses of one report, None if it lacks an objective or a constrained metric."""
        own = losses(self._objectives, metrics)
        if self._constraints and limited(self._constraints, metrics) is None:
            return None
        return own

    def ranked(self, metrics: Metrics, own: Losses | None) -> Losses | None:
        """What one report is ranked by, where `own` are its losses."""
        if own is None or not self._constraints:
            return own
        values = limited(self._constraints, metrics)
        return None if values is None else ranking(own, violations(self._constraints, values))

    def note(self, record: TrialRecord, metrics: Metrics, own: Losses | None) -> None:
        """A trial was observed for the first time where it stands: note its losses and violations there."""
        record.losses = own
        if own is None:
            return
        if self._averages:
            record.replicates += 1
            record.totals = _added(record.totals, own)
            record.losses = tuple([total / record.replicates for total in record.totals])
        if self._constraints:
            self._note_limited(record, limited(self._constraints, metrics) or ())

    def _note_limited(self, record: TrialRecord, values: tuple[float, ...]) -> None:
        if self._averages:
            record.limited_totals = _added(record.limited_totals, values)
            values = tuple([total / record.replicates for total in record.limited_totals])
        record.limited = values
        record.violations = violations(self._constraints, values)


def _added(totals: Losses | None, values: Losses) -> Losses:
    return tuple([a + b for a, b in zip(totals, values, strict=True)]) if totals else values
