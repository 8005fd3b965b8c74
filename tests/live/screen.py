"""A terminal without a window: what a person would see after all that a program has written."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

CODE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[=>]|\r|\n|[^\x1b\r\n]+")


class Screen:
    """Lines of text and a cursor; colors are left out. It knows as much of a terminal as rich uses."""

    def __init__(self) -> None:
        self.lines = [""]
        self.cursor = True
        self._row = self._column = 0

    def write(self, text: str) -> "Screen":
        """Do what the text says."""
        for found in CODE.finditer(text):
            self._do(found.group(), found.group(1) or "", found.group(2) or "")
        return self

    def _do(self, text: str, number: str, code: str) -> None:
        match code, text:
            case "A", _:
                self._row = max(0, self._row - int(number or 1))
            case "K", _:
                kept = "" if number == "2" else self.lines[self._row][: self._column]
                self.lines[self._row] = kept
            case (("h" | "l"), _) if number == "?25":
                self.cursor = code == "h"
            case _, "\r":
                self._column = 0
            case _, "\n":
                self._row, self._column = self._row + 1, 0
                self.lines += [""] * (self._row + 1 - len(self.lines))
            case "", _ if not text.startswith("\x1b"):
                line = self.lines[self._row].ljust(self._column)
                self.lines[self._row] = line[: self._column] + text + line[self._column + len(text) :]
                self._column += len(text)

    @property
    def text(self) -> str:
        """Its lines, without spaces at their ends."""
        return "\n".join(line.rstrip() for line in self.lines).rstrip()


class Program:
    """A program on a terminal."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self._terminal = terminal
        self.written = ""

    def until(self, words: str) -> None:
        """Read until it has written them."""
        for text in self._texts():
            self.written += text
            if words in self.written:
                return
        raise AssertionError(f"{words!r} was not written, but {self.written!r}")

    def ended(self) -> Screen:
        """Read all; the screen that it leaves."""
        self.written += "".join(self._texts())
        self.process.wait(60)
        return Screen().write(self.written)

    def _texts(self) -> Iterator[str]:
        while True:
            try:
                found = os.read(self._terminal, 65536)
            except OSError:  # Linux says so when the program has closed its terminal
                return
            if not found:
                return
            yield found.decode(errors="replace")


@contextmanager
def on_a_terminal(
    command: Sequence[str], folder: Path, width: int = 80, height: int = 24
) -> Iterator[Program]:
    """Run a program whose standard streams are a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CI"):
        environment.pop(name, None)
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Program(process, ours)
    finally:
        process.kill()
        process.wait(60)
        os.close(ours)
