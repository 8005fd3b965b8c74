"""What a decision costs per result as the number of trials grows: rung's schedulers, Optuna, Ray Tune, Syne Tune.

All are shown the same trials, curves of 27 steps with a result at each. Of rung the whole driver runs in the simulator,
with 10 workers; counted is the CPU time of `decide` and `apply`, all of them, divided by the results, from half of a
number of trials to that number. Of a peer counted is the CPU time of its answers to results after that many trials;
it runs in a process of its own, in the Python that `--python` names (it needs `optuna`, `ray[tune]`, `syne-tune`).

Usage: python benchmarks/schedulers/decision_cost.py [--trials 1000 10000 100000] [--python PEERS/bin/python]
"""

import argparse
import os
import subprocess
import sys
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

import msgspec
from parts.peer_cost import PEERS
from parts.peers import ask_peer
from parts.stream import ETA, MAX_RESOURCE, loss
from parts.tables import heading, table

import rung
from rung.core import decision as facts
from rung.core.budget import Budget
from rung.core.decision import Scheduler
from rung.core.objective import Objective, Objectives
from rung.core.resource import Steps
from rung.core.rng import rng
from rung.core.space import Config, Space
from rung.problems.base import OneObjective
from rung.schedulers.registry import SCHEDULERS
from rung.simulation.run import run
from rung.simulation.setting import Arm, World

SPACE = rung.Space(x=rung.Float(0, 1))
CHUNK = 500  # results of which one mean is taken; the median of the means counts
RANKED = (
    "asha",
    "stopping-asha",
    "successive-halving",
    "hyperband",
    "async-hyperband",
    "stopping-hyperband",
    "median-stopping",
    "percentile-stopping",
    "pasha",
)
"""The rank-based schedulers of one objective, by their names in rung's registry."""

F = TypeVar("F", bound=Callable[..., Any])


class Stream(OneObjective):
    """The stream as a problem of the simulator."""

    name = "stream"
    space = SPACE
    objective = Objective("loss")
    resource = Steps()
    max_resource = MAX_RESOURCE
    best, typical = 0.0, 0.5

    def __call__(self, config: Config, resource: int, seed: int) -> tuple[Mapping[str, object], float]:
        """See `Benchmark`."""
        return {"loss": loss(float(str(config["x"])), resource)}, 1.0

    def curve(self, config: Config, start: int, target: int, seed: int) -> tuple[list[float], list[float]]:
        """See `Benchmark`."""
        x = float(str(config["x"]))
        return [loss(x, step) for step in range(start + 1, target + 1)], [1.0] * (target - start)

    def final(self, config: Config) -> float:
        """See `Benchmark`."""
        return loss(float(str(config["x"])), MAX_RESOURCE)


def clock_s() -> float:
    """What the clock itself adds to a time that is measured with it."""
    return median(-time.thread_time() + time.thread_time() for _ in range(2001))


class Watch:
    """Counts trials, results and the time of decisions while a simulation runs.

    Attributes:
        chunks: Trials at the end of each chunk of results, and the mean of the seconds per result in it.
    """

    def __init__(self) -> None:
        self.chunks: list[tuple[int, float]] = []
        self._trials = self._results = 0
        self._spent = 0.0
        self._is_told = False
        self._starts: dict[int, int] = {}  # of the open job of each trial
        self._clock_s = clock_s()

    def watch(self, live: Scheduler) -> None:
        """Time the decisions of a scheduler from now on."""
        live.decide = self._timed(live.decide)  # type: ignore[method-assign]
        live.apply = self._timed(live.apply)  # type: ignore[method-assign]

    def _timed(self, call: F) -> F:
        def measured(subject: Any) -> Any:
            begun = time.thread_time()
            found = call(subject)
            self._spent += time.thread_time() - begun - self._clock_s
            self._count(subject)
            return found

        return measured  # type: ignore[return-value]  # called with one argument, as `decide` and `apply` are

    def _count(self, subject: Any) -> None:
        """Count results; for a scheduler that is not told of each, those of a job when it has arrived."""
        match subject:
            case facts.TrialCreated():
                self._trials += 1
            case facts.JobGranted(trial=trial, start=start):
                self._starts[trial] = start
            case facts.Observed():
                self._is_told = True
                self._add(1)
            case facts.Arrived(trial=trial, resource=resource) if not self._is_told:
                self._add(resource - self._starts.pop(trial))

    def _add(self, results: int) -> None:
        self._results += results
        if self._results >= CHUNK:
            self.chunks.append((self._trials, self._spent / self._results))
            self._results, self._spent = 0, 0.0

    def us_at(self, trials: int) -> float:
        """Microseconds per result between half of this number of trials and all of it."""
        ends = [end for end, _ in self.chunks]
        window = self.chunks[bisect_right(ends, trials // 2) : bisect_right(ends, trials)]
        rest = (self._trials, self._spent / max(1, self._results))
        return 1e6 * median(mean for _, mean in window or self.chunks[-1:] or [rest])


_watch = Watch()


class Timed(msgspec.Struct, frozen=True, tag="timed", tag_field="type"):
    """Another scheduler, whose decisions are timed."""

    scheduler: dict[str, Any]
    max_resource: int = MAX_RESOURCE

    def start(self, space: Space, objectives: Objectives, seed: int) -> Scheduler:
        """That scheduler."""
        live = SCHEDULERS.decode(self.scheduler).start(space, objectives, seed)
        _watch.watch(live)
        return live


def ours(name: str, marks: Sequence[int]) -> list[float]:
    """Microseconds per result of one of rung's schedulers at each number of trials."""
    global _watch  # noqa: PLW0603  a scheduler is started from plain values, and cannot be handed its watch
    _watch = Watch()
    fields = SCHEDULERS[name].__struct_fields__  # type: ignore[attr-defined]  # all are structs
    options = {"type": name, "max_resource": MAX_RESOURCE} | ({"eta": ETA} if "eta" in fields else {})
    arm = Arm(name, {"type": "timed", "scheduler": options}, {"type": "random"}, 10)
    # saving takes a moment, so that every report goes through the driver, as in a real study
    run(Stream(), arm, World(seconds=1e12, save_s=1e-6), 0, Budget(trials=marks[-1]))
    return [_watch.us_at(mark) for mark in marks]


def theirs(python: str, rule: str, trials: int, seconds: float, patience_s: float) -> tuple[str, str] | None:
    """A cell of the table for a peer, and its version; None if it is not installed."""
    xs = rng(0, "numbers of the stream", 0).random(trials + trials // 2 + 1000).tolist()
    try:
        answer = ask_peer(python, "peer_cost.py", [rule, str(trials), str(seconds)], xs, patience_s)
    except subprocess.TimeoutExpired:
        return f"not reached in {patience_s:.0f} s", ""
    return answer and (f"{answer['us']:,.0f}", answer["version"])


def row(python: str, rule: str, marks: Sequence[int], seconds: float, patience_s: float) -> str | None:
    """The line of a peer's rule; None if it is not installed."""
    cells, version = [], ""
    for mark in marks:
        found = theirs(python, rule, mark, seconds, patience_s)
        if found is None:
            return None
        cells.append(found[0])
        version = version or found[1]
    return f"| {rule.replace('_', ' ')} ({version}) | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--scheduler", nargs="+", default=[name for name in RANKED if name in SCHEDULERS])
    parser.add_argument("--python", default=sys.executable, help="a Python in which the peers are installed")
    parser.add_argument("--seconds", type=float, default=1.0, help="of decisions that are measured of a peer")
    parser.add_argument("--patience", type=float, default=60.0, help="seconds for a peer to get to a number")
    options = parser.parse_args()
    marks = sorted(options.trials)
    SCHEDULERS.add(Timed)
    print(heading())
    header = ["µs per result", *(f"at {mark:,} trials" for mark in marks)]
    print(table(header, []), flush=True)
    for name in options.scheduler:
        print("| rung " + " | ".join([name, *(f"{us:.1f}" for us in ours(name, marks))]) + " |", flush=True)
    absent = []
    for package, rules in PEERS.items():
        for rule in rules:
            line = row(options.python, rule.__name__, marks, options.seconds, options.patience)
            if line is None:
                absent.append(package)
                break
            print(line, flush=True)
    if absent:
        print(f"\nnot installed in {options.python}, so left out: {', '.join(absent)}")


if __name__ == "__main__":
    main()
