"""Problems of the simulator that the benchmarks share."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import rung
from rung.core.objective import Objective
from rung.core.resource import Steps
from rung.core.space import Config
from rung.problems.base import Benchmark, OneObjective
from rung.problems.files import read_table
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.problems.tabular import TableProblem

SPACE = rung.Space(lr=rung.Float(1e-4, 1.0, log=True), dropout=rung.Float(0, 1), layers=rung.Int(1, 8))


def synthetic(max_resource: int, noise: float) -> SyntheticProblem:
    """Power-law curves around a hidden best point, with noise of this standard deviation."""
    curves = LearningCurves(SPACE, noise=noise)
    return SyntheticProblem(f"synthetic, noise {noise:g}", curves, max_resource)


def tables(paths: Sequence[str], fewest: int) -> Iterator[TableProblem]:
    """Recorded tables, or those in folders, that have at least so many levels."""
    for path in map(Path, paths):
        for file in sorted(path.rglob("*.npz")) if path.is_dir() else [path]:
            problem = TableProblem(read_table(file))
            if problem.max_resource >= fewest:
                yield problem


class SameSpeed(OneObjective):
    """A problem whose units all take one second."""

    def __init__(self, problem: Benchmark) -> None:
        self.name = problem.name
        self.space = problem.space
        self.objective = problem.objective
        self.resource = problem.resource
        self.max_resource = problem.max_resource
        self.best = problem.best
        self.typical = problem.typical
        self._problem = problem

    def final(self, config: Config) -> float:
        """See `Benchmark`."""
        return self._problem.final(config)

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Benchmark`."""
        return self._problem(config, resource, seed)[0], 1.0

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark`."""
        values, _ = self._problem.curve(config, start, target, seed)
        return values, [1.0] * len(values)


class Arms(OneObjective):
    """Arms of a non-stochastic bandit: the loss of an arm after r pulls is `limit + amplitude / sqrt(r)`.

    The limits are uniform in [0, 1], the amplitudes uniform in [-spread, spread] and independent of them, so that the
    envelope is `spread / sqrt(r)` and early ranks mislead.

    Args:
        spread: How far from its limit an arm may be at its first pull.
        max_resource: The most pulls of an arm.

    Attributes:
        limits: Of the arms that were pulled.
    """

    space = rung.Space(limit=rung.Float(0, 1))
    objective = Objective("loss")
    resource = Steps()
    best, typical = 0.0, 0.5

    def __init__(self, spread: float, max_resource: int) -> None:
        self.name = f"arms, spread {spread:g}"
        self.max_resource = max_resource
        self.limits: set[float] = set()
        self._spread = spread

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Benchmark`."""
        return {"loss": self._loss(config, resource)}, 1.0

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark`."""
        return [self._loss(config, pulls) for pulls in range(start + 1, target + 1)], [1.0] * (target - start)

    def final(self, config: Config) -> float:
        """See `Benchmark`."""
        return float(str(config["limit"]))

    def _loss(self, config: Config, pulls: int) -> float:
        limit = self.final(config)
        self.limits.add(limit)
        drawn = int.from_bytes(hashlib.blake2b(repr(limit).encode(), digest_size=8).digest()) / 2**64
        return limit + self._spread * (2 * drawn - 1) / math.sqrt(pulls)
