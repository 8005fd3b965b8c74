"""An exception of the training as a `Failure`: whose fault, what, and where in the user's own code."""

import os
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
    return OUT_OF_MEMORY if names & _MEMORY_ERRORS else type(error).__name__


def one_line(error: BaseException) -> str:
    """What the exception says, on one line."""
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001  a stranger's __str__ may raise anything
        text = f"(its message cannot be shown: {type(broken).__name__})"
    return " ".join(text.split())[:1000]


def place(frames: list[FrameSummary]) -> str:
    """File and line of the innermost frame of the user's own code; of any code if there is none."""
    own = [frame for frame in frames if not _is_library(frame.filename)]
    return next((f"{frame.filename}:{frame.lineno}" for frame in reversed(own or frames)), "")


def _fault(error: BaseException) -> Fault:
    if isinstance(error, MisuseError):
        return "code"
    return "machine" if isinstance(error, StoreError) else "configuration"


def _is_library(filename: str) -> bool:
    return filename.startswith(_LIBRARIES) or "site-packages" in filename or "dist-packages" in filename


def _text(report: TracebackException) -> str:
    text = "".join(report.format())
    return text if len(text) <= _LONGEST else "… (shortened)\n" + text[-_LONGEST:]
