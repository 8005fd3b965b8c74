"""Histories of trials that were left at different resources, on a problem whose curves are known."""

import math
from collections.abc import Sequence
from functools import partial

from rung.core.history import History
from rung.core.objective import Objective
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Space
from rung.core.suggestion import Request, Searcher, SearcherSpec

SPACE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0), "kind": Choice(["a", "b"])})
OBJECTIVES = (Objective("loss"),)
RUNGS = (1, 3, 9, 27)


def limit(config: Config) -> float:
    """The final loss: best at x = 0.7, y = 0.2, kind b."""
    x, y = config["x"], config["y"]
    assert isinstance(x, float) and isinstance(y, float)
    return (x - 0.7) ** 2 + 0.5 * (y - 0.2) ** 2 + 0.2 * (config["kind"] == "a")


def loss(config: Config, resource: int) -> float:
    return limit(config) + 0.5 / math.sqrt(resource)


def request(number: int, count: int = 1) -> Request:
    return Request(number, number, count, 1, 0, partial(rng, 0))


def halved(configs: Sequence[Config], eta: int = 3) -> History:
    """The history of successive halving over some configurations."""
    history = History(SPACE, 1)
    for config in configs:
        history.add_trial(config)
    trials = list(range(len(configs)))
    before = 0
    for rung in RUNGS:
        for trial in trials:
            for resource in range(before + 1, rung + 1):
                history.add_observation(trial, resource, (loss(configs[trial], resource),), {}, 1.0, 0.0)
        trials = sorted(trials, key=lambda trial: loss(configs[trial], rung))[: max(1, len(trials) // eta)]
        before = rung
    return history


def start(spec: SearcherSpec) -> Searcher:
    return spec.start(SPACE, OBJECTIVES, 0)
