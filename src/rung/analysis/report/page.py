"""The page around the sections: template, styles, scripts, and plotly once."""

import json
from collections.abc import Sequence
from importlib.resources import files
from string import Template

from rung.analysis.plots.style import ACCENT, CONFIG, DARK, LIGHT, STATUS_COLORS, figure
from rung.analysis.report.html import Html, data, element, joined
from rung.analysis.report.reading import Reading, Section
from rung.analysis.report.sections.overview import head
from rung.version import __version__

SCRIPTS = ("tools.js", "theme.js", "figures.js", "filters.js", "table.js", "details.js", "page.js")


def page(reading: Reading, sections: Sequence[Section]) -> str:
    """The whole page."""
    from plotly import __version__ as plotly_version
    from plotly.offline import get_plotlyjs

    return Template(_static("page.html")).substitute(
        title=element("title", f"{reading.data.name}: report"),
        style=_static("page.css"),
        colors=_colors(),
        head=head(reading),
        contents=_contents(sections),
        sections=joined(*map(_section, sections)),
        themes=data("themes", _themes()),
        scripts="\n".join(_static(name) for name in SCRIPTS),
        plotly=get_plotlyjs(),
        foot=element(
            "p", f"Written by rung {__version__} with plotly {plotly_version}. It needs no network."
        ),
    )


def _section(section: Section) -> Html:
    heading = element("h2", section.title, id=f"{section.id}-title")
    lead = element("p", section.lead, class_="lead") if section.lead else None
    return element(
        "section", heading, lead, section.body, id=section.id, aria_labelledby=f"{section.id}-title"
    )


def _contents(sections: Sequence[Section]) -> Html:
    """Links to the sections."""
    return element("ul", [element("li", _link(section)) for section in sections])


def _link(section: Section) -> Html:
    count = element("span", f"{section.count:,}", class_="count") if section.count else None
    return element("a", section.title, count, href=f"#{section.id}")


def _colors() -> str:
    """The colours of the states, which are those of the figures."""
    lines = [f"--{status}: {color};" for status, color in STATUS_COLORS.items()]
    return ":root { " + " ".join(lines) + " }"


def _themes() -> dict[str, object]:
    """What all figures share, and what differs between light and dark."""
    template = json.loads(figure("").to_json())["layout"]["template"]
    return {
        "light": LIGHT.relayout,
        "dark": DARK.relayout,
        "config": CONFIG,
        "template": template,
        "accent": ACCENT,
    }


def _static(name: str) -> str:
    return (files("rung.analysis.report") / "static" / name).read_text(encoding="utf-8")
