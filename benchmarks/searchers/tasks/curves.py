"""Learning curves for the simulator: formulas on a mixed space, and recorded tables. A unit of training takes 1 s.

So the resource that a way has spent and the time that it took can be compared.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from rung.core.space import Choice, Config, Float, Int, Space
from rung.problems.base import Benchmark, OneObjective
from rung.problems.files import read_table
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.problems.tabular import TableProblem

SPACE = Space(
    lr=Float(1e-5, 1, log=True),
    decay=Float(1e-6, 1e-1, log=True),
    dropout=Float(0, 0.8),
    width=Int(8, 512, log=True),
    batch=Choice([16, 32, 64, 128], ordered=True),
    activation=Choice(["relu", "tanh", "gelu"]),
    optimizer=Choice({"sgd": {"momentum": Float(0, 0.99)}, "adam": {"beta": Float(0.8, 0.999)}}),
)
MAX_RESOURCE = 27
FEWEST = 10  # levels of a table that tells something of early stopping


class SameSpeed(OneObjective):
    """A problem whose units all take one second."""

    def __init__(self, problem: Benchmark, name: str) -> None:
        self.name = name
        self.space = problem.space
        self.objective = problem.objective
        self.resource = problem.resource
        self.max_resource = problem.max_resource
        self.best = problem.best
        self.typical = problem.typical
        self._problem = problem

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Benchmark`."""
        return self._problem(config, resource, seed)[0], 1.0

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark`."""
        values, _ = self._problem.curve(config, start, target, seed)
        return values, [1.0] * len(values)

    def final(self, config: Config) -> float:
        """See `Benchmark`."""
        return self._problem.final(config)


def problems(tables: Sequence[str]) -> Iterator[Benchmark]:
    """Two of formulas, with and without noise, and the tables at paths or in folders that have enough levels."""
    for noise in (0.0, 0.05):
        name = f"synthetic, noise {noise:g}"
        yield SameSpeed(SyntheticProblem(name, LearningCurves(SPACE, noise=noise), MAX_RESOURCE), name)
    for path in map(Path, tables):
        for file in sorted(path.rglob("*.npz")) if path.is_dir() else [path]:
            problem = TableProblem(read_table(file))
            if problem.max_resource >= FEWEST:
                yield SameSpeed(
                    problem, f"{file.parent.name}/{file.stem}"
                )  # data sets are in several folders
