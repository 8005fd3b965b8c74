"""What stands on another machine: a local pool of one worker, behind a mailbox.

An engine places it there and carries its calls. So a training far away runs in a process of its own, as it does at
home: one that dies, hangs or fills the memory takes neither the agent nor the engine with it.
"""

import asyncio
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType

import msgspec

from rung.core.errors import ExecutorError
from rung.executors import limits
from rung.executors.base import Command, Joined, Outcome
from rung.executors.local import Local, LocalPool
from rung.executors.remote.outpost import Invitation
from rung.executors.remote.summons import gathered
from rung.executors.remote.terms import Terms, node_name
from rung.executors.worker.meeting import Meeting

PATIENCE_S = 15.0  # an answer may stay out so long before an empty one is given
ALONE_S = 120.0  # nobody has listened for so long: the driver is gone, or we are cut off from it for good
TOGETHER_S = 0.001  # said within this time, outcomes make one mail: the last report of a job and its end
DEPART_S = 25.0  # batch systems mostly give 30 s between SIGTERM and SIGKILL
LAST_WORD_S = 1.0  # in which the driver learns why this process ends
LEAVE_S = 10.0  # beyond the grace of a worker, until its thread is given up

Order = tuple[int, Command]
"""A command, and the worker that it is for."""


class Mail(msgspec.Struct, frozen=True):
    """What an agent has to say.

    Attributes:
        outcomes: What has happened since the last mail, in order.
        error: Why nothing can ever be trained here; None: all is well.
    """

    outcomes: tuple[Outcome, ...]
    error: str | None = None


class Agent:
    """One worker, at a distance. Engines run its methods side by side, as they are coroutines.

    When the engine lets go of it, its worker ends.

    Args:
        terms: What it is hired for, as msgpack.
    """

    def __init__(self, terms: bytes) -> None:
        self._service = _Service(msgspec.msgpack.decode(terms, type=Terms))

    async def tell(self, number: int, orders: Sequence[Order]) -> None:
        """Commands for its workers; calls may overtake each other, so each has a number."""
        self._service.tell(number, orders)

    async def listen(self, number: int, orders: Sequence[Order]) -> Mail:
        """What has happened, after `tell`; waits until there is something, at most for some seconds."""
        self._service.tell(number, orders)
        return await self._service.listen()

    async def close(self, grace_s: float) -> None:
        """End the worker, within `grace_s` seconds."""
        self._service.end(grace_s)
        await asyncio.to_thread(self._service.thread.join, grace_s + LEAVE_S)

    def __del__(self) -> None:
        with suppress(AttributeError):  # it was never made
            self._service.end(0.0)


class _Service:
    """The pool, and what has come from it and for it.

    The pool belongs to one thread, which also starts its worker: the worker is killed when that thread is gone.
    """

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._node = node_name()
        self._said: deque[Outcome] = deque()
        self._told: deque[Order] = deque()
        self._early: dict[int, Sequence[Order]] = {}
        self._next = 0
        self._error: str | None = None
        self._grace: float | None = None  # once it is to end
        self._departure: Departure | None = None
        self._heard = time.monotonic()
        self._news: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: LocalPool | None = None
        self.meeting = Meeting(terms.machines - 1) if terms.machines > 1 else None
        self._deserted: str | None = None  # why the other machines of the gang are gone
        self.thread = threading.Thread(target=self._serve, name="rung-agent", daemon=True)
        self.thread.start()

    # On the engine's event loop

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        self._early[number] = orders
        while self._next in self._early:
            self._told.extend(self._early.pop(self._next))
            self._next += 1
        if self._told:
            self._wake()

    async def listen(self) -> Mail:
        if self._news is None:
            self._news, self._loop = asyncio.Event(), asyncio.get_running_loop()
            if threading.current_thread() is threading.main_thread():
                self._departure = Departure(self._wake)
        self._heard = time.monotonic()
        self._news.clear()
        if not self._said and self._error is None and self._deserted is None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), PATIENCE_S)
            await asyncio.sleep(TOGETHER_S)
        self._heard = time.monotonic()
        if self._deserted is not None and not self._said:
            raise ConnectionError(self._deserted)
        outcomes = tuple(self._said.popleft() for _ in range(len(self._said)))
        return Mail(outcomes, self._error)

    def invitation(self) -> Invitation:
        """For the outposts of this worker."""
        assert self.meeting is not None  # it is on several machines
        return Invitation(self.meeting.port, self.meeting.token, self._terms)

    def desert(self, why: str) -> None:
        """On any thread: without the other machines there is nothing left to do here."""
        self._deserted = why
        self.end(0.0)
        self._ring()

    def end(self, grace_s: float) -> None:
        self._grace = grace_s if self._grace is None else min(grace_s, self._grace)
        self._wake()

    def _wake(self) -> None:
        if self._pool is not None:
            self._pool.wake()

    def _forsaken(self, why: str) -> None:
        """Machines that were granted together are given back together: this process ends, and its job with it."""
        self.desert(why)
        if self._loop is not None and self._departure is not None:
            self._loop.call_soon_threadsafe(self._loop.call_later, LAST_WORD_S, self._departure.go)

    # On the thread of the pool

    def _serve(self) -> None:
        try:
            self._error = self._terms.objection(self._node)
            if self._error is None:
                with gathered(self._terms, self.meeting, self._forsaken):
                    self._train()
        except ExecutorError as error:
            self._error = str(error)
        except Exception as error:  # noqa: BLE001  nobody else would ever hear of it
            self._error = f"the agent on {self._node} has failed: {type(error).__name__}: {error}"
        self._ring()

    def _train(self) -> None:
        pool = self._pool = _owning_all(self._terms.options).open(self._terms.here(), self.meeting)
        try:
            while self._grace is None and time.monotonic() - self._heard < ALONE_S:
                while self._told:
                    pool.send(*self._told.popleft())
                if self._departure is not None and self._departure.is_due:
                    self._leave(pool)
                    return
                pool.wait(pool.clock() + PATIENCE_S, self._say)
        finally:
            pool.close(self._grace or 0.0)

    def _leave(self, pool: LocalPool) -> None:
        """This process must go: first the worker saves and ends, and the driver learns of it."""
        pool.leave()
        deadline = time.monotonic() + DEPART_S
        while not pool.is_empty and time.monotonic() < deadline:
            pool.wait(pool.clock() + 1.0, self._say)
        while self._said and time.monotonic() < deadline:
            time.sleep(TOGETHER_S)
        if self._departure is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(self._departure.go)

    def _say(self, outcome: Outcome) -> None:
        if isinstance(outcome, Joined):
            slot = msgspec.structs.replace(outcome.slot, node=self._node, ends_at=_ends_at())
            outcome = Joined(slot)
        self._said.append(outcome)
        self._ring()

    def _ring(self) -> None:
        if self._loop is not None and self._news is not None:
            with suppress(RuntimeError):  # the engine's loop is closed
                self._loop.call_soon_threadsafe(self._news.set)


def _owning_all(options: Local) -> Local:
    """The worker has all GPUs that the engine has given this process."""
    gpus = limits.gpus(os.environ)
    return msgspec.structs.replace(options, gpus_per_worker=len(gpus)) if gpus else options


class Departure:
    """SIGTERM to the engine's process: its end waits for that of the worker.

    Args:
        told: Called when the signal has come.

    Attributes:
        is_due: Whether it has.
    """

    def __init__(self, told: Callable[[], None]) -> None:
        self.is_due = False
        self._told = told
        self._before = signal.signal(signal.SIGTERM, self._signalled)

    def go(self) -> None:
        """What the signal would have done without us."""
        signal.signal(signal.SIGTERM, self._before)
        os.kill(os.getpid(), signal.SIGTERM)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        self.is_due = True
        self._told()


def _ends_at() -> float | None:
    """When this machine is taken from us, in Unix time, where its batch system says so."""
    for name in ("RUNG_ENDS_AT", "SLURM_JOB_END_TIME"):
        with suppress(KeyError, ValueError):
            return float(os.environ[name])
    return None
