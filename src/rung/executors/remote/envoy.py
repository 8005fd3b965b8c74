"""An engine in a process of its own, which is begun anew when that has ended.

Ray ends the process that has joined a cluster when the head of the cluster is gone for a minute, whatever else that
process does. So the driver does not join: an envoy does. When the cluster is back, so is an envoy, and the run goes on.
"""

import itertools
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from rung.core.errors import ExecutorError
from rung.executors.remote.agent import Mail, Order
from rung.executors.remote.envoy_process import END_S, Answer, Ask, Opened, Placed
from rung.executors.remote.pool import Engine, EngineGoneError, Handle

logger = logging.getLogger("rung")

AGAIN_S = 2.0  # between two tries to reach a cluster that was there
PROGRAM = "from rung.executors.remote.envoy_process import main; main({})"


class Envoy:
    """An engine like the one that `make` makes, for as long as its cluster is there, and when it is there again.

    Args:
        name: Of the engine, for people.
        make: Makes it; it is sent to the process.
    """

    def __init__(self, name: str, make: Callable[[], Engine]) -> None:
        self._name = name
        self._make = make
        self._opened: Future[None] = Future()
        self._over = threading.Event()
        self._process: _Process | None = None
        self._thread = threading.Thread(target=self._keep, name="rung-envoy", daemon=True)
        self.is_elastic = False

    def open(self, placed: Callable[[Handle], None]) -> None:
        """Begin; see the protocol."""
        self._placed = placed
        self._thread.start()
        self._opened.result()

    def lost(self, handle: Handle) -> None:
        """An agent is gone: place another."""
        if isinstance(handle, _Proxy):
            handle.ask("lost")  # if its process is gone, the next one places others in any case

    def given_back(self, handle: Handle) -> None:
        """An agent is gone, and no other is wanted for now."""
        if isinstance(handle, _Proxy):
            handle.ask("given_back")

    def grow(self) -> None:
        """Have all agents again that were asked for."""
        if (process := self._process) is not None:
            process.ask(Ask("grow", ()))

    def close(self) -> None:
        """Leave the cluster."""
        self._over.set()
        if (process := self._process) is not None:
            process.finish()
            self._thread.join(END_S)
            process.kill()
        self._thread.join()

    # On its thread

    def _keep(self) -> None:
        """Have a process and hear it, again and again."""
        while True:
            why = self._live()
            if not self._opened.done():
                self._opened.set_exception(ExecutorError(why))
                return
            if self._over.wait(AGAIN_S):
                return

    def _live(self) -> str:
        """The life of a process; returns why it has ended."""
        try:
            process = self._process = _Process(self._make)
        except OSError as error:
            return f"no process can be started for {self._name}: {error}"
        if self._over.is_set():
            process.finish()
        why = self._hear(process)
        self._process = None
        process.bury(why)
        return why

    def _hear(self, process: "_Process") -> str:
        """Take what a process says until it ends; returns why it has."""
        was_open = False
        for said in process:
            match said:
                case Opened(is_elastic=elastic, error=None):
                    self.is_elastic, was_open = elastic, True
                    if self._opened.done():
                        logger.warning("%s answers again", self._name)
                    else:
                        self._opened.set_result(None)
                case Opened(error=str(error)):
                    return error
                case Placed(agent=agent):
                    self._placed(_Proxy(process, agent))
                case Answer() as answer:
                    process.answered(answer)
        why = f"{self._name} has ended the connection to its cluster: {process.last_words()}"
        if was_open and not self._over.is_set():
            logger.warning("%s. The run goes on when it answers again", why)
        return why


class _Process:
    """The process, as seen from the driver. It has a session of its own: Ctrl-C is for the driver."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._calls: dict[int, Future[Any]] = {}
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._gone: str | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  bury() closes it
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-c", PROGRAM.format(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        self._link: Connection[Any, Any] = Connection(os.dup(self._socket.fileno()))
        self._send(make)

    def __iter__(self) -> "_Process":
        return self

    def __next__(self) -> Opened | Placed | Answer:
        try:
            said: Opened | Placed | Answer = self._link.recv()
        except (EOFError, OSError):
            raise StopIteration from None
        return said

    def ask(self, what: Ask) -> None:
        """Have something done, if the process is still there."""
        with self._lock:
            if self._gone is None:
                self._send(what)

    def call(self, method: str, arguments: tuple[Any, ...], agent: int) -> "Future[Any]":
        """Have a method of an agent called; the answer fails if the process ends."""
        future: Future[Any] = Future()
        with self._lock:
            if self._gone is not None:
                future.set_exception(EngineGoneError(self._gone))
                return future
            number = next(self._numbers)
            self._calls[number] = future
            self._send(Ask(method, arguments, agent, number))
        return future

    def answered(self, answer: Answer) -> None:
        """The answer to a call has come."""
        with self._lock:
            future = self._calls.pop(answer.call)
        if answer.error is None:
            future.set_result(answer.result)
        else:
            future.set_exception(ConnectionError(answer.error))

    def finish(self) -> None:
        """Ask for nothing any more; it leaves the cluster and ends."""
        with suppress(OSError):  # it has ended
            self._socket.shutdown(socket.SHUT_WR)

    def kill(self) -> None:
        """End it by force, if it is still there."""
        self._popen.kill()

    def last_words(self) -> str:
        """Of a process that has ended, or soon will: the last line of its log, which may stand before a stack."""
        self._wait()
        self._log.seek(0)
        lines = [
            line.strip() for line in self._log.read().decode(errors="replace").splitlines() if line.strip()
        ]
        logged = [line.partition("] ")[2] for line in lines if line.startswith("[")]
        return next(iter([*logged[::-1], *lines[::-1]]), f"exit status {self._popen.returncode}")

    def bury(self, why: str) -> None:
        """Clean up after it; all calls without an answer have failed."""
        with self._lock:
            self._gone = why
            calls, self._calls = self._calls, {}
        for future in calls.values():
            future.set_exception(EngineGoneError(why))
        self.finish()
        self._wait()
        self._link.close()
        self._socket.close()
        self._log.close()

    def _wait(self) -> None:
        try:
            self._popen.wait(END_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _send(self, what: object) -> None:
        with suppress(OSError):  # it has ended, which its reader is about to learn
            self._link.send(what)


class _Proxy:
    """The handle of an agent beyond the process."""

    def __init__(self, process: _Process, agent: int) -> None:
        self._process = process
        self._agent = agent

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        self.ask("tell", number, orders)

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        return self._process.call("listen", (number, orders), self._agent)

    def close(self, grace_s: float) -> "Future[None]":
        return self._process.call("close", (grace_s,), self._agent)

    def dismiss(self) -> None:
        self.ask("dismiss")

    def ask(self, method: str, *arguments: object) -> None:
        self._process.ask(Ask(method, arguments, self._agent))
