"""The worker's end of its connection to the driver, and the ends of the process that come with it."""

import ctypes
import os
import select
import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from types import FrameType
from typing import NoReturn

from rung.executors.base import Command, Leave, Start
from rung.executors.messages import CHUNK, Frames, Said, commands, frame
from rung.executors.worker.ranked import Back, Verdict

_PR_SET_PDEATHSIG = 1


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

    def send(self, message: Said | Verdict | Back) -> None:
        """Say something to the driver; without one there is no reason to live."""
        try:
            self._link.sendall(frame(message))
        except OSError:
            leave()

    def receive(self, wait: bool) -> Command | Leave | None:
        """The next command to the training; None only if there is none and `wait` is false."""
        command = self._next(wait)
        if command is None and wait:
            leave()
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
                leave()
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


def die_with(driver: int) -> None:
    """Be killed as soon as the driver is gone, even in the middle of a step.

    Outside Linux, where the kernel does not offer it, the next report notices. The kernel means the *thread*
    that started us: a driver opens and closes its pool on one thread.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != driver:  # it was gone before we asked
        os._exit(1)


def leave() -> NoReturn:
    """End at once: the driver is gone, and nobody waits for what the training would still do."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # the streams are the training's to break
            stream.flush()
    os._exit(1)
