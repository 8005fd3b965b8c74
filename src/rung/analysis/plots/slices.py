"""Slices: each hyperparameter against the objective, at one level."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.axes import Axis, axis, values
from rung.analysis.plots.reading import best_and_some, scores, shown
from rung.core.errors import NoResultError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.study import Study
from rung.words import units

MAX_POINTS = 6000  # in all panels
BINS = 8
BIN_TRIALS = 5  # below that a median says little


@dataclass(frozen=True, slots=True)
class Slice:
    """One hyperparameter against the objective.

    Attributes:
        axis: The hyperparameter.
        trial: Trials in which it is active, shape (n,).
        x: Its values, shape (n,).
        value: Of the objective, shape (n,).
        middle_x: Centres of stretches that hold equally many trials, or the options, shape (m,).
        middle: Median of the objective there, shape (m,).
    """

    axis: Axis
    trial: Ints
    x: Floats
    value: Floats
    middle_x: Floats
    middle: Floats


@dataclass(frozen=True, slots=True)
class SlicesData:
    """What `slices` draws.

    Attributes:
        objective: Which.
        unit: Of the resource.
        resource: Level at which trials are compared.
        panels: One for each hyperparameter that was active in some trial.
        n_drawn: Trials drawn.
        n_trials: Trials that have a value there.
    """

    objective: Objective
    unit: str
    resource: int
    panels: Sequence[Slice]
    n_drawn: int
    n_trials: int


def slices(
    study: Study | StudyData, *, objective: str | None = None, resource: int | None = None
) -> go.Figure:
    """Each hyperparameter against the objective, coloured by the order of the trials.

    Args:
        study: What to draw.
        objective: The metric; None: the first objective.
        resource: Level at which trials are compared; None: the highest one that enough trials have reached.

    Raises:
        NoResultError: If nothing finite was observed there, or nothing varies.
    """
    return slices_figure(slices_data(data_of(study), objective, resource))


def slices_data(data: StudyData, objective: str | None = None, resource: int | None = None) -> SlicesData:
    """What `slices` draws."""
    found = scores(data, objective, resource)
    encoded = data.encoded[found.trial]
    columns = [column for column in data.space.columns if np.isfinite(encoded[:, column.index]).any()]
    if not columns:
        raise NoResultError(f"study {data.name!r} varies no hyperparameter: its space has only constants.")
    drawn = best_and_some(found.loss, MAX_POINTS // max(4, len(columns)))
    panels = []
    for column in columns:
        x = values(column, encoded[:, column.index])
        active = np.isfinite(x)
        some = drawn[active[drawn]]
        one = axis(column)
        middles = _medians(one, x[active], found.value[active])
        panels.append(Slice(one, found.trial[some], x[some], found.value[some], *middles))
    return SlicesData(found.objective, data.unit, found.resource, panels, len(drawn), len(found))


def _medians(axis: Axis, x: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Medians over stretches of equally many trials, or over options."""
    distinct = np.unique(x)
    if axis.options is not None or len(distinct) <= BINS:
        groups = [np.flatnonzero(x == value) for value in distinct]
    else:
        n = min(BINS, len(x) // BIN_TRIALS)
        groups = np.array_split(np.argsort(x, kind="stable"), n) if n > 1 else []
    centres = [float(np.median(x[group])) for group in groups]
    return np.array(centres), np.array([float(np.median(value[group])) for group in groups])


def slices_figure(data: SlicesData) -> go.Figure:
    """Draw slices."""
    columns = min(2, len(data.panels))
    rows = math.ceil(len(data.panels) / columns)
    height = 150 + 230 * rows
    note = (
        f"{data.objective.metric} at {units(data.resource, data.unit)}; {shown(data.n_drawn, data.n_trials)}. "
        "The line is the median."
    )
    drawn = make_subplots(
        rows, columns, shared_yaxes=True, horizontal_spacing=0.08, vertical_spacing=min(0.5, 76 / height)
    )
    drawn.update_layout(style.figure("Slices", note, height).layout)
    for place, panel in enumerate(data.panels):
        _add(drawn, panel, place // columns + 1, place % columns + 1)
    last = max(int(panel.trial.max(initial=0)) for panel in data.panels)
    drawn.update_layout(
        coloraxis={
            "colorscale": [[0.0, style.EARLY], [1.0, style.LATE]],
            "cmin": 0,
            "cmax": max(1, last),
            "colorbar": style.color_bar("trial"),
        },
        margin_b=style.BAR_MARGIN,
        showlegend=False,
    )
    every = np.concatenate([panel.value for panel in data.panels])
    drawn.update_yaxes(range=style.robust_range(every))
    drawn.update_yaxes(title_text=style.cut(data.objective.metric, 20), col=1)
    return drawn


def _add(drawn: go.Figure, panel: Slice, row: int, column: int) -> None:
    options = panel.axis.options
    x = panel.x if options is None else panel.x + 0.5 * (panel.trial * 0.6180339887 % 1 - 0.5)
    drawn.add_scatter(
        x=style.single(x),
        y=style.single(panel.value),
        mode="markers",
        marker={"size": 5, "opacity": 0.7, "color": panel.trial.astype(np.int32), "coloraxis": "coloraxis"},
        customdata=panel.x if options is None else [style.cut(options[int(k)], 40) for k in panel.x],
        hovertemplate=f"trial %{{marker.color}}<br>{style.cut(panel.axis.label, 60)} %{{customdata}}"
        "<br>%{y:.5g}<extra></extra>",
        row=row,
        col=column,
    )
    drawn.add_scatter(
        x=style.single(panel.middle_x),
        y=style.single(panel.middle),
        mode="lines" if options is None else "markers",
        line={"color": style.ACCENT, "width": 2.5},
        marker={"symbol": "line-ew", "size": 22, "line": {"color": style.ACCENT, "width": 3}},
        hovertemplate="median %{y:.5g}<extra></extra>",
        row=row,
        col=column,
    )
    drawn.update_xaxes(panel.axis.layout(), row=row, col=column)
