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
from typing import IO

_TAIL_BYTES = 4000
_LAST_WAIT_S = 30.0
_POLL_S = 0.01  # only where the kernel has no pidfd


class Process:
    """A worker process. It has a process group of its own: Ctrl-C passes it by, its children end with it.

    Attributes:
        pid: Its process id.
        link: The driver's end of the connection.
        pidfd: Readable once it has ended; None where the kernel has no such thing (macOS).
    """

    def __init__(self, setup: IO[bytes], environment: Mapping[str, str]) -> None:
        """Start it; it needs a while until it says that it is ready.

        Args:
            setup: The file from which it learns what to run.
            environment: Its environment variables.
        """
        self.link, theirs = socket.socketpair()
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  what it prints outside of trials; bury() closes it
        numbers = (theirs.fileno(), setup.fileno())
        command = [sys.executable, "-P", "-m", "rung.executors.worker", *map(str, (*numbers, os.getpid()))]
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                pass_fds=numbers,
                env=environment,
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
