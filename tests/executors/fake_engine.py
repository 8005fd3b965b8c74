"""An engine that a process of its own imports by name; its agent needs no time."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from rung.core.decision import Slot
from rung.core.errors import ExecutorError
from rung.core.event import Ended
from rung.executors.base import Joined, Start
from rung.executors.remote.agent import Mail, Order
from rung.executors.remote.pool import Handle


class FakeAgent:
    """Has one worker, and reaches the target of each job at once."""

    def __init__(self) -> None:
        self._next: Future[Mail] | None = None
        self._mail = Mail((Joined(Slot(0, node=str(os.getpid()))),))

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        for _, command in orders:
            if isinstance(command, Start) and self._next is not None:
                waiting, self._next = self._next, None
                waiting.set_result(Mail((Ended(command.job.number, command.job.trial, "reached"),)))

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        mail: Future[Mail] = Future()
        if self._mail.outcomes:
            mail.set_result(self._mail)
            self._mail = Mail(())
        else:
            self._next = mail
            self.tell(number, orders)
        return mail

    def close(self, grace_s: float) -> "Future[None]":
        done: Future[None] = Future()
        done.set_result(None)
        return done

    def dismiss(self) -> None:
        pass


class FakeEngine:
    """Its cluster is there if `there` exists; it has one agent."""

    is_elastic = False

    def __init__(self, there: Path) -> None:
        self._there = there

    def open(self, placed: Callable[[Handle], None]) -> None:
        if not self._there.exists():
            raise ExecutorError("there is no cluster")
        placed(FakeAgent())

    def close(self) -> None:
        self._there.with_name("left").touch()
