"""HTML made of values: what is text is escaped, what is markup is known to be so by its type."""

import html
import re
from collections.abc import Iterable, Mapping

import msgspec


class Html(str):
    """Markup. Every other string is text, and is escaped where it becomes a part of markup."""

    __slots__ = ()


Part = str | Iterable[Html] | None
"""A part of an element: text, markup, several pieces of markup, or nothing."""

_VOID = frozenset({"input", "meta", "br"})


def element(name: str, *parts: Part, **attributes: str | int | bool | None) -> Html:
    """`<name attributes>parts</name>`.

    Args:
        name: Of the element.
        parts: What it holds.
        attributes: As keywords, `_` for `-` and a last `_` dropped (`class_`, `data_trial`); True gives an attribute
            without a value, None and False none.
    """
    head = name + "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{head}>")
    return Html(f"<{head}>{joined(*parts)}</{name}>")


def joined(*parts: Part) -> Html:
    """Parts one after another."""
    return Html("".join(map(_markup, parts)))


def table(head: Iterable[str], rows: Iterable[Iterable[Part]], **attributes: str) -> Html:
    """A table in a frame that scrolls sideways where the page is too narrow for it."""
    header = element("tr", [element("th", cell, scope="col") for cell in head])
    body = [element("tr", [element("td", cell) for cell in row]) for row in rows]
    inner = element("table", element("thead", header), element("tbody", body), **attributes)
    return element("div", inner, class_="scroll")


def pairs(rows: Mapping[str, Part], class_: str = "pairs") -> Html:
    """Names and what they stand for."""
    inner = [element("div", element("dt", name), element("dd", value)) for name, value in rows.items()]
    return element("dl", inner, class_=class_)


def copy_button(label: str, text: str) -> Html:
    """A button that puts a text on the clipboard."""
    return element("button", label, type="button", class_="small", data_copy=text)


def code(text: str) -> Html:
    """Some lines of code, with a button that copies them."""
    return element("div", copy_button("Copy", text), element("pre", element("code", text)), class_="code")


def data(id_: str, value: object) -> Html:
    """A value for the scripts of the page, as JSON that no text within can end."""
    written = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Html(
        f'<script type="application/json" id="{html.escape(id_)}">{_harmless(written.decode())}</script>'
    )


def words_of(name: str) -> str:
    """A name as a part of an id."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _harmless(text: str) -> str:
    """JSON without the signs that begin or end an element; in JSON they stand in strings only."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'


def _markup(part: Part) -> str:
    if part is None:
        return ""
    if isinstance(part, Html):
        return part
    if isinstance(part, str):
        return html.escape(part)
    return "".join(part)
