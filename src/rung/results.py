"""What a person reads of a study: its trials, its best, its front. Pure readings of the state."""

import heapq
import math
from collections.abc import Mapping

import msgspec
import numpy as np

from rung.core.constraint import Violations, limited
from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Losses, Objectives
from rung.core.state import State
from rung.core.why import plural, sentence
from rung.markup import Content, Markup, card, colored, html, pairs, strong
from rung.models.fronts import comparable
from rung.models.pareto import compromise as even_row
from rung.models.pareto import hypervolume as volume
from rung.models.pareto import knee, non_dominated
from rung.trial_result import TrialResult, Trials, as_table
from rung.words import conjoined, costs, counts, duration, number, short, units

LEADING = 5  # trials that are shown below a study


def trial(state: State, number: int) -> TrialResult:
    """One trial."""
    record = state.trials[number]
    return _result(state, number, record.resource, record.losses, record.limited, record.violations)


def trials(state: State) -> Trials:
    """Every trial of the search, by number."""
    return Trials(trial(state, record.number) for record in state.trials if record.repetition is None)


def leading(state: State, name: str, n: int) -> Trials:
    """The `n` trials that came furthest, the best of each resource first; with several objectives, the front.

    Feasible ones come before all others.
    """
    if len(state.objectives) > 1:
        return Trials(front(state, name)[:n]) if len(state.history) else Trials()
    records = [
        record
        for record in state.trials
        if record.losses is not None and math.isfinite(record.losses[0]) and record.repetition is None
    ]
    found = heapq.nsmallest(n, records, key=lambda record: record.order)
    return Trials(trial(state, record.number) for record in found)


def best(state: State, name: str) -> TrialResult:
    """The incumbent: the best trial at the highest target that any has reached.

    Before any trial has reached a target, the best of those that came furthest. With constraints, a feasible trial
    comes before all others, however far they came; if there is none, the one that breaks them least is the best.

    Raises:
        NoResultError: If nothing was observed, or the study has several objectives.
    """
    if len(state.objectives) > 1:
        metrics = [goal.metric for goal in state.objectives]
        raise NoResultError(
            f"study {name!r} has several objectives, {metrics}: no one trial is the best. See study.front."
        )
    found = state.best
    if found is not None:
        return _at(state, found.trial, found.resource, found.losses)
    return _furthest(state, name)


def front(state: State, name: str) -> Trials:
    """The trials that no other one dominates, at the highest resource that any was observed at.

    With constraints, of the feasible ones; if there is none, the ones that break them least.

    Raises:
        NoResultError: If nothing was observed.
    """
    rows = _at_the_top(state, name)
    losses = state.history.view().losses[rows]
    return Trials(_seen(state, row) for row in _by_number(state, rows[non_dominated(losses)]))


def compromise(state: State, name: str, weights: Mapping[str, float] | None = None) -> TrialResult:
    """One trial of the front: its knee, or the one that suits weights.

    Args:
        state: The study's.
        name: The study's.
        weights: How much each objective counts, by metric; None: the knee, see `rung.models.pareto.knee`.

    Raises:
        NoResultError: If nothing was observed, or the study has one objective.
        SpecError: If the weights are not a number of at least 0 for each objective, not all 0.
    """
    goals = state.objectives
    if len(goals) == 1 and weights is None:
        raise NoResultError(
            f"study {name!r} has one objective, {goals[0].metric!r}: its best needs no compromise. See study.best."
        )
    given = None if weights is None else np.array(by_objective("weights", weights, goals))
    rows = _by_number(state, _at_the_top(state, name))
    losses = state.history.view().losses[rows]
    return _seen(state, rows[knee(losses) if given is None else even_row(losses, given)])


def hypervolume(state: State, name: str, reference: Mapping[str, float] | None = None) -> float:
    """How much lies between the front and a reference: its volume, in the product of the objectives' units.

    Args:
        state: The study's.
        name: The study's.
        reference: A value for each objective, by metric; trials that are not better than it in all of them count for
            nothing. None: the worst of each objective among the trials that the front was chosen from.

    Raises:
        NoResultError: If nothing was observed, or the study has one objective.
        SpecError: If the reference is not a finite number for each objective.
    """
    goals = state.objectives
    if len(goals) == 1 and reference is None:
        raise NoResultError(
            f"study {name!r} has one objective, {goals[0].metric!r}, so it has a best trial and no front. "
            "See study.best."
        )
    losses = state.history.view().losses[_at_the_top(state, name)]
    return volume(losses, losses.max(axis=0) if reference is None else _losses_of(reference, goals))


def _losses_of(reference: Mapping[str, float], goals: Objectives) -> Floats:
    values = by_objective("reference", reference, goals)
    return np.array([goal.loss(value) for goal, value in zip(goals, values, strict=True)])


def by_objective(option: str, given: Mapping[str, float], goals: Objectives) -> list[float]:
    """Numbers by metric, in the order of the objectives.

    Raises:
        SpecError: If there is one objective, or the numbers are not one for each.
    """
    metrics = [goal.metric for goal in goals]
    if len(metrics) == 1:
        raise SpecError(
            f"{option} are for several objectives, and this study has one, {metrics[0]!r}. Leave them out."
            if option == "weights"
            else f"a {option} is for several objectives, and this study has one, {metrics[0]!r}. Leave it out."
        )
    if not isinstance(given, Mapping) or set(given) != set(metrics):
        named = ", ".join(map(str, given)) if isinstance(given, Mapping) else repr(given)
        raise SpecError(f"{option} must be given for {', '.join(metrics)}, got {named or 'none'}.")
    for metric, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise SpecError(f"{option} must be finite numbers, got {metric}={value!r}.")
    return [float(given[metric]) for metric in metrics]


def n_feasible(state: State) -> tuple[int, int]:
    """How many trials keep all constraints where they stand, and how many were observed at all."""
    seen = [record for record in state.trials if record.losses is not None and record.repetition is None]
    return sum(not any(record.violations) for record in seen), len(seen)


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
        "trials": f"{state.n_trials}: {counts(state.counts)}" if state.trials else "none yet"
    }
    rows |= _best_rows(state, name)
    rows["spent"] = f"{units(account.resource, unit)}, {duration(account.seconds)} of training"
    rows["spent"] += f", {costs(account.spent)}" if account.spent else ""
    limits = {
        limit: value
        for limit, value in msgspec.to_builtins(account.budget).items()
        if isinstance(value, int | float)
    }
    rows |= {"budget": ", ".join(f"{limit} {value:g}" for limit, value in limits.items())} if limits else {}
    rows |= {"ended": ended} if ended is not None else {}
    found = leading(state, name, LEADING)
    shown = as_table(found, plural(unit, None)) if found else ""
    return card(name, f"{goals} · in {url}", pairs(rows), shown)


def _best_rows(state: State, name: str) -> dict[str, Content]:
    if not len(state.history):
        return {}
    feasible = {"feasible": feasibility(state)} if state.constraints else {}
    if len(state.objectives) > 1:
        found_front = units(len(front(state, name)), "trial")
        return {"front": f"{found_front} that no other one dominates", **_knee(state, name), **feasible}
    found = best(state, name)
    value = f"{state.objectives[0].metric} {number(found.value)}"
    where = f" at {units(found.resource, state.resource.unit)} (trial {found.number})"
    return {
        "best": Markup(colored(strong(value), "best") + html(where)),
        **({"breaks": colored(conjoined(found.broken), "failed")} if found.broken else {}),
        "configuration": short(found.config),
        **feasible,
    }


def _knee(state: State, name: str) -> dict[str, Content]:
    found = compromise(state, name)
    values = ", ".join(f"{metric} {number(value)}" for metric, value in found.values.items())
    return {"knee": Markup(colored(strong(values), "best") + html(f" (trial {found.number})"))}


def feasibility(state: State) -> str:
    """Which part of the trials is feasible, in words."""
    feasible, seen = n_feasible(state)
    limits = conjoined([str(limit) for limit in state.constraints])
    share = f" ({100 * feasible / seen:.0f} %)" if seen else ""
    return f"{feasible} of {units(seen, 'trial')}{share}, with {limits}"


def full_cost(state: State) -> int:
    """Units that it would have taken to train every trial to the highest target that any has reached."""
    if state.constraints:  # the incumbent is feasible, and so it may not have come furthest
        return max((record.resource for record in state.trials), default=0) * state.n_trials
    highest = state.incumbent.resource if state.incumbent is not None else 0
    return highest * state.n_trials


def _furthest(state: State, name: str) -> TrialResult:
    rows = _at_the_top(state, name)
    view = state.history.view()
    return _seen(state, rows[np.lexsort((view.trials[rows], view.losses[rows, 0]))[0]])


def _at_the_top(state: State, name: str) -> Ints:
    """The finite observations at the highest resource that has one; under constraints, of those least broken."""
    view = state.history.view()
    rows = comparable(view.losses, view.violations, view.resources)
    if not len(rows):
        raise NoResultError(
            f"study {name!r} has no result yet. Run it first, or see its trials for what failed."
        )
    return rows


def _by_number(state: State, rows: Ints) -> Ints:
    return rows[np.argsort(state.history.view().trials[rows], kind="stable")]


def _seen(state: State, row: int) -> TrialResult:
    """A trial as it stood when it was observed."""
    view = state.history.view()
    return _at(state, int(view.trials[row]), int(view.resources[row]), tuple(view.losses[row].tolist()))


def _at(state: State, number: int, resource: int, losses: Losses) -> TrialResult:
    """A trial as it stood at a resource, with these losses."""
    record, view = state.trials[number], state.history.view()
    if not state.constraints or record.resource == resource:
        return _result(state, number, resource, losses, record.limited, record.violations)
    rows = np.flatnonzero((view.trials == number) & (view.resources == resource))
    if not len(rows):
        return _result(state, number, resource, losses, (), ())
    broken = tuple(view.violations[rows[-1]].tolist())
    values = () if state.resource.averages else limited(state.constraints, view.metrics[int(rows[-1])])
    return _result(state, number, resource, losses, values or (), broken)


def _result(  # noqa: PLR0917  what was observed
    state: State,
    number: int,
    resource: int,
    losses: Losses | None,
    values_limited: tuple[float, ...],
    broken: Violations,
) -> TrialResult:
    record = state.trials[number]
    found = [
        *((limit.metric, value) for limit, value in zip(state.constraints, values_limited, strict=False)),
        *(
            (goal.metric, goal.value(loss))
            for goal, loss in zip(state.objectives, losses or (), strict=False)
        ),
    ]
    known = {metric: value for metric, value in found if math.isfinite(value)}
    names = [goal.metric for goal in state.objectives] + [limit.metric for limit in state.constraints]
    values = {name: known[name] for name in names if name in known}
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
        [str(limit) for limit, part in zip(state.constraints, broken, strict=False) if part],
        record.reuses,
        state.usages.trials.get(number),
        record.spent,
    )


def _words(state: State, number: int) -> str:
    failure = state.trials[number].failure
    if failure is not None:
        return f"{failure.type}: {failure.message}"
    return sentence(state.why(number), state.resource.unit)
