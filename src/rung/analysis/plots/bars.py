"""Importances as bars; the numbers are made elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rung.analysis.plots import style
from rung.core.errors import NoResultError
from rung.core.history import Floats

MAX_BARS = 25


@dataclass(frozen=True, slots=True)
class BarsData:
    """What `importances` draws.

    Attributes:
        labels: The most important first.
        share: Importance of each, shape (n,).
        spread: Its standard deviation, NaN where it is unknown, shape (n,).
        n_left_out: How many less important ones there are.
    """

    labels: tuple[str, ...]
    share: Floats
    spread: Floats
    n_left_out: int


def importances(
    importance: Mapping[str, tuple[float, float]],
    *,
    title: str = "Importance of hyperparameters",
    note: str = "Share of the variation of the objective that each explains.",
) -> go.Figure:
    """Importances as bars, the most important on top.

    Args:
        importance: By label, the share of the variance and its standard deviation.
        title: What they are.
        note: What they mean.

    Raises:
        NoResultError: If there are none.
    """
    return bars_figure(bars_data(importance), title, note)


def bars_data(importance: Mapping[str, tuple[float, float]]) -> BarsData:
    """What `importances` draws."""
    known = {label: pair for label, pair in importance.items() if np.isfinite(pair[0])}
    if not known:
        raise NoResultError(
            "there are no importances to draw. Compute them of a study with some trials first."
        )
    order = sorted(known, key=lambda label: -known[label][0])
    kept = order[:MAX_BARS]
    return BarsData(
        tuple(kept),
        np.array([known[label][0] for label in kept]),
        np.array([known[label][1] for label in kept]),
        len(order) - len(kept),
    )


def bars_figure(data: BarsData, title: str, note: str) -> go.Figure:
    """Draw importances."""
    more = f" {data.n_left_out} less important ones are left out." if data.n_left_out else ""
    drawn = style.figure(title, note + more, 110 + 30 * len(data.labels))
    places = list(range(len(data.labels)))
    drawn.add_bar(
        x=style.single(data.share),
        y=places,
        orientation="h",
        marker={"color": style.MAIN},
        error_x={
            "array": style.single(np.nan_to_num(data.spread)),
            "color": style.LINE,
            "thickness": 1.5,
            "width": 4,
        },
        hovertext=[style.cut(label, 80) for label in data.labels],
        hovertemplate="%{hovertext}: %{x:.1%}<extra></extra>",
        showlegend=False,
    )
    drawn.update_layout(bargap=0.35)
    drawn.update_xaxes(title_text="Importance", tickformat=".0%", rangemode="tozero")
    drawn.update_yaxes(
        tickvals=places,
        ticktext=[style.cut(label) for label in data.labels],
        range=[len(places) - 0.5, -0.5],
        showgrid=False,
    )
    return drawn
