"""Faults: what a week does to a study, each done to a run in progress.

A fault returns the run that goes on afterwards, or None if it found nothing to do. What it may make a driver raise,
it writes into `run.may_raise`; any other exception is a finding.
"""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from soaking.case import CUT, FULL, LOCKED, PAUSED, REPLACED, RESTARTED, Run
from soaking.stage import Stage

BEGIN_S = 60.0  # for a driver to have its first training begun
LEAVE_S = 60.0  # for a driver that was interrupted to be gone
STOPS = 50  # of a driver, until one falls between two transactions
MEET_S = 1.5  # to meet a worker that does what is wanted
FILL_BYTES = 1 << 16

Fault = Callable[[Stage, Run], Run | None]


# Drivers


def kill_driver(stage: Stage, run: Run) -> Run:
    """SIGKILL to the driver, at any moment."""
    begun = time.monotonic()
    stage.kill(run)
    stage.note("driver killed", run, begun)
    return run


def interrupt(stage: Stage, run: Run) -> Run:
    """Ctrl-C, once."""
    return _signal(stage, run, "interrupted", [signal.SIGINT])


def terminate(stage: Stage, run: Run) -> Run:
    """SIGTERM, as schedulers of clusters send it."""
    return _signal(stage, run, "terminated", [signal.SIGTERM])


def interrupt_twice(stage: Stage, run: Run) -> Run:
    """Ctrl-C, and again: it leaves at once."""
    return _signal(stage, run, "interrupted twice", [signal.SIGINT, signal.SIGINT])


def pause_driver(stage: Stage, run: Run) -> Run:
    """The driver's process stands still for a while, not so long that its lease expires."""
    begun = time.monotonic()
    _still(run.pid, stage.dice.uniform(0.2, stage.plan.lease_s / 3))
    stage.note(PAUSED, run, begun)
    return run


def take_over(stage: Stage, run: Run) -> Run | None:
    """The driver stands still until its lease has expired and another one has gone on; then it wakes up."""
    begun = time.monotonic()
    if not _put_to_sleep(stage, run):
        return None
    run.may_raise.add("LeaseLostError")
    try:
        stage.end(_rival(stage, run))  # as long as the lease holds, it is refused
        time.sleep(stage.plan.lease_s)
        successor = _rival(stage, run)
        stage.wait(lambda: stage.has_begun(successor) or stage.has_ended(successor), BEGIN_S)
        run.fenced = stage.has_begun(successor)
    finally:
        _send(run.pid, signal.SIGCONT)
    if not run.fenced:  # the successor was kept out by a lock, or had nothing left to do
        stage.kill(successor)
        stage.note(PAUSED, run, begun)
        return run
    stage.note(REPLACED, run, begun)
    stage.end(run, LEAVE_S)
    return successor


def _put_to_sleep(stage: Stage, run: Run) -> bool:
    """Stop a driver, between two transactions if that can be told: with a lock nobody can take over from it."""
    for _ in range(STOPS):
        if not _send(run.pid, signal.SIGSTOP):
            return False
        if stage.plan.store != "sqlite" or _is_unlocked(stage.places.store):
            return True
        _send(run.pid, signal.SIGCONT)
        time.sleep(stage.dice.uniform(0.0, 0.05))
    return False


def _is_unlocked(path: str) -> bool:
    with closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.execute("ROLLBACK")
        return True


def _rival(stage: Stage, run: Run) -> Run:
    """A driver that may be refused, as there is a lease, or one that stands still in the midst of a transaction."""
    rival = stage.start(run.session)
    rival.may_raise |= {"BusyError", "StoreError", "UnreachableError"}
    return rival


def second_driver(stage: Stage, run: Run) -> Run:
    """Somebody starts the same study once more: he is refused."""
    begun = time.monotonic()
    rival = stage.start(run.session)
    rival.may_raise.add("BusyError")
    stage.wait(lambda: stage.has_ended(rival) or stage.has_begun(rival), BEGIN_S)
    stage.note("second driver", run, begun)
    return run if stage.has_ended(rival) else rival


# Workers


def kill_training(stage: Stage, run: Run) -> Run | None:
    """SIGKILL to a worker in the middle of a step."""
    return _kill_worker(stage, run, "training")


def kill_saving(stage: Stage, run: Run) -> Run | None:
    """SIGKILL to a worker in the middle of a save."""
    return _kill_worker(stage, run, "saving")


def kill_idle(stage: Stage, run: Run) -> Run | None:
    """SIGKILL to a worker that has nothing to do, or holds a trial."""
    return _kill_worker(stage, run, "idle") or _kill_worker(stage, run, "reporting")


def terminate_worker(stage: Stage, run: Run) -> Run | None:
    """SIGTERM to a worker: it saves and leaves."""
    begun = time.monotonic()
    for pid in stage.workers(run)[:1]:
        if _send(pid, signal.SIGTERM):
            stage.note("worker terminated", run, begun, pid)
            return run
    return None


def pause_worker(stage: Stage, run: Run) -> Run | None:
    """A worker stands still, perhaps for longer than a trial may be silent, or than a lease."""
    begun = time.monotonic()
    for pid in stage.workers(run)[:1]:
        _still(pid, stage.dice.uniform(0.3, 1.5 * stage.plan.lease_s))
        stage.note("worker paused", run, begun, pid)
        return run
    return None


# Stores


def restart_server(stage: Stage, run: Run) -> Run | None:
    """The database stops as in a crash, and comes back."""
    server = stage.world.servers.get(stage.plan.store)
    if server is None:
        return None
    begun = time.monotonic()
    server.stop()
    time.sleep(stage.dice.uniform(0.1, stage.plan.lease_s))
    server.start()
    stage.note(RESTARTED, run, begun)
    return run


def cut_connections(stage: Stage, run: Run) -> Run | None:
    """Every connection to the database is cut."""
    server = stage.world.servers.get(stage.plan.store)
    if server is None:
        return None
    begun = time.monotonic()
    for _ in range(stage.dice.randint(1, 5)):
        server.cut(stage.database)
        time.sleep(stage.dice.uniform(0.0, 0.2))
    stage.note(CUT, run, begun)
    return run


def lock_file(stage: Stage, run: Run) -> Run | None:
    """Another program holds the write lock of the SQLite file."""
    if stage.plan.store != "sqlite":
        return None
    begun = time.monotonic()
    with closing(sqlite3.connect(stage.places.store, timeout=30, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        time.sleep(stage.dice.uniform(0.2, stage.plan.lease_s))
        connection.execute("ROLLBACK")
    stage.note(LOCKED, run, begun)
    return run


def fill_disk(stage: Stage, run: Run) -> Run | None:
    """The disk of store and checkpoints is full for a while."""
    if not stage.plan.small_disk:
        return None
    begun = time.monotonic()
    filler = Path(stage.places.store).with_name("filler")
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(FILL_BYTES))
    time.sleep(stage.dice.uniform(0.2, 2.0))
    filler.unlink()
    run.may_raise.add("StoreError")
    stage.note(FULL, run, begun)
    return run


def pause_bucket(stage: Stage, run: Run) -> Run | None:
    """The S3 server answers nothing for a while."""
    if stage.plan.bucket != "s3" or stage.world.bucket is None:
        return None
    begun = time.monotonic()
    stage.world.bucket.pause(stage.dice.uniform(0.2, 2.0))
    stage.note("bucket paused", run, begun)
    return run


WEIGHTS: dict[Fault, int] = {
    kill_driver: 4,
    interrupt: 2,
    terminate: 1,
    interrupt_twice: 1,
    pause_driver: 2,
    take_over: 1,
    second_driver: 2,
    kill_training: 3,
    kill_saving: 3,
    kill_idle: 2,
    terminate_worker: 2,
    pause_worker: 2,
    restart_server: 5,
    cut_connections: 5,
    lock_file: 3,
    fill_disk: 12,
    pause_bucket: 4,
}


def order(stage: Stage) -> list[Fault]:
    """All faults, in the order in which to try them: weighted, and at random."""
    return sorted(WEIGHTS, key=lambda fault: -(stage.dice.random() ** (1 / WEIGHTS[fault])))


def _signal(stage: Stage, run: Run, kind: str, signals: list[signal.Signals]) -> Run:
    begun = time.monotonic()
    # One that comes when the study has ended already is Python's to answer.
    run.may_raise |= {"KeyboardInterrupt", "SIGTERM"}
    for each in signals:
        _send(run.pid, each)
        time.sleep(stage.dice.uniform(0.0, 0.3))
    stage.note(kind, run, begun)
    stage.end(run, LEAVE_S)
    return run


def _kill_worker(stage: Stage, run: Run, phase: str) -> Run | None:
    begun = time.monotonic()
    pids: list[int] = []

    def found() -> bool:
        pids[:] = stage.workers(run, phase)
        return bool(pids) or stage.has_ended(run)

    stage.wait(found, MEET_S)
    for pid in pids[:1]:
        if _send(pid, signal.SIGKILL):
            stage.note(f"worker killed {_WHILE[phase]}", run, begun, pid)
            return run
    return None


_WHILE = {"training": "in training", "saving": "in a save", "idle": "idle", "reporting": "at rest"}


def _still(pid: int, seconds: float) -> None:
    if _send(pid, signal.SIGSTOP):
        time.sleep(seconds)
        _send(pid, signal.SIGCONT)


def _send(pid: int, number: signal.Signals) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
