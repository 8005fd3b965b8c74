"""How much memory workers hold, together with the processes that their trainings have started.

What counts is what the machine cannot take back: anonymous and shared memory, each page once. Files that are mapped
into memory do not count, nor does address space that is only reserved, of which CUDA takes terabytes. A limit of the
kernel's own (RLIMIT_AS, RLIMIT_DATA) counts those, and a group of processes (cgroup) may be made by few users only.
"""

import math
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from rung.executors import limits

_EVERY_S = 0.25
_SHARE = 0.02  # of the driver's time that looking may take
_UNITS = {b"kB": 1024}
_LINUX = sys.platform == "linux"


class KernelKills:
    """How often the kernel has killed for want of memory."""

    def __init__(self) -> None:
        self._counted_at = -math.inf
        self._count = 0

    def count(self, age_s: float) -> int:
        """The kernel's count, at most so old: reading it costs as much as sending a job."""
        now = time.monotonic()
        if now - self._counted_at >= age_s:
            self._count, self._counted_at = limits.memory_kills(), now
        return self._count


@dataclass(frozen=True, slots=True)
class Held:
    """What a worker holds.

    Attributes:
        memory_bytes: Its memory and that of its children.
        children: How many those are.
    """

    memory_bytes: int
    children: int

    def __str__(self) -> str:
        words = {0: "", 1: " with its child"}.get(self.children, f" with its {self.children} children")
        return f"{self.memory_bytes / 1e9:.3g} GB{words}"


class MemoryWatch:
    """Looks from time to time who holds more than it may.

    Attributes:
        due: When to look next, by the monotonic clock.
    """

    def __init__(self) -> None:
        self.due = 0.0
        self._shared: dict[int, _Shared] = {}

    def over(self, limits: Mapping[int, int]) -> dict[int, Held]:
        """Those that hold more than they may.

        Args:
            limits: By process id of a worker, which leads a session: how many bytes it may hold.
        """
        began = time.monotonic()
        families = _families(limits.keys())
        most = {leader: sum(map(_at_most, pids)) for leader, pids in families.items()}
        now = time.monotonic()
        self.due = now + max(_EVERY_S, (now - began) / _SHARE)
        self._shared = {leader: found for leader, found in self._shared.items() if leader in families}
        found: dict[int, Held] = {}
        for leader, pids in families.items():
            held = most[leader]
            if held > limits[leader] and len(pids) > 1:
                held = self._counted_once(leader, pids, held, limits[leader])
            if held > limits[leader]:
                found[leader] = Held(held, len(pids) - 1)
        return found

    def _counted_once(self, leader: int, pids: Collection[int], most: int, limit: int) -> int:
        """What a family holds, pages that it shares counted once; measured anew only now and then, as it takes long."""
        began, known = time.monotonic(), self._shared.get(leader)
        if known is not None and most - known.memory_bytes <= limit and began < known.due:
            return most - known.memory_bytes
        held = sum(map(_exactly, pids))
        now = time.monotonic()
        self._shared[leader] = _Shared(most - held, now + (now - began) / _SHARE)
        return held


@dataclass(frozen=True, slots=True)
class _Shared:
    """What the processes of a family were found to share, and when that is measured anew."""

    memory_bytes: int
    due: float


def _families(leaders: Collection[int]) -> dict[int, list[int]]:
    """The processes of each session, its leader among them."""
    found: dict[int, list[int]] = {leader: [] for leader in leaders}
    for pid, session in _sessions() if _LINUX else _descendants(leaders):
        if session in found:
            found[session].append(pid)
    return found


def _sessions() -> Iterator[tuple[int, int]]:
    """Each process of the machine with its session."""
    import psutil

    for pid in psutil.pids():
        with suppress(OSError):  # it has ended
            status = _read(f"/proc/{pid}/stat")
            yield pid, int(status[status.rindex(b")") :].split()[4])


def _descendants(leaders: Collection[int]) -> Iterator[tuple[int, int]]:
    """The same where the kernel does not tell: only of those that still have their parents."""
    import psutil

    for leader in leaders:
        with suppress(psutil.Error):
            process = psutil.Process(leader)
            for each in [process, *process.children(recursive=True)]:
                yield each.pid, leader


def _at_most(pid: int) -> int:
    """Bytes of a process, quickly; pages that it shares with others are counted in full."""
    return _counted(f"/proc/{pid}/status", (b"RssAnon:", b"RssShmem:")) if _LINUX else _resident(pid)


def _exactly(pid: int) -> int:
    """Bytes of a process; its part of pages that it shares with others, such as those that it was forked with."""
    if not _LINUX:
        return _resident(pid)
    parts = _counted(f"/proc/{pid}/smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:"))
    return parts or _at_most(pid)  # a kernel before 5.4, or a process of another user


def _counted(path: str, names: tuple[bytes, ...]) -> int:
    try:
        lines = _read(path).splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * _UNITS[line.split()[2]] for line in lines if line.startswith(names))


def _resident(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def _read(path: str) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123  read often, and Path.open is slower
        return file.read()
