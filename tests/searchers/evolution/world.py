"""Short studies for the tests of evolution, without a driver."""

from collections.abc import Callable, Sequence

import numpy as np

from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.core.suggestion import Request, Searcher, SearcherSpec, Suggestion
from rung.searchers.evolution.cmaes import CMAES
from rung.searchers.evolution.differential import DifferentialEvolution
from rung.searchers.evolution.genetic import GeneticSearch
from rung.searchers.evolution.nsga import NSGA2, NSGA3
from rung.searchers.evolution.regularized import RegularizedEvolution

SMALL: tuple[SearcherSpec, ...] = (
    CMAES(population=4),
    CMAES(population=4, initial=5, restarts="bipop"),
    DifferentialEvolution(population=5),
    GeneticSearch(population=6, initial=3),
    RegularizedEvolution(population=5, sample=2),
    NSGA2(population=6, initial=3),
    NSGA3(population=6, initial=3),
)

MIXED = Space(
    {
        "x": Float(0.0, 1.0),
        "lr": Float(1e-5, 1.0, log=True),
        "n": Int(1, 9),
        "width": Int(1, 5000, log=True),
        "on": Choice([True, False]),
        "kind": Choice(
            {"a": {"y": Float(0.0, 1.0), "k": Choice(["p", "q", "r"])}, "b": {"z": Int(0, 3)}, "c": {}}
        ),
        "size": Choice([8, 16, 32], ordered=True),
        "only": Choice(["this"]),
    }
)
LINE = Space({f"x{number}": Float(-5.0, 5.0) for number in range(5)})

Outcome = tuple[float, ...] | None
"""The losses of a trial; None: it fails."""


def ask(
    searcher: Searcher, history: History, *, count: int = 1, seed: int = 0, target: int = 1
) -> Sequence[Suggestion]:
    """What it suggests for the next trials."""
    n = len(history.configs)
    request = Request(n, n, count, target, 0, lambda purpose, number: rng(seed, purpose, number))
    return searcher.suggest(history.view(), request)


def tell(
    history: History, config: Config, outcome: Outcome, resource: int = 1, broken: tuple[float, ...] = ()
) -> None:
    """A trial is created, and observed or failed."""
    trial = len(history.configs)
    history.add_trial(config)
    if outcome is None:
        history.add_failure(trial, resource)
    else:
        history.add_observation(trial, resource, outcome, {}, 1.0, float(trial), broken)


def live(spec: SearcherSpec, space: Space, objectives: int = 1, seed: int = 0) -> Searcher:
    """A live searcher."""
    return spec.start(space, tuple(Objective(f"loss{number}") for number in range(objectives)), seed)


def study(
    spec: SearcherSpec,
    space: Space,
    f: Callable[[Config], Outcome],
    n: int,
    *,
    objectives: int = 1,
    seed: int = 0,
) -> History:
    """A study of n trials, one after the other."""
    searcher, history = live(spec, space, objectives, seed), History(space, objectives)
    for _ in range(n):
        config = ask(searcher, history, seed=seed)[0].config
        tell(history, config, f(config))
    return history


def vector(config: Config) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    """The values of a space of floats."""
    return np.array([value for value in config.values() if isinstance(value, float)])
