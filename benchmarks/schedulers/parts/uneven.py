"""A problem whose configurations differ 20-fold in what a step takes."""

import hashlib
import math
from collections.abc import Mapping
from typing import Literal

import numpy as np

import rung
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.core.rng import rng
from rung.core.space import Config
from rung.problems.base import OneObjective

FACTOR = 20.0  # between the slowest and the fastest step
TILT = 0.3  # how much width may matter
NOISE = 0.01  # standard deviation of a report

Good = Literal["any", "slow", "fast"]
"""Which configurations are the good ones: speed says nothing, the slow ones are better, or the fast ones."""


class Uneven(OneObjective):
    """Power-law curves over learning rate, dropout and width w in [0, 1], where a step takes `20**w` seconds.

    The limit of a curve is the mean squared distance of the first two from a hidden best point, and up to `tilt` more,
    by the width, where the slow or the fast ones are better. The final value of a configuration is that of
    `max_resource` steps, or with `max_cost` that of as many of them as take so many seconds.
    """

    space = rung.Space(lr=rung.Float(0, 1), dropout=rung.Float(0, 1), width=rung.Float(0, 1))
    objective = Objective("loss")
    resource = Steps()

    def __init__(self, good: Good, seed: int, *, max_resource: int = 81, max_cost: float = math.inf) -> None:
        self.name = {
            "any": "either may be good",
            "slow": "the slow are better",
            "fast": "the fast are better",
        }[good]
        self.max_resource = max_resource
        self._max_cost = max_cost
        self._good = good
        self._seed = seed
        self._point = rng(seed, "best point", 0).random(2).tolist()
        drawn = self.space.sample(256, rng(seed, "typical configurations", 0))
        finals = [self.final(config) for config in drawn]
        widths = [step / 100 for step in range(101)]
        at_point = dict(zip(("lr", "dropout"), self._point, strict=True))
        self.best = min(self.final({**at_point, "width": width}) for width in widths)
        self.typical = float(np.median(finals))

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `rung.problems.base.Problem`."""
        noise = NOISE * self._normal(seed, resource)
        return {"loss": self._loss(config, resource) + noise}, _step_s(config)

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Problem`."""
        told = [self(config, step, seed) for step in range(start + 1, target + 1)]
        return [float(str(metrics["loss"])) for metrics, _ in told], [seconds for _, seconds in told]

    def final(self, config: Config) -> float:
        """See `Benchmark`."""
        return self._loss(config, max(1, round(min(self.max_resource, self._max_cost / _step_s(config)))))

    def _loss(self, config: Config, resource: int) -> float:
        x, y = self._point
        off = ((_number(config, "lr") - x) ** 2 + (_number(config, "dropout") - y) ** 2) / 2
        width = _number(config, "width")
        limit = off + {"any": 0.0, "slow": TILT * (1 - width), "fast": TILT * width}[self._good]
        return limit + (1 - limit) * resource ** -(0.3 + 0.7 * (1 - limit))

    def _normal(self, seed: int, resource: int) -> float:
        digest = hashlib.blake2b(f"{self._seed}/{seed}/{resource}".encode(), digest_size=16).digest()
        first, second = (int.from_bytes(part) / 2**64 for part in (digest[:8], digest[8:]))
        return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)


def _step_s(config: Config) -> float:
    return float(FACTOR ** _number(config, "width"))


def _number(config: Config, name: str) -> float:
    return float(str(config[name]))
