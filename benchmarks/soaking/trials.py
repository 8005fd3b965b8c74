"""Checks of trials: none is lost, none runs twice at once, and the budget is used up and never overspent."""

from collections.abc import Iterator

from rung.core import event as ev
from rung.core.state import State
from soaking.case import REPLACED, Case
from soaking.facts import Facts, Stretch, run_of


def not_lost(case: Case, facts: Facts) -> Iterator[str]:
    """In the end every trial is complete, stopped, paused or failed, and it is known why."""
    state = facts.state
    for record in state.trials:
        status = state.status(record.number)
        if status in ("queued", "running"):
            yield f"trial {record.number} is {status} in the end"
        elif not state.why(record.number).rule:
            yield f"trial {record.number} is {status}, and nobody knows why"
        if record.failure is not None and not _has_cause(case, facts, record.number, record.failure):
            yield f"trial {record.number} has failed without a cause: {record.failure.type}, {record.failure.message}"
    if state.jobs or state.owed:
        yield f"jobs {sorted(state.jobs)} are open and trials {sorted(state.owed)} are owed one in the end"


_CAUSES = {"SoakError": "raises", "SystemExit": "exits", "diverged": "diverges"}


def _has_cause(case: Case, facts: Facts, trial: int, failure: ev.Failure) -> bool:
    done = facts.misbehaved.get(trial, set())
    if failure.type in _CAUSES:
        return _CAUSES[failure.type] in done
    if failure.type == "timeout":
        return "hangs" in done or any(
            "paused" in fault.kind or "slept" in fault.kind for fault in case.faults
        )
    return failure.fault == "machine" and bool(case.faults or "dies" in done)


def not_twice(case: Case, facts: Facts) -> Iterator[str]:
    """No two processes train a trial at once, but for those of a driver that slept, of which nothing is logged then."""
    by_trial: dict[int, list[Stretch]] = {}
    for stretch in facts.stretches:
        if not _slept(case, stretch):
            by_trial.setdefault(stretch.trial, []).append(stretch)
    for trial, stretches in by_trial.items():
        stretches.sort(key=lambda each: each.begun)
        longest = stretches[0]
        for stretch in stretches[1:]:
            if stretch.pid != longest.pid and stretch.begun < longest.ended:
                yield f"trial {trial} was trained by {longest} and {stretch} at once"
            longest = max(longest, stretch, key=lambda each: each.ended)
    last = -1
    for entry, event in facts.reports:
        if run_of(event) < last:
            yield f"entry {entry.seq}: run {run_of(event)} has written after run {last} had taken over"
        last = max(last, run_of(event))


def _slept(case: Case, stretch: Stretch) -> bool:
    """Whether its driver had been stopped by then, for good as it did not know."""
    fenced = {run.number for run in case.runs if run.fenced}
    return stretch.run in fenced and any(
        fault.run == stretch.run and fault.begun < stretch.ended and fault.kind == REPLACED
        for fault in case.faults
    )


def exact(case: Case, facts: Facts) -> Iterator[str]:
    """The budget is never overspent, and used up in the end, unless there is nothing left to do."""
    yield from facts.overspent
    state, budget = facts.state, case.plan.budgets[-1]
    last = case.runs[-1]
    if not last.in_order or facts.contradiction is not None:
        return
    trials = sum(created.parent is None for created in facts.created.values())
    ended = None if last.outcome is None else last.outcome.rule
    rule = state.closed.rule if state.closed is not None else ended
    left = None if budget.resource is None else budget.resource - state.account.resource
    if budget.trials is not None and trials != budget.trials and not _may_end_early(case, rule):
        yield f"{trials} trials with a budget of {budget.trials}; no more are created because of {rule!r}"
    if left is not None and left >= case.plan.max_resource and not _may_end_early(case, rule):
        yield f"{left} units of {budget.resource} are left, though a trial takes at most {case.plan.max_resource}"
    if case.plan.resource == "steps":
        yield from _counted(state)


def _may_end_early(case: Case, rule: str | None) -> bool:
    """A grid ends with its last point, a population with its members, and schedulers of strangers when they want to."""
    return rule in ("exhausted", "population done") or case.plan.is_strange


def _counted(state: State) -> Iterator[str]:
    """What is spent covers what the trials have: nothing was refunded that was kept."""
    had = sum(record.position for record in state.trials if record.parent is None)
    if state.account.resource < had:
        yield f"{state.account.resource} units are booked, but the trials stand at {had} units together"
