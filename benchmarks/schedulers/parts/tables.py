"""How these programs print: tables in Markdown, under a line that says what the machine was doing."""

import os
import platform
from collections.abc import Iterable, Sequence


def heading() -> str:
    """The load, the processors and the Python, as they stand above each table."""
    return f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors, Python {platform.python_version()}\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A table whose first `words` columns are words and the others numbers."""
    line = "|" + "---|" * words + "--:|" * (len(header) - words)
    return "\n".join([_line(header), line, *map(_line, rows)])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
