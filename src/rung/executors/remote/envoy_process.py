"""The process in which an engine lives that ends its own process when its cluster is gone; started by `envoy.py`.

It does what the driver asks for, one thing after the other, and ends with its connection to the driver.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any, NamedTuple

from rung.core.errors import ExecutorError
from rung.executors.failure import one_line
from rung.executors.remote.pool import Engine, Handle

END_S = 20.0  # an engine that cannot leave its cluster within this time is left behind


class Ask(NamedTuple):
    """What the driver wants.

    Attributes:
        method: Of an agent's handle, or of the engine.
        arguments: Of that method.
        agent: By its number; None: it is for the engine.
        call: By which the answer is known; None: there is none.
    """

    method: str
    arguments: tuple[Any, ...]
    agent: int | None = None
    call: int | None = None


class Opened(NamedTuple):
    """The engine has begun, or says why it cannot."""

    is_elastic: bool = False
    error: str | None = None


class Placed(NamedTuple):
    """There is an agent with this number."""

    agent: int


class Answer(NamedTuple):
    """What has become of a call: its result, or why there is none."""

    call: int
    result: Any = None
    error: str | None = None


OF_ENGINE = ("lost", "given_back")
"""Methods of the engine about an agent."""


def main(number: int) -> None:
    """Serve the driver at the other end of a connection, by its file descriptor, until that is closed."""
    os.set_inheritable(number, False)  # what an engine starts may outlive this process for a while
    _Server(Connection(number)).serve()


class _Server:
    def __init__(self, link: "Connection[Any, Any]") -> None:
        self._link = link
        self._saying = threading.Lock()
        self._handles: dict[int, Handle] = {}
        self._n_placed = 0
        self._asked: SimpleQueue[Ask | None] = SimpleQueue()

    def serve(self) -> None:
        make: Callable[[], Engine] = self._link.recv()
        threading.Thread(target=self._hear, daemon=True).start()
        try:
            engine = make()
            engine.open(self._place)
        except ExecutorError as error:
            self._say(Opened(error=str(error)))
            return
        self._say(Opened(engine.is_elastic))
        while (asked := self._asked.get()) is not None:
            self._do(engine, asked)
        engine.close()

    def _hear(self) -> None:
        try:
            while True:
                self._asked.put(self._link.recv())
        except (EOFError, OSError):
            self._asked.put(None)
        threading.Event().wait(END_S)
        os._exit(1)

    def _place(self, handle: Handle) -> None:
        number = self._n_placed
        self._n_placed += 1
        self._handles[number] = handle
        self._say(Placed(number))

    def _do(self, engine: Engine, asked: Ask) -> None:
        if asked.agent is None:
            getattr(engine, asked.method)(*asked.arguments)
        elif asked.method in OF_ENGINE:
            getattr(engine, asked.method)(self._handles.pop(asked.agent))
        elif asked.agent in self._handles:
            self._call(self._handles[asked.agent], asked)

    def _call(self, handle: Handle, asked: Ask) -> None:
        try:
            future = getattr(handle, asked.method)(*asked.arguments)
        except Exception as error:  # noqa: BLE001  each engine has its own words for an agent that is gone
            future = Future()
            future.set_exception(error)
        if asked.call is not None:
            call = asked.call
            future.add_done_callback(lambda done: self._say(_answer(call, done)))

    def _say(self, what: Opened | Placed | Answer) -> None:
        with self._saying:
            try:
                self._link.send(what)
            except OSError:  # the driver is gone
                self._asked.put(None)


def _answer(call: int, done: "Future[Any]") -> Answer:
    error = done.exception()
    return Answer(call, done.result()) if error is None else Answer(call, error=one_line(error))
