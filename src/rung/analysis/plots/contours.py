"""Contours: the objective over pairs of hyperparameters, interpolated by a forest, with the trials on top."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.axes import Axis, axis, values
from rung.analysis.plots.reading import Scores, best_and_some, scores
from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.core.scale import nearest
from rung.core.space import Column
from rung.study import Study
from rung.words import units

FEWEST = 8  # trials with both hyperparameters active
MAX_PAIRS = 3
MAX_FIT = 2000  # trials that a forest is grown on
MAX_POINTS = 250
GRID = 32
TREES = 100
LINES = 12


@dataclass(frozen=True, slots=True)
class Contour:
    """The objective over two hyperparameters.

    Attributes:
        x, y: The axes.
        grid_x: Shape (n,).
        grid_y: Shape (m,).
        mean: What a forest that knows only these two expects, shape (m, n).
        trial: Trials drawn, in which both are active, shape (k,).
        point_x, point_y, value: Of these trials, shape (k,) each.
    """

    x: Axis
    y: Axis
    grid_x: Floats
    grid_y: Floats
    mean: Floats
    trial: Ints
    point_x: Floats
    point_y: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class ContoursData:
    """What `contours` draws.

    Attributes:
        objective: Which.
        unit: Of the resource.
        resource: Level at which trials are compared.
        panels: One for each pair.
        range: Ends of the colour scale.
    """

    objective: Objective
    unit: str
    resource: int
    panels: Sequence[Contour]
    range: tuple[float, float]


def contours(
    study: Study | StudyData,
    *,
    pairs: Sequence[tuple[str, str]] | None = None,
    objective: str | None = None,
    resource: int | None = None,
) -> go.Figure:
    """The objective over pairs of hyperparameters.

    Args:
        study: What to draw.
        pairs: Labels of hyperparameters; None: up to three pairs of those that a forest finds to matter most.
        objective: The metric; None: the first objective.
        resource: Level at which trials are compared; None: the highest one that enough trials have reached.

    Raises:
        NoResultError: If fewer than 8 trials have a value there, or no two hyperparameters vary together.
        SpecError: If a label is unknown.
    """
    return contours_figure(contours_data(data_of(study), pairs, objective, resource))


def contours_data(
    data: StudyData,
    pairs: Sequence[tuple[str, str]] | None = None,
    objective: str | None = None,
    resource: int | None = None,
) -> ContoursData:
    """What `contours` draws."""
    found = scores(data, objective, resource)
    chosen = _pairs(data, found) if pairs is None else [_named(data, pair) for pair in pairs]
    panels = [_contour(data, found, x, y) for x, y in chosen]
    return ContoursData(found.objective, data.unit, found.resource, panels, style.color_range(found.value))


def _named(data: StudyData, pair: tuple[str, str]) -> tuple[Column, Column]:
    columns = {column.label: column for column in data.space.columns}
    for label in pair:
        if label not in columns:
            hint = nearest(label, columns) or f" Known here: {', '.join(columns)}."
            raise SpecError(f"study {data.name!r} has no hyperparameter {label!r}.{hint}")
    if pair[0] == pair[1]:
        raise SpecError(f"a pair of a contour must be two hyperparameters, got {pair[0]!r} twice.")
    return columns[pair[0]], columns[pair[1]]


def _pairs(data: StudyData, found: Scores) -> list[tuple[Column, Column]]:
    """The pairs that can be active together and whose importances have the highest sums."""
    encoded = data.encoded[found.trial]
    able = [pair for pair in combinations(data.space.columns, 2) if _together(encoded, *pair).sum() >= FEWEST]
    if not able:
        raise NoResultError(
            f"contours need {FEWEST} trials with a value at {units(found.resource, data.unit)} and two "
            f"hyperparameters that vary, got {units(len(found), 'trial')} and {len(data.space.columns)}."
        )
    weights = _weights(encoded, found.loss)
    able.sort(key=lambda pair: -(weights[pair[0].index] + weights[pair[1].index]))
    return able[:MAX_PAIRS]


def _together(encoded: Floats, x: Column, y: Column) -> np.typing.NDArray[np.bool_]:
    """Trials in which both are active; none if one of them has the same value in all of these."""
    both = np.isfinite(encoded[:, x.index]) & np.isfinite(encoded[:, y.index])
    varied = all(len(np.unique(encoded[both, column.index])) > 1 for column in (x, y))
    return both if varied else np.zeros_like(both)


def _weights(encoded: Floats, losses: Floats) -> Floats:
    """How much a forest makes of each column; one that is inactive stands outside its range."""
    rows = best_and_some(losses, MAX_FIT)
    weights: Floats = _forest(
        np.nan_to_num(encoded[rows], nan=-1.0), _tamed(losses[rows])
    ).feature_importances_
    return weights


def _contour(data: StudyData, found: Scores, x: Column, y: Column) -> Contour:
    rows = np.flatnonzero(_together(data.encoded[found.trial], x, y))
    if len(rows) < FEWEST:
        raise NoResultError(
            f"a contour of {x.label} and {y.label} needs {FEWEST} trials in which both vary, with a value at "
            f"{units(found.resource, data.unit)}; got {len(rows)}."
        )
    rows = rows[best_and_some(found.loss[rows], MAX_FIT)]
    axes = axis(x), axis(y)
    encoded = data.encoded[found.trial[rows]]
    points = values(x, encoded[:, x.index]), values(y, encoded[:, y.index])
    grids = axes[0].points(GRID), axes[1].points(GRID)
    few = best_and_some(found.loss[rows], MAX_POINTS)
    return Contour(
        axes[0],
        axes[1],
        grids[0],
        grids[1],
        _surface(axes, points, found.value[rows], grids),
        found.trial[rows][few],
        points[0][few],
        points[1][few],
        found.value[rows][few],
    )


def _surface(
    axes: tuple[Axis, Axis], points: Sequence[Floats], value: Floats, grids: Sequence[Floats]
) -> Floats:
    known = np.column_stack([one.places(x) for one, x in zip(axes, points, strict=True)])
    places = np.meshgrid(*(one.places(grid) for one, grid in zip(axes, grids, strict=True)))
    mean: Floats = _forest(known, _tamed(value)).predict(np.column_stack([place.ravel() for place in places]))
    return mean.reshape(places[0].shape)


def _tamed(value: Floats) -> Floats:
    """Without the outliers that would bend a mean."""
    low, high = style.robust_range(value) or (-np.inf, np.inf)
    return np.clip(value, low, high)


def _forest(X: Floats, y: Floats):  # type: ignore[no-untyped-def]
    from sklearn.ensemble import ExtraTreesRegressor

    leaf = max(2, min(10, len(y) // 20))
    return ExtraTreesRegressor(TREES, min_samples_leaf=leaf, random_state=0).fit(X, y)


def contours_figure(data: ContoursData) -> go.Figure:
    """Draw contours."""
    metric = data.objective.metric
    at = f"{metric} at {units(data.resource, data.unit)}"
    note = f"{at}, as a forest expects it from two hyperparameters; a dot is a trial."
    n = len(data.panels)
    height = 140 + 330 * n
    drawn = make_subplots(n, 1, vertical_spacing=min(0.5, 80 / height))
    drawn.update_layout(style.figure("Contours", note, height).layout)
    for row, panel in enumerate(data.panels, 1):
        _add(drawn, panel, data.range, row)
    drawn.update_layout(
        coloraxis={
            "colorscale": style.scale(data.objective.maximize),
            "cmin": data.range[0],
            "cmax": data.range[1],
            "colorbar": style.color_bar(metric),
        },
        margin_b=style.BAR_MARGIN,
        showlegend=False,
    )
    return drawn


def _add(drawn: go.Figure, panel: Contour, ends: tuple[float, float], row: int) -> None:
    surface = {
        "x": style.single(panel.grid_x),
        "y": style.single(panel.grid_y),
        "z": style.single(panel.mean),
    }
    smooth = panel.x.options is None and panel.y.options is None
    drawn.add_heatmap(
        **surface,
        zsmooth="best" if smooth else False,
        coloraxis="coloraxis",
        hovertemplate="%{z:.5g}<extra>expected</extra>",
        row=row,
        col=1,
    )
    if smooth and ends[0] < ends[1]:
        drawn.add_trace(_level_lines(surface, ends), row=row, col=1)
    drawn.add_scatter(
        x=style.single(panel.point_x + _spread(panel.x, panel.trial, 0.618034)),
        y=style.single(panel.point_y + _spread(panel.y, panel.trial, 0.754878)),
        mode="markers",
        marker={
            "size": 6,
            "color": style.single(panel.value),
            "coloraxis": "coloraxis",
            "line": {"width": 1, "color": "rgba(255,255,255,0.8)"},
        },
        cliponaxis=False,
        customdata=panel.trial.astype(np.int32),
        hovertemplate="trial %{customdata}: %{marker.color:.5g}<extra></extra>",
        row=row,
        col=1,
    )
    drawn.update_xaxes(panel.x.layout(0.0), row=row, col=1)
    drawn.update_yaxes(panel.y.layout(0.0), row=row, col=1)


def _level_lines(surface: dict[str, Floats], ends: tuple[float, float]) -> go.Contour:
    # A contour that shares its colours with a heatmap hangs Plotly 3, so it has lines only, at levels of ours.
    size = (ends[1] - ends[0]) / LINES
    return go.Contour(
        **surface,
        autocontour=False,
        contours={"coloring": "none", "start": ends[0], "end": ends[1], "size": size},
        line={"width": 0.7, "color": "rgba(255,255,255,0.45)"},
        showscale=False,
        hoverinfo="skip",
    )


def _spread(axis: Axis, trial: Ints, step: float) -> Floats:
    """Moves trials of one option apart."""
    if axis.options is None:
        return np.zeros(len(trial))
    return np.asarray(0.5 * (trial * step % 1 - 0.5), np.float64)
