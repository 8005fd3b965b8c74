"""Ingestion: how many reports a store makes durable, and how long each waits for that, beside Optuna.

Ten drivers, each a process with a study of 100 running trials, report into one PostgreSQL server, which is started
for this on the loopback with its own durable settings. A report is acknowledged when the transaction that holds it
is committed. First they report as fast as they may, then once a second for each trial. One driver does the same into
an SQLite file. Optuna does what corresponds, `trial.report`, into its SQLite, PostgreSQL and journal storages, all in
the same run; the machine's load stands at the head.

Usage: python benchmarks/ingest.py [--drivers 10] [--trials 100] [--seconds 5] [--rounds 1]
"""

import argparse
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import optuna
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend

from infra.servers import NotInstalledError, Postgresql
from rung.core.event import Entry, Reported
from rung.stores.events import open_store

optuna.logging.set_verbosity(optuna.logging.ERROR)


IN_FLIGHT = 20


@dataclass(frozen=True)
class Load:
    """What one driver is to do.

    Attributes:
        trials: How many of its trials report in turn.
        seconds: For how long.
        per_second: Reports of each trial; None: as many as are taken, while at most `IN_FLIGHT` of each wait.
    """

    trials: int
    seconds: float
    per_second: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What one driver saw.

    Attributes:
        reports: How many were acknowledged.
        began: When it began, by a clock that all processes share.
        ended: When the last one was acknowledged.
        waits: Seconds from each report to its acknowledgement; of Optuna, those of the call.
    """

    reports: int
    began: float
    ended: float
    waits: list[float]


# rung


def drive(url: str, name: str, load: Load) -> Outcome:
    """A driver that appends the reports of its trials, each on its own as they come from workers."""
    store = open_store(url)
    log = store.create(name, [])
    log.acquire("the benchmark")
    given: list[float] = []
    acknowledged: list[tuple[float, int]] = []
    room = threading.Semaphore(IN_FLIGHT * load.trials)

    def durable(seq: int) -> None:
        room.release(seq - (acknowledged[-1][1] if acknowledged else 0))
        acknowledged.append((time.monotonic(), seq))

    log.listen(durable)
    began = time.monotonic()
    for seq in _turns(load, began):
        room.acquire()
        given.append(time.monotonic())
        step, trial = divmod(seq - 1, load.trials)
        report = Reported(trial, trial, step + 1, {"loss": 1 / seq, "accuracy": 0.5}, 1.0)
        log.append([Entry(seq, time.time(), report)])
    log.flush()
    ended = time.monotonic()
    store.close()
    return Outcome(len(given), began, ended, _waits(given, acknowledged))


def _turns(load: Load, began: float):
    """The numbers of the reports from 1 on, each when it is due."""
    seq = 0
    pause = threading.Event()
    while time.monotonic() - began < load.seconds:
        seq += 1
        if load.per_second is not None:
            due = began + seq / (load.trials * load.per_second)
            pause.wait(max(due - time.monotonic(), 0))
        yield seq


def _waits(given: list[float], acknowledged: list[tuple[float, int]]) -> list[float]:
    waits: list[float] = []
    for moment, seq in acknowledged:
        waits += [moment - at for at in given[len(waits) : seq]]
    return waits


# Optuna


def optuna_storage(kind: str, place: str) -> BaseStorage:
    """A storage of Optuna, as its manual makes it."""
    if kind == "journal":
        return JournalStorage(JournalFileBackend(place))
    return RDBStorage(place)


def drive_optuna(kind: str, place: str, name: str, load: Load) -> Outcome:
    """A process whose trials report to Optuna, one after the other."""
    study = optuna.create_study(storage=optuna_storage(kind, place), study_name=name)
    trials = [
        study.ask() for _ in range(min(load.trials, 10))
    ]  # it asks slowly, and more do not make it quicker
    waits: list[float] = []
    began = time.monotonic()
    for seq in _turns(load, began):
        step, trial = divmod(seq - 1, len(trials))
        before = time.monotonic()
        trials[trial].report(1 / seq, step)
        waits.append(time.monotonic() - before)
    return Outcome(len(waits), began, time.monotonic(), waits)


# Several at once


def together(work: Callable[..., Outcome], arguments: list[tuple], load: Load) -> list[Outcome]:
    """Each call in a process of its own; all begin when all are there."""
    fork = multiprocessing.get_context("fork")  # all is imported already, and nothing is connected
    barrier, results = fork.Barrier(len(arguments)), fork.Queue()
    processes = [
        fork.Process(target=_in_process, args=(barrier, results, work, a, load), daemon=True)
        for a in arguments
    ]
    for process in processes:
        process.start()
    outcomes = [results.get(timeout=60 + 10 * load.seconds) for _ in processes]
    for process in processes:
        process.join()
    return outcomes


def _in_process(
    barrier: Barrier, results, work: Callable[..., Outcome], arguments: tuple, load: Load
) -> None:
    work(*arguments[:-1], f"{arguments[-1]}-warm", Load(load.trials, 0.2))  # imports, connections, tables
    barrier.wait()
    results.put(work(*arguments, load))


def rate(outcomes: list[Outcome]) -> float:
    """Acknowledged reports a second, of all together."""
    seconds = max(each.ended for each in outcomes) - min(each.began for each in outcomes)
    return sum(each.reports for each in outcomes) / seconds


def percentile(outcomes: list[Outcome], share: float) -> float:
    """Milliseconds within which that share of the reports was acknowledged."""
    waits = sorted(wait for each in outcomes for wait in each.waits)
    return 1000 * waits[min(int(share * len(waits)), len(waits) - 1)]


# The table


def measure(server: Postgresql, folder: Path, options: argparse.Namespace, number: int) -> dict[str, float]:
    """One round: each figure by its name."""
    fast = Load(options.trials, options.seconds)
    steady = Load(options.trials, options.seconds, per_second=1.0)
    names = [f"{number}-{driver}" for driver in range(options.drivers)]
    url, sqlite = server.url(), str(folder / f"rung-{number}.db")
    peer_url = server.url("peer").replace("://", "+psycopg://")
    peer_sqlite, journal = f"sqlite:///{folder / f'optuna-{number}.db'}", str(folder / f"{number}.journal")
    for storage in (RDBStorage(peer_url), RDBStorage(peer_sqlite)):  # else its processes race for the tables
        storage.engine.dispose()
    pg = together(drive, [(url, f"fast {name}") for name in names], fast)
    calm = together(drive, [(url, f"steady {name}") for name in names], steady)
    file = together(drive, [(sqlite, "file")], fast)
    peer_pg = together(drive_optuna, [("rdb", peer_url, name) for name in names], fast)
    peer_file = together(drive_optuna, [("rdb", peer_sqlite, "file")], fast)
    peer_journal = together(drive_optuna, [("journal", journal, "file")], fast)
    return {
        "pg": rate(pg),
        "calm": rate(calm),
        "calm p50": percentile(calm, 0.50),
        "calm p99": percentile(calm, 0.99),
        "file": rate(file),
        "peer pg": rate(peer_pg),
        "peer file": rate(peer_file),
        "peer journal": rate(peer_journal),
    }


def show(found: dict[str, float], options: argparse.Namespace) -> None:
    drivers, trials = options.drivers, options.trials
    print("| acknowledged reports/s | rung | Optuna | ratio |\n|---|--:|--:|--:|")
    _row(f"PostgreSQL, {drivers} drivers", found["pg"], found["peer pg"])
    _row("SQLite, 1 driver", found["file"], found["peer file"])
    _row("the same beside Optuna's journal file", found["file"], found["peer journal"])
    print(f"\n| {drivers} drivers, {trials} trials each, once a second, into PostgreSQL | |\n|---|--:|")
    print(f"| acknowledged reports/s | {found['calm']:,.0f} |")
    print(f"| from report to acknowledgement, median | {found['calm p50']:.0f} ms |")
    print(f"| 99th percentile | {found['calm p99']:.0f} ms |")


def _row(title: str, ours: float, theirs: float) -> None:
    print(f"| {title} | {ours:,.0f} | {theirs:,.0f} | {ours / theirs:,.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drivers", type=int, default=10)
    parser.add_argument("--trials", type=int, default=100, help="of each driver")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=1, help="the median of so many is shown")
    options = parser.parse_args()
    print(
        f"load {os.getloadavg()[0]:.1f} at the start, {os.cpu_count()} processors, Optuna {optuna.__version__}\n"
    )
    try:
        server = Postgresql(durable=True)
    except NotInstalledError as error:
        sys.exit(str(error))
    try:
        server.query("CREATE DATABASE peer")
        with tempfile.TemporaryDirectory() as folder:
            rounds = [measure(server, Path(folder), options, number) for number in range(options.rounds)]
    finally:
        server.close()
    show({name: statistics.median(each[name] for each in rounds) for name in rounds[0]}, options)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
