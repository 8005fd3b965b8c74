"""What this process and all that it has started use, read from the operating system."""

import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rung.executors.worker.nvml import GpuReading, Gpus

if TYPE_CHECKING:
    from psutil import Process


class Reading(NamedTuple):
    """What is used now; what that costs, `power.py` says.

    Attributes:
        children_cpu_s: Processor time of the child processes that live, since each began, and of their children.
        memory_bytes: Memory held, ours at its highest since `Peak.forget`. Files mapped into memory do not count, and
            of child processes only what they share with none.
        gpu: What the GPUs are doing; None: not known.
    """

    children_cpu_s: float
    memory_bytes: int
    gpu: GpuReading | None


class Meter:
    """Reads what is used.

    Args:
        peak: This process's own memory.
        gpus: Names of its GPUs.
    """

    def __init__(self, peak: "Peak", gpus: Sequence[str]) -> None:
        import psutil

        self._psutil = psutil
        self._peak = peak
        self._gpus = Gpus.opened(gpus)
        self._own = psutil.Process()
        self._due = 0.0  # when the memory of child processes is read next

    def read(self) -> Reading:
        """What is used now; takes about a tenth of a millisecond, and as much for each child process."""
        children = list(self._children())
        pids = {self._own.pid, *(child.pid for child in children)}
        gpu = None if self._gpus is None else self._gpus.read(pids)
        memory = self._peak.read() or self._own.memory_info().rss
        return Reading(self._sum(_cpu_s, children), int(memory + self._memory_of(children)), gpu)

    def _memory_of(self, children: Sequence["Process"]) -> float:
        """What they hold; 0 most times where to ask takes long, as the kernel looks at each page."""
        began = time.monotonic()
        if not children or began < self._due:
            return 0
        found = self._sum(_unshared_bytes, children)
        now = time.monotonic()
        self._due = now + (now - began) / _SHARE
        return found

    def _children(self) -> Iterator["Process"]:
        for pid in descendants(self._own.pid):
            with suppress(self._psutil.Error):  # it has just ended
                yield self._psutil.Process(pid)

    def _sum(self, ask: Callable[["Process"], float], processes: Sequence["Process"]) -> float:
        total = 0.0
        for process in processes:
            with suppress(self._psutil.Error):  # it has just ended
                total += ask(process)
        return total


def own_cpu_s() -> float:
    """Processor time of this process since it began, and of its children that have ended; about a microsecond."""
    return sum(os.times()[:4])


def tree_cpu_s(root: int | None = None) -> float:
    """Processor time of a process, by default this one, and of all that it has started.

    About as long as it takes to list them.
    """
    children = descendants(root or os.getpid())
    if root is not None:
        return _cpu_s_of([root, *children])
    return own_cpu_s() + (_cpu_s_of(children) if children else 0.0)


def descendants(pid: int) -> list[int]:
    """The processes that a process has started and that live, and theirs."""
    if not _LISTED:
        import psutil

        return [child.pid for child in psutil.Process(pid).children(recursive=True)]
    found: list[int] = []
    unasked = [pid]
    while unasked:
        children = _listed(unasked.pop())
        found += children
        unasked += children
    return found


class Peak:
    """The memory of this process at its highest, but for files that are mapped into it."""

    def __init__(self) -> None:
        self._status = self._reset = None
        with suppress(OSError):  # not Linux
            self._status = os.open("/proc/self/status", os.O_RDONLY)
            self._reset = os.open("/proc/self/clear_refs", os.O_WRONLY)

    def forget(self) -> None:
        """From now on the highest counts anew."""
        if self._reset is not None:
            try:
                os.pwrite(self._reset, _FORGET, 0)
            except OSError:
                self._reset = None

    def read(self) -> int:
        """The highest so far, in bytes; what is held now where the kernel cannot forget, 0 where it does not say."""
        if self._status is None:
            return 0
        text = os.pread(self._status, _STATUS_BYTES, 0)
        return max(0, _bytes(text, b"VmRSS" if self._reset is None else b"VmHWM") - _bytes(text, b"RssFile"))


_SHARE = 0.001  # of the time that looking at the memory of child processes may take
_FORGET = b"5"  # see proc_pid_clear_refs(5)
_STATUS_BYTES = 4096

# Linux lists children by thread; to ask every process on the machine for its parent takes a hundred times as long.
_LISTED = Path("/proc/thread-self/children").exists()


def _bytes(status: bytes, name: bytes) -> int:
    found = re.search(rb"^%b:\s*(\d+) kB" % name, status, re.MULTILINE)
    return 1024 * int(found.group(1)) if found else 0


def _listed(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):  # it has just ended
        for thread in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208  quicker
            found += _listed_by(pid, thread)
    return found


def _listed_by(pid: int, thread: str) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{thread}/children", "rb") as listed:  # noqa: PTH123  quicker
            return list(map(int, listed.read().split()))
    except OSError:  # it has just ended
        return []


def _cpu_s_of(pids: Sequence[int]) -> float:
    import psutil

    total = 0.0
    for pid in pids:
        with suppress(psutil.Error):  # it has just ended
            total += _cpu_s(psutil.Process(pid))
    return total


def _cpu_s(process: "Process") -> float:
    return float(sum(process.cpu_times()[:4]))  # its own, and that of its children that have ended


def _unshared_bytes(process: "Process") -> float:
    return float(process.memory_full_info().uss)
