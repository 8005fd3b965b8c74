"""What rung itself costs: trivial trials and reports, beside Optuna in the same run.

Every line is measured here and now, interleaved, each figure the median of `--rounds` rounds; the machine's load
stands at the head. The peers sample at random and store the same things: a trial, its two parameters, its value.

Usage: python benchmarks/overhead.py [--rounds 3] [--quick]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import optuna

import rung
from rung.core.event import BudgetChanged, Opened, Reported, Started

SPACE = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
optuna.logging.set_verbosity(optuna.logging.ERROR)


def value(x: float, y: float) -> float:
    return x * x + y


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# In memory, one process


def rung_in_memory(n: int) -> float:
    return n / seconds(lambda: rung.minimize(value, SPACE, trials=n, searcher=rung.RandomSearch()))


def optuna_in_memory(n: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return n / seconds(lambda: study.optimize(_optuna_objective, n_trials=n))


def _optuna_objective(trial: optuna.Trial) -> float:
    return value(trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1))


# A durable SQLite file, one process


def rung_in_sqlite(n: int, folder: Path) -> float:
    searcher = rung.RandomSearch()
    return n / seconds(
        lambda: rung.minimize(value, SPACE, trials=n, searcher=searcher, store=folder / "rung.db")
    )


def optuna_in_sqlite(n: int, folder: Path) -> float:
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'optuna.db'}", sampler=optuna.samplers.RandomSampler(seed=0)
    )
    return n / seconds(lambda: study.optimize(_optuna_objective, n_trials=n))


def rung_reports(n: int, folder: Path) -> float:
    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            trial.report(loss=1 / step)

    study = rung.Study("r", SPACE, minimize="loss", scheduler=rung.FIFO(n), store=folder / "reports.db")
    return n / seconds(lambda: study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=1)))


def optuna_reports(n: int, folder: Path) -> float:
    study = optuna.create_study(storage=f"sqlite:///{folder / 'optuna-reports.db'}")
    trial = study.ask()
    return n / seconds(lambda: [trial.report(1 / step, step) for step in range(1, n + 1)])


# Import


def import_seconds(statement: str) -> float:
    """CPU seconds of a fresh process that imports, less those of one that does nothing."""
    return _cpu_seconds(statement) - _cpu_seconds("pass")


def _cpu_seconds(statement: str) -> float:
    before = os.times()
    subprocess.run([sys.executable, "-c", statement], check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


# Two local workers


def local_run(n_trials: int, n_steps: int, folder: Path) -> tuple[float, float]:
    """(wall seconds from the first job to the end, CPU seconds of the driver's process) with two local workers."""

    def train(trial: rung.Trial) -> None:
        for _ in trial.steps():
            trial.report(loss=trial.config["x"])

    name = f"local {n_trials} {n_steps}"
    study = rung.Study(name, SPACE, minimize="loss", scheduler=rung.FIFO(n_steps), store=folder / "local.db")
    before = time.process_time()
    study.run(train, workers=2, budget=rung.Budget(trials=n_trials))
    cpu = time.process_time() - before
    times = [entry.time for entry in study.events() if not isinstance(entry.event, Opened | BudgetChanged)]
    return times[-1] - times[0], cpu


def local_costs(n: int, folder: Path) -> tuple[float, float, float]:
    """(ms of wall time per trivial trial, ms of driver CPU per trivial trial, ms of driver CPU per further report)."""
    _, cpu_start = local_run(2, 1, folder)
    wall, cpu = local_run(n, 1, folder)
    _, cpu_reports = local_run(n // 10, 100, folder)
    per_trial = (cpu - cpu_start) / n
    per_report = (cpu_reports - cpu_start - per_trial * n / 10) / (99 * n / 10)
    return wall / n * 1e3, per_trial * 1e3, per_report * 1e3


def busy_share(n: int, folder: Path, step_s: float = 0.02) -> float:
    """Share of their time that two workers compute, with steps that keep a processor busy for 20 ms, under ASHA."""

    def train(trial: rung.Trial) -> None:
        for step in trial.steps():
            end = time.process_time() + step_s
            while time.process_time() < end:
                pass
            trial.report(loss=trial.config["x"] / step)

    study = rung.Study(
        "busy", SPACE, minimize="loss", scheduler=rung.StoppingASHA(max_resource=27), store=folder / "busy.db"
    )
    study.run(train, workers=2, budget=rung.Budget(trials=n))
    entries = list(study.events())
    reports = [entry for entry in entries if isinstance(entry.event, Reported)]
    first = next(entry.time for entry in entries if isinstance(entry.event, Started))
    computing = sum(entry.event.seconds for entry in reports if isinstance(entry.event, Reported))
    return computing / 2 / (reports[-1].time - first)


# The table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials")
    arguments = parser.parse_args()
    shrink = 10 if arguments.quick else 1
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; "
        f"rung {rung.__version__}, optuna {optuna.__version__}"
    )
    print(f"{'':42}{'rung':>10}{'optuna':>10}{'ratio':>8}")
    beside("trials/s in memory", arguments.rounds, 10_000 // shrink, rung_in_memory, optuna_in_memory)
    with_files(
        "trials/s into SQLite",
        arguments.rounds,
        5_000 // shrink,
        200 // shrink,
        rung_in_sqlite,
        optuna_in_sqlite,
    )
    with_files(
        "reports/s into SQLite",
        arguments.rounds,
        20_000 // shrink,
        1_000 // shrink,
        rung_reports,
        optuna_reports,
    )
    imports("import, CPU seconds", "import rung", "import optuna", max(arguments.rounds, 5))
    ready = "import rung; rung.minimize(lambda x: x, {'x': rung.Float(0, 1)}, trials=1)"
    peers = (
        "import optuna; optuna.logging.set_verbosity(40); "
        "optuna.create_study().optimize(lambda t: t.suggest_float('x', 0, 1), n_trials=1)"
    )
    imports("import and one trial, CPU seconds", ready, peers, max(arguments.rounds, 5))
    print()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n = 100_000 // shrink
        print(f"{n:,} trivial trials in process, durable: {n / rung_in_sqlite(n, folder):.1f} s")
        wall_ms, trial_ms, report_ms = local_costs(4_000 // shrink, folder)
        print(
            f"2 local workers: {wall_ms:.2f} ms per trivial trial, of driver CPU {trial_ms:.2f} ms per trivial trial"
        )
        print(f"2 local workers: {report_ms:.3f} ms of driver CPU per report")
        print(f"2 local workers, steps of 20 ms: {busy_share(100 // shrink, folder):.1%} busy")


def beside(
    name: str, rounds: int, n: int, ours: Callable[[int], float], theirs: Callable[[int], float]
) -> None:
    ours(20), theirs(20)  # these pay for the imports
    line(name, [(ours(n), theirs(n)) for _ in range(rounds)])


def with_files(
    name: str,
    rounds: int,
    n_ours: int,
    n_theirs: int,
    ours: Callable[[int, Path], float],
    theirs: Callable[[int, Path], float],
) -> None:
    pairs = []
    for n_round in range(rounds + 1):
        with tempfile.TemporaryDirectory() as folder:
            first = n_round == 0  # small: it pays for the imports
            pairs.append(
                (ours(20 if first else n_ours, Path(folder)), theirs(2 if first else n_theirs, Path(folder)))
            )
    line(name, pairs[1:])


def imports(name: str, ours: str, theirs: str, rounds: int) -> None:
    line(name, [(import_seconds(ours), import_seconds(theirs)) for _ in range(rounds)], digits=3)


def line(name: str, pairs: list[tuple[float, float]], digits: int = 0) -> None:
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:42}{ours:>10,.{digits}f}{theirs:>10,.{digits}f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
