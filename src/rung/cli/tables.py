"""Tables on the terminal: one line per row, cut to its width. Off a terminal nothing is cut."""

import shutil
import sys
from collections.abc import Sequence

GAP = "  "
NARROWEST = 8  # of a column that was cut
CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32"}


def width() -> int | None:
    """Columns of the terminal; None if standard output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def styled(text: str, style: str) -> str:
    """The text in a style of `CODES` where the terminal shows styles; "": as it is."""
    from rich.console import Console

    if not style or not Console().color_system:
        return text
    return f"\x1b[{CODES[style]}m{text}\x1b[0m"


class Table:
    """Rows under headers.

    Args:
        headers: One for each column. One that begins with > stands over numbers; a column with ~ may be cut.
    """

    def __init__(self, *headers: str) -> None:
        self._marks = [header[0] for header in headers]
        self._rows: list[Sequence[str]] = [[header.lstrip(">~") for header in headers]]
        self._styles = ["bold"]

    def add(self, *cells: str, style: str = "") -> None:
        """Add a row."""
        self._rows.append(cells)
        self._styles.append(style)

    def print(self) -> None:
        """Print it on standard output."""
        for line, style in zip(self.lines(width()), self._styles, strict=True):
            print(styled(line, style))

    def lines(self, width: int | None) -> list[str]:
        """The lines; none longer than `width`, as far as cutting helps."""
        from rich.cells import cell_len, set_cell_size

        sizes = self._sizes(width)
        lines = []
        for cells in self._rows:
            shown = []
            for text, mark, size in zip(cells, self._marks, sizes, strict=True):
                space = " " * max(0, size - cell_len(text))
                whole = space + text if mark == ">" else text + space
                shown.append(whole if cell_len(text) <= size else f"{set_cell_size(text, size - 1)}…")
            lines.append(GAP.join(shown).rstrip())
        return lines

    def _sizes(self, width: int | None) -> list[int]:
        """The width of each column; the widest of those that may be cut give way first."""
        from rich.cells import cell_len

        sizes = [max(map(cell_len, column)) for column in zip(*self._rows, strict=True)]
        if width is None:
            return sizes
        while sum(sizes) + len(GAP) * (len(sizes) - 1) > width:
            cuttable = [i for i, mark in enumerate(self._marks) if mark == "~" and sizes[i] > NARROWEST]
            if not cuttable:
                break
            sizes[max(cuttable, key=lambda i: sizes[i])] -= 1
        return sizes
