"""One worker process, seen from the driver: how it is started, how its end is noticed, how it is ended."""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, NamedTuple

from rung.executors.messages import CHUNK
from rung.executors.worker.meeting import TOKEN, Meeting

_TAIL_BYTES = 4000
_LAST_WAIT_S = 30.0
_POLL_S = 0.01


class Process:
    """A worker process. It has a process group of its own: Ctrl-C passes it by, its children end with it.

    Attributes:
        pid: Its process id.
        link: The driver's end of the connection.
        pidfd: Readable once it has ended; None where the kernel has no such thing (macOS).
    """

    def __init__(
        self,
        setup: IO[bytes],
        environment: Mapping[str, str],
        processes: int = 1,
        meeting: Meeting | None = None,
    ) -> None:
        """Start it; it needs a while until it says that it is ready.

        Args:
            setup: The file from which it learns what to run.
            environment: Its environment variables.
            processes: That train a trial together on this machine; it starts them itself.
            meeting: Where other machines come that train with it; None: there are none.
        """
        self.link, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  what it prints outside of trials; bury() closes it
        numbers = (theirs.fileno(), setup.fileno())
        start = _start(processes, meeting)
        command = [sys.executable, "-P", "-m", start.module]
        command += map(str, (*numbers, os.getpid(), *start.arguments))
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=(*numbers, *start.files),
                env={**environment, **start.variables},
                start_new_session=True,
            )
        except OSError:
            self.link.close()
            self._log.close()
            raise
        finally:
            theirs.close()
        self.pid = self._popen.pid
        self.pidfd = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else None

    def say_no_more(self) -> None:
        """End its input. It may still answer: one that cannot would exit before its training has cleaned up."""
        with suppress(OSError):  # it is gone
            self.link.shutdown(socket.SHUT_WR)

    def terminate(self) -> None:
        """Tell it that it must go: it saves what it trains first."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and its children by force, now."""
        with suppress(ProcessLookupError, PermissionError):  # macOS refuses where it has ended already
            os.killpg(self.pid, signal.SIGKILL)

    def has_ended(self, within_s: float) -> bool:
        """Whether it has ended, at the latest after so many seconds."""
        if self.pidfd is not None:
            ended = select.poll()  # unlike select(), it takes descriptors above 1023
            ended.register(self.pidfd, select.POLLIN)
            return bool(ended.poll(max(0.0, within_s) * 1000))
        deadline = time.monotonic() + within_s
        while self._popen.poll() is None:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def falls_silent(self, within_s: float) -> bool:
        """As `has_ended`, of one that nobody hears any more: what it still says is thrown away, else it would block."""
        deadline = time.monotonic() + within_s
        while not self.has_ended(min(_POLL_S, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                return False
            with suppress(OSError):  # there is nothing
                while self.link.recv(CHUNK, socket.MSG_DONTWAIT):
                    pass
        return True

    def bury(self) -> tuple[int, str]:
        """Clean up after one that has ended, children included.

        Returns:
            Its exit status, negative for the signal that killed it, and the end of what it printed outside of
            trials.
        """
        self.kill()  # its children; as long as we have not asked for its status nobody else gets its number
        with suppress(subprocess.TimeoutExpired):  # the kernel does not let go of it; we do
            self._popen.wait(_LAST_WAIT_S)
        self.link.close()
        if self.pidfd is not None:
            os.close(self.pidfd)
        with self._log as log:
            size = os.fstat(log.fileno()).st_size
            start = max(0, size - _TAIL_BYTES)
            words = os.pread(log.fileno(), size - start, start).decode(errors="replace").strip()
        return self._popen.returncode or 0, words


class _Start(NamedTuple):
    """What a worker's process is, and what only that kind of it needs."""

    module: str
    arguments: tuple[int, ...] = ()
    files: tuple[int, ...] = ()
    variables: Mapping[str, str] = {}


def _start(processes: int, meeting: Meeting | None) -> _Start:
    if meeting is not None:
        port = meeting.listener.fileno()
        arguments = (processes, port, meeting.outposts)
        return _Start("rung.executors.worker.gang", arguments, (port,), {TOKEN: meeting.token})
    if processes > 1:
        return _Start("rung.executors.worker.gang", (processes,))
    return _Start("rung.executors.worker")
