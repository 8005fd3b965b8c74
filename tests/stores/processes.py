"""Other processes for the tests of stores: each runs a small program and speaks by lines."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).parents[1]

PROGRAM = f"""
import sys
sys.path.insert(0, {str(TESTS)!r})
from stores.samples import reports
from rung.core.errors import BusyError
from rung.stores.events import open_store

path = sys.argv[1]

def say(*words):
    print(*words, flush=True)

def hear():
    return sys.stdin.readline()
"""

APPEND_FOR_EVER = """
log = open_store(path).log("digits")
log.acquire("the first driver")
log.listen(lambda seq: say(seq))
seq = log.committed
while True:
    log.append(reports(3, after=seq))
    seq += 3
    if seq % 3000 == 2:  # each kind of moment is there to be killed in: between, before and within commits
        log.flush()
"""

HOLD = """
log = open_store(path).log("digits")
log.acquire("the first driver")
say("held")
hear()
"""

RACE = """
say("ready")
hear()
store = open_store(path)
try:
    store.log("digits").acquire()
    say("won")
except BusyError as error:
    say("lost")
hear()
store.close()
"""

CREATE = """
say("ready")
hear()
store = open_store(path)
store.create(sys.argv[2], reports(1))
say(len(store.names()))
store.close()
"""

Process = subprocess.Popen[str]


@contextmanager
def running(program: str, path: Path | str, *arguments: str) -> Iterator[Process]:
    """The program in a process of its own, which is killed and reaped at the end."""
    command = [sys.executable, "-c", PROGRAM + program, str(path), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process: Process) -> None:
    """Let a program that waits in `hear` go on."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def line(process: Process) -> str:
    """The next line that it says."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
