"""Reusing: a trial takes over what an earlier trial of the same configuration has reported, and trains nothing.

The log tells it as what it stands for: a job with reports that reaches its target, marked by `Started.reuses`. So
schedulers, searchers and figures see a trial like any other, and folding the log needs nothing else. The earlier trial
goes on to serve as the scheduler advances the later one. Where it has nothing to say, the later one is trained, from
its beginning and with its own seed, and is a trial of its own from then on.
"""

from collections.abc import Iterator

import numpy as np

from rung.core import event as ev
from rung.core.state import State


def serves(state: State, earlier: int, target: int) -> bool:
    """Whether a trial was observed at a target, so that another one can take that over."""
    view = state.history.view()
    return bool(np.any((view.trials == earlier) & (view.resources == target)))


def taken_over(state: State, earlier: int, started: ev.Started) -> Iterator[ev.Reported | ev.Ended]:
    """What follows from a job that takes over what an earlier trial has reported between its start and its target."""
    view = state.history.view()
    resources = view.resources
    between = (resources > started.start) & (resources <= started.target)
    rows = np.flatnonzero((view.trials == earlier) & between)
    for row in rows[np.argsort(resources[rows], kind="stable")]:
        yield ev.Reported(started.job, started.trial, int(resources[row]), view.metrics[row])
    yield ev.Ended(started.job, started.trial, "reached")
