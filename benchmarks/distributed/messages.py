"""What one report and one decision cost on each executor, and how long a worker waits for its next step.

A study with one worker, a durable log and a random searcher. A decision: a trial ends, the next one is made, granted
and begins. The worker notes when a training begins and when it reports, the driver when it hears of it, by the clock
of the one machine. Processor time is that of the driver's process, all its threads, and of its loop alone. Idle is
the worker's share of time outside of training where a decision follows each step; for 10 s it is computed from the
waits at 1 s.

Usage: python benchmarks/distributed/messages.py [--trials 200] [--reports 100] [--quick]
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.append(str(Path(__file__).parents[1] / "schedulers"))

from parts.tables import heading, table
from pieces.here import calibration
from pieces.watched import Heard, Watched

import rung
from rung.core.event import Reported

SPACE = rung.Space(x=rung.Float(0, 1))
PACE_S = 0.01  # between two reports whose way is measured


class Cost(NamedTuple):
    """What something costs.

    Attributes:
        wait_ms: Median by the clock.
        late_ms: The same, the longest of ten.
        process_ms: Processor time of the driver's process.
        loop_ms: The part of the thread that decides.
    """

    wait_ms: float
    late_ms: float
    process_ms: float
    loop_ms: float


class Idle(NamedTuple):
    """The idle share of a worker whose steps take so many seconds."""

    step_s: float
    share: float


def run(executor: Any, train: Callable[[rung.Trial], None], target: int, trials: int) -> list[Heard]:
    """What the driver has heard of a study of trials of so many steps; its reports alone."""
    watched = Watched(executor)
    with tempfile.TemporaryDirectory() as folder:
        study = rung.Study(
            "messages",
            SPACE,
            minimize="loss",
            scheduler=rung.FIFO(target),
            searcher=rung.RandomSearch(),
            store=Path(folder) / "rung.db",
        )
        study.run(train, executor=watched, budget=rung.Budget(trials=trials))
    return [each for each in watched.heard if isinstance(each.outcome, Reported)]


def reports(executor: Any, n: int, pace_s: float = PACE_S) -> Cost:
    """The way of a report, of a training that goes on."""

    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            time.sleep(pace_s)
            trial.report(loss=trial.config["x"], said=time.time())

    heard = _later(run(executor, train, n, 1))
    return _cost(heard, [each.time - each.said for each in heard])


def decisions(executor: Any, n: int, steps: Sequence[tuple[float, int]]) -> tuple[Cost, list[Idle]]:
    """The way from the end of one trial to the beginning of the next; then the idle shares.

    Args:
        executor: Where.
        n: Trials that take no time.
        steps: For trials that follow: the seconds of their one step, and how many trials.
    """
    lasts = [0.0] * n + [step_s for step_s, count in steps for _ in range(count)]

    def train(trial: rung.Trial) -> None:
        begun = time.time()
        for _ in trial.steps():
            time.sleep(lasts[trial.number])
            trial.report(loss=trial.config["x"], begun=begun, said=time.time())

    heard = run(executor, train, 1, len(lasts))
    short, at, idle = _later(heard[:n]), n, []
    for step_s, count in steps:
        idle.append(Idle(step_s, _idle(heard[at : at + count])))
        at += count
    return _cost(short, _waits(short)), idle


def _later(heard: list[Heard]) -> list[Heard]:
    return heard[len(heard) // 5 :]  # what is imported at a first use is no message's cost


def _cost(heard: list[Heard], waits: Sequence[float]) -> Cost:
    first, last, n = heard[0], heard[-1], len(heard) - 1
    process, loop = last.process_s - first.process_s, last.loop_s - first.loop_s
    late = sorted(waits)[int(0.9 * len(waits))]
    return Cost(1e3 * median(waits), 1e3 * late, 1e3 * process / n, 1e3 * loop / n)


def _waits(heard: list[Heard]) -> list[float]:
    return [_begun(after) - before.said for before, after in pairwise(heard)]


def _idle(heard: list[Heard]) -> float:
    trained = sum(each.said - _begun(each) for each in heard[1:])
    return 1 - trained / (heard[-1].said - heard[0].said)


def _begun(heard: Heard) -> float:
    return float(heard.outcome.metrics["begun"])  # type: ignore[union-attr]  # it is a report


# The tables


@contextmanager
def executors() -> Iterator[dict[str, Any]]:
    """All that are measured, by name, where their clusters run."""
    from distributed import LocalCluster

    with ExitStack() as stack:
        cluster = stack.enter_context(
            LocalCluster(
                n_workers=1,
                threads_per_worker=1,
                dashboard_address=None,
                worker_dashboard_address=None,
                host="127.0.0.1",
            )
        )
        yield {
            "rung.InProcess": rung.InProcess(),
            "rung.Local": rung.Local(1),
            "rung.Dask, in this process": rung.Dask(workers=1),
            "rung.Dask, processes": rung.Dask(cluster),
            "rung.Ray": rung.Ray(1),  # of its own, which a process beside the driver's joins
        }


def cells(cost: Cost) -> list[str]:
    """A cost in a table."""
    return [f"{cost.wait_ms:.2f}", f"{cost.late_ms:.2f}", f"{cost.process_ms:.2f}", f"{cost.loop_ms:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--reports", type=int, default=100)
    parser.add_argument("--quick", action="store_true", help="steps of 0.02 s only")
    options = parser.parse_args()
    steps = [(0.02, 5)] if options.quick else [(0.1, 20), (1.0, 5)]
    print(heading())
    print(calibration(), flush=True)
    said, decided, idle = [], [], []
    with executors() as found:
        for name, executor in found.items():
            said.append([name, *cells(reports(executor, options.reports))])
            cost, shares = decisions(executor, options.trials, steps)
            decided.append([name, *cells(cost)])
            idle.append([name, *(f"{each.share:.1%}" for each in [*shares, _longer(shares[-1])])])
    ms = ["ms by the clock", "of ten the longest", "ms of the driver's process", "of its loop"]
    print(table(["a report", *ms], said))
    print("\n" + table(["a decision", *ms], decided))
    header = [f"steps of {step_s:g} s" for step_s, _ in steps] + [
        f"steps of {10 * steps[-1][0]:g} s, computed"
    ]
    print("\n" + table(["idle", *header], idle))


def _longer(idle: Idle) -> Idle:
    """With steps ten times as long, and the same waits."""
    wait_s = idle.step_s * idle.share / (1 - idle.share)
    return Idle(10 * idle.step_s, wait_s / (10 * idle.step_s + wait_s))


if __name__ == "__main__":
    main()
