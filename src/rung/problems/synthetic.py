"""Synthetic problems on any space: power-law learning curves around a hidden best point."""

import hashlib
import math
import struct
from collections.abc import Mapping

import msgspec
import numpy as np

from rung.core.objective import Objective
from rung.core.resource import Resource, Steps
from rung.core.rng import address, rng
from rung.core.space import Config, Space
from rung.problems.base import OneObjective
from rung.problems.places import Places

KEPT = 1 << 16  # configurations whose curves are remembered
SAMPLED = 256  # configurations whose median final value has regret 1


class LearningCurves:
    """A synthetic problem on any space: power-law curves whose limit depends smoothly on the configuration.

    The loss at resource r is `limit + (1 - limit) * r**-rate + noise`; `limit` is the mean squared distance of the
    configuration from a hidden best point, where each value counts by its place in its range, and `rate` falls with
    it, so that early values mislead a little.

    Args:
        space: The space of the configurations.
        metric: What the loss is called.
        noise: Standard deviation of the noise of a report.
        failing: Share of the configurations whose training diverges at some point.
        seed: Of the hidden best point, of noise and failures.
        seconds: Time that a unit takes; its spread over configurations is a factor of 2 either way.
    """

    def __init__(
        self,
        space: Space,
        *,
        metric: str = "loss",
        noise: float = 0.0,
        failing: float = 0.0,
        seed: int = 0,
        seconds: float = 1.0,
    ) -> None:
        self._space = space
        self._metric = metric
        self._noise = noise
        self._failing = failing
        self._seed = seed
        self._seconds = seconds
        self._places = Places(space)
        self._best: list[float] = rng(seed, "best point", 0).random(len(space.columns)).tolist()
        self._known: dict[bytes, tuple[float, float, float, float]] = {}

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        (loss,), (seconds,) = self.curve(config, resource - 1, resource, seed)
        return {self._metric: loss}, seconds

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        limit, rate, seconds, fails_at = self._curve(config)
        resources = range(start + 1, target + 1)
        losses = [math.nan if r >= fails_at else limit + (1 - limit) * r**-rate for r in resources]
        if self._noise:
            key = address(self._seed, msgspec.json.encode(config).decode(), seed)
            losses = [loss + self._drawn(key, r) for loss, r in zip(losses, resources, strict=True)]
        return losses, [seconds] * len(losses)

    def _drawn(self, key: int, resource: int) -> float:
        """The noise of a report, of its own for each configuration, seed and resource."""
        return self._noise * float(rng(key, "noise", resource).standard_normal())

    def without_noise(self, config: Config, resource: int) -> float:
        """The loss of a configuration, were there no noise; NaN once it has diverged."""
        limit, rate, _, fails_at = self._curve(config)
        return math.nan if resource >= fails_at else float(limit + (1 - limit) * resource**-rate)

    @property
    def metric(self) -> str:
        """What the loss is called."""
        return self._metric

    @property
    def space(self) -> Space:
        """The space of the configurations."""
        return self._space

    def _curve(self, config: Config) -> tuple[float, float, float, float]:
        key = msgspec.json.encode(config)
        if key not in self._known:
            if len(self._known) == KEPT:
                self._known.clear()
            self._known[key] = self._new_curve(config, key)
        return self._known[key]

    def _new_curve(self, config: Config, key: bytes) -> tuple[float, float, float, float]:
        both = zip(self._places(config), self._best, strict=True)
        distances = [(place - best) ** 2 for place, best in both if place is not None]
        limit = sum(distances) / max(len(distances), 1)
        first, second, third = _uniform(self._seed, key)
        seconds = self._seconds * 2.0 ** (2 * first - 1)
        fails_at = 1 + third * 8 if second < self._failing else math.inf
        return limit, 0.3 + 0.7 * (1 - limit), seconds, fails_at


def _uniform(seed: int, key: bytes) -> tuple[float, float, float]:
    """Three numbers in 0..1 that depend on a seed and a configuration."""
    first, second, third = _THREE.unpack(hashlib.blake2b(b"%d/%b" % (seed, key), digest_size=24).digest())
    return first / _RANGE, second / _RANGE, third / _RANGE


_THREE = struct.Struct("<QQQ")
_RANGE = 2.0**64


class SyntheticProblem(OneObjective):
    """Learning curves with an end, so that schedules can be compared on them; see `rung.problems.base.Benchmark`.

    Args:
        name: What it is called.
        curves: The curves.
        max_resource: Where they end.
        resource: What a unit of training is.
    """

    def __init__(
        self, name: str, curves: LearningCurves, max_resource: int, resource: Resource | None = None
    ) -> None:
        self.name = name
        self.space = curves.space
        self.objective = Objective(curves.metric)
        self.resource: Resource = Steps() if resource is None else resource
        self.max_resource = max_resource
        self._curves = curves
        drawn = self.space.sample(SAMPLED, rng(0, "typical configurations", 0))
        finals = [self.final(config) for config in drawn]
        self.best = max_resource**-1.0  # at the hidden best point: limit 0, rate 1
        self.typical = float(np.nanmedian(finals))

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        return self._curves(config, resource, seed)

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        return self._curves.curve(config, start, target, seed)

    def final(self, config: Config) -> float:
        """See `Benchmark.final`."""
        return self._curves.without_noise(config, self.max_resource)
