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
    return n / seconds(lambda: rung.minimize(value, SPACE, trials=n))


def optuna_in_memory(n: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return n / seconds(lambda: study.optimize(_optuna_objective, n_trials=n))


def _optuna_objective(trial: optuna.Trial) -> float:
    return value(trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1))


# A durable SQLite file, one process


def rung_in_sqlite(n: int, folder: Path) -> float:
    return n / seconds(lambda: rung.minimize(value, SPACE, trials=n, store=folder / "rung.db"))


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


def local_trivial(n: int, folder: Path) -> tuple[float, float]:
    """(ms per trivial trial, ms of driver CPU per report) with two local workers, workers' start left out."""

    def train(trial: rung.Trial) -> None:
        trial.report(loss=trial.config["x"])

    study = rung.Study("trivial", SPACE, minimize="loss", store=folder / "local.db")
    started: list[tuple[float, float]] = []

    study.run(train, workers=2, budget=rung.Budget(trials=10))
    study.run(train, workers=2, budget=rung.Budget(trials=n), watch=[_on_first_report(started)])
    wall, cpu = started[0]
    return (time.perf_counter() - wall) / n * 1e3, (time.process_time() - cpu) / n * 1e3


def _on_first_report(started: list[tuple[float, float]]) -> Callable[[object, object], None]:
    def watch(event: object, view: object) -> None:
        if not started and type(event).__name__ == "Reported":
            started.append((time.perf_counter(), time.process_time()))

    return watch


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
    reports = [entry for entry in entries if type(entry.event).__name__ == "Reported"]
    first = next(entry.time for entry in entries if type(entry.event).__name__ == "Started")
    return sum(entry.event.seconds for entry in reports) / 2 / (reports[-1].time - first)


# The table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials")
    arguments = parser.parse_args()
    shrink = 10 if arguments.quick else 1
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; optuna {optuna.__version__}, rung {rung.__version__}")
    print(f"{'':42}{'rung':>10}{'optuna':>10}{'ratio':>8}")
    beside("trials/s in memory", arguments.rounds, 10_000 // shrink, rung_in_memory, optuna_in_memory)
    with_files("trials/s into SQLite", arguments.rounds, 5_000 // shrink, 200 // shrink, rung_in_sqlite, optuna_in_sqlite)
    with_files("reports/s into SQLite", arguments.rounds, 20_000 // shrink, 1_000 // shrink, rung_reports, optuna_reports)
    imports(max(arguments.rounds, 5))
    print()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        n = 100_000 // shrink
        print(f"{n:,} trivial trials in process, durable: {n / rung_in_sqlite(n, folder):.1f} s")
        trial_ms, report_ms = local_trivial(4_000 // shrink, folder)
        print(f"2 local workers: {trial_ms:.2f} ms per trivial trial, {report_ms:.2f} ms of driver CPU per trial")
        print(f"2 local workers, steps of 20 ms: {busy_share(100 // shrink, folder):.1%} busy")


def beside(name: str, rounds: int, n: int, ours: Callable[[int], float], theirs: Callable[[int], float]) -> None:
    pairs = [(ours(n), theirs(n)) for _ in range(rounds)]
    line(name, pairs)


def with_files(
    name: str,
    rounds: int,
    n_ours: int,
    n_theirs: int,
    ours: Callable[[int, Path], float],
    theirs: Callable[[int, Path], float],
) -> None:
    pairs = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            pairs.append((ours(n_ours, Path(folder)), theirs(n_theirs, Path(folder))))
    line(name, pairs)


def imports(rounds: int) -> None:
    pairs = [(import_seconds("import rung"), import_seconds("import optuna")) for _ in range(rounds)]
    line("import, CPU seconds", pairs, digits=3)


def line(name: str, pairs: list[tuple[float, float]], digits: int = 0) -> None:
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"{name:42}{ours:>10,.{digits}f}{theirs:>10,.{digits}f}{ratio:>8.2f}")


if __name__ == "__main__":
    main()
