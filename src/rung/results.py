"""What a person reads of a study: its trials, its best, its front. Pure readings of the state."""

import heapq
import math

import msgspec
import numpy as np

from rung.core.errors import NoResultError
from rung.core.history import Floats, Ints
from rung.core.objective import Losses
from rung.core.state import State
from rung.core.why import plural, sentence
from rung.markup import Content, Markup, card, colored, html, pairs, strong
from rung.models.pareto import non_dominated
from rung.trial_result import TrialResult, Trials, as_table
from rung.words import counts, duration, number, short, units

LEADING = 5  # trials that are shown below a study


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
