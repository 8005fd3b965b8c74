"""Scoring: what a report says of its trial, and what trials are ranked by."""

import math

import numpy as np

from rung.core.constraint import Constraints, Violations, limited, ranking, violations
from rung.core.event import TakenOver
from rung.core.objective import Losses, Metrics, Objectives, losses
from rung.core.past import Past
from rung.core.record import TrialRecord
from rung.core.space import Space


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

    def judged(self, metrics: Metrics | None) -> tuple[Losses, Violations]:
        """Losses and violations of a trial that is none of this study, by its last metrics; inf if it failed."""
        own = None if metrics is None else self.losses(metrics)
        if own is None or metrics is None:
            return (math.inf,) * len(self._objectives), (0.0,) * len(self._constraints)
        return own, violations(self._constraints, limited(self._constraints, metrics) or ())

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


def past_of(event: TakenOver, space: Space, scoring: Scoring) -> Past:
    """The trials of an earlier study as this one judges them."""
    judged = [scoring.judged(metrics) for metrics in event.metrics]
    n = len(judged)
    found = np.array([each for each, _ in judged], float).reshape(n, -1)
    return Past(
        event.study,
        event.store,
        space,
        event.configs,
        np.array(event.resources, np.int64),
        found,
        np.array([broken for _, broken in judged], float).reshape(n, -1),
        ~np.isfinite(found).all(axis=1),
    )


def _added(totals: Losses | None, values: Losses) -> Losses:
    return tuple([a + b for a, b in zip(totals, values, strict=True)]) if totals else values
