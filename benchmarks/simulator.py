"""How fast the simulator is: results per second of the processor's time, as workers and trials grow.

Random search with ASHA on synthetic curves up to 81 steps. A result is a report. The whole path of a real study runs:
the scheduler, the searcher, the state, the driver; only the log is not kept. The processor's time is counted, as on a
shared machine the clock tells little.

Usage: python benchmarks/simulator.py [--trials 20000] [--workers 10 1000 10000] [--scheduler asha]
"""

import argparse
import os
import resource
import time

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import rung
from rung.core.budget import Budget
from rung.problems.synthetic import LearningCurves, SyntheticProblem
from rung.simulation.run import run
from rung.simulation.setting import Arm, World

SPACE = rung.Space(lr=rung.Float(1e-4, 1.0, log=True), dropout=rung.Float(0, 1), layers=rung.Int(1, 8))


def measured(scheduler: str, trials: int, workers: int) -> str:
    """One line of the table."""
    problem = SyntheticProblem("synthetic", LearningCurves(SPACE), 81)
    arm = Arm(scheduler, {"type": scheduler}, {"type": "random"}, workers)
    begun = time.process_time()
    found = run(problem, arm, World(seconds=1e12), 0, Budget(trials=trials))
    took = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return (
        f"| {scheduler} | {found.trials:,} | {workers:,} | {found.results:,} | {took:.1f} | "
        f"{found.results / took:,.0f} | {1e6 * took / found.trials:.0f} | {peak:.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, nargs="+", default=[20_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--scheduler", nargs="+", default=["asha"])
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n")
    print("| scheduler | trials | workers | results | CPU s | results/s | µs a trial | peak MiB |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    for scheduler in options.scheduler:
        for trials in options.trials:
            for workers in options.workers:
                print(measured(scheduler, trials, workers), flush=True)


if __name__ == "__main__":
    main()
