"""How these programs print: tables in Markdown, under a line that says what the machine was doing."""

import os
import platform
import time
from collections.abc import Iterable, Sequence


def heading() -> str:
    """The load, the speed and the Python, as they stand above each table."""
    words = [
        f"load {os.getloadavg()[0]:.1f}",
        f"{os.cpu_count()} processors",
        f"10⁷ additions in {_calibration_s():.2f} s of CPU",
        f"Python {platform.python_version()}",
    ]
    return ", ".join(words) + "\n"


def _calibration_s() -> float:
    begun = time.process_time()
    total = 0
    for i in range(10_000_000):
        total += i
    return time.process_time() - begun


def table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table whose first `words` columns are words and the others numbers."""
    line = "|" + "---|" * words + "--:|" * (len(header) - words)
    return "\n".join([_line(header), line, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
