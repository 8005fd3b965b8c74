"""Problems of several objectives whose best front is known, for development: defaults may be chosen on them.

One was: how far the reference of the expected hypervolume improvement lies beyond the front, which DTLZ2 had a say in.

References:
    Zitzler, Deb & Thiele, Comparison of Multiobjective Evolutionary Algorithms, Evolutionary Computation 8, 2000 (ZDT).
    Deb, Thiele, Laumanns & Zitzler, Scalable Multi-Objective Optimization Test Problems, CEC 2002 (DTLZ).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.models.pareto import hypervolume
from rung.problems.goals import Front

Losses = tuple[float, ...]
Floats = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

D = 6
SAMPLED = 1000  # random configurations of which the median is typical
LR = {"adam": -3.0, "sgd": -1.5}  # log10 of the best one
BATCHES = {16: 0.0, 32: 0.002, 64: 0.008, 128: 0.02}


@dataclass(frozen=True)
class Several:
    """One problem.

    Attributes:
        name: What tables call it.
        space: What is tuned.
        k: How many objectives.
        losses: Of a configuration; lower is better.
        best: Losses that make up the best front, shape (n, k).
    """

    name: str
    space: Space
    k: int
    losses: Callable[[Config], Losses]
    best: Floats

    @cached_property
    def front(self) -> Front:
        """The best front, and the reference: a tenth beyond it, or what is typical if that is worse."""
        random = np.array(
            [self.losses(config) for config in self.space.sample(SAMPLED, rng(0, self.name, 0))]
        )
        end = Front.of(self.best)
        reference = np.maximum(end.reference, np.median(random, axis=0))
        scaled = (self.best - end.ideal) / (reference - end.ideal)
        return Front(end.ideal, reference, hypervolume(scaled, np.ones(self.k)))


def several() -> dict[str, Several]:
    """All of them, by name."""
    unit = Space({f"x{i}": Float(0.0, 1.0) for i in range(D)})
    found = [
        Several("ZDT1", unit, 2, lambda config: zdt(_vector(config), 1), _zdt_front(1)),
        Several("ZDT3", unit, 2, lambda config: zdt(_vector(config), 3), _zdt_front(3)),
        Several("DTLZ2", unit, 3, lambda config: dtlz2(_vector(config)), _sphere()),
        Several("network", NETWORK, 2, network, _network_front()),
    ]
    return {each.name: each for each in found}


def zdt(x: Floats, number: int) -> Losses:
    """A convex front (1), or one in five parts (3)."""
    g = 1 + 9 * x[1:].mean()
    part = x[0] / g
    h = 1 - math.sqrt(part) - (part * math.sin(10 * math.pi * x[0]) if number == 3 else 0.0)
    return float(x[0]), float(g * h)


def dtlz2(x: Floats) -> Losses:
    """An eighth of a sphere."""
    a, b = x[:2] * math.pi / 2
    r = 1 + ((x[2:] - 0.5) ** 2).sum()
    return (
        float(r * math.cos(a) * math.cos(b)),
        float(r * math.cos(a) * math.sin(b)),
        float(r * math.sin(a)),
    )


NETWORK = Space(
    width=Int(8, 512, log=True),
    depth=Int(1, 6),
    lr=Float(1e-5, 1.0, log=True),
    dropout=Float(0.0, 0.6),
    batch=Choice(list(BATCHES), ordered=True),
    optimizer=Choice({"adam": {"beta": Float(0.8, 0.99)}, "sgd": {"momentum": Float(0.0, 0.99)}}),
)


def network(config: Config) -> Losses:
    """Error and latency of a network that there is not: wide and deep ones are better and slower."""
    off = math.log10(float(config["lr"])) - LR[str(config["optimizer"])]  # type: ignore[arg-type]  # a number
    tuned = (
        3 * (config["beta"] - 0.95) ** 2 if "beta" in config else 0.02 + 0.1 * (config["momentum"] - 0.9) ** 2
    )  # type: ignore[operator]
    loss = 0.04 * off**2 + tuned + 0.3 * (config["dropout"] - 0.2) ** 2  # type: ignore[operator]
    error, latency = _ends(int(config["width"]), int(config["depth"]), int(config["batch"]))  # type: ignore[arg-type]
    return error + 0.6 * (1 - math.exp(-loss / 0.6)), latency


def _ends(width: int, depth: int, batch: int) -> Losses:
    """Error, when all else is best, and latency."""
    error = 0.06 + 0.9 * (width * depth) ** -0.4 + BATCHES[batch]
    return error, 0.02 + depth * width / 128 * (16 / batch) ** 0.3


def _zdt_front(number: int) -> Floats:
    return np.array([zdt(np.array([first, *[0.0] * (D - 1)]), number) for first in np.linspace(0, 1, 2001)])


def _sphere() -> Floats:
    places = np.linspace(0.0, 1.0, 101)
    return np.array([dtlz2(np.array([a, b, *[0.5] * (D - 2)])) for a, b in product(places, places)])


def _network_front() -> Floats:
    return np.array([_ends(*each) for each in product(range(8, 513), range(1, 7), BATCHES)])


def _vector(config: Config) -> Floats:
    return np.array([float(config[f"x{i}"]) for i in range(D)])  # type: ignore[arg-type]  # numbers
