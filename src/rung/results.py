"""What a person reads of a study: its trials, its best, its front, a frame. Pure readings of the state."""

import heapq
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from rung.core.decision import Status
from rung.core.errors import MissingDependencyError, NoResultError
from rung.core.event import Failure, Source
from rung.core.history import Floats, Ints
from rung.core.objective import Losses
from rung.core.space import Choice, Column, Config, Space
from rung.core.state import State
from rung.core.why import plural, sentence
from rung.markup import Content, Markup, card, colored, element, grid, html, line, pairs, strong
from rung.models.pareto import non_dominated
from rung.words import counts, duration, number, scalar, short, units

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 20  # rows of a table in a notebook
LEADING = 5  # of them, below a study


@dataclass(frozen=True, slots=True)
class TrialResult:
    """A trial as it stands.

    Attributes:
        number: Its number.
        config: Its configuration.
        status: queued, running, paused, stopped, complete or failed.
        why: The reason, in words.
        resource: Highest resource that it was observed at; 0 if none.
        value: The first objective's value there; None if there is none, or it was not finite.
        values: Every objective's finite value there, by metric.
        seconds: Training time so far.
        source: Who chose the configuration: default, enqueued, searcher or scheduler.
        parent: The trial that it started from.
        failure: What went wrong, if it failed.
    """

    number: int
    config: Config
    status: Status
    why: str
    resource: int
    value: float | None
    values: Mapping[str, float]
    seconds: float
    source: Source
    parent: int | None
    failure: Failure | None

    def __str__(self) -> str:
        """One line for people: what it reached, with which configuration."""
        values = " ".join(f"{metric}={number(value)}" for metric, value in self.values.items())
        reached = f"{values} at {self.resource}" if values else "no result"
        return f"trial {self.number} ({self.status}): {reached} with {short(self.config)}"

    def _repr_html_(self) -> str:
        rows: dict[str, Content] = {metric: number(value) for metric, value in self.values.items()}
        rows |= {"resource": str(self.resource), "time": duration(self.seconds) if self.seconds else "none"}
        rows |= {name: scalar(value) for name, value in self.config.items()}
        rows |= {
            "chosen by": self.source if self.parent is None else f"{self.source}, from trial {self.parent}"
        }
        rows |= {"because": self.why} if self.failure is None else {"failed": colored(self.why, "failed")}
        traceback = self.failure.traceback if self.failure is not None else ""
        shown = (
            element("pre", "overflow-x:auto;font-size:.85em;margin:.5em 0 0", traceback) if traceback else ""
        )
        return card(f"trial {self.number}", colored(self.status, self.status), pairs(rows), shown)


class Trials(list[TrialResult]):
    """Trials; a notebook shows them as a table."""

    def _repr_html_(self) -> str:
        shown = self[:SHOWN]
        rest = (
            "" if len(self) == len(shown) else line(f"… and {len(self) - len(shown)} more: study.to_frame()")
        )
        return as_table(shown, "resource") + rest


def as_table(found: Sequence[TrialResult], unit: str) -> Markup:
    """Trials as an HTML table; `unit` stands above their resources."""
    metrics = list(dict.fromkeys(metric for each in found for metric in each.values))
    names = list(dict.fromkeys(name for each in found for name in each.config))
    texts = {name for each in found for name, value in each.config.items() if isinstance(value, str)}
    rows = [
        [
            str(each.number),
            colored(each.status, each.status),
            *(number(each.values.get(metric)) for metric in metrics),
            str(each.resource),
            *(scalar(each.config[name]) if name in each.config else "" for name in names),
        ]
        for each in found
    ]
    header = ["trial", "status", *metrics, unit, *names]
    return grid(header, rows, words=[0, 1, *(i for i, name in enumerate(header) if name in texts)])


def trial(state: State, number: int) -> TrialResult:
    """One trial."""
    record = state.trials[number]
    return _result(state, number, record.resource, record.losses)


def trials(state: State) -> Trials:
    """Every trial, by number."""
    return Trials(trial(state, number) for number in range(len(state.trials)))


def leading(state: State, name: str, n: int) -> Trials:
    """The `n` trials that came furthest, the best of each resource first; with several objectives, the front."""
    if len(state.objectives) > 1:
        return Trials(front(state, name)[:n]) if len(state.history) else Trials()
    records = [
        record for record in state.trials if record.losses is not None and math.isfinite(record.losses[0])
    ]
    found = heapq.nsmallest(
        n, records, key=lambda record: (-record.resource, record.losses or (), record.number)
    )
    return Trials(trial(state, record.number) for record in found)


def best(state: State, name: str) -> TrialResult:
    """The incumbent: the best trial at the highest target that any has reached.

    Before any trial has reached a target, the best of those that came furthest.

    Raises:
        NoResultError: If nothing was observed, or the study has several objectives.
    """
    if len(state.objectives) > 1:
        metrics = [goal.metric for goal in state.objectives]
        raise NoResultError(
            f"study {name!r} has several objectives, {metrics}: no one trial is the best. See study.front."
        )
    if state.incumbent is not None:
        found = state.incumbent
        return _result(state, found.trial, found.resource, found.losses)
    return _furthest(state, name)


def front(state: State, name: str) -> Trials:
    """The trials that no other one dominates, at the highest resource that any was observed at.

    Raises:
        NoResultError: If nothing was observed.
    """
    _, numbers, losses = _at_the_top(state, name)
    return Trials(trial(state, int(number)) for number in np.sort(numbers[non_dominated(losses)]))


def table(state: State) -> tuple[list[str], list[dict[str, object]]]:
    """Every trial as a row of a table.

    Returns:
        The columns: trial, status, why, resource, one for each objective, seconds, source, parent, failure,
        then `config.` and the label of each hyperparameter. And the rows, by number of the trial; what a
        trial has not (a value, a parent, an inactive hyperparameter) is absent from its row.
    """
    rows = [_row(state, each) for each in trials(state)]
    metrics = [_metric_column(goal.metric) for goal in state.objectives]
    labels = [f"config.{column.label}" for column in state.space.columns]
    known = [*_FIRST, *metrics, *_LAST, *labels]
    more = {name: None for row in rows for name in row}  # constants, and what an earlier space had
    return list(dict.fromkeys([*known, *more])), rows


def overview(state: State, name: str, url: str, ended: str | None) -> str:
    """A study at a glance, as HTML: what it seeks, its best, what became of its trials, what it cost.

    Args:
        state: It.
        name: Its name.
        url: Where its log is.
        ended: Why its last run ended, in words; None: it was not run here.
    """
    unit, account = state.resource.unit, state.account
    goals = ", ".join(
        f"{'maximize' if goal.maximize else 'minimize'} {goal.metric}" for goal in state.objectives
    )
    rows: dict[str, Content] = {
        "trials": f"{len(state.trials)}: {counts(state.counts)}" if state.trials else "none yet"
    }
    rows |= _best_rows(state, name)
    rows["spent"] = f"{units(account.resource, unit)}, {duration(account.seconds)} of training"
    limits = {
        limit: value for limit, value in msgspec.to_builtins(account.budget).items() if value is not None
    }
    rows |= {"budget": ", ".join(f"{limit} {value:g}" for limit, value in limits.items())} if limits else {}
    rows |= {"ended": ended} if ended is not None else {}
    found = leading(state, name, LEADING)
    shown = as_table(found, plural(unit, None)) if found else ""
    return card(name, f"{goals} · in {url}", pairs(rows), shown)


def _best_rows(state: State, name: str) -> dict[str, Content]:
    if not len(state.history):
        return {}
    if len(state.objectives) > 1:
        return {"front": f"{units(len(front(state, name)), 'trial')} that no other one dominates"}
    found = best(state, name)
    value = f"{state.objectives[0].metric} {number(found.value)}"
    where = f" at {units(found.resource, state.resource.unit)} (trial {found.number})"
    return {
        "best": Markup(colored(strong(value), "best") + html(where)),
        "configuration": short(found.config),
    }


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


def full_cost(state: State) -> int:
    """Units that it would have taken to train every trial to the highest target that any has reached."""
    highest = state.incumbent.resource if state.incumbent is not None else 0
    return highest * len(state.trials)


def _furthest(state: State, name: str) -> TrialResult:
    resource, numbers, losses = _at_the_top(state, name)
    row = np.lexsort((numbers, losses[:, 0]))[0]
    return _result(state, int(numbers[row]), resource, tuple(losses[row].tolist()))


def _at_the_top(state: State, name: str) -> tuple[int, Ints, Floats]:
    """The highest resource with finite observations, the trials that have one there, and their losses."""
    view = state.history.view()
    finite = np.isfinite(view.losses).all(axis=1)
    if not finite.any():
        raise NoResultError(
            f"study {name!r} has no result yet. Run it first, or see its trials for what failed."
        )
    resource = view.resources[finite].max()
    here = finite & (view.resources == resource)
    return int(resource), view.trials[here], view.losses[here]


def _result(state: State, number: int, resource: int, losses: Losses | None) -> TrialResult:
    record = state.trials[number]
    values = {
        goal.metric: goal.value(loss)
        for goal, loss in zip(state.objectives, losses or (), strict=False)
        if math.isfinite(loss)
    }
    return TrialResult(
        number,
        record.config,
        state.status(number),
        _words(state, number),
        resource,
        values.get(state.objectives[0].metric),
        values,
        record.seconds,
        record.source,
        record.parent,
        record.failure,
    )


def _words(state: State, number: int) -> str:
    failure = state.trials[number].failure
    if failure is not None:
        return f"{failure.type}: {failure.message}"
    return sentence(state.why(number), state.resource.unit)


_FIRST = ("trial", "status", "why", "resource")
_LAST = ("seconds", "source", "parent", "failure")


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
    if trial.parent is not None:
        row["parent"] = trial.parent
    if trial.failure is not None:
        row["failure"] = trial.failure.type
    labels = _labels(state.space, trial.config)
    for name, value in trial.config.items():
        row[f"config.{labels.get(name, name)}"] = value
    return row


def _metric_column(metric: str) -> str:
    """The metric's own name, unless a column is called so already."""
    return f"value.{metric}" if metric in (*_FIRST, *_LAST) else metric


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
