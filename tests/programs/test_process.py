"""A program in its group: every byte is taken, and nothing of it is left behind."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from programs.samples import ended
from rung.programs.process import Process


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "reports")
    return tmp_path / "reports"


@pytest.fixture
def start(pipe: Path) -> Iterator[object]:
    def start(script: str) -> Process:
        return Process([sys.executable, "-c", script], {**os.environ, "RUNG_REPORTS": str(pipe)}, pipe)

    return start


def test_lines_come_in_order_and_a_last_half_line_too(start, capfd) -> None:
    with start("print('a\\n\\nb', end='')") as process:
        assert list(process.lines()) == [b"a", b"b"]
    assert process.status == 0
    assert capfd.readouterr().out == "a\n\nb"


def test_the_reports_file_is_read_like_the_output(start) -> None:
    script = (
        "import os\nfor i in range(3):\n with open(os.environ['RUNG_REPORTS'], 'a') as f: print(i, file=f)"
    )
    with start(script) as process:
        assert list(process.lines()) == [b"0", b"1", b"2"]


def test_full_pipes_and_binary_output_do_not_block(start, capfd) -> None:
    script = (
        "import os\n"
        "for i in range(40): os.write(2, bytes(range(256)) * 64); os.write(1, b'x' * 9000 + b'\\n')\n"
        "os.write(1, b'y' * 3_000_000 + b'\\nend\\n')"
    )
    with start(script) as process:
        lines = list(process.lines())
    assert lines == [b"x" * 9000] * 40 + [b"end"]  # a line of 3 MB is no report
    assert len(process.errors) == 4000


def test_a_suspended_program_stands_still_and_goes_on(start) -> None:
    with start("import sys\nfor line in range(3): print(line, flush=True)\nsys.exit(7)") as process:
        lines = process.lines()
        assert next(lines) == b"0"
        process.suspend()
        process.resume()
        assert list(lines) == [b"1", b"2"]
    assert process.status == 7


FAMILY = """
import os, signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal, time; signal.pause()"])
print(os.getpid(), child.pid, flush=True)
signal.pause()
"""


@pytest.mark.parametrize("suspended", [False, True])
def test_leaving_ends_the_program_and_its_children(start, suspended: bool) -> None:
    with start(FAMILY) as process:
        pids = [int(pid) for pid in next(process.lines()).split()]
        if suspended:
            process.suspend()
    assert process.status == -signal.SIGTERM
    assert all(ended(pid) for pid in pids)


def test_a_program_that_ignores_sigterm_is_killed(start, monkeypatch) -> None:
    monkeypatch.setattr("rung.programs.process.GRACE_S", 0.05)
    script = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('on', flush=True)\nsignal.pause()"
    with start(script) as process:
        next(process.lines())
    assert process.status == -signal.SIGKILL


def test_children_that_are_left_behind_are_ended(start) -> None:
    script = FAMILY.replace("\nsignal.pause()\n", "\n")
    with start(script) as process:
        pids = [int(pid) for line in process.lines() for pid in line.split()]
    assert process.status == 0
    assert all(ended(pid) for pid in pids)


OWNER = """
import os, sys
from pathlib import Path
from rung.programs.process import Process
process = Process([sys.executable, "-c", sys.argv[2]], dict(os.environ), Path(sys.argv[1]))
print(next(process.lines()).decode(), flush=True)
{then}
"""


@pytest.mark.parametrize(
    "then", ["process.suspend(); print('held', flush=True)", "print('running', flush=True)"]
)
def test_kill_9_of_the_owner_leaves_no_orphan(pipe: Path, then: str) -> None:
    script = OWNER.format(then=then + "; sys.stdin.read()")
    with subprocess.Popen(
        [sys.executable, "-c", script, str(pipe), FAMILY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        pids: list[int] = []
        for line in owner.stdout:
            if not line[0].isdigit():
                break
            pids = pids or [int(pid) for pid in line.split()]
        assert len(pids) == 2
        owner.kill()
    try:
        assert all(ended(pid) for pid in pids)
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
