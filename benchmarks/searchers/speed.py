"""How long does a suggestion take, once n trials are known? rung's searchers beside other tools, in one run.

All know the same n random trials of a space of ten mixed hyperparameters. Then they take turns, one suggestion each,
for some rounds; after a suggestion its trial is evaluated and told, which counts too, and so do refits. The first
suggestion stands by itself: there a model meets n trials that it has never seen, as after a resume. Times are those
of this process' processor (CPU) and of the clock (wall), with one thread. A method that has used its `--patience`
suggests no more; one that cannot be brought to n in that time is left out there.

Usage: python benchmarks/searchers/speed.py [--trials 100 1000 10000] [--methods tpe gp optuna-tpe …] [--rounds 30]
"""

import argparse
import os
import sys
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
from methods.base import Method, Setting
from methods.known import version
from methods.veterans import Trials, veteran
from outcomes.tables import heading, table

from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Int, Space
from rung.searchers.registry import SEARCHERS

SPACE = Space(
    {f"log{i}": Float(1e-5, 1e-1, log=True) for i in range(3)}
    | {f"float{i}": Float(0, 1) for i in range(3)}
    | {"units": Int(1, 256), "layers": Int(1, 8)}
    | {f"choice{i}": Choice(list("abcd")) for i in range(2)}
)
CENTRE = rng(0, "centre", 0).random(len(SPACE.columns))
OURS = ("random", "tpe", "gp", "forest", "cma-es", "nsga-ii")
PEERS = (
    "optuna-tpe",
    "optuna-tpe-independent",
    "optuna-gp",
    "optuna-cmaes",
    "optuna-nsga2",
    "hyperopt-tpe",
    "smac",
    "botorch",
)
AT_MOST = {"optuna-gp": 1000, "botorch": 500, "smac": 1000, "optuna-cmaes": 1000}
"""Trials beyond which a peer takes minutes, or to be brought there."""


def losses(configs: Sequence[Config]) -> list[float]:
    """A bowl in the unit cube, with waves and some noise."""
    u = SPACE.encode(configs) - CENTRE
    noise = [rng(0, repr(sorted(config.items())), 0).normal() for config in configs]
    found: list[float] = (
        (u**2).sum(axis=1) + 0.1 * np.sin(9 * u).sum(axis=1) + 0.05 * np.array(noise)
    ).tolist()
    return found


@dataclass
class Timed:
    """A method and what its suggestions took, in seconds."""

    name: str
    method: Method
    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def turn(self) -> None:
        """One suggestion, whose trial is evaluated and told."""
        cpu, wall = time.process_time(), time.perf_counter()
        config = self.method.ask()
        asked = time.process_time() - cpu, time.perf_counter() - wall
        (loss,) = losses([config])
        cpu, wall = time.process_time(), time.perf_counter()
        self.method.tell(config, loss, ())
        self.cpu.append(asked[0] + time.process_time() - cpu)
        self.wall.append(asked[1] + time.perf_counter() - wall)

    def row(self) -> list[str]:
        """A line of the table."""
        first, *cpu = self.cpu
        numbers = [fmean(cpu), median(cpu), max(cpu), fmean(self.wall[1:]), first]
        return [self.name, f"{len(cpu)}", *(_ms(each) for each in numbers)]


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.2f}" if seconds < 0.1 else f"{1e3 * seconds:,.0f}"


def measured(names: Sequence[str], trials: Trials, rounds: int, patience_s: float) -> list[Timed]:
    """What the methods take once they know these trials."""
    known = [
        Timed(name, _veteran(name, trials)) for name in names if len(trials) <= AT_MOST.get(name, len(trials))
    ]
    for _ in range(rounds + 1):
        for each in known:
            if len(each.cpu) < 4 or sum(each.cpu) < patience_s:
                each.turn()
    return known


def _veteran(name: str, trials: Trials) -> Method:
    return veteran(name, Setting(SPACE, 0, max(loss for _, loss in trials), 0, len(trials) + 1000), trials)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument(
        "--methods", nargs="+", default=[*(name for name in OURS if name in SEARCHERS), *PEERS]
    )
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--patience", type=float, default=20.0, help="CPU seconds of a method at each n")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(heading())
    names, absent = [], []
    for name in options.methods:
        try:
            version(name)
            names.append(name)
        except ImportError:
            absent.append(name)
    header = ["suggestions", "CPU ms, mean", "median", "most", "wall ms, mean", "the first, CPU ms"]
    for n in sorted(options.trials):
        configs = SPACE.sample(n, rng(0, "trials", 0))
        trials = list(zip(configs, losses(configs), strict=True))
        found = measured(names, trials, options.rounds, options.patience)
        print(table([f"{n:,} trials known", *header], [each.row() for each in found]), "\n", flush=True)
    if absent:
        print(f"not installed, so left out: {', '.join(absent)}")


if __name__ == "__main__":
    main()
