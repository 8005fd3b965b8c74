"""Parallel coordinates: a line for each trial through all its hyperparameters, with a place for what is inactive."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.axes import ticks
from rung.analysis.plots.reading import best_and_some, scores, shown
from rung.core.errors import NoResultError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.study import Study
from rung.words import units

MAX_LINES = 1500
INACTIVE = -0.12  # where lines without a value cross an axis that goes from 0 to 1
AXIS_WIDTH = 92  # pixels that an axis needs to be read


@dataclass(frozen=True, slots=True)
class Dimension:
    """One axis.

    Attributes:
        label: Of the hyperparameter.
        places: Where each line crosses it, in `[0, 1]`, or `INACTIVE`, shape (n,).
        tick_places: Places that have a name, and some that have none.
        tick_texts: Their names.
    """

    label: str
    places: Floats
    tick_places: Sequence[float]
    tick_texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class ParallelData:
    """What `parallel_coordinates` draws.

    Attributes:
        objective: Which.
        unit: Of the resource.
        resource: Level at which trials are compared.
        trial: The lines' trials, the worst first, shape (n,).
        value: Their values, shape (n,).
        dimensions: One for each hyperparameter.
        n_trials: How many trials have a value there.
    """

    objective: Objective
    unit: str
    resource: int
    trial: Ints
    value: Floats
    dimensions: Sequence[Dimension]
    n_trials: int


def parallel_coordinates(
    study: Study | StudyData, *, objective: str | None = None, resource: int | None = None
) -> go.Figure:
    """Every trial as a line through its hyperparameters, coloured by its value; drag along an axis to select.

    Args:
        study: What to draw.
        objective: The metric; None: the first objective.
        resource: Level at which trials are compared; None: the highest one that enough trials have reached.

    Raises:
        NoResultError: If nothing finite was observed there, or nothing varies.
    """
    return parallel_figure(parallel_data(data_of(study), objective, resource))


def parallel_data(
    data: StudyData, objective: str | None = None, resource: int | None = None, limit: int = MAX_LINES
) -> ParallelData:
    """What `parallel_coordinates` draws, with at most `limit` lines."""
    found = scores(data, objective, resource)
    if not data.space.columns:
        raise NoResultError(f"study {data.name!r} varies no hyperparameter: its space has only constants.")
    rows = best_and_some(found.loss, limit)
    rows = rows[np.argsort(-found.loss[rows], kind="stable")]
    encoded = data.encoded[found.trial[rows]]
    dimensions = []
    for column in data.space.columns:
        u = encoded[:, column.index]
        places, texts = ticks(column)
        if np.isnan(u).any():
            places, texts = [INACTIVE, *places], ["inactive", *texts]
        dimensions.append(Dimension(column.label, np.where(np.isnan(u), INACTIVE, u), places, texts))
    return ParallelData(
        found.objective,
        data.unit,
        found.resource,
        found.trial[rows],
        found.value[rows],
        dimensions,
        len(found),
    )


def parallel_figure(data: ParallelData) -> go.Figure:
    """Draw parallel coordinates."""
    metric = data.objective.metric
    note = (
        f"{metric} at {units(data.resource, data.unit)}; {shown(len(data.trial), data.n_trials)}. "
        "Drag along an axis to select."
    )
    low, high = style.color_range(data.value)
    drawn = style.figure("Parallel coordinates", note, 540)
    drawn.add_parcoords(
        dimensions=[
            *map(_axis, data.dimensions),
            {"label": style.cut(metric, 18), "values": style.single(data.value)},
        ],
        line={
            "color": style.single(data.value),
            "cmin": low,
            "cmax": high,
            "colorscale": style.scale(data.objective.maximize),
            "showscale": True,
            "colorbar": style.color_bar(metric),
        },
        unselected={"line": {"color": "#808080", "opacity": 0.08}},
        labelangle=-18,
        labelside="top",
    )
    drawn.update_layout(
        margin={"l": 72, "r": 24, "t": drawn.layout.margin.t + 56, "b": style.BAR_MARGIN},
        meta={"min_width": AXIS_WIDTH * (len(data.dimensions) + 2)},
    )
    return drawn


def _axis(dimension: Dimension) -> dict[str, object]:
    inactive = dimension.tick_texts[0] == "inactive" and dimension.tick_places[0] == INACTIVE
    return {
        "label": style.cut(dimension.label, 22),
        "values": style.single(dimension.places),
        "range": [INACTIVE if inactive else 0.0, 1.0],
        "tickvals": list(dimension.tick_places),
        "ticktext": list(dimension.tick_texts),
    }
