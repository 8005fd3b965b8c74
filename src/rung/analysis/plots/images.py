"""Images of figures, drawn by kaleido and a browser in a process of their own, which can be ended if it hangs."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from rung.core.errors import ExecutorError, MissingDependencyError

LIMIT_S = 180.0
"""How long a browser may take, its start included; a busy machine takes half a minute."""

_DRAW = """
import json, sys
import kaleido
figure, options = json.load(sys.stdin)
sys.stdout.buffer.write(kaleido.calc_fig_sync(figure, opts=options))
"""


def drawn(figure: str, options: dict[str, Any], limit_s: float = LIMIT_S) -> bytes:
    """An image of a figure.

    Args:
        figure: As JSON.
        options: Of kaleido: its format, width, height and scale.
        limit_s: How long it may take.

    Raises:
        MissingDependencyError: If there is no browser.
        ExecutorError: If the browser does not answer in time.
    """
    asked = f"[{figure}, {json.dumps(options)}]".encode()
    image, told, code = _said([sys.executable, "-c", _DRAW], asked, options["format"], limit_s)
    if code == 0:
        return image
    if "chrome" in told.lower():
        raise MissingDependencyError(
            f"writing {options['format']} needs Chrome or Chromium, which was not found. Install one, or write .html "
            "instead."
        )
    reason = told.strip().splitlines()[-1] if told.strip() else f"exit code {code}"
    raise ExecutorError(f"the browser that draws {options['format']} failed: {reason}. Write .html instead.")


def _said(command: list[str], asked: bytes, kind: str, limit_s: float) -> tuple[bytes, str, int]:
    """What a command answers in time; else it and all that it has started are ended."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        image, told = process.communicate(asked, limit_s)
    except subprocess.TimeoutExpired:
        raise ExecutorError(
            f"the browser that draws {kind} has not answered for {limit_s:g} s. Write .html instead, or try again when "
            "the machine is less busy."
        ) from None
    finally:
        if process.poll() is None:
            _end(process)
    return image, told.decode(errors="replace"), process.returncode


def _end(process: "subprocess.Popen[bytes]") -> None:
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)  # it leads a group of its own, with the browser in it
    else:
        process.kill()
    process.communicate()
