"""Plain values as HTML for notebooks: everything is escaped, styled in place, and right on light and dark grounds.

Nothing here names a color for text or ground: texts inherit theirs, and lines and bars are shades of grey or of
colors that can be seen on both.
"""

from collections.abc import Collection, Mapping, Sequence
from html import escape

ACCENT = "#2f8fd0"
COLORS = {
    "complete": "#2e9d5b",
    "running": ACCENT,
    "failed": "#d9534f",
    "best": "#2e9d5b",
    "warning": "#c98a10",
}
FAINT = "rgba(128,128,128,.25)"
NUMBERS = "font-variant-numeric:tabular-nums"


class Markup(str):
    """Text that is HTML already; all other text is escaped."""

    __slots__ = ()


Content = str | Markup


def html(content: Content) -> Markup:
    """The content as HTML."""
    return content if isinstance(content, Markup) else Markup(escape(content))


def element(tag: str, style: str, *contents: Content) -> Markup:
    """An element with a style of its own."""
    styled = f' style="{style}"' if style else ""
    return Markup(f"<{tag}{styled}>{''.join(map(html, contents))}</{tag}>")


def card(title: Content, aside: Content, *blocks: Content) -> Markup:
    """Blocks below a title, and a word at its side."""
    head = element(
        "div",
        "margin-bottom:.4em",
        element("b", "font-size:1.1em", title),
        element("span", "opacity:.65;margin-left:.8em", aside),
    )
    style = f"max-width:72em;line-height:1.45;border:1px solid {FAINT};border-radius:6px;padding:.7em 1em"
    return element("div", style, head, *blocks)


def colored(content: Content, name: str) -> Markup:
    """A word in one of `COLORS`; others stay as they are."""
    return element("span", f"color:{COLORS[name]}", content) if name in COLORS else html(content)


def strong(content: Content) -> Markup:
    """What is to be seen first."""
    return element("b", "", content)


def faint(content: Content) -> Markup:
    """What is to be seen last."""
    return element("span", "opacity:.65", content)


def pairs(rows: Mapping[str, Content]) -> Markup:
    """Names and what they stand for."""
    name = "opacity:.65;padding:.1em 1em .1em 0;text-align:left;vertical-align:top;white-space:nowrap"
    text = f"padding:.1em 0;text-align:left;overflow-wrap:anywhere;{NUMBERS}"
    cells = [
        element("tr", "background:none", element("td", name, key), element("td", text, value))
        for key, value in rows.items()
    ]
    return element("table", "border-collapse:collapse;margin:.2em 0", *cells)


def grid(header: Sequence[str], rows: Sequence[Sequence[Content]], words: Collection[int] = (0,)) -> Markup:
    """Rows under a header; it scrolls where it is too wide.

    Args:
        header: A name for each column.
        rows: Their cells.
        words: Columns that hold words, which stand at the left; the others hold numbers, at the right.
    """
    sides = ["left" if i in words else "right" for i in range(len(header))]
    cells = [f"text-align:{side};padding:.15em 1em .15em 0;white-space:nowrap" for side in sides]
    titles = [
        element("th", f"{cell};font-weight:normal;opacity:.65", name)
        for cell, name in zip(cells, header, strict=True)
    ]
    body = [
        element("tr", "background:none", *(element("td", *pair) for pair in zip(cells, row, strict=True)))
        for row in rows
    ]
    whole = element(
        "table",
        f"border-collapse:collapse;margin:.5em 0 0;{NUMBERS}",
        element("thead", "", element("tr", f"border-bottom:1px solid {FAINT}", *titles)),
        element("tbody", "", *body),
    )
    return element("div", "overflow-x:auto", whole)


def together(*contents: Content) -> Markup:
    """Contents that stay side by side, and move to the next line as one."""
    return element("span", "display:inline-block;margin-right:.8em", *contents)


def line(*contents: Content) -> Markup:
    """Contents on a line of their own, less strong than the others."""
    return element("div", "opacity:.65;margin-top:.4em", *contents)


def bar(share: float, width: str = "12em") -> Markup:
    """How much is done, from 0 to 1."""
    percent = 100 * min(max(share, 0.0), 1.0)
    done = element("span", f"display:block;height:100%;width:{percent:.1f}%;background:{ACCENT}")
    place = f"display:inline-block;vertical-align:middle;width:{width};max-width:40vw;height:.6em"
    return element("span", f"{place};background:{FAINT};border-radius:.3em;overflow:hidden", done)


def curve(points: Sequence[tuple[float, float]], width: int = 160, height: int = 26) -> Markup:
    """A small line through points, the first axis to the right, the second up; nothing for less than two."""
    if len(points) < 2:
        return Markup("")
    xs, ys = [x for x, _ in points], [y for _, y in points]
    across, up = (max(xs) - min(xs)) or 1.0, (max(ys) - min(ys)) or 1.0
    path = " ".join(
        f"{2 + (x - min(xs)) / across * (width - 4):.1f},{2 + (max(ys) - y) / up * (height - 4):.1f}"
        for x, y in points
    )
    return Markup(
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" style="vertical-align:middle" '
        f'role="img"><polyline points="{path}" fill="none" stroke="{COLORS["best"]}" stroke-width="1.5"/></svg>'
    )
