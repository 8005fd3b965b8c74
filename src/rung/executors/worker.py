"""The process of a local worker: `python -m rung.executors.worker`, started by `local.py`, never by hand.

It has one thread and one socket. It looks at the socket when the training reports, and blocks on it while it
holds a trial or is idle. It never outlives its driver, and SIGTERM lets it save before it goes.
"""

import ctypes
import faulthandler
import os
import pickle
import select
import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from types import FrameType

import msgspec

from rung.executors.base import Call, Command, Leave, Message, Start
from rung.executors.failure import one_line
from rung.executors.messages import CHUNK, Broken, Frames, Ready, Said, Setup, commands, frame
from rung.executors.output import Output, forgiving

_PR_SET_PDEATHSIG = 1


def main(socket_number: int, setup_number: int, driver: int) -> None:
    """Serve until the driver is gone or the machine wants this process gone.

    Args:
        socket_number: File descriptor of the connection to the driver.
        setup_number: File descriptor of the file that holds a `Setup`, shared by all workers.
        driver: Process id of the driver.
    """
    _die_with(driver)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver, which asks us to yield
    faulthandler.enable()
    connection = Connection(socket.socket(fileno=socket_number))
    call = _load(setup_number, connection)
    output = Output(call.output)
    connection.send(Ready())
    while (start := connection.next_start()) is not None:
        output.begin(start.job.trial)
        call(start.job, connection)
        output.end()


class Connection:
    """The worker's end of the socket; the channel of the training."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._frames = Frames()
        self._commands: deque[Command] = deque()
        self._leaving = False
        self._signalled, self._signal = os.pipe()
        self._wakeup = select.poll()
        self._wakeup.register(link, select.POLLIN)
        self._wakeup.register(self._signalled, select.POLLIN)
        signal.signal(signal.SIGTERM, self._terminate)
        os.register_at_fork(before=_hold_back, after_in_parent=_let_through, after_in_child=self._let_go)

    def send(self, message: Message | Said) -> None:
        """Say something to the driver; without one there is no reason to live."""
        try:
            self._link.sendall(frame(message))
        except OSError:
            _exit()

    def receive(self, wait: bool) -> Command | Leave | None:
        """The next command to the training; None only if there is none and `wait` is false."""
        command = self._next(wait)
        if command is None and wait:
            _exit()
        return command

    def next_start(self) -> Start | None:
        """The next trial's first job; None if this process is to end."""
        while True:
            match self._next(wait=True):
                case Start() as start:
                    return start
                case Leave() | None:
                    return None
                case _:  # a Yield that crossed the end of its job
                    continue

    def _next(self, wait: bool) -> Command | Leave | None:
        while not self._commands:
            if self._leaving:
                return Leave()
            if wait:
                self._wakeup.poll()
            try:
                data = self._link.recv(CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if wait:
                    continue
                return None
            except OSError:
                data = b""
            if not data:
                if wait:
                    return None
                _exit()
            self._commands.extend(map(commands.decode, self._frames.feed(data)))
        return self._commands.popleft()

    def _terminate(self, number: int, frame: FrameType | None) -> None:
        self._leaving = True
        os.write(self._signal, b".")  # a blocking poll would start again after the signal

    def _let_go(self) -> None:
        """In a process that the training forks: SIGTERM ends it, and it does not keep the connection open."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _let_through()
        self._link.close()


def _hold_back() -> None:
    """Around a fork: a SIGTERM to the child must not find our handler there."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def _die_with(driver: int) -> None:
    """Be killed as soon as the driver is gone, even in the middle of a step.

    Outside Linux, where the kernel does not offer it, the next report notices. The kernel means the *thread*
    that started us: a driver opens and closes its pool on one thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != driver:  # it was gone before we asked
        os._exit(1)


def _load(number: int, connection: Connection) -> Call:
    setup = _read(number)
    _become(setup)
    try:
        call: Call = pickle.loads(setup.call)
    except BaseException as error:  # an import may raise anything
        connection.send(Broken(f"{type(error).__name__}: {one_line(error)}"))
        raise
    return call


def _read(number: int) -> Setup:
    size = os.fstat(number).st_size
    data = bytearray()
    while len(data) < size:
        data += os.pread(number, size - len(data), len(data))  # all workers share the file's position
    os.close(number)
    return msgspec.msgpack.decode(data, type=Setup)


def _become(setup: Setup) -> None:
    """Look to imports and to libraries like the driver's process."""
    sys.path[:] = setup.path
    sys.argv[:] = setup.argv
    if setup.pythonpath is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = setup.pythonpath
    sys.stdout, sys.stderr = forgiving(sys.stdout), forgiving(sys.stderr)


def _exit() -> None:
    """End at once: the driver is gone, and nobody waits for what the training would still do."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the streams are the training's to break
            stream.flush()
    os._exit(1)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
