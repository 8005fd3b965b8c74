"""What preemption brings and costs: until when the first trial reaches max_resource, and regret over time.

Simulated are long jobs on few workers: a step takes a minute, the same for all trials or from a quarter to 4.5 times as
long by the trial. The regret is that of what the study calls best, were it trained to the end, averaged over the time.

Usage: python benchmarks/schedulers/preemption.py [--seeds 6] [--preempt 120]
"""

import argparse
import os
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from parts.tables import heading, table
from parts.uneven import FACTOR, Uneven

import rung
from rung.core import event as ev
from rung.core.decision import SchedulerSpec
from rung.core.space import Config
from rung.problems.base import regret

R = 81
LONG = (27, 36, 48, 64, R)
STEP_S = 60.0  # of a trial of median speed
HOURS = 16.0
GRID = 40  # moments at which regret is looked at


class Paced:
    """A problem whose steps take a minute: each the same, or by the width of the configuration."""

    def __init__(self, problem: Uneven, *, uneven: bool) -> None:
        self._problem = problem
        self._uneven = uneven

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `rung.problems.base.Problem`."""
        metrics, seconds = self._problem(config, resource, seed)
        return metrics, STEP_S * (seconds / FACTOR**0.5 if self._uneven else 1.0)


class Outcome(NamedTuple):
    """What came of a run: hours until the first trial reached `R`, mean regret, interruptions, trials."""

    first_h: float
    regret: float
    yields: int
    trials: int


def outcome(case: "Case", preempt: float | None, seed: int) -> Outcome:
    """Simulate one study."""
    problem = Uneven("any", seed, max_resource=R)
    spec = case.spec(preempt)
    study = rung.Study("preemption", problem.space, minimize="loss", scheduler=spec, seed=seed, store=None)
    paced = Paced(problem, uneven=case.uneven)
    pool = rung.Simulated(
        problem=paced, workers=case.workers, save_s=case.save_s, restore_s=case.save_s, seed=seed
    )
    study.run(executor=pool, budget=rung.Budget(seconds=3600 * HOURS))
    first_s, yields = 3600 * HOURS, 0
    targets: dict[int, int] = {}
    losses: dict[int, float] = {}
    times: list[float] = []
    regrets: list[float] = []
    best: tuple[int, float] | None = None
    for entry in study.events():
        match entry.event:
            case ev.Started(job=job, target=target):
                targets[job] = target
            case ev.Reported(trial=trial, metrics=metrics):
                losses[trial] = float(metrics["loss"])
            case ev.YieldAsked(owed=False):
                yields += 1
            case ev.Ended(job=job, trial=trial, outcome="reached"):
                if targets[job] == R:
                    first_s = min(first_s, entry.time)
                if best is None or (-targets[job], losses[trial]) < best:
                    best = (-targets[job], losses[trial])
                    times.append(entry.time)
                    regrets.append(regret(problem, study.state.trials[trial].config))
    moments = [3600 * HOURS * step / GRID for step in range(1, GRID + 1)]
    seen = [regrets[index - 1] if (index := bisect_right(times, moment)) else 1.0 for moment in moments]
    return Outcome(first_s / 3600, mean(seen), yields, len(study.state.trials))


class Case(NamedTuple):
    """What is simulated."""

    words: str
    spec: Callable[[float | None], SchedulerSpec]
    workers: int
    uneven: bool
    save_s: float


def halving(preempt: float | None) -> SchedulerSpec:
    """Each bracket begins with 16 jobs of 27 steps, on which four short rungs follow."""
    return rung.SuccessiveHalving(max_resource=R, levels=LONG, eta=2, preempt=preempt)


def short_halving(preempt: float | None) -> SchedulerSpec:
    """Each bracket begins with 27 jobs of 3 steps."""
    return rung.SuccessiveHalving(max_resource=R, min_resource=3, preempt=preempt)


def asha(preempt: float | None) -> SchedulerSpec:
    """The asynchronous one, on the long rungs."""
    return rung.ASHA(max_resource=R, levels=LONG, eta=2, preempt=preempt)


CASES = [
    Case("halving, long first jobs", halving, 4, uneven=False, save_s=30),
    Case("halving, long first jobs", halving, 2, uneven=True, save_s=30),
    Case("halving, long first jobs", halving, 4, uneven=True, save_s=30),
    Case("halving, long first jobs", halving, 8, uneven=True, save_s=30),
    Case("halving, long first jobs", halving, 4, uneven=True, save_s=600),
    Case("halving, short first jobs", short_halving, 4, uneven=True, save_s=30),
    Case("ASHA, long first jobs", asha, 4, uneven=True, save_s=30),
]


def lines(case: Case, wait: float, seeds: int) -> Iterator[list[str]]:
    """One line without preemption, and one with it."""
    runs = {preempt: [outcome(case, preempt, seed) for seed in range(seeds)] for preempt in (None, wait)}
    pairs = list(zip(runs[wait], runs[None], strict=True))
    sooner = (
        f"{sum(a.first_h < b.first_h for a, b in pairs)} / {sum(a.first_h > b.first_h for a, b in pairs)}"
    )
    steps = "uneven" if case.uneven else "equal"
    for preempt, found in runs.items():
        told = ["-", ""] if preempt is None else [f"{preempt:.0f} s", sooner]
        first = f"{median(run.first_h for run in found):.2f} h"
        numbers = [f"{mean(run.regret for run in found):.3f}", f"{mean(run.yields for run in found):.0f}"]
        setting = [case.words, steps, str(case.workers), f"{case.save_s:.0f} s"]
        yield [*setting, told[0], first, told[1], *numbers, f"{mean(run.trials for run in found):.0f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--preempt", type=float, default=120)
    options = parser.parse_args()
    print(heading())
    header = ["scheduler", "steps", "workers", "a checkpoint", "preempt", f"first at {R}", "sooner / later"]
    header += ["mean regret", "yields", "trials"]
    print(table(header, [], words=2), flush=True)
    for case in CASES:
        for line in lines(case, options.preempt, options.seeds):
            print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main()
