"""Trials as rows of a table, for frames and files. Pure readings of the state."""

from typing import TYPE_CHECKING

from rung.core.errors import MissingDependencyError
from rung.core.space import Choice, Column, Config, Space
from rung.core.state import State
from rung.core.usage import Usage
from rung.results import trials
from rung.trial_result import TrialResult

if TYPE_CHECKING:
    import pandas as pd


def table(state: State) -> tuple[list[str], list[dict[str, object]]]:
    """Every trial as a row of a table.

    Returns:
        The columns: trial, status, why, resource, one for each objective, with constraints one for each of their
        metrics and `feasible`, then seconds, source, parent, failure,
        then `config.` and the label of each hyperparameter, then `reuses` if there are duplicates that do, then what
        was used of machines if that was measured, then `spent.` and the name of each currency of the budget. And the
        rows, by number of the trial; what a trial has not (a value, a parent, an inactive hyperparameter) is absent
        from its row.
    """
    rows = [_row(state, each) for each in trials(state)]
    names = [*(goal.metric for goal in state.objectives), *(limit.metric for limit in state.constraints)]
    metrics = [_metric_column(name) for name in dict.fromkeys(names)]
    metrics += ["feasible"] if state.constraints else []
    labels = [f"config.{column.label}" for column in state.space.columns]
    known = [*_FIRST, *metrics, *_LAST, *labels]
    more = {name: None for row in rows for name in row}  # constants, and what an earlier space had
    return list(dict.fromkeys([*known, *more])), rows


def frame(state: State) -> "pd.DataFrame":
    """The table of trials as a pandas frame.

    Raises:
        MissingDependencyError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingDependencyError(
            "to_frame() needs pandas, which is not installed. Run: pip install 'rung[frame]'"
        ) from None
    columns, rows = table(state)
    return pd.DataFrame(rows, columns=columns)


_FIRST = ("trial", "status", "why", "resource")
_LAST = ("seconds", "source", "parent", "failure")
_RARE = ("reuses", "used.cpus", "used.memory_bytes", "used.gpu", "used.gpu_memory_bytes")


def _row(state: State, trial: TrialResult) -> dict[str, object]:
    row: dict[str, object] = {
        "trial": trial.number,
        "status": trial.status,
        "why": trial.why,
        "resource": trial.resource,
        **{_metric_column(metric): value for metric, value in trial.values.items()},
        "seconds": trial.seconds,
        "source": trial.source,
    }
    if state.constraints and trial.values:
        row["feasible"] = trial.feasible
    if trial.parent is not None:
        row["parent"] = trial.parent
    if trial.reuses is not None:
        row["reuses"] = trial.reuses
    if trial.failure is not None:
        row["failure"] = trial.failure.type
    labels = _labels(state.space, trial.config)
    for name, value in trial.config.items():
        row[f"config.{labels.get(name, name)}"] = value
    row |= {} if trial.usage is None else _used(trial.usage)
    return row | {f"spent.{name}": value for name, value in trial.spent.items()}


def _used(usage: Usage) -> dict[str, object]:
    found = {
        "used.cpus": usage.cpus,
        "used.memory_bytes": usage.memory_bytes,
        "used.gpu": usage.gpu,
        "used.gpu_memory_bytes": usage.gpu_memory_bytes,
    }
    return {name: value for name, value in found.items() if value is not None}


def _metric_column(metric: str) -> str:
    """The metric's own name, unless a column is called so already."""
    return f"value.{metric}" if metric in (*_FIRST, *_LAST, *_RARE) else metric


def _labels(space: Space, config: Config) -> dict[str, str]:
    """The label of the active column of each name."""
    active: set[int] = set()
    labels: dict[str, str] = {}
    for column in space.columns:  # a choice comes before what it opens
        if column.parent is not None and column.parent not in active:
            continue
        if column.parent is None or _chosen(space.columns[column.parent], config) == column.option:
            active.add(column.index)
            labels[column.name] = column.label
    return labels


def _chosen(choice: Column, config: Config) -> int | None:
    """Which option of a choice a configuration has."""
    assert isinstance(choice.parameter, Choice)
    options = list(choice.parameter.options)
    value = config.get(choice.name)
    return options.index(value) if value in options else None
