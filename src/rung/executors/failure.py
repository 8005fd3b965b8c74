"""An exception of the training as a `Failure`: whose fault, what, and where in the user's own code."""

import errno
import os
import re
import sysconfig
from pathlib import Path
from traceback import FrameSummary, TracebackException

from rung.core.errors import MisuseError, StoreError
from rung.core.event import Failure, Fault

OUT_OF_MEMORY = "out of memory"

_RUNG = str(Path(__file__).absolute().parents[1]) + os.sep
_LIBRARIES = (sysconfig.get_path("stdlib"), "<frozen", _RUNG)
_MEMORY_ERRORS = {
    "MemoryError",
    "OutOfMemoryError",
    "ResourceExhaustedError",
}  # Python and CuPy, PyTorch, TensorFlow
_NO_MEMORY = re.compile(  # what C++ below PyTorch, JAX, CUDA and XGBoost says in a RuntimeError of any name
    r"out of memory|RESOURCE_EXHAUSTED|bad_alloc|ALLOC_FAILED|can(no|')t allocate memory", re.IGNORECASE
)
_MACHINES = {  # what no configuration can help: disks that are full, broken, gone or read-only
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.EROFS,
    errno.ESTALE,
}
_LONGEST = 20_000


class TrainingError(Exception):
    """Raised by a training function that knows itself whose fault its failure is.

    Attributes:
        failure: What went wrong.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def failure(error: BaseException) -> Failure:
    """The failure that an exception of the training stands for."""
    if isinstance(error, TrainingError):
        return error.failure
    report = TracebackException.from_exception(error, compact=True)
    own = [frame for frame in report.stack if not frame.filename.startswith(_RUNG)]
    report.stack[:] = own or list(report.stack)
    return Failure(_fault(error), kind(error), one_line(error), _text(report), place(report.stack))


def kind(error: BaseException) -> str:
    """The name by which the log calls an exception."""
    names = {base.__name__ for base in type(error).__mro__}
    told = isinstance(error, RuntimeError | OSError) and _NO_MEMORY.search(one_line(error))
    return OUT_OF_MEMORY if told or names & _MEMORY_ERRORS else type(error).__name__


def one_line(error: BaseException) -> str:
    """What the exception says, on one line."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001  a stranger's __str__ may raise anything
        text = f"(its message cannot be shown: {type(broken).__name__})"
    return " ".join(writable(text).split())[:1000]


def writable(text: str) -> str:
    """A text that can be written as UTF-8: half characters, as in odd file names, become question marks."""
    return text.encode(errors="replace").decode()


def place(frames: list[FrameSummary]) -> str:
    """File and line of the innermost frame of the user's own code; of any code if there is none."""
    own = [frame for frame in frames if not _is_library(frame.filename)]
    return writable(next((f"{frame.filename}:{frame.lineno}" for frame in reversed(own or frames)), ""))


def _fault(error: BaseException) -> Fault:
    if isinstance(error, MisuseError):
        return "code"
    machine = isinstance(error, StoreError) or (isinstance(error, OSError) and error.errno in _MACHINES)
    return "machine" if machine else "configuration"


def _is_library(filename: str) -> bool:
    return filename.startswith(_LIBRARIES) or "site-packages" in filename or "dist-packages" in filename


def _text(report: TracebackException) -> str:
    text = writable("".join(report.format()))
    return text if len(text) <= _LONGEST else "… (shortened)\n" + text[-_LONGEST:]
