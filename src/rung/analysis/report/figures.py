"""Figures on the page: their numbers as JSON, drawn by the page when they come into view."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

from rung.analysis.plots.style import LINE_HEIGHT
from rung.analysis.report.html import Html, data, element, joined
from rung.core.errors import MissingDependencyError, NoResultError

Json = dict[str, Any]  # Any: a plotly figure as JSON
Draw = Callable[[], Any]  # Any: a plotly Figure


def figure(name: str, draw: Draw, about: str = "", section: str = "") -> Html:
    """A figure under its title, or the sentence that says why there is none.

    Args:
        name: Its id.
        draw: Makes the figure.
        about: How to read it.
        section: Title of its section, which is not repeated.
    """
    try:
        drawn = json.loads(draw().to_json())  # typed arrays in base64: small
    except (NoResultError, MissingDependencyError) as error:
        return missing(error)
    title, note = _without_title(drawn["layout"])
    words = " ".join(filter(None, (about, note)))
    caption = element(
        "figcaption",
        element("h3", title) if title != section else None,
        element("p", words) if words else None,
    )
    place = _place(name, drawn["layout"], f"{title}. {words}")
    return element("figure", caption, place, data(f"figure-{name}", json.dumps(drawn).encode()), id=name)


_TITLE = 24  # pixels that a figure has for its title


def missing(error: Exception) -> Html:
    """The sentence that stands in place of a part."""
    return element("p", str(error), class_="missing")


def side_by_side(*figures: Html) -> Html:
    """Figures in one row where the page is wide enough."""
    return element("div", joined(*figures), class_="row")


def _place(name: str, layout: Json, label: str) -> Html:
    """Where the page draws it; one that needs a width scrolls sideways where there is less."""
    least = layout.get("meta", {}).get("min_width", 0)
    plot = element(
        "div",
        class_="plot",
        data_figure=name,
        style=f"height:{layout['height']}px;min-width:{least}px",
        role="img",
        aria_label=label,
    )
    return element("div", plot, class_="sideways")


def _without_title(layout: Json) -> tuple[str, str]:
    """Take the title and the note below it out of a figure, where they can neither wrap nor be read aloud.

    The template goes too: one for all figures stands on the page.
    """
    layout.pop("template", None)
    title, *note = layout.pop("title")["text"].split("<br>")
    spare = _TITLE + LINE_HEIGHT * len(note)
    layout["margin"]["t"] -= spare
    layout["height"] -= spare
    return _text(title), _text(" ".join(note))


def _text(markup: str) -> str:
    """Plotly's markup of a title as text."""
    return html.unescape(re.sub(r"<[^>]*>", "", markup))
