"""Processes that should have ended."""

import time
from collections.abc import Iterable

import psutil


def outliving(processes: Iterable[psutil.Process], limit_s: float) -> list[psutil.Process]:
    """Those that still run after so long.

    An orphan that has ended stays in the list of processes until the system's first process takes note of it, which
    takes some of them seconds; it counts as ended at once.
    """
    end = time.monotonic() + limit_s
    left = list(processes)
    while (left := [process for process in left if _runs(process)]) and time.monotonic() < end:
        time.sleep(0.01)  # they are not our children: there is nothing to wait on
    return left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def workers_of(driver: int | None = None) -> list[psutil.Process]:
    """The worker processes of a program, their ranks included; by default of this one, which has more children."""
    return [child for child in psutil.Process(driver).children(recursive=True) if is_worker(child)]


def is_worker(process: psutil.Process) -> bool:
    """Whether a process is one of those in which rung trains."""
    try:
        return any(word.startswith("rung.executors.") for word in process.cmdline())
    except psutil.NoSuchProcess:  # or it has ended, and nobody has asked for its status
        return False
