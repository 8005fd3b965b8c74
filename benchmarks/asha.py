"""ASHA in a pure loop: seconds per event as the number of trials grows, state and scheduler together.

Nothing trains and nothing is stored: events are made up as fast as they can be folded, with the decisions that a
driver would ask for in between. Usage: python benchmarks/asha.py [--trials 1000000]
"""

import argparse
import random
import time
from collections.abc import Iterator

import rung
from rung.core import event as ev
from rung.core.budget import Budget
from rung.core.decision import Advance, Ask, New, Slot
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.core.rng import rng
from rung.core.state import State

SLOTS = (Slot(0),)


def simulate(n_trials: int, marks: list[int]) -> Iterator[tuple[int, float, float]]:
    """Yield (trials, µs per event since the last mark, µs per decision) at each mark."""
    space = rung.Space(x=rung.Float(0, 1))
    objectives = (Objective("loss"),)
    scheduler = rung.ASHA(max_resource=81).start(space, objectives, 0)
    state = State(space, objectives, Steps(), scheduler)
    draw = random.Random(0).random
    seq = n_events = n_decisions = 0
    spent = deciding = 0.0

    def fold(event: ev.AnyEvent) -> None:
        nonlocal seq, n_events, spent
        seq += 1
        entry = ev.Entry(seq, 0.0, event)
        start = time.perf_counter()
        state.apply(entry)
        spent += time.perf_counter() - start
        n_events += 1

    fold(ev.BudgetChanged(Budget(trials=n_trials)))
    due = list(marks)
    while len(state.trials) < n_trials:
        ask = Ask(
            SLOTS,
            frozenset(),
            state.may_create,
            state.account.room(),
            state.history,
            lambda p, n: rng(0, p, n),
            lambda trial: state.trials[trial].position,
            lambda parent: 0,
        )
        start = time.perf_counter()
        decision = state.scheduler.decide(ask)
        deciding += time.perf_counter() - start
        n_decisions += 1
        if isinstance(decision, New):
            trial = len(state.trials)
            fold(ev.Created(trial, {"x": draw()}, "searcher", 0))
        else:
            assert isinstance(decision, Advance)
            trial = decision.trial
        position = state.trials[trial].position
        job = state.n_jobs
        fold(ev.Started(job, trial, position, decision.target, 0, decision.why))
        fold(ev.Reported(job, trial, decision.target, {"loss": draw()}, 1.0))
        fold(ev.Ended(job, trial, "reached", held=True))
        if due and len(state.trials) >= due[0]:
            yield due.pop(0), (spent + deciding) / n_events * 1e6, deciding / n_decisions * 1e6
            n_events = n_decisions = 0
            spent = deciding = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=1_000_000)
    n_trials = parser.parse_args().trials
    marks = [mark for mark in (1_000, 10_000, 100_000, 300_000, 1_000_000) if mark <= n_trials]
    print(f"{'trials':>10}  {'µs per event':>12}  {'µs per decision':>15}")
    for trials, per_event, per_decision in simulate(n_trials, marks):
        print(f"{trials:>10,}  {per_event:>12.1f}  {per_decision:>15.1f}")


if __name__ == "__main__":
    main()
