"""ASHA against synchronous halving and PBT on slow and lost workers, as in appendix A.1 of the ASHA paper.

Workers are virtual. A job takes as long as what it trains, times 1 + |N(0, s)|; in every unit of time it is dropped
with probability p, and granted again. eta = 4, curves of 64 units of one second. Synchronous halving runs brackets of
64 trials, of which the next begins as soon as the first rung of the last one is full. PBT trains one population, a
member for each worker, and is done when that has come to the end; its workers are counted until then.

Usage: python benchmarks/schedulers/asha.py [--workers 25 500] [--seeds 2] [--straggling 0.1 1.3] [--drops 0.005]
"""

import argparse
import math
import os
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from parts.problems import SameSpeed, synthetic
from parts.tables import heading, table

from rung.schedulers.registry import SCHEDULERS
from rung.simulation.run import Run, run
from rung.simulation.setting import Arm, World

MAX_RESOURCE = 64
NOISE = 0.005
WAYS: dict[str, dict[str, Any]] = {
    "ASHA": {"type": "asha", "eta": 4},
    "ASHA, stopping": {"type": "stopping-asha", "eta": 4},
    "halving": {"type": "successive-halving", "eta": 4},
    "PBT": {"type": "pbt"},
}
"""Options of the schedulers; PBT has as many members as workers."""


def world(straggling: float, drops: float, horizon_s: float, *, charge: bool = False) -> World:
    """Workers that straggle, and drop jobs with a probability in each second; decisions may take their real time."""
    per_hour = -3600 * math.log(1 - drops)
    return World(seconds=horizon_s, straggling=straggling, losses_per_hour=per_hour, charges_decisions=charge)


def until(found: Run, goal: float) -> float:
    """Since when the incumbent had at most this regret, for good; `inf` if it had not at the end."""
    worse = [index for index, regret in enumerate(found.regrets) if regret > goal]
    first = worse[-1] + 1 if worse else 0
    return found.times[first] if first < len(found.times) else math.inf


def one(way: str, workers: int, mishaps: World, seed: int) -> Run:
    """A run."""
    options = WAYS[way] | ({"population": workers} if way == "PBT" else {})
    return run(
        SameSpeed(synthetic(MAX_RESOURCE, NOISE)),
        Arm(way, options, {"type": "random"}, workers),
        mishaps,
        seed,
    )


def utilization(found: Run) -> float:
    """Share of the workers' time in which they had a job, until the horizon, or until a population is done."""
    return found.utilization * found.horizon_s / found.ended_s if found.arm == "PBT" else found.utilization


def cells(runs: Sequence[Run], goal: float) -> list[str]:
    """What the runs of one way come to."""
    moment = median(until(found, goal) for found in runs) / MAX_RESOURCE
    to_the_end = mean(found.arrived.get(MAX_RESOURCE, 0) for found in runs)
    first = mean(found.firsts.get(MAX_RESOURCE, math.inf) for found in runs) / MAX_RESOURCE
    return [
        f"{100 * min(map(utilization, runs)):.2f} %",
        f"{mean(found.trials for found in runs):,.0f}",
        f"{to_the_end:,.1f}",
        "never" if first == math.inf else f"{first:.2f}",
        "never" if moment == math.inf else f"{moment:.2f}",
        f"{median(found.regrets[-1] if found.regrets else math.inf for found in runs):.3f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[25, 500])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--straggling", type=float, nargs="+", default=[0.1, 1.3], help="the deviation s")
    parser.add_argument(
        "--drops",
        type=float,
        nargs="+",
        help="the probability p; 0 and 0.005, but above 100 workers, where losses take long to simulate, 0",
    )
    parser.add_argument("--horizon", type=float, default=4.0, help="length of a run, in full trainings")
    parser.add_argument("--goal", type=float, default=0.1, help="the regret that is waited for")
    parser.add_argument(
        "--charge-decisions", action="store_true", help="let the real time of decisions pass, too"
    )
    parser.add_argument("--way", nargs="+", default=[way for way in WAYS if WAYS[way]["type"] in SCHEDULERS])
    options = parser.parse_args()
    print(heading())
    header = ["workers", "s", "p", "way", "busy, at least", "trials", "trained to R", "first at R"]
    header += [f"regret {options.goal:g} since", "regret at the end"]
    print(table(header, [], words=4), flush=True)
    settings = [
        (workers, straggling, drops)
        for workers, straggling in product(options.workers, options.straggling)
        for drops in options.drops or ((0.0, 0.005) if workers <= 100 else (0.0,))
    ]
    for workers, straggling, drops in settings:
        mishaps = world(straggling, drops, options.horizon * MAX_RESOURCE, charge=options.charge_decisions)
        for way in options.way:
            runs = [one(way, workers, mishaps, seed) for seed in range(options.seeds)]
            line = [str(workers), f"{straggling:g}", f"{drops:g}", way, *cells(runs, options.goal)]
            print("| " + " | ".join(line) + " |", flush=True)
    print(
        "\nTimes are in full trainings. trained to R: trials that arrived at the end of their curves, on average.\n"
        "first at R: when the first of them did, on average over the seeds."
    )


if __name__ == "__main__":
    main()
