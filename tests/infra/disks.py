"""Small disks for tests: what happens when one is full."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, size: str = "1m") -> Iterator[Path]:
    """A new disk of that size at `folder`; skips the test where none can be mounted."""
    folder.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("only root can mount a small disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def filled(disk: Path, left: int = 0) -> Path:
    """Fill a disk but for `left` bytes; deleting the file that is returned heals it."""
    ballast = disk / "ballast"
    file = os.open(ballast, os.O_CREAT | os.O_WRONLY)
    size = 0
    with suppress(OSError):
        while True:
            size += os.write(file, bytes(4096))
    os.truncate(file, max(0, size - left))
    os.close(file)
    return ballast


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """While it lasts, nothing can be written to a disk of `mounted`."""
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
