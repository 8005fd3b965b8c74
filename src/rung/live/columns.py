"""Text in columns: cells, bars and sections that give way where there is no room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Text

GAP = 2

Cell = Text | str


def table(rows: Sequence[Sequence[Cell]], left: int = 1) -> list[Text]:
    """Rows with aligned columns, the first `left` of them to the left, the others, with numbers, to the right."""
    texts = [[cell if isinstance(cell, Text) else Text(cell) for cell in row] for row in rows]
    widths = [max(cell.cell_len for cell in column) for column in zip(*texts, strict=True)]
    return [_row(row, widths, left) for row in texts]


def spread(left: Text, right: Text, width: int) -> Text:
    """One text at each side of a line; the left one gives way."""
    left = left.copy()
    room = width - right.cell_len - GAP
    left.truncate(max(room, 0), overflow="ellipsis", pad=True)
    return Text.assemble(left, " " * GAP, right)


def bar(share: float, width: int, style: str = "cyan") -> Text:
    """How much is done, from 0 to 1, in half columns."""
    halves = round(2 * width * min(max(share, 0.0), 1.0))
    full, half = divmod(halves, 2)
    done = "━" * full + "╸" * half
    return Text.assemble((done, style), ("─" * (width - len(done)), "dim"))


@dataclass(frozen=True, slots=True)
class Section:
    """Lines of which some may be left out, from the end.

    Attributes:
        title: Stands above them; None: nothing does.
        rows: The lines, the most important first.
        rest: What is said in place of the last `n` of them; None: nothing is.
    """

    title: Text | None
    rows: Sequence[Text]
    rest: Callable[[int], Text] | None = None

    @property
    def wanted(self) -> int:
        """Lines that show everything."""
        return len(self.rows) + (self.title is not None) if self.rows else 0

    @property
    def least(self) -> int:
        """Lines below which it makes no sense."""
        return min(self.wanted, 1 + (self.title is not None) + (self.rest is not None))

    def lines(self, n: int) -> list[Text]:
        """Its `n` most important lines, none if those are too few."""
        if n < self.least or not self.rows:
            return []
        title = [] if self.title is None else [self.title]
        if n >= self.wanted:
            return [*title, *self.rows]
        kept = n - len(title) - (self.rest is not None)
        rest = [] if self.rest is None else [self.rest(len(self.rows) - kept)]
        return [*title, *self.rows[:kept], *rest]


def share(room: int, sections: Sequence[Section]) -> list[int]:
    """How many lines each section gets: first all the least that they need, then the rest, in this order."""
    given = []
    for section in sections:
        given.append(section.least if section.least <= room else 0)
        room -= given[-1]
    for i, section in enumerate(sections):
        more = min(room, section.wanted - given[i]) if given[i] else 0
        given[i] += more
        room -= more
    return given


def _row(cells: Sequence[Text], widths: Sequence[int], left: int) -> Text:
    line = Text()
    for i, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        space = " " * (width - cell.cell_len)
        gap = " " * GAP if i else ""
        line.append(gap if i < left else gap + space)
        line.append_text(cell)
        line.append(space if i < left else "")
    return line
