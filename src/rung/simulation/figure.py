"""The figure of a comparison: regret over time and over resource, medians with the middle half of the runs."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from rung.analysis.plots import style
from rung.simulation.comparison import ArmResult, Curve

FLOOR = 1e-3  # what is better than this is drawn here
MAX_ARMS = 10
MAX_BANDS = 4  # of more arms only the medians can be told apart
COLORS = (
    *("#0a7cc2", "#d55e00", "#009e73", "#c44e9b", "#e69f00"),
    *("#5fb4e5", "#8c8c8c", "#7a5195", "#3d5a3c", "#a05a2c"),
)
GAP = 0.06
REGRET = (
    "Regret of what the study would call best, trained to the end: 0 is the best known configuration, "
    "1 the median one."
)
MISSING = (
    "Front that the study would show, trained to the end: which part of the hypervolume of the best known front it "
    "misses, 0 is none."
)


def comparison_figure(
    results: Sequence[ArmResult], title: str, horizon: str, *, of_fronts: bool = False
) -> go.Figure:
    """Draw the arms, the best first; at most ten of them.

    Args:
        results: The arms.
        title: Of the figure.
        horizon: What the ends of the axes are, in words.
        of_fronts: Whether there are several objectives, and regret is the part of the front that is missing.
    """
    shown = results[:MAX_ARMS]
    with_bands = len(shown) <= MAX_BANDS
    note = (
        (MISSING if of_fronts else REGRET)
        + " Lines are medians over problems and seeds"
        + (", bands the middle half." if with_bands else ".")
    )
    if len(shown) < len(results):
        note += f" The best {MAX_ARMS} of {len(results)} arms are drawn."
    drawn = style.figure(f"Simulated: {title}", note, height=460)
    for arm, color in zip(shown, COLORS, strict=False):
        for curve, pane in ((arm.over_time, ""), (arm.over_resource, "2")):
            if with_bands:
                _add_band(drawn, curve, color, pane)
            _add_line(drawn, arm.arm, curve, color, pane)
    middle = 0.5
    axis = {
        "type": "log",
        "dtick": "D2",
        "range": _range(shown),
        "tickformat": "~g",
        "minexponent": 3,
        "exponentformat": "none",
    }
    drawn.update_layout(
        xaxis={
            "domain": [0, middle - GAP / 2],
            "title": {"text": f"time, share of {horizon}"},
            "range": [0, 1],
        },
        yaxis={
            **axis,
            "title": {"text": "hypervolume that is missing" if of_fronts else "normalised regret"},
        },
        xaxis2={
            "domain": [middle + GAP / 2, 1],
            "title": {"text": "resource, share of the most spent"},
            "range": [0, 1],
        },
        yaxis2={**axis, "anchor": "x2", "showticklabels": False},
        margin={"b": 108},
    )
    return drawn


def _add_band(drawn: go.Figure, curve: Curve, color: str, pane: str) -> None:
    x = np.array(curve.x)
    low, high = (np.maximum(np.array(part), FLOOR) for part in (curve.low, curve.high))
    there = np.isfinite(high)
    drawn.add_scatter(
        x=np.concatenate([x[there], x[there][::-1]]),
        y=np.concatenate([high[there], low[there][::-1]]),
        fill="toself",
        fillcolor=_faint(color),
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        mode="lines",
        xaxis=f"x{pane}",
        yaxis=f"y{pane}",
    )


def _add_line(drawn: go.Figure, name: str, curve: Curve, color: str, pane: str) -> None:
    x, median = np.array(curve.x), np.maximum(np.array(curve.median), FLOOR)
    there = np.isfinite(median)
    drawn.add_scatter(
        x=x[there],
        y=median[there],
        name=style.cut(name, 40),
        mode="lines",
        line={"width": 2.2, "color": color, "shape": "hv"},
        hovertemplate=f"%{{y:.3g}}<extra>{style.cut(name, 40)}</extra>",
        legendgroup=name,
        showlegend=not pane,
        xaxis=f"x{pane}",
        yaxis=f"y{pane}",
    )


def _range(shown: Sequence[ArmResult]) -> list[float]:
    """The logarithms between which all medians lie."""
    medians = np.concatenate([[*arm.over_time.median, *arm.over_resource.median] for arm in shown])
    seen = np.maximum(medians[np.isfinite(medians)], FLOOR)
    low, high = (seen.min(), seen.max()) if len(seen) else (FLOOR, 1.0)
    return [float(np.log10(low * 0.7)), float(np.log10(max(high, 1.0) * 1.5))]


def _faint(color: str) -> str:
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.10)"
