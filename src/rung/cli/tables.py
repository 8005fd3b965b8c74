"""Tables on the terminal: one line per row, cut to its width; off a terminal nothing is cut."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

UNCUT = 10_000  # columns, where the output goes to a file or another program


def console() -> "Console":
    """Standard output."""
    from rich.console import Console

    out = Console(highlight=False, markup=False, emoji=False, soft_wrap=False)
    return out if out.is_terminal else Console(width=UNCUT, highlight=False, markup=False, emoji=False)


def table(*headers: str) -> "Table":
    """A table without lines; a header that begins with > stands over numbers, one with ~ may be cut first."""
    from rich.table import Table

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for header in headers:
        made.add_column(
            header.lstrip(">~"),
            justify="right" if header.startswith(">") else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=1 if header.startswith("~") else None,
        )
    return made
