"""Hyperband against random search at equal resource, and the most that its brackets allow.

A round of Hyperband begins more configurations than could be trained to the end with the same resource. If early ranks
were always right, its best would be the best of them all: then random search needs `configurations * R / units` times
the resource to have seen as many. That is the bound. Measured is how many times the resource of Hyperband random search
takes until its median regret is as low.

Usage: python benchmarks/schedulers/hyperband.py [--seeds 20] [--rounds 3] [--tables FOLDER_OR_NPZ ...]
"""

import argparse
import os
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from statistics import median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from parts.problems import synthetic, tables
from parts.tables import heading, table

import rung
from rung.problems.base import Benchmark
from rung.simulation.run import Run, run
from rung.simulation.setting import Arm, World

FEWEST = 10  # levels of a table that tells something of early stopping
HYPERBAND = Arm("Hyperband", {"type": "hyperband"}, {"type": "random"}, 1)
RANDOM = Arm("random search", {"type": "fifo"}, {"type": "random"}, 1)


def bound(max_resource: int) -> tuple[int, int, float]:
    """Configurations and units of a round, and how many times as many units random search needs for as many."""
    plans = rung.Hyperband(max_resource=max_resource).plans()
    configs, units = sum(plan.size for plan in plans), sum(plan.units for plan in plans)
    return configs, units, configs * max_resource / units


def at(found: Run, units: int) -> float:
    """The regret of the incumbent after some units."""
    index = bisect_right(found.spent, units)
    return found.regrets[index - 1] if index else float("inf")


def speed_up(random: Sequence[Run], goal: float, units: int, most: float) -> str:
    """How many times these units random search takes to a median regret."""
    moments = sorted(set(chain.from_iterable(each.spent for each in random)))
    for moment in moments:
        if median(at(each, moment) for each in random) <= goal:
            return f"{moment / units:.1f}"
    return f"> {most:.1f}"


def compared(problem: Benchmark, rounds: Sequence[int], seeds: int) -> Iterator[list[str]]:
    """The lines of a problem, one for each number of rounds."""
    _, units, most = bound(problem.max_resource)
    ends = [each * units for each in rounds]
    world = World(seconds=1e12, resource=ends[-1])
    longer = World(seconds=1e12, resource=int(ends[-1] * 1.5 * most))
    ours = [run(problem, HYPERBAND, world, seed) for seed in range(seeds)]
    random = [run(problem, RANDOM, longer, seed) for seed in range(seeds)]
    for count, end in zip(rounds, ends, strict=True):
        mine, other = (median(at(each, end) for each in runs) for runs in (ours, random))
        wins = sum(at(a, end) < at(b, end) for a, b in zip(ours, random, strict=True))
        rate = speed_up(random, mine, end, 1.5 * most * ends[-1] / end)
        numbers = [
            str(problem.max_resource),
            str(count),
            f"{end / problem.max_resource:.0f}",
            f"{other:.3f}",
            f"{mine:.3f}",
        ]
        yield [problem.name, *numbers, f"{100 * wins / seeds:.0f} %", rate, f"{most:.1f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--rounds", type=int, nargs="+", default=[1, 3])
    parser.add_argument("--max-resource", type=int, default=81, help="of the synthetic problems")
    parser.add_argument("--tables", nargs="+", default=[], help="tables (.npz), or folders of them")
    options = parser.parse_args()
    print(heading())
    header = ["problem", "R", "rounds", "full trainings", "regret, random", "regret, Hyperband"]
    header += ["better in", "speed-up", "bound"]
    print(table(header, []), flush=True)
    problems = chain(
        (synthetic(options.max_resource, noise) for noise in (0.0, 0.1)), tables(options.tables, FEWEST)
    )
    for problem in problems:
        for line in compared(problem, sorted(options.rounds), options.seeds):
            print("| " + " | ".join(line) + " |", flush=True)
    configs, units, most = bound(options.max_resource)
    print(
        f"\nR = {options.max_resource}: a round begins {configs} configurations with {units} units; ", end=""
    )
    print(f"random search needs {most:.1f} times as many to train them all.")


if __name__ == "__main__":
    main()
