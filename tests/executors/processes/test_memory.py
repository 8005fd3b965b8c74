"""What workers hold, of real processes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from rung.executors.processes.memory import Held, MemoryWatch

MB = 10**6
Begin = Callable[[str], int]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start a session whose leader has run this program and then waits."""
    begun: list[subprocess.Popen[str]] = []

    def start(program: str) -> int:
        command = [sys.executable, "-c", f"import sys\n{program}\nprint(flush=True)\nsys.stdin.read()"]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        begun.append(process)
        assert process.stdout is not None
        process.stdout.readline()
        return process.pid

    yield start
    for process in begun:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.communicate()


def held(pid: int) -> Held:
    return MemoryWatch().over({pid: 1})[pid]


def test_what_children_hold_counts_and_pages_that_they_share_count_once(begin: Begin) -> None:
    program = "block = b'x' * 100_000_000\n"
    fork = (
        "import os, signal\n"
        "ready, tell = os.pipe()\n"
        "for _ in range(2):\n"
        "    if not os.fork():\n"
        "        more = b'y' * 30_000_000\n"
        "        os.write(tell, b'.')\n"
        "        signal.pause()\n"
        "    os.read(ready, 1)"
    )
    alone = held(begin(program))
    pid = begin(program + fork)
    forked = held(pid)
    assert alone.children == 0
    assert 100 * MB <= alone.memory_bytes < 130 * MB
    assert forked.children == 2
    more = forked.memory_bytes - alone.memory_bytes
    assert 60 * MB <= more < 80 * MB
    watch, limit = MemoryWatch(), forked.memory_bytes + 20 * MB
    assert [watch.over({pid: limit}) for _ in range(2)] == [{}, {}]
    assert pid in watch.over({pid: limit - 40 * MB})


@pytest.mark.skipif(not psutil.LINUX, reason="elsewhere files that are mapped cannot be told apart")
def test_mapped_files_and_reserved_address_space_do_not_count(begin: Begin, tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.write_bytes(bytes(100 * MB))
    pid = begin(
        "import mmap\n"
        f"file = open({str(file)!r}, 'rb')\n"
        "mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "total = sum(mapped[::4096])\n"
        "reserved = mmap.mmap(-1, 10**12, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=0)"
    )
    process = psutil.Process(pid)
    assert process.memory_info().rss > 100 * MB
    assert process.memory_info().vms > 10**12
    assert held(pid).memory_bytes < 30 * MB


def test_only_who_holds_more_than_it_may_is_found_and_the_next_look_comes_later(begin: Begin) -> None:
    small, large = begin(""), begin("block = b'x' * 60_000_000")
    watch = MemoryWatch()
    found = watch.over({small: 50 * MB, large: 50 * MB, 2**22 + 1: 1})
    assert list(found) == [large]
    assert watch.due > 0


def test_it_is_said_in_gigabytes() -> None:
    assert str(Held(8_310_000_000, 0)) == "8.31 GB"
    assert str(Held(12_345_000_000, 1)) == "12.3 GB with its child"
    assert str(Held(500_000_000, 4)) == "0.5 GB with its 4 children"
