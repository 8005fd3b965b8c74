"""Where something stands in a TOML file: the parser gives no line numbers."""

import tomllib
from collections.abc import Sequence
from typing import Any


def line_of(text: str, path: Sequence[str]) -> int:
    """The line, from 1, on which a key first stands, or the innermost table around it that stands somewhere.

    It parses the file line by line until the key is there: O(lines²), for files of people, when something is wrong.

    Args:
        text: A TOML document without syntax errors.
        path: The keys from the outside to the inside.
    """
    lines = text.splitlines()
    for length in range(len(path), 0, -1):
        begin = 0
        for end in range(1, len(lines) + 1):
            data = _parsed(lines[:end])
            if data is None:
                continue  # in the middle of a value
            if _holds(data, path[:length]):
                return _first_written(lines, begin) + 1
            begin = end
    return 1


def _parsed(lines: Sequence[str]) -> dict[str, Any] | None:
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _holds(data: object, path: Sequence[str]) -> bool:
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return False
        data = data[key]
    return True


def _first_written(lines: Sequence[str], begin: int) -> int:
    """The first line from `begin` on that is neither empty nor a comment."""
    while begin < len(lines) - 1 and lines[begin].strip()[:1] in ("", "#"):
        begin += 1
    return begin
