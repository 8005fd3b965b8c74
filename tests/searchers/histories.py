"""Histories for the tests of searchers: a space of everything, and what trials may have come to."""

from collections.abc import Callable, Sequence

import numpy as np

from rung.core.history import History
from rung.core.objective import Objective
from rung.core.past import Past
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import Request, Searcher, SearcherSpec, Suggestion

SPACE = Space(
    {
        "x": Float(0, 1),
        "lr": Float(1e-5, 1, log=True),
        "n": Int(1, 9),
        "kind": Choice({"a": {"y": Float(0, 1)}, "b": {"m": Int(1, 3)}, "c": {}}),
        "size": Choice([1, 2, 4], ordered=True),
    }
)

Outcome = float | None
"""A loss; None: the trial failed."""


def start(spec: SearcherSpec, space: Space = SPACE, k: int = 1, seed: int = 0) -> Searcher:
    """A live searcher for k objectives."""
    return spec.start(space, tuple(Objective(f"loss{i}") for i in range(k)), seed)


def request(trial: int, count: int = 1, seed: int = 0) -> Request:
    """The question for a trial, all before having been suggested."""
    return Request(trial, trial, count, 1, 0, lambda purpose, n: rng(seed, purpose, n))


def add(history: History, suggestion: Suggestion, outcome: Outcome | Sequence[float]) -> None:
    """A trial that ran to its end."""
    trial = len(history.configs)
    history.add_trial(suggestion.config, (suggestion.fitted or {}).get("member"))
    if outcome is None:
        history.add_failure(trial, 1)
        return
    losses = (outcome,) if isinstance(outcome, float) else tuple(outcome)
    history.add_observation(trial, 1, losses, {"loss0": losses[0]}, 1.0, float(trial))


def walk(
    spec: SearcherSpec,
    f: Callable[[Config], Outcome | Sequence[float]],
    n: int,
    *,
    space: Space = SPACE,
    k: int = 1,
    seed: int = 0,
    past: Sequence[Past] = (),
) -> tuple[History, list[Suggestion]]:
    """A study of n trials, one after the other."""
    live, history, made = start(spec, space, k, seed), History(space, k), []
    history.past = list(past)
    for trial in range(n):
        (suggestion,) = live.suggest(history.view(), request(trial, seed=seed))
        space.check(suggestion.config)
        add(history, suggestion, f(suggestion.config))
        made.append(suggestion)
    return history, made


def filled(outcomes: Sequence[Outcome], space: Space = SPACE) -> History:
    """Random trials with given outcomes."""
    history = History(space, 1)
    for config, outcome in zip(space.sample(len(outcomes), np.random.default_rng(0)), outcomes, strict=True):
        add(history, Suggestion(config), outcome)
    return history


ODD: dict[str, list[Outcome]] = {
    "nothing": [],
    "one": [1.0],
    "all equal": [2.0] * 12,
    "all failed": [None] * 12,
    "all diverged": [float("inf")] * 12,
    "huge and tiny": [
        1e300,
        -1e300,
        1e-300,
        0.0,
        5e-324,
        1.7e308,
        -1.7e308,
        1.0,
        2.0,
        float("inf"),
        None,
        3.0,
    ],
}


def past_of(f: Callable[[Config], float], n: int, seed: int, space: Space = SPACE, name: str = "old") -> Past:
    """An earlier study of n random trials."""
    configs = space.sample(n, np.random.default_rng(seed))
    losses = np.array([[f(config)] for config in configs])
    ones = np.ones(n, np.int64)
    return Past(
        f"{name} {seed}", "memory", space, configs, ones, losses, np.zeros((n, 0)), np.zeros(n, np.bool_)
    )
