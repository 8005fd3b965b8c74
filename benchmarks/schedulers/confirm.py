"""The incumbent under noise: ASHA, ASHA that confirms its best with a tenth of the budget, and random search.

All arms spend the same resource. On synthetic curves with two kinds of noise, and on any tables given, the table shows
the normalised regret of what each arm calls best: 0 is the best configuration there is, 1 the median one. For a table,
the regret is that of the mean over its recorded seeds, and a training follows one of these seeds.

Usage: python benchmarks/schedulers/confirm.py [TABLE ...] [--seeds 16] [--trainings 80]
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np

import rung
from rung.core.confirm import Confirm
from rung.core.rng import rng
from rung.core.space import Config
from rung.problems.base import Benchmark
from rung.problems.files import read_table
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.problems.tabular import TableProblem
from rung.simulation.run import run
from rung.simulation.setting import Arm, World

NOISE = (0.05, 0.1, 0.2)  # standard deviation; final losses of configurations differ by about 0.1
WORKERS = 8
MAX_RESOURCE = 27
SHARE = 0.1
RANDOM = {"type": "random"}


class NoiseOfReports(SyntheticProblem):
    """Each report has a noise of its own, which no two configurations share, also where they have the same seed."""

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        return super().__call__(config, resource, seed ^ _own(config))

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        return super().curve(config, start, target, seed ^ _own(config))


class NoiseOfTrainings(SyntheticProblem):
    """Each training has a luck of its own from its first report to the last, as a seed that suits it or not.

    Args:
        name: What it is called.
        curves: Curves without noise.
        noise: Standard deviation of the luck.
    """

    def __init__(self, name: str, curves: LearningCurves, noise: float) -> None:
        super().__init__(name, curves, MAX_RESOURCE)
        self._noise = noise

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Problem`."""
        (loss,), (seconds,) = self.curve(config, resource - 1, resource, seed)
        return {self.objective.metric: loss}, seconds

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark.curve`."""
        losses, seconds = super().curve(config, start, target, seed)
        luck = self._noise * float(rng(seed, "luck", _own(config)).standard_normal())
        return [loss + luck for loss in losses], seconds


def _own(config: Config) -> int:
    return crc32(msgspec.json.encode(config)) >> 1


def arms() -> list[Arm]:
    """What is compared."""
    return [
        Arm("random search", {"type": "fifo"}, RANDOM, WORKERS),
        Arm("ASHA", {"type": "asha"}, RANDOM, WORKERS),
        Arm("ASHA, confirm=0.1", {"type": "asha"}, RANDOM, WORKERS, Confirm(SHARE)),
    ]


def problems() -> list[Benchmark]:
    """Power laws of four hyperparameters, with noise."""
    space = rung.Space({name: rung.Float(0.0, 1.0) for name in "abcd"})
    quiet = LearningCurves(space, seed=3)
    trainings = [NoiseOfTrainings(f"luck of a training {noise:g}", quiet, noise) for noise in NOISE]
    noisy = [LearningCurves(space, noise=noise, seed=3) for noise in NOISE]
    reports = [
        NoiseOfReports(f"noise of a report {noise:g}", curves, MAX_RESOURCE)
        for noise, curves in zip(NOISE, noisy, strict=True)
    ]
    return [*trainings, *reports]


def regrets(problem: Benchmark, arm: Arm, trainings: int, seeds: int) -> list[float]:
    """The regret of what an arm calls best in the end, by seed."""
    world = World(horizon=100.0 * trainings, resource=trainings * problem.max_resource)
    return [run(problem, arm, world, seed).regrets[-1] for seed in range(seeds)]


def row(problem: Benchmark, trainings: int, seeds: int) -> str:
    """A line of the table: the mean regret of each arm with its standard error, and how often confirming was better."""
    found = [np.array(regrets(problem, arm, trainings, seeds)) for arm in arms()]
    cells = [f"{each.mean():.2f} ± {each.std(ddof=1) / len(each) ** 0.5:.2f}" for each in found]
    better = (found[2] < found[1]).mean() + (found[2] == found[1]).mean() / 2
    return f"| {problem.name} | {' | '.join(cells)} | {better:.0%} |"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "tables", nargs="*", type=Path, help="recorded learning curves (.npz, with their .json)"
    )
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--trainings", type=int, default=80, help="resource of a run, in full trainings")
    given = parser.parse_args(arguments)
    begun = time.process_time()
    print(
        f"| curves | {' | '.join(arm.name for arm in arms())} | confirmed better than ASHA |\n|---|--:|--:|--:|--:|"
    )
    for problem in [*problems(), *(TableProblem(read_table(path)) for path in given.tables)]:
        print(row(problem, given.trainings, given.seeds), flush=True)
    print(f"\n{time.process_time() - begun:.0f} s of a processor")


if __name__ == "__main__":
    main()
