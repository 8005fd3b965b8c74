"""What a person reads of a study: its trials, its best, its front, a frame. Pure readings of the state."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rung.core.decision import Status
from rung.core.errors import MissingDependencyError, NoResultError
from rung.core.event import Failure, Source
from rung.core.history import Floats, Ints
from rung.core.objective import Losses
from rung.core.space import Config
from rung.core.state import State
from rung.core.why import sentence
from rung.models.pareto import non_dominated
from rung.words import number, short

if TYPE_CHECKING:
    import pandas as pd


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


def trial(state: State, number: int) -> TrialResult:
    """One trial."""
    record = state.trials[number]
    return _result(state, number, record.resource, record.losses)


def trials(state: State) -> list[TrialResult]:
    """Every trial, by number."""
    return [trial(state, number) for number in range(len(state.trials))]


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


def front(state: State, name: str) -> list[TrialResult]:
    """The trials that no other one dominates, at the highest resource that any was observed at.

    Raises:
        NoResultError: If nothing was observed.
    """
    _, numbers, losses = _at_the_top(state, name)
    return [trial(state, int(number)) for number in np.sort(numbers[non_dominated(losses)])]


def frame(state: State) -> "pd.DataFrame":
    """One row per trial: number, status, resource, objectives, seconds, then a column per hyperparameter.

    Raises:
        MissingDependencyError: If pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError:
        raise MissingDependencyError(
            "to_frame() needs pandas, which is not installed. Run: pip install 'rung[frame]'"
        ) from None
    rows = [
        {
            "trial": each.number,
            "status": each.status,
            "resource": each.resource,
            **{goal.metric: each.values.get(goal.metric) for goal in state.objectives},
            "seconds": each.seconds,
            **{f"config.{name}": value for name, value in each.config.items()},
        }
        for each in trials(state)
    ]
    return pd.DataFrame(rows)


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
