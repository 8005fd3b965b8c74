"""One program in a process group of its own: its lines as they come; suspended, continued, ended with its children.

A guard, three lines of shell, waits for the end of the process that started the program, whatever ended it, and then
kills the program's group. The program is started through a shell that tells the guard its number before it becomes the
program, so there is no moment in which it has no guard.
"""

import os
import selectors
import signal
import subprocess
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from rung.core.errors import ExecutorError

GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL."""

_CHUNK = 1 << 16
_LONGEST = 1 << 20  # bytes of a line that may still be a report
_TAIL_BYTES = 4000
_POLL_S = 0.02  # only where the kernel has no pidfd
_GUARD = 'while read -r line; do group=$line; done; [ -z "$group" ] || kill -s KILL -- "-$group"'
_START = 'echo $$ >&0; exec "$0" "$@" </dev/null'


class Process:
    """A program that runs; a context manager that ends it.

    Attributes:
        errors: The end of what it printed on standard error.
        status: Its exit code, negative for the signal that killed it; None while it runs.
    """

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], reports: Path) -> None:
        """Start it.

        Args:
            words: The program and its arguments.
            environment: Its environment variables.
            reports: A named pipe from which reports are read like from standard output.

        Raises:
            ExecutorError: If the machine cannot start it.
        """
        self.errors = b""
        self.status: int | None = None
        self._waiting: deque[bytes] = deque()
        self._lines = {"output": _Lines(), "reports": _Lines()}
        self._selector = selectors.DefaultSelector()
        self._pipe = os.open(reports, os.O_RDWR | os.O_NONBLOCK)  # open for writing, too: it never ends
        try:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _START, *words],
                stdin=self._guard.stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise ExecutorError(f"the program {words[0]} could not be started: {error}.") from error
        self._ended = os.pidfd_open(self._popen.pid) if hasattr(os, "pidfd_open") else None
        for name, file in {"output": self._popen.stdout, "errors": self._popen.stderr}.items():
            assert file is not None
            os.set_blocking(file.fileno(), False)
            self._selector.register(file.fileno(), selectors.EVENT_READ, name)
        self._selector.register(self._pipe, selectors.EVENT_READ, "reports")
        if self._ended is not None:
            self._selector.register(self._ended, selectors.EVENT_READ, "end")

    def lines(self) -> Iterator[bytes]:
        """What it prints on standard output or writes to the reports, line by line, until it has ended."""
        while True:
            while self._waiting:
                yield self._waiting.popleft()
            if self.status is not None:
                return
            self._pump(None)

    def suspend(self) -> None:
        """Let it stand still; its memory stays."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it: SIGTERM, and SIGKILL where that was not enough."""
        if self.status is None:
            self._signal(signal.SIGTERM)
            self._signal(signal.SIGCONT)
            deadline = time.monotonic() + GRACE_S
            while self.status is None and (left := deadline - time.monotonic()) > 0:
                self._pump(left)
        if self.status is None:
            self._bury()
        self._close()

    def _signal(self, number: signal.Signals) -> None:
        if self.status is None:
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses where it has ended already
                os.killpg(self._popen.pid, number)

    def _pump(self, within_s: float | None) -> None:
        """Wait until something happens, and take it."""
        if self._ended is None:
            within_s = _POLL_S
        names = [key.data for key, _ in self._selector.select(within_s)]
        for name in names:
            if name != "end":
                self._read(name)
        if "end" in names or (self._ended is None and self._popen.poll() is not None):
            self._drain()
            self._bury()

    def _read(self, name: str) -> bool:
        """Take what has arrived on a stream; whether that was anything."""
        try:
            data = os.read(self._number(name), _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            self._selector.unregister(self._number(name))
            return False
        if name == "errors":
            self.errors = (self.errors + data)[-_TAIL_BYTES:]
        else:
            self._waiting.extend(self._lines[name].feed(data))
        if name != "reports":
            _pass_on(1 if name == "output" else 2, data)
        return True

    def _number(self, name: str) -> int:
        file = {"output": self._popen.stdout, "errors": self._popen.stderr}.get(name)
        return self._pipe if file is None else file.fileno()

    def _drain(self) -> None:
        """Take what a program that has ended has left behind, a last line without an end included."""
        for key in list(self._selector.get_map().values()):
            if key.data != "end":
                while self._read(key.data):
                    pass
        for lines in self._lines.values():
            self._waiting.extend(lines.rest())

    def _bury(self) -> None:
        """End what is left of its group; as long as it is not waited for, nobody else gets its number."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, signal.SIGKILL)
        assert self._guard.stdin is not None
        with suppress(BrokenPipeError), self._guard.stdin as guard:
            guard.write(b"\n")
        self.status = self._popen.wait()
        self._guard.wait()

    def _close(self) -> None:
        self._selector.close()
        os.close(self._pipe)
        if self._ended is not None:
            os.close(self._ended)
        for file in (self._popen.stdout, self._popen.stderr):
            assert file is not None
            file.close()


class _Lines:
    """Cuts a stream into lines; one that is too long to be a report is left out."""

    def __init__(self) -> None:
        self._begun = bytearray()
        self._too_long = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The lines that are complete now."""
        first, *others = data.split(b"\n")
        self._add(first)
        for part in others:
            yield from self.rest()
            self._add(part)

    def rest(self) -> Iterator[bytes]:
        """The line that has begun, if it is one."""
        if self._begun and not self._too_long:
            yield bytes(self._begun)
        self._begun.clear()
        self._too_long = False

    def _add(self, part: bytes) -> None:
        self._too_long = self._too_long or len(self._begun) + len(part) > _LONGEST
        if self._too_long:
            self._begun.clear()
        else:
            self._begun += part


def _pass_on(stream: int, data: bytes) -> None:
    """Write it where the training's own output goes."""
    with suppress(OSError):  # closed, or the disk is full: what a program prints is not worth its training
        while data:
            data = data[os.write(stream, data) :]
