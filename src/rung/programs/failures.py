"""The end of a program as a failure: whose fault it was, and how to tell that it was the same one again."""

import re
import signal

from rung.core.event import Failure

_SIGNALLED = 128  # shells add it to the signal that killed their program
_FRAME = re.compile(r'^\s*File "(.+)", line (\d+)', re.MULTILINE)
_LIBRARY = re.compile(r"site-packages|dist-packages|/lib/python|<frozen")


def failure(program: str, status: int, errors: bytes) -> Failure | None:
    """What the exit status of a program means; None if all went well.

    A signal is the machine's fault (its job is granted again), an exit code that of the configuration. Codes from 129
    are a shell's way to tell of a signal.

    Args:
        program: Its name.
        status: Its exit code, or minus the signal that killed it.
        errors: The end of what it printed on standard error.
    """
    if status == 0:
        return None
    text = errors.decode(errors="replace").replace("\r", "\n").strip()
    number = -status if status < 0 else status - _SIGNALLED
    if number > 0 and number in _signals():
        return Failure("machine", "killed", f"{program} was killed by {_signals()[number]}", text)
    last = text.splitlines()[-1] if text else "nothing was printed on standard error"
    message = " ".join(last.split())[:1000]
    return Failure("configuration", f"exit code {status}", message, text, _place(program, text))


def _signals() -> dict[int, str]:
    return {each.value: each.name for each in signal.Signals}


def _place(program: str, text: str) -> str:
    """The innermost line of the user's own code in a Python traceback; else the program."""
    frames = _FRAME.findall(text)
    own = [frame for frame in frames if not _LIBRARY.search(frame[0])]
    return next((f"{file}:{line}" for file, line in reversed(own or frames)), program)
