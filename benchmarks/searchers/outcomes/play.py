"""One run: a method tunes a task."""

import math
import time
import warnings

from methods.base import Setting
from methods.known import start, version
from tasks.base import Task

from outcomes.runs import Run


def play(task: Task, name: str, seed: int, budget: int) -> Run:
    """Let a method tune a task; what it raises ends the run and is noted."""
    warnings.simplefilter("ignore")  # peers warn of much
    setting = Setting(task.space, len(task.limits), task.penalty, seed, budget)
    evaluations, incumbents = 0, list[tuple[int, float]]()
    spent = _Stopwatch()
    error = ""
    try:
        with spent:
            method = start(name, setting)
        lowest = math.inf
        for index in range(budget):
            with spent:
                config = method.ask()
            loss, broken = task.loss(config), task.broken(config)
            seen = task.observed(loss, seed, index)
            evaluations = index + 1
            if seen < lowest and not any(broken):
                lowest = seen
                incumbents.append((evaluations, loss))
            with spent:
                method.tell(config, seen, broken)
    except ImportError:
        raise
    except Exception as fault:  # noqa: BLE001  any tool may fail in any way, and the others go on
        error = f"{type(fault).__name__}: {fault}"[:300]
    times = round(spent.cpu_s, 4), round(spent.wall_s, 4)
    return Run(task.name, name, seed, version(name), evaluations, incumbents, *times, error)


class _Stopwatch:
    """Adds up the time within `with`."""

    def __init__(self) -> None:
        self.cpu_s = self.wall_s = 0.0

    def __enter__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self.cpu_s += time.process_time() - self._cpu
        self.wall_s += time.perf_counter() - self._wall
