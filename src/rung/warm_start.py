"""What a study takes over from an earlier one: each of its trials where it got furthest, with its metrics there."""

import math
from collections.abc import Sequence

from rung.core.constraint import Constraints
from rung.core.errors import NoResultError, SpecError
from rung.core.event import TakenOver
from rung.core.history import HistoryView
from rung.core.objective import Metrics, Objectives
from rung.core.past import fitting
from rung.core.record import TrialRecord
from rung.core.space import Space
from rung.core.state import State


def taken_over(source: State, name: str, url: str, to: State) -> TakenOver:
    """What a study may know of another one.

    Args:
        source: The other study.
        name: Its name.
        url: Where it is.
        to: The study that takes it over.

    Raises:
        SpecError: If it never reported what this study optimizes or limits.
        NoResultError: If no trial of it can be of use: none is over, or none fits the space.
    """
    wanted = _wanted(to.objectives, to.constraints)
    rows = _last_rows(source.history.view())
    found = [
        (record, metrics)
        for record in source.trials
        if record.repetition is None and record.reuses is None
        for metrics in [_metrics(record, source, rows.get(record.number))]
        if metrics is not None or record.failure is not None
    ]
    _check(found, wanted, name, to.space)
    return TakenOver(
        name,
        url,
        tuple(dict(record.config) for record, _ in found),
        tuple(max(record.resource, 1) for record, _ in found),
        tuple(_kept(metrics, wanted) for _, metrics in found),
    )


Found = list[tuple[TrialRecord, Metrics | None]]


def _wanted(goals: Objectives, limits: Constraints) -> list[str]:
    return [*(goal.metric for goal in goals), *(limit.metric for limit in limits)]


def _last_rows(history: HistoryView) -> dict[int, Metrics]:
    """The metrics of each trial where it got furthest."""
    last = {int(trial): row for row, trial in enumerate(history.trials)}
    return {trial: history.metrics[row] for trial, row in last.items()}


def _metrics(record: TrialRecord, source: State, last: Metrics | None) -> Metrics | None:
    """What a trial counts with; objectives as its study counts them, be it by a mean. None: there is nothing."""
    if last is None or record.failure is not None or record.losses is None:
        return None
    counted = {
        goal.metric: goal.value(loss) if math.isfinite(loss) else "nan"
        for goal, loss in zip(source.objectives, record.losses, strict=True)
    }
    return {**last, **counted}


def _kept(metrics: Metrics | None, wanted: Sequence[str]) -> Metrics | None:
    if metrics is None or any(name not in metrics for name in wanted):
        return None
    return {name: metrics[name] for name in wanted}


def _check(found: Found, wanted: Sequence[str], name: str, space: Space) -> None:
    reports = [metrics for _, metrics in found if metrics is not None]
    if not reports:
        raise NoResultError(f"study {name!r} has no results to take over. Run it first, or leave it out.")
    told = set.intersection(*(set(metrics) for metrics in reports))
    if lacking := [each for each in wanted if each not in told]:
        raise SpecError(
            f"study {name!r} cannot be taken over: it did not report {lacking}, only {sorted(told)}. Leave it out of "
            "warm_start, or name the metric as it did."
        )
    if not any(space.encodes(fitting(space, record.config)) for record, _ in found):
        raise SpecError(
            f"study {name!r} cannot be taken over: none of its {len(found)} configurations fits this space, not even "
            "with defaults for what is new. Give new hyperparameters a default, and do not narrow all ranges."
        )
