"""Thousands of workers that do nothing but report, behind the pool and the driver that real ones have.

The pool, the driver, the scheduler, the searcher and the log are the real ones, on the real clock. The agents are
simulated in this process: one thread plays them all. What an engine takes for a message is spent on the driver's
thread, as so much processor time at each call.
"""

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import count

from rung.core.decision import Slot
from rung.core.event import Ended, Reported
from rung.core.job import Job
from rung.core.rng import rng
from rung.executors.base import Call, Joined, Outcome, Pool, Release, Released, Start, Yield
from rung.executors.remote.agent import Mail, Order
from rung.executors.remote.pool import Handle, RemotePool


class Crowd:
    """An executor whose workers report once in `step_s` seconds.

    Args:
        workers: How many.
        step_s: Of each of their steps.
        message_s: Processor time that the engine takes for a call and its answer.
    """

    def __init__(self, workers: int, step_s: float = 1.0, message_s: float = 0.0) -> None:
        self.workers, self.step_s, self.message_s = workers, step_s, message_s

    def start(self, call: Call) -> Pool:
        """See the protocol; what it would train is not called."""
        return RemotePool(_Engine(self))


class _Engine:
    is_elastic = False

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._due: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()
        self._changed = threading.Condition()
        self._over = False
        self._thread = threading.Thread(target=self._play, name="crowd", daemon=True)

    def open(self, placed: Callable[[Handle], None]) -> None:
        self._thread.start()
        first = rng(0, "first steps of workers", 0).random(self._crowd.workers)
        for share in first.tolist():
            placed(_Worker(self, self._crowd, share))

    def lost(self, handle: Handle) -> None:
        raise AssertionError("no agent of a crowd is ever lost")

    def close(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()
        self._thread.join()

    def at(self, due: float, do: Callable[[float], None]) -> None:
        """Do something at a time of the clock, on the thread of the crowd."""
        with self._changed:
            heapq.heappush(self._due, (due, next(self._order), do))
            if self._due[0][0] == due:
                self._changed.notify()

    def _play(self) -> None:
        while True:
            with self._changed:
                while not self._over and (not self._due or self._due[0][0] > time.time()):
                    self._changed.wait(self._due[0][0] - time.time() if self._due else None)
                if self._over:
                    return
                due, _, do = heapq.heappop(self._due)
            do(due)


class _Worker:
    """An agent and its worker."""

    def __init__(self, engine: _Engine, crowd: Crowd, share: float) -> None:
        self._engine, self._crowd = engine, crowd
        self._share = share  # of a step, by which its first one takes longer
        self._lock = threading.Lock()
        self._said: list[Outcome] = [Joined(Slot(0))]
        self._mail: Future[Mail] | None = None
        self._job: Job | None = None
        self._at = 0
        self._yields = False

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        _spend(self._crowd.message_s)
        for _, command in orders:
            self._obey(command)
        if self._said:
            self._engine.at(time.time(), self._answer)

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        self._mail = mail = Future()
        self.tell(number, orders)
        return mail

    def close(self, grace_s: float) -> "Future[None]":
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def dismiss(self) -> None:
        self._job = None

    def _obey(self, command: object) -> None:
        match command:
            case Start(job=job):
                self._job, self._at, self._yields = job, job.start, False
                self._engine.at(time.time() + self._crowd.step_s * (1 + self._share), self._step)
                self._share = 0.0
            case Yield(job=number) if self._job is not None and self._job.number == number:
                self._yields = True
            case Release() if self._job is not None:
                self._say(Released(self._job.trial))

    def _step(self, due: float) -> None:
        job = self._job
        if job is None:
            return
        self._at += 1
        metrics = {"loss": float(str(job.config["x"])) + 1 / self._at, "said": due}
        said: list[Outcome] = [Reported(job.number, job.trial, self._at, metrics, self._crowd.step_s)]
        if self._at == job.target or self._yields:
            outcome = "reached" if self._at == job.target else "yielded"
            said.append(Ended(job.number, job.trial, outcome, None, True))  # type: ignore[arg-type]
        else:
            self._engine.at(due + self._crowd.step_s, self._step)
        self._say(*said)
        self._answer(due)

    def _say(self, *outcomes: Outcome) -> None:
        with self._lock:
            self._said += outcomes

    def _answer(self, due: float) -> None:
        """Send what was said, if somebody listens."""
        with self._lock:
            mail = self._mail
            if mail is None or not self._said:
                return
            said, self._said, self._mail = tuple(self._said), [], None
        mail.set_result(Mail(said))


def _spend(seconds: float) -> None:
    end = time.thread_time() + seconds
    while seconds and time.thread_time() < end:
        pass
