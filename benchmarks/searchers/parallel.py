"""How much sooner does early stopping get there if a model proposes the trials? In the simulator, on 1 to 64 workers.

Every way has the same resource, some full trainings' worth. What plain ASHA's incumbent is worth at the end (the
median over seeds of its regret) is the goal; said is what part of ASHA's resource, and of its time, a way needs until
its median is as good for good. Regret: 0 the best there is, 1 the median configuration. What came of a run is written
into a folder as it comes, as `quality.py` does; `--report` prints the tables of what is there.

A confirmed way keeps a tenth of its resource to train the leaders again with other seeds (`rung.Confirm`).

The synthetic problems are power-law curves on a space of seven mixed hyperparameters. Recorded tables are development
data.

Usage: python benchmarks/searchers/parallel.py [--workers 1 4 8 32 64] [--ways "ASHA, GP" …] [--tables FOLDER …]
"""

import argparse
import os
import sys
import time
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
import numpy as np
from outcomes.lines import append, read
from outcomes.tables import heading, table
from tasks.curves import problems

from rung.core.confirm import Confirm
from rung.problems.base import Benchmark
from rung.simulation.run import run
from rung.simulation.setting import Arm, World

PLAIN = "ASHA"


class Way(NamedTuple):
    """A scheduler and a searcher by their names in rung's registries, and whether a tenth of the budget confirms."""

    scheduler: str
    searcher: str
    confirms: bool = False


WAYS = {
    "random search": Way("fifo", "random"),
    PLAIN: Way("asha", "random"),
    "ASHA, confirmed": Way("asha", "random", confirms=True),
    "ASHA, stopping": Way("stopping-asha", "random"),
    "freeze-thaw": Way("freeze-thaw", "random"),
    "freeze-thaw, confirmed": Way("freeze-thaw", "random", confirms=True),
    "freeze-thaw, TPE": Way("freeze-thaw", "tpe"),
    "freeze-thaw, CurveGP": Way("freeze-thaw", "curve-gp"),
    "ASHA, TPE": Way("asha", "tpe"),
    "BOHB": Way("async-hyperband", "tpe"),
    "Hyper-Tune": Way("hyper-tune", "mfes"),
    "ASHA, GP": Way("asha", "gp"),
    "ASHA, CurveGP": Way("asha", "curve-gp"),
    "ASHA, MOBSTER": Way("asha", "mobster"),
}


class Simulated(msgspec.Struct, frozen=True):
    """One run.

    Attributes:
        problem, way, workers, seed: Which one.
        trainings: Its resource, in full trainings.
        times: When its incumbent changed, in full trainings' time.
        spent: What had been spent by then, in full trainings.
        regrets: Of the incumbents.
        ended: When it ended, in full trainings' time.
        trials: How many it began.
        cpu_s: What the simulation took, nearly all of it suggestions.
    """

    problem: str
    way: str
    workers: int
    seed: int
    trainings: float
    times: list[float]
    spent: list[float]
    regrets: list[float]
    ended: float
    trials: int
    cpu_s: float

    @property
    def end(self) -> float:
        """The regret when all was spent."""
        return self.regret(self.spent, self.trainings)

    def regret(self, moments: Sequence[float], at: float) -> float:
        """Of the incumbent at a moment, where `moments` is `times` or `spent`; before the first one it is 1."""
        index = bisect_right(moments, at)
        return self.regrets[index - 1] if index else 1.0


Key = tuple[str, str, int, int]
"""Problem, way, workers, seed."""


def simulated(problem: Benchmark, way: str, workers: int, seed: int, trainings: int) -> Simulated:
    """One run; a unit of training takes one second, so that resource and time can be compared."""
    scheduler, searcher, confirms = WAYS[way]
    full = problem.max_resource
    arm = Arm(way, {"type": scheduler}, {"type": searcher}, workers, Confirm() if confirms else None)
    world = World(seconds=1e9, resource=trainings * full)
    begun = time.process_time()
    found = run(problem, arm, world, seed)
    cpu_s = time.process_time() - begun
    times, spent = ([round(each / full, 4) for each in moments] for moments in (found.times, found.spent))
    regrets = [float(f"{regret:.5g}") for regret in found.regrets]
    ended = found.ended_s / full
    return Simulated(
        problem.name,
        way,
        workers,
        seed,
        trainings,
        times,
        spent,
        regrets,
        ended,
        found.trials,
        round(cpu_s, 3),
    )


def share(goal: float, runs: Sequence[Simulated], axis: str, end: float) -> float:
    """What part of `end` it takes until the median regret is at most `goal` for good; inf if that does not come."""
    moments = sorted(set(chain.from_iterable(getattr(each, axis) for each in runs)))
    since = float("inf")
    for moment in moments:
        if np.median([each.regret(getattr(each, axis), moment) for each in runs]) > goal:
            since = float("inf")
        elif since == float("inf"):
            since = moment
    return since / end if since <= end else float("inf")


def report(found: Mapping[Key, Simulated], ways: Sequence[str], workers: Sequence[int]) -> Iterator[str]:
    """For each number of workers a table over all problems, and one by problem."""
    for count in workers:
        names = sorted({problem for problem, way, n, _ in found if way == PLAIN and n == count})
        known = [way for way in ways if any(_runs(found, name, way, count) for name in names)]
        if known:
            header = [
                f"{count} workers",
                "problems",
                "seeds",
                "regret at the end, mean",
                "median (quartiles)",
            ]
            header += [
                "resource to the goal",
                "time to the goal",
                "goal reached",
                "trials",
                "CPU ms per trial",
            ]
            yield table(header, [_row(found, way, count, names) for way in known])
            rows = [[name, *(_ended(_runs(found, name, way, count)) for way in known)] for name in names]
            yield table([f"mean regret at the end, {count} workers", *known], rows)


def _row(found: Mapping[Key, Simulated], way: str, workers: int, names: Sequence[str]) -> list[str]:
    """One way over all problems on which it ran."""
    resources, times, counts, everything = [], [], [], []
    for name in names:
        mine, plain = _runs(found, name, way, workers), _runs(found, name, PLAIN, workers)
        if not mine:
            continue
        goal = float(np.median([run.end for run in plain]))
        resources.append(share(goal, mine, "spent", plain[0].trainings))
        times.append(share(goal, mine, "times", round(max(run.ended for run in plain), 4)))
        counts.append(len(mine))
        everything += mine
    low, median, high = np.quantile([run.end for run in everything], [0.25, 0.5, 0.75])
    trials = sum(run.trials for run in everything)
    return [
        way,
        f"{len(counts)}",
        f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}",
        _ended(everything),
        f"{median:.3f} ({low:.3f} to {high:.3f})",
        _typical(resources),
        _typical(times),
        f"{np.isfinite(resources).sum()} of {len(counts)}",
        f"{trials / len(everything):,.0f}",
        f"{1000 * sum(run.cpu_s for run in everything) / trials:.1f}",
    ]


def _runs(found: Mapping[Key, Simulated], problem: str, way: str, workers: int) -> list[Simulated]:
    """All seeds of a way."""
    return [run for key, run in found.items() if key[:3] == (problem, way, workers)]


def _ended(runs: Sequence[Simulated]) -> str:
    """The mean regret at the end; a dash where there are no runs."""
    return f"{np.mean([run.end for run in runs]):.3f}" if runs else "-"


def _typical(shares: Sequence[float]) -> str:
    """The median over problems; `> 1` where most do not get there."""
    middle = float(np.median(shares))
    return f"{middle:.2f}" if np.isfinite(middle) else "> 1"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 4, 8, 32, 64])
    parser.add_argument(
        "--ways", nargs="+", default=list(WAYS), choices=list(WAYS), metavar="WAY", help=", ".join(WAYS)
    )
    parser.add_argument("--seeds", type=int, default=5, help="how many, also of the report")
    parser.add_argument("--trainings", type=int, default=60, help="resource of a run, in full trainings")
    parser.add_argument("--tables", nargs="+", default=[], help="tables (.npz), or folders of them")
    parser.add_argument("--out", type=Path, default=Path("parallel"), help="folder of what came of the runs")
    parser.add_argument("--report", action="store_true", help="print what is there, and run nothing")
    options = parser.parse_args()
    if not options.report:
        run_all(options.ways, options)
    print(heading())
    found = {key: run for key, run in _known(options.out).items() if key[3] < options.seeds}
    for part in report(found, options.ways, options.workers):
        print(part, "\n")


def run_all(ways: Sequence[str], options: argparse.Namespace) -> None:
    """Run what is not there yet."""
    known = _known(options.out)
    everything = list(problems(options.tables))
    for seed in range(options.seeds):
        for problem in everything:
            for workers in options.workers:
                for way in ways:
                    if (problem.name, way, workers, seed) in known:
                        continue
                    found = simulated(problem, way, workers, seed, options.trainings)
                    append(options.out, way, found)
                    words = f"{way} on {problem.name}, {workers} workers, seed {seed}"
                    print(f"{words}: {found.end:.3f}, {found.cpu_s:.1f} s", file=sys.stderr, flush=True)


def _known(folder: Path) -> dict[Key, Simulated]:
    return {(each.problem, each.way, each.workers, each.seed): each for each in read(folder, Simulated)}


if __name__ == "__main__":
    main()
