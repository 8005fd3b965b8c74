"""What a confirmation trains next: who the leaders are, who has fallen behind, when the reserve is due.

With a number of seeds the leaders race: each is trained with one seed after the other, and who is shown to be worse
than the best so far gets no more. Without one, as in a small reserve, all are trained once, the better half of them
once more, and so on: the choice then is wide at first, and what is left is spent on those that matter.

Everything follows from the state, so that a confirmation that was cut off goes on where it stood.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rung.core import event as ev
from rung.core.confirm import Repeat, Repetition, span
from rung.core.confirmations import Results, ranked
from rung.core.errors import NoResultError, SpecError
from rung.core.record import TrialRecord
from rung.core.resource import check_count
from rung.core.rng import rng
from rung.core.space import Config
from rung.core.state import State
from rung.core.why import Why
from rung.models.versus import pairs

PAIRS = 3  # common seeds before a leader can fall behind
ALPHA = 0.05  # two-sided, for all leaders together
WIDE = 2 / 3  # of the trainings that a reserve covers, the part that goes to different leaders
ATTEMPTS = 100  # at a neighbour that keeps the rules of the space
NEAR = 0.05  # how far neighbours lie from the winner: standard deviation of each place in the unit cube


# Who


def leaders(state: State, n: int) -> list[int]:
    """Up to `n` trials of different configurations that may be the best: the incumbent, then by their last loss."""
    best = None if state.incumbent is None else state.incumbent.trial
    found: list[TrialRecord] = []
    for record in sorted(filter(_may_lead, state.trials), key=lambda each: _order(each, best)):
        if len(found) < n and all(record.config != other.config for other in found):
            found.append(record)
    return [record.number for record in found]


def _may_lead(record: TrialRecord) -> bool:
    losses = record.ranked
    return (
        record.repetition is None
        and record.failure is None
        and losses is not None
        and math.isfinite(losses[0])
    )


def _order(record: TrialRecord, incumbent: int | None) -> tuple[bool, float, int]:
    losses = record.ranked
    assert losses is not None  # see _may_lead
    return record.number != incumbent, losses[0], record.number


# When


def asked(state: State, top: int, seeds: int, neighbours: int) -> ev.ConfirmBegun:
    """The round that a user asks for.

    Raises:
        NoResultError: If there is nothing to confirm.
        SpecError: If there are several objectives, or a number makes no sense.
    """
    check_count("top", top)
    check_count("seeds", seeds)
    if neighbours:
        check_count("neighbours", neighbours)
    if len(state.objectives) > 1:
        metrics = [goal.metric for goal in state.objectives]
        raise SpecError(f"confirming looks for the one best trial, which needs one objective, got {metrics}.")
    found, full = leaders(state, top), _full(state)
    if not found or full is None:
        raise NoResultError("there is nothing to confirm: no trial has a result yet. Run the study first.")
    return ev.ConfirmBegun(tuple(found), full, Why("asked"), seeds, neighbours)


def reserved(state: State) -> ev.ConfirmBegun | None:
    """The round with which the reserve begins; None if it covers none, or all of it is done."""
    options, full = state.confirmations.options, _full(state)
    if options is None or full is None:
        return None
    cost = _cost(state, full)
    total = int(options.share / (1 - options.share) * state.search_units + 1e-9) // cost
    first = leaders(state, options.top or total)[:total]
    mine = sum(len(state.confirmations.made(leader)) for leader in first)
    affordable = min(total - (state.confirmations.trials - mine), mine + state.account.room() // cost)
    n = int(min(affordable, total))
    top = min(options.top or (n if n <= 3 else round(WIDE * n)), n)
    if n < 2 or len(first) < 2 or top < 1:
        return None
    chosen = tuple(first[:top])
    left = n - sum(len(state.confirmations.made(leader)) for leader in chosen)
    return ev.ConfirmBegun(chosen, full, Why("reserve", value=options.share), options.seeds, 0, left * cost)


def search_room(state: State) -> float:
    """Units of resource that are left to the search, where a part of the budget is a reserve."""
    account, confirmations = state.account, state.confirmations
    options, full = confirmations.options, _full(state)
    budget = account.budget
    if budget.resource is None and budget.worker_seconds is None and not budget.costs:
        return math.inf
    if options is None or (
        budget.resource is not None
        and full is not None
        and options.share * budget.resource < 2 * _cost(state, full)
    ):
        return account.room()  # the reserve would be too small to compare anything
    searched = replace(
        account,
        budget=budget.scaled(1 - options.share),
        resource=account.resource - confirmations.units,
        seconds=account.seconds - confirmations.seconds,
        cost=account.cost - confirmations.cost,
        spent={name: value - confirmations.spent.get(name, 0.0) for name, value in account.spent.items()},
        trained=account.trained - confirmations.units,
    )
    return min(searched.room(), account.room())


def _full(state: State) -> int | None:
    """How far a repetition is trained: as far as the scheduler goes, or as far as any trial has come."""
    if state.confirmations.full is not None:
        return state.confirmations.full
    return None if state.incumbent is None else state.incumbent.resource


def _cost(state: State, full: int) -> int:
    start, target = span(state.resource, full, 1)
    return target - start


# What next


def due(state: State) -> Repetition | None:
    """The next repetition of the round, None if it must wait for others or there is none."""
    begun = state.confirmations.round
    if begun is None:
        return None
    if begun.units is not None and (state.confirmations.granted + 1) * _cost(state, begun.full) > begun.units:
        return None
    results: dict[int, Results] = {leader: state.confirmations.results(leader) for leader in begun.leaders}
    found = _halving(state, begun, results) if begun.seeds is None else _racing(state, begun, results)
    return found or _neighbour(state, begun)


def _racing(state: State, begun: ev.ConfirmBegun, results: dict[int, Results]) -> Repetition | None:
    assert begun.seeds is not None
    behind = fallen_behind(results) if len(results) > 1 else set()
    for number in range(1, begun.seeds + 1):
        for leader in begun.leaders:
            if leader not in behind and not state.confirmations.has(leader, number):
                return Repetition(leader, number)
    return None


def fallen_behind(results: dict[int, Results]) -> set[int]:
    """The leaders that are shown to be worse than the best so far, with `ALPHA` for all of them together."""
    known = [leader for leader, found in results.items() if len(found) >= PAIRS]
    if len(known) < 2:
        return set()
    best, *others = ranked(known, results)
    compared = pairs([(best, other) for other in others], results)
    worse = {pair.second for pair in compared if pair.n >= PAIRS and pair.p < ALPHA and pair.gap.value > 0}
    return worse | {other for other in others if _failures(results[other]) - _failures(results[best]) >= 2}


def _failures(results: Results) -> int:
    return sum(not math.isfinite(loss) for loss in results.values())


def _halving(state: State, begun: ev.ConfirmBegun, results: dict[int, Results]) -> Repetition | None:
    alive: Sequence[int] = begun.leaders
    number = 1
    while number == 1 or len(alive) > 1:
        for leader in alive:
            if not state.confirmations.has(leader, number):
                return Repetition(leader, number)
        if any(number not in results[leader] for leader in alive):
            return None  # who goes on is not known yet
        upto = {leader: {n: loss for n, loss in results[leader].items() if n <= number} for leader in alive}
        alive = ranked(alive, upto)[: -(-len(alive) // 2)]
        number += 1
    return None


def _neighbour(state: State, begun: ev.ConfirmBegun) -> Repetition | None:
    """The next configuration near the winner, once nothing is on its way that could change who that is."""
    best = state.confirmations.best
    if best is None or not begun.neighbours or _is_racing(state, begun):
        return None
    if not state.space.contains(state.space.completed(state.trials[best.trial].config)):
        return None  # the space was changed since
    for number in range(1, begun.neighbours + 1):
        if not state.confirmations.has_neighbour(best.trial, number):
            return Repetition(best.trial, number, "neighbour")
    return None


def _is_racing(state: State, begun: ev.ConfirmBegun) -> bool:
    made = state.confirmations
    return any(len(made.results(leader)) < len(made.made(leader)) for leader in begun.leaders)


# How


def repeat(state: State, repetition: Repetition, seed: int) -> Repeat:
    """A repetition as a decision; `seed` is that of the study."""
    begun = state.confirmations.round
    assert begun is not None  # somebody asked for it
    number = state.confirmations.seed_number(repetition)
    start, target = span(state.resource, begun.full, number)
    config = state.trials[repetition.leader].config
    if repetition.kind == "neighbour":
        config = near(state, config, seed, repetition)
    why = Why(repetition.kind, trial=repetition.leader)
    save = state.resource.needs_checkpoint and repetition == Repetition(repetition.leader, 1)
    return Repeat(target=target, why=why, config=dict(config), repetition=repetition, start=start, save=save)


def near(state: State, config: Config, seed: int, repetition: Repetition) -> Config:
    """A configuration near another one: each place in the unit cube is moved a little, and stays inside.

    A choice has one place for all its options, so it changes now and then only.
    """
    places = state.space.encode([state.space.completed(config)])
    draw = rng(seed, f"neighbour of {repetition.leader}", repetition.number)
    for _ in range(ATTEMPTS):
        moved = np.abs(places + NEAR * draw.standard_normal(places.shape))
        opened = draw.random(places.shape)  # for a branch that may open by it
        moved = np.where(np.isnan(places), opened, moved)
        moved = np.where(moved > 1.0, 2.0 - moved, moved)
        if state.space.allows(moved)[0]:
            return state.space.decode(moved)[0]
    return state.space.decode(places)[0]
