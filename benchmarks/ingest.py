"""Ingestion at scale: reports acknowledged per second, and how long one waits for it; Optuna's storages beside it.

A report counts when it is durable: committed, with the disk asked to keep it. rung is measured on its whole way from
the report to the disk: `Study.run` with its own driver, which folds each report into the state, asks the scheduler,
and appends it to the log, whose writer commits. Only the training is left out: an executor reports for a hundred
trials at once, each on a worker of its own, as fast as the driver takes it or at a given rate. Then the wait is counted
from the moment at which a report was due, whatever kept the driver busy. Two parts are measured alone, too: the driver
with a log in memory, and the log with nothing but its writer.

Optuna's trials say `trial.report`, which returns when the storage has it; its journal asks the disk to keep each
report, as the databases do. Both libraries have a study for each driver, all in one SQLite file, one journal or one
PostgreSQL server, which is started here on the loopback with its own settings. Optuna's drivers have ten trials each:
its reports cost the same with more, and a thousand take it a minute to make. Each figure is the best of `--rounds`, for
each library; at the end rung's databases are asked whether they hold every report.

Usage: python benchmarks/ingest.py [--rounds 2] [--seconds 3] [--drivers 10] [--trials 1000] [--per-second 1000]
"""

import argparse
import contextlib
import multiprocessing
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.append(str(Path(__file__).parents[1] / "tests"))

import optuna
import sqlalchemy

import rung
from infra.servers import NotInstalledError, Postgresql
from rung.core.decision import Slot
from rung.core.event import Ended, Entry, Reported
from rung.core.job import Job
from rung.executors import base
from rung.stores.events import open_store

optuna.logging.set_verbosity(optuna.logging.ERROR)

SPACE = {"x": rung.Float(0, 1)}
WARM_S = 1.0  # before anything is counted
OPTUNA_TRIALS = 10  # of each of its drivers
PATIENCE_S = 120.0


@dataclass(frozen=True)
class Load:
    """What is asked of a driver.

    Attributes:
        trials: How many report at once.
        seconds: For how long it is counted, after the warm-up.
        per_second: Reports of all these trials in a second; None: as fast as it goes.
    """

    trials: int
    seconds: float
    per_second: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What one driver saw.

    Attributes:
        rate: Reports acknowledged per second.
        made: Reports made in all, the warm-up included.
        cpu_s: Processor time of the driver's process for all of these.
        waits_ms: From when each report was due to its acknowledgement, the warm-up left out.
    """

    rate: float
    made: int
    cpu_s: float
    waits_ms: Sequence[float] = ()


class Meter:
    """When each report was due, and when it was durable."""

    def __init__(self, load: Load) -> None:
        self._begin = time.perf_counter() + WARM_S
        self._end = self._begin + load.seconds
        self._seconds = load.seconds
        self._open: deque[tuple[int, float]] = deque()  # numbers in the log, in order, and when they were due
        self._waits_ms: list[float] = []
        self._acknowledged = 0
        self._cpu_s = time.process_time()
        self.made = 0

    @property
    def is_over(self) -> bool:
        """Whether what happens now counts no more."""
        return time.perf_counter() >= self._end

    def reported(self, seq: int, due: float) -> None:
        """Something was reported, which stands in the log at `seq`."""
        self.made += 1
        self._open.append((seq, due))

    def acknowledged(self, seq: int) -> None:
        """All up to this number of the log is durable."""
        now = time.perf_counter()
        in_time = self._begin <= now < self._end
        while self._open and self._open[0][0] <= seq:
            _, due = self._open.popleft()
            self._acknowledged += in_time
            if due >= self._begin:
                self._waits_ms.append((now - due) * 1e3)

    def outcome(self) -> Outcome:
        """What was seen."""
        cpu_s = time.process_time() - self._cpu_s
        return Outcome(self._acknowledged / self._seconds, self.made, cpu_s, self._waits_ms)


# rung: a driver, and an executor that only reports


class Reporting:
    """An executor and its pool: workers that train nothing, and report in turn until they are told to yield.

    Args:
        load: How many there are, and how often they report.
        told: Called with each report's number in the log, and when it was due.
        seq: Number of the last event in the log.
    """

    holds = True
    trains_apart = False
    clock = staticmethod(time.time)

    def __init__(self, load: Load, told: Callable[[int, float], None], seq: Callable[[], int]) -> None:
        self._told = told
        self._seq = seq
        self._every_s = 0.0 if load.per_second is None else 1 / load.per_second
        self._joining = load.trials
        self._turn: deque[tuple[Job, int]] = deque()  # who reports next, and where it stands
        self._yielding: set[int] = set()
        self._due = 0.0

    def start(self, call: base.Call) -> "Reporting":
        """It is its own pool."""
        return self

    def send(self, worker: int, command: base.Command) -> None:
        """Take a job, or know that it shall end."""
        match command:
            case base.Start(job=job):
                self._turn.append((job, job.start))
            case base.Yield(job=number):
                self._yielding.add(number)

    def wait(self, until: float | None, deliver: Callable[[base.Outcome], None]) -> None:
        """Let all join, then let each report once."""
        for worker in range(self._joining):
            deliver(base.Joined(Slot(worker, node="elsewhere")))
        self._joining = 0
        for _ in range(len(self._turn)):
            job, position = self._turn.popleft()
            if job.number in self._yielding:
                deliver(Ended(job.number, job.trial, "yielded"))
                continue
            self._pace()
            deliver(Reported(job.number, job.trial, position + 1, {"loss": 1 / (position + 1)}, 1.0))
            self._told(self._seq(), self._due)
            self._turn.append((job, position + 1))

    def _pace(self) -> None:
        now = time.perf_counter()
        self._due = self._due + self._every_s if self._due and self._every_s else now
        if self._due > now:
            time.sleep(self._due - now)

    def want(self, workers: int | None) -> None:
        """All are there."""

    def wake(self) -> None:
        """It never sleeps for long."""

    def close(self, grace_s: float) -> None:
        """There is nothing to end."""


def rung_drives(store: str | None, name: str, load: Load) -> Outcome:
    """One driver with a study of its own."""
    scheduler = rung.FIFO(max_resource=10**9)
    with rung.Study(name, SPACE, minimize="loss", scheduler=scheduler, store=store) as study:
        together()
        meter = Meter(load)
        study._log.listen(meter.acknowledged)  # when whoever reports from afar would get his answer
        executor = Reporting(load, meter.reported, lambda: study.state.seq)
        budget = rung.Budget(trials=load.trials, seconds=WARM_S + load.seconds)
        study.run(lambda trial: None, executor=executor, budget=budget)
    return meter.outcome()


def log_alone(store: str, name: str, load: Load) -> Outcome:
    """A log and its writer, without driver and state."""
    opened = open_store(store)
    log = opened.create(name, [])
    log.acquire()
    meter = Meter(load)
    log.listen(meter.acknowledged)
    while not meter.is_over:
        seq = meter.made + 1
        trial = seq % load.trials
        log.append([Entry(seq, time.time(), Reported(trial, trial, seq, {"loss": 1 / seq}, 1.0))])
        meter.reported(seq, time.perf_counter())
    opened.close()
    return meter.outcome()


# Optuna


def optuna_drives(storage: str, name: str, load: Load) -> Outcome:
    """One process with a study of its own, in a database or, by a path, a journal."""
    backend: Any = storage
    if "://" not in storage:
        backend = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(storage))
    study = optuna.create_study(storage=backend, study_name=name)
    trials = [study.ask() for _ in range(min(load.trials, OPTUNA_TRIALS))]
    together()
    meter, step = Meter(load), 0
    while not meter.is_over:
        step += 1
        for trial in trials:
            if meter.is_over:
                break
            due = time.perf_counter()
            trial.report(1 / step, step)
            meter.reported(meter.made, due)
            meter.acknowledged(meter.made)
    return meter.outcome()


# Many drivers at once

_barrier: Barrier | None = None


def _join(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603  a process of the crew has one barrier for life
    _barrier = barrier


def together() -> None:
    """In the crew: wait until every driver is ready."""
    if _barrier is not None:
        _barrier.wait(PATIENCE_S)


def _work(drive: "Drive", store: str, name: str, load: Load) -> Outcome:
    try:
        return drive(store, name, load)
    except BaseException:
        if _barrier is not None:
            _barrier.abort()  # the others need not wait
        raise


Drive = Callable[[Any, str, Load], Outcome]


class Crew:
    """Drivers that work at the same time, each in a process of its own."""

    def __init__(self, n: int) -> None:
        context = multiprocessing.get_context("spawn")
        self._n = n
        self._processes = ProcessPoolExecutor(n, context, _join, (context.Barrier(n),))

    def __call__(self, drive: Drive, store: str, name: str, load: Load) -> Outcome:
        """What all drivers together saw; the load is that of all."""
        rate = None if load.per_second is None else load.per_second / self._n
        share = Load(load.trials // self._n, load.seconds, rate)
        running = [self._processes.submit(_work, drive, store, f"{name} {n}", share) for n in range(self._n)]
        errors = [error for each in running if (error := each.exception(2 * PATIENCE_S)) is not None]
        if errors:
            # a broken barrier is but a consequence of another error
            raise min(errors, key=lambda error: isinstance(error, BrokenBarrierError))
        outcomes = [each.result() for each in running]
        return Outcome(
            sum(each.rate for each in outcomes),
            sum(each.made for each in outcomes),
            sum(each.cpu_s for each in outcomes),
            sorted(wait for each in outcomes for wait in each.waits_ms),
        )

    def close(self) -> None:
        """End the processes."""
        self._processes.shutdown(cancel_futures=True)


# Rounds

Figures = dict[str, list[Outcome]]


def one_driver(figures: Figures, folder: Path, name: str, load: Load) -> None:
    """Into files, with the trials of one driver."""
    files = [("rung", rung_drives, folder / "rung.db"), ("log", log_alone, folder / "log.db")]
    for line, drive, file in files:
        figures[f"sqlite {line}"].append(drive(str(file), name, load))
    figures["sqlite rdb"].append(optuna_drives(f"sqlite:///{folder / 'optuna.db'}", name, load))
    figures["sqlite journal"].append(optuna_drives(str(folder / "one.journal"), name, load))
    figures["memory rung"].append(rung_drives(None, name, load))


def many_drivers(
    figures: Figures, server: Postgresql, folder: Path, crew: Crew, name: str, load: Load, paced: Load
) -> None:
    """Onto one server."""
    figures["server rung"].append(crew(rung_drives, server.url("rung"), f"{name} fast", load))
    figures["paced rung"].append(crew(rung_drives, server.url("rung"), f"{name} paced", paced))
    figures["server rdb"].append(crew(optuna_drives, with_psycopg(server.url("optuna")), name, load))
    figures["server journal"].append(crew(optuna_drives, str(folder / "many.journal"), name, load))
    figures["server log"].append(log_alone(server.url("log"), name, load))


def check(url: str, outcomes: Sequence[Outcome]) -> None:
    """Say that every report that was made is there, or end with an error."""
    engine = sqlalchemy.create_engine(with_psycopg(url))
    with engine.connect() as connection:
        query = "SELECT count(*) FROM events WHERE kind = 'Reported'"
        found = connection.exec_driver_sql(query).scalar()
    engine.dispose()
    made = sum(each.made for each in outcomes)
    if found != made:
        raise SystemExit(f"{made:,} reports were made, but {found} are in {url}")
    print(f"All {made:,} reports that rung was given are in {url.partition(':')[0]}.", flush=True)


# The table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3.0, help="for which each figure is taken")
    parser.add_argument("--drivers", type=int, default=10, help="on the server, at once")
    parser.add_argument("--trials", type=int, default=1000, help="of all drivers on the server")
    parser.add_argument("--per-second", type=float, default=1000.0, help="reports, where the wait is taken")
    options = parser.parse_args()
    print_machine()
    figures: Figures = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        server = a_server(stack)
        crew = Crew(options.drivers)
        stack.callback(crew.close)
        for number in range(options.rounds):
            name, load = f"round {number}", Load(options.trials // options.drivers, options.seconds)
            one_driver(figures, Path(folder), name, load)
            if server is not None:
                fast = Load(options.trials, options.seconds)
                paced = Load(options.trials, 2 * options.seconds, options.per_second)
                many_drivers(figures, server, Path(folder), crew, name, fast, paced)
        check(f"sqlite:///{folder}/rung.db", figures["sqlite rung"])
        if server is not None:
            check(server.url("rung"), figures["server rung"] + figures["paced rung"])
    print_table(figures, options)


def a_server(stack: contextlib.ExitStack) -> Postgresql | None:
    """PostgreSQL with an empty database for each library; None, and a sentence, if it is not installed."""
    try:
        import psycopg  # noqa: F401  both libraries speak through it

        server = Postgresql(durable=True)
    except (ImportError, NotInstalledError) as error:
        print(f"PostgreSQL is left out: {error}")
        return None
    stack.callback(server.close)
    for name in ("rung", "log", "optuna"):
        server.query(f"CREATE DATABASE {name}")
    # makes its tables, which several at once cannot
    optuna.storages.RDBStorage(with_psycopg(server.url("optuna")))
    return server


def with_psycopg(url: str) -> str:
    """The URL as SQLAlchemy wants it."""
    return url.replace("postgresql:", "postgresql+psycopg:")


def print_machine() -> None:
    versions = f"Python {platform.python_version()}, rung {rung.__version__}, Optuna {optuna.__version__}"
    databases = f"SQLAlchemy {sqlalchemy.__version__}, SQLite {sqlite3.sqlite_version}"
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    print(f"{versions}, {databases}\n")


def print_table(figures: Figures, options: argparse.Namespace) -> None:
    each = options.trials // options.drivers
    print(f"\nload {os.getloadavg()[0]:.1f} at the end, best of {options.rounds} rounds\n")
    print(
        "| reports acknowledged per second | rung | Optuna, database | Optuna, journal | rung / the better |"
    )
    print("|---|--:|--:|--:|--:|")
    print_line(f"one driver, {each} trials, into SQLite", figures, "sqlite")
    if "server rung" in figures:
        many = f"{options.drivers} drivers, {options.trials:,} trials, into PostgreSQL"
        print_line(many, figures, "server")
    print("\n| rung, in parts | |\n|---|--:|")
    if "paced rung" in figures:
        waits = min((wait.waits_ms for wait in figures["paced rung"]), key=lambda waits: share(waits, 0.99))
        asked = f"{options.drivers} drivers, {options.per_second:,.0f} reports/s into PostgreSQL"
        print(f"| {asked}: wait for the acknowledgement, median | {share(waits, 0.5):.0f} ms |")
        print(f"| the same, 99 % | {share(waits, 0.99):.0f} ms |")
        print(f"| the same, acknowledged per second | {best(figures, 'paced rung'):,.0f} |")
    print(
        f"| processor time of a driver with SQLite for a report | {cpu_us(figures, 'sqlite rung'):.0f} µs |"
    )
    if "server rung" in figures:
        cpu = cpu_us(figures, "server rung")
        print(
            f"| processor time of a driver with PostgreSQL for a report, without the server's | {cpu:.0f} µs |"
        )
    print(f"| a driver with its log in memory | {best(figures, 'memory rung'):,.0f} reports/s |")
    print(f"| SQLite without a driver, one log | {best(figures, 'sqlite log'):,.0f} reports/s |")
    if "server log" in figures:
        print(f"| PostgreSQL without a driver, one log | {best(figures, 'server log'):,.0f} reports/s |")


def print_line(name: str, figures: Figures, where: str) -> None:
    ours, rdb, journal = (best(figures, f"{where} {kind}") for kind in ("rung", "rdb", "journal"))
    print(f"| {name} | {ours:,.0f} | {rdb:,.0f} | {journal:,.0f} | {ours / max(rdb, journal):.0f} |")


def best(figures: Figures, name: str) -> float:
    return max(outcome.rate for outcome in figures[name])


def cpu_us(figures: Figures, name: str) -> float:
    return min(outcome.cpu_s / outcome.made for outcome in figures[name]) * 1e6


def share(waits_ms: Sequence[float], part: float) -> float:
    """The wait that this part of the reports stays below; they are sorted."""
    return waits_ms[int(part * (len(waits_ms) - 1))]


if __name__ == "__main__":
    main()
