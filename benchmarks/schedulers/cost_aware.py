"""ASHA with rungs at equal cost against ASHA with rungs at equal steps, where a step takes from 1 to 20 seconds.

Both have the same time on the same workers. Compared is the regret of what each study calls its best (0 the best there
is, 1 the median of configurations at random), for each of two goals: the best after as many seconds of training
(`max_cost`), which is what rungs at equal cost look for, and the best after as many steps, whatever they take.

Usage: python benchmarks/schedulers/cost_aware.py [--seeds 10] [--workers 4] [--hours 0.5]
"""

import argparse
import math
import os
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from statistics import mean, median

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from parts.tables import heading, table
from parts.uneven import FACTOR, Good, Uneven

from rung.simulation.run import Run, run
from rung.simulation.setting import Arm, World

R = 81
MAX_COST = R * FACTOR**0.5  # of R steps of a trial of median speed
MOMENTS = (0.1, 0.3, 1.0)  # of the time
GOOD: tuple[Good, ...] = ("any", "fast", "slow")
GOALS = {"after equal seconds": MAX_COST, "after equal steps": math.inf}
RANDOM = {"type": "random"}
STEPS = "equal steps"


def arms(workers: int) -> list[Arm]:
    """What is compared."""
    costly = {"type": "cost-asha", "max_resource": R, "max_cost": MAX_COST}
    return [
        Arm(STEPS, {"type": "asha", "max_resource": R}, RANDOM, workers),
        Arm("equal cost", costly, RANDOM, workers),
        Arm("equal cost, from 1/9 on", {**costly, "min_cost": MAX_COST / 9}, RANDOM, workers),
    ]


def at(found: Run, moment: float) -> float:
    """The regret of the incumbent at a share of the time; 1 before the first."""
    index = bisect_right(found.times, moment * found.horizon_s)
    return found.regrets[index - 1] if index else 1.0


def lines(goal: str, good: Good, seeds: int, workers: int, hours: float) -> Iterator[list[str]]:
    """The lines of a problem, one for each arm."""
    world = World(seconds=3600 * hours)
    problems = [Uneven(good, seed, max_resource=R, max_cost=GOALS[goal]) for seed in range(seeds)]
    runs = {
        arm.name: [run(problem, arm, world, seed) for seed, problem in enumerate(problems)]
        for arm in arms(workers)
    }
    for name, found in runs.items():
        regrets = [f"{median(at(each, moment) for each in found):.3f}" for moment in MOMENTS]
        wins = "" if name == STEPS else _wins(found, runs[STEPS])
        yield [goal, problems[0].name, name, *regrets, wins, f"{mean(each.trials for each in found):.0f}"]


def _wins(ours: Sequence[Run], theirs: Sequence[Run]) -> str:
    """In how many runs of ours the mean regret over the time is lower."""
    grid = [step / 50 for step in range(1, 51)]
    better = sum(
        mean(at(a, moment) for moment in grid) < mean(at(b, moment) for moment in grid)
        for a, b in zip(ours, theirs, strict=True)
    )
    return f"{better} of {len(ours)}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--hours", type=float, default=0.5)
    options = parser.parse_args()
    print(heading())
    moments = [f"regret at {moment:.0%}" for moment in MOMENTS]
    header = ["the best", "problem", "rungs at", *moments, "better in", "trials"]
    print(table(header, [], words=3), flush=True)
    for goal, good in product(GOALS, GOOD):
        for line in lines(goal, good, options.seeds, options.workers, options.hours):
            print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main()
