"""Best-arm identification: uniform against adaptive allocation, with the same arms and the same budget.

Arms are those of Jamieson & Talwalkar (AISTATS 2016): their losses converge, and all that is known of how is an
envelope. A run draws n arms, and pulls them B times in all. Uniform: each arm B / n times. Halving: the synchronous
one with eta = 2, whose last rung has two arms; B is what it takes. ASHA: likewise, asynchronous, with 8 workers.
Counted is how often the arm with the lowest limit is called the best. "Sure" is the share of runs in which the envelope
alone guarantees that, whatever the curves do within it; it can only be less.

Usage: python benchmarks/schedulers/best_arm.py [--runs 200] [--arms 64] [--first 1 2 4 8 16 32]
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import mean

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from parts.problems import Arms
from parts.tables import heading, table

from rung.core.budget import Budget
from rung.schedulers.halving import Plan
from rung.simulation.run import run
from rung.simulation.setting import Arm, World

SPREAD = 0.5
WAYS = ("uniform", "halving", "ASHA")


def chosen(problem: Arms, way: str, plan: Plan, seed: int) -> float:
    """The limit of the arm that is called the best."""
    options = {"max_resource": plan.levels[-1], "min_resource": plan.levels[0], "eta": 2}
    scheduler = {
        "uniform": {"type": "fifo", "max_resource": plan.units // plan.size},
        "halving": {"type": "successive-halving", "size": plan.size, **options},
        "ASHA": {"type": "asha", **options},
    }[way]
    arm = Arm(way, scheduler, {"type": "random"}, 8)
    found = run(problem, arm, World(seconds=1e12), seed, Budget(trials=plan.size, resource=plan.units))
    return found.regrets[-1] * (problem.typical - problem.best) + problem.best


def sure(plan: Plan, limits: Sequence[float]) -> tuple[bool, bool]:
    """Whether uniform allocation and halving find the best of these arms whatever their curves do in the envelope."""
    gaps = sorted(limit - min(limits) for limit in limits)

    def in_doubt(pulls: int) -> int:
        return sum(gap <= 2 * SPREAD / math.sqrt(pulls) for gap in gaps)

    kept = [*plan.sizes[1:], 1]
    halving = all(in_doubt(level) <= keep for level, keep in zip(plan.levels, kept, strict=True))
    return in_doubt(plan.units // plan.size) == 1, halving


def line(n: int, first: int, runs: int) -> list[str]:
    """One budget: pulls per arm; for each way the share that found the best; the sure shares; the mean gaps."""
    n_rungs = int(math.log2(n))
    plan = Plan(tuple(first * 2**k for k in range(n_rungs)), n, 2)
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    guaranteed = []
    for seed in range(runs):
        problem = Arms(SPREAD, plan.levels[-1])
        for way in WAYS:
            found[way].append(chosen(problem, way, plan, seed))
        best = min(problem.limits)
        guaranteed.append(sure(plan, sorted(problem.limits)))
        for way in WAYS:
            found[way][-1] -= best
    shares = [f"{100 * mean(gap == 0 for gap in found[way]):.0f} %" for way in WAYS]
    sures = [f"{100 * mean(each[way] for each in guaranteed):.0f} %" for way in (0, 1)]
    return [f"{plan.units / n:g}", *shares, *sures, *(f"{mean(found[way]):.4f}" for way in WAYS)]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--arms", type=int, default=64, help="a power of 2, at least 4")
    parser.add_argument(
        "--first", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32], help="pulls at the first rung"
    )
    options = parser.parse_args()
    if options.arms < 4 or options.arms & (options.arms - 1):
        parser.error(f"--arms must be a power of 2 of at least 4, got {options.arms}.")
    print(heading())
    header = ["pulls per arm", *WAYS, "sure: uniform", "sure: halving", *(f"gap: {way}" for way in WAYS)]
    print(table(header, [], words=0), flush=True)
    for first in options.first:
        print("| " + " | ".join(line(options.arms, first, options.runs)) + " |", flush=True)
    print(
        f"\n{options.arms} arms, {options.runs} runs; gap: how far the limit of the chosen arm lies above the lowest."
    )


if __name__ == "__main__":
    main()
