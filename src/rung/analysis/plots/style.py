"""One look for all figures: colours, fonts, frames, number formats. It knows no study.

Backgrounds are transparent and all colours but that of the text read on light and on dark pages, so a page switches
its theme by `Plotly.relayout(figure, theme.relayout)`.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import plotly.graph_objects as go

from rung.core.history import Floats
from rung.core.why import plural

STATUS_COLORS: Mapping[str, str] = {
    "complete": "#0a7cc2",
    "running": "#009e73",
    "queued": "#5fb4e5",
    "paused": "#e69f00",
    "stopped": "#8c8c8c",
    "failed": "#d55e00",
}
"""One for each status, of the Okabe-Ito palette: told apart also by who is colour-blind."""

ACCENT = "#c44e9b"  # the incumbent, the compromise: what the eye should find first
MAIN = STATUS_COLORS["complete"]
FAINT = "rgba(128,128,128,0.55)"
GRID = "rgba(128,128,128,0.22)"
LINE = "rgba(128,128,128,0.6)"
WORSE = "#e0861a"
EARLY, LATE = "#9aa7b1", MAIN  # from the first trial to the last
BAR_MARGIN = 108
SCALE = ((0.0, MAIN), (0.5, "#a39ba8"), (1.0, WORSE))  # from good to bad; equally bright, for both themes
NUMBERS = {"exponentformat": "power", "minexponent": 5, "separatethousands": True}
LINE_HEIGHT = 21  # of the text above a figure, in pixels
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
CONFIG = {
    "responsive": True,
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "hoverClosestCartesian"],
}
"""Options of Plotly for a page that shows figures."""


@dataclass(frozen=True, slots=True)
class Theme:
    """What differs between a light and a dark page.

    Attributes:
        name: light or dark.
        text: Colour of the text.
        paper: Colour of the page.
    """

    name: str
    text: str
    paper: str

    @property
    def relayout(self) -> dict[str, str]:
        """What to hand to `Plotly.relayout` to turn a figure to this theme."""
        return {
            "font.color": self.text,
            "hoverlabel.bgcolor": self.paper,
            "hoverlabel.font.color": self.text,
            "modebar.color": FAINT,
            "modebar.activecolor": self.text,
        }


LIGHT = Theme("light", "#24292f", "#ffffff")
DARK = Theme("dark", "#d8dee4", "#15191e")


def figure(title: str, note: str = "", height: int = 420) -> go.Figure:
    """An empty figure in the look of the house.

    Args:
        title: What it shows.
        note: What a reader must know of how it was made; wrapped.
        height: In pixels; the width is that of the page.
    """
    said = [escape(line, quote=False) for line in textwrap.wrap(note, 58)]
    text = "<br>".join([f"<b>{escape(title, quote=False)}</b>", *(_small(line) for line in said)])
    head = {"text": text, "x": 0, "xref": "container", "y": 1, "yref": "container", "yanchor": "top"}
    drawn = go.Figure(
        layout={"template": _template(), "title": head, "height": height + LINE_HEIGHT * len(said)}
    )
    drawn.update_layout(margin={"l": 64, "r": 16, "t": 50 + LINE_HEIGHT * len(said), "b": 56})
    return drawn


def _small(line: str) -> str:
    return f"<span style='font-size:12px'>{line}</span>"


def _template() -> go.layout.Template:
    axis = {
        "gridcolor": GRID,
        "linecolor": LINE,
        "zeroline": False,
        "showline": True,
        "ticks": "outside",
        "tickcolor": LINE,
        "ticklen": 4,
        "automargin": True,
        **NUMBERS,
        "tickangle": 0,
        "title": {"standoff": 8, "font": {"size": 13}},
    }
    layout = {
        "font": {"family": FONT, "size": 12, "color": LIGHT.text},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "bgcolor": LIGHT.paper, "font": {"size": 12, "color": LIGHT.text}},
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "bgcolor": "rgba(0,0,0,0)",
            "itemsizing": "constant",
            "traceorder": "normal",
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": FAINT, "activecolor": LIGHT.text},
        "title": {"pad": {"t": 20, "l": 12}, "font": {"size": 16}},
        "xaxis": axis,
        "yaxis": axis,
        "colorway": [MAIN, WORSE, STATUS_COLORS["running"], ACCENT, STATUS_COLORS["queued"]],
    }
    return go.layout.Template(layout=layout)


def themed(drawn: go.Figure, theme: Theme) -> go.Figure:
    """A copy of a figure on the paper of a theme, for files that stand alone."""
    copy = go.Figure(drawn)
    copy.update_layout(
        paper_bgcolor=theme.paper, **{k.replace(".", "_"): v for k, v in theme.relayout.items()}
    )
    return copy


def color_bar(title: str) -> dict[str, object]:
    """A thin colour bar below the figure, where it takes no width; it needs a bottom margin of `BAR_MARGIN`."""
    return {
        "title": {"text": cut(title, 40), "side": "top"},
        "orientation": "h",
        "thickness": 8,
        "outlinewidth": 0,
        "len": 0.6,
        "x": 0,
        "xanchor": "left",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "ypad": 8,
        "nticks": 5,
        "tickangle": 0,
        **NUMBERS,
    }


def scale(maximize: bool) -> list[list[object]]:
    """The colour scale over values of an objective: what is good is blue."""
    colors = [color for _, color in SCALE]
    return [
        [place, color] for (place, _), color in zip(SCALE, colors[::-1] if maximize else colors, strict=True)
    ]


def single(values: Floats) -> Floats:
    """Numbers as they travel to a page: eight digits are enough to draw."""
    return np.asarray(values, dtype=np.float32)  # half the size of a float64


def robust_range(values: Floats) -> tuple[float, float] | None:
    """The range that shows nearly all values; None if that is all of them.

    What lies more than three interquartile ranges outside the middle half does not stretch an axis.
    """
    finite = values[np.isfinite(values)]
    if len(finite) < 4:
        return None
    first, third = np.quantile(finite, [0.25, 0.75])
    reach = 3 * (third - first)
    inside = finite[(finite >= first - reach) & (finite <= third + reach)]
    if len(inside) == len(finite) or reach == 0:
        return None
    pad = 0.04 * (inside.max() - inside.min())
    return float(inside.min() - pad), float(inside.max() + pad)


def color_range(values: Floats) -> tuple[float, float]:
    """Ends of a colour scale: the 2nd and the 95th percentile, on the better side always the best."""
    finite = values[np.isfinite(values)]
    low, high = robust_range(finite) or (float(finite.min()), float(finite.max()))
    return max(low, float(finite.min())), min(high, float(finite.max()))


def time_unit(seconds: float) -> tuple[float, str]:
    """In what a stretch of time is read: seconds in the unit, and its name."""
    for size, name in ((86_400.0, "days"), (3600.0, "hours"), (60.0, "minutes")):
        if seconds >= 3 * size:
            return size, name
    return 1.0, "seconds"


def cut(text: str, width: int = 26) -> str:
    """A label that fits, safe to stand in a figure."""
    return escape(fitted(text, width), quote=False)


def fitted(text: str, width: int) -> str:
    """A text that fits; the end of a long one says more than its middle."""
    return text if len(text) <= width else f"{text[: width // 2]}…{text[-(width - 1 - width // 2) :]}"


def resource_title(unit: str) -> str:
    """Title of an axis of resource."""
    return cut(plural(unit, None)).capitalize() if unit.islower() else cut(unit)


def lines(parts: Sequence[str], width: int = 70) -> str:
    """Words of a hover label, wrapped."""
    wrapped = [line for part in parts for line in textwrap.wrap(part, width) or [""]]
    return "<br>".join(escape(line, quote=False) for line in wrapped)
