"""An executor whose pool writes down when the driver hears what, and what that has cost it until then."""

import time
from collections.abc import Callable
from typing import NamedTuple

from rung.executors.base import Call, Command, Executor, Outcome, Pool


class Heard(NamedTuple):
    """An outcome at the driver.

    Attributes:
        outcome: What happened.
        time: When the driver heard of it, in Unix time.
        loop_s: Processor time of the driver's thread until then.
        process_s: Processor time of its whole process until then.
    """

    outcome: Outcome
    time: float
    loop_s: float
    process_s: float

    @property
    def said(self) -> float:
        """When its worker said it, by the metric of this name in its report."""
        return float(self.outcome.metrics["said"])  # type: ignore[union-attr]  # it is a report


class Watched:
    """An executor that is watched.

    Attributes:
        heard: All that its driver has heard.
    """

    def __init__(self, executor: Executor) -> None:
        self.heard: list[Heard] = []
        self._executor = executor

    def start(self, call: Call) -> Pool:
        """See the protocol."""
        return _WatchedPool(self._executor.start(call), self.heard)


class _WatchedPool:
    def __init__(self, pool: Pool, heard: list[Heard]) -> None:
        self._pool, self._heard = pool, heard
        self.holds, self.trains_apart = pool.holds, pool.trains_apart
        self.clock, self.want, self.wake, self.close = pool.clock, pool.want, pool.wake, pool.close

    def send(self, worker: int, command: Command) -> None:
        self._pool.send(worker, command)

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        def hear(outcome: Outcome) -> None:
            self._heard.append(Heard(outcome, time.time(), time.thread_time(), time.process_time()))
            deliver(outcome)

        self._pool.wait(until, hear)
