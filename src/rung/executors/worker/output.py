"""What each trial prints, in a file of its own: all that a worker process writes to its standard streams."""

import errno
import fcntl
import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from typing_extensions import Buffer
_STREAMS = (1, 2)
_REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


class Output:
    """Sends standard output and error to `<folder>/<trial>.txt` while a trial trains here."""

    def __init__(self, folder: str | None) -> None:
        self._folder = folder
        self._home = [os.dup(stream) for stream in _STREAMS]
        self._file = -1
        self._path = ""
        if folder is not None:
            with suppress(OSError):  # then nothing can be kept, see `begin`
                Path(folder).mkdir(parents=True, exist_ok=True)

    def begin(self, trial: int) -> None:
        """Turn to the file of this trial, behind what stands in it; where there can be none, to nowhere."""
        if self._folder is None:
            return
        self._path = f"{self._folder}/{trial}.txt"
        try:
            self._file = _shared(self._path)
        except OSError:  # a full disk: what a training prints is not worth the training
            self._path = ""
            self._file = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        self._turn([self._file, self._file])

    def end(self) -> None:
        """Turn back. A file that is still empty vanishes."""
        if self._folder is None:
            return
        self._turn(self._home)
        if self._path:
            _delete_if_empty(self._path, self._file)
        os.close(self._file)

    def _turn(self, targets: list[int]) -> None:
        for buffered in (sys.stdout, sys.stderr):
            with suppress(Exception):  # the training may have closed or replaced them
                buffered.flush()
        for stream, target in zip(_STREAMS, targets, strict=True):
            os.dup2(target, stream)


def forgiving(stream: TextIO) -> TextIO:
    """The same stream, line by line; what a full disk refuses is dropped, and the training goes on."""
    raw = _Forgiving(stream.fileno(), "w", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors=stream.errors, line_buffering=True
    )


class _Forgiving(io.FileIO):
    def write(self, data: "Buffer", /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _REFUSED:
                raise
            return memoryview(data).nbytes


def _shared(path: str) -> int:
    """Open for appending, with a shared lock: the trial's last worker may still be on its way out of it."""
    while True:
        file = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_CLOEXEC, 0o644)
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)  # the other worker deleted it, empty, before we held the lock


def _delete_if_empty(path: str, file: int) -> None:
    if os.fstat(file).st_size:
        return
    with suppress(OSError):  # refused while another worker holds the lock, which deletes it later
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not os.fstat(file).st_size:
            os.unlink(path)  # noqa: PTH108  the path is a string on this hot way
