"""Model: what a Gaussian process expects along each hyperparameter, and how sure it is of that.

Reference:
    Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, 2009, section 10.13.2, on why a curve along one
    variable must say where the others stand.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.axes import Axis, axis, values
from rung.analysis.plots.reading import Scores, at_level, best_and_some, scores
from rung.core.errors import NoResultError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.core.space import Choice, Column, Config, Scalar
from rung.searchers.gaussian.profile import LEAST, Model
from rung.searchers.gaussian.rows import Rows
from rung.study import Study
from rung.words import units

MAX_FIT = 200  # trials that the model is made of: more take seconds, and hardly change a curve
MAX_PANELS = 12
MAX_POINTS = 150  # in a panel
PALE, DARK = 0.15, 0.9  # opacity of a trial that says nothing about the curve, and of one that lies on it
BAND = "rgba(10,124,194,0.18)"


@dataclass(frozen=True, slots=True)
class ModelPanel:
    """The objective along one hyperparameter.

    Attributes:
        axis: The hyperparameter.
        x: Its values, shape (n,), options by their number.
        mean: What is expected there, shape (n,).
        low: One standard deviation below, shape (n,).
        high: One standard deviation above, shape (n,).
        here: The value in the configuration; NaN if it is inactive there.
        trial: Trials that are drawn, shape (k,).
        point_x: Their values of the hyperparameter, shape (k,).
        point: Their values of the objective, shape (k,).
        alike: How much they have to do with the curve, in 0..1, shape (k,).
    """

    axis: Axis
    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    here: float
    trial: Ints
    point_x: Floats
    point: Floats
    alike: Floats

    @property
    def effect(self) -> float:
        """How far the expected objective moves along the hyperparameter."""
        return float(np.ptp(self.mean))


@dataclass(frozen=True, slots=True)
class ModelData:
    """What `model` draws.

    Attributes:
        objective: Which.
        level: Where trials are compared, in words.
        config: Where all other hyperparameters stand.
        panels: One for each hyperparameter, the one with the largest effect first.
        n_fitted: Trials that the model is made of.
        n_trials: Trials that have a value there.
        n_left_out: Hyperparameters of smaller effect that have no panel.
    """

    objective: Objective
    level: str
    config: Config
    panels: Sequence[ModelPanel]
    n_fitted: int
    n_trials: int
    n_left_out: int


def model(
    study: Study | StudyData,
    names: Sequence[str] | None = None,
    *,
    at: Config | None = None,
    objective: str | None = None,
    resource: int | None = None,
) -> go.Figure:
    """What a Gaussian process expects along each hyperparameter, with one standard deviation and the trials.

    Args:
        study: What to draw.
        names: Labels of hyperparameters; None: all, up to twelve, the one with the largest effect first.
        at: Where the others stand; None: as in the trial where the model expects the best.
        objective: The metric; None: the first objective.
        resource: Level at which trials are compared; None: the highest one that enough trials have reached.

    Raises:
        NoResultError: If fewer than 4 trials have a value there, or nothing varies.
        SpecError: If there is no such hyperparameter.
    """
    return model_figure(model_data(data_of(study), names, at, objective, resource))


def model_data(
    data: StudyData,
    names: Sequence[str] | None = None,
    at: Config | None = None,
    objective: str | None = None,
    resource: int | None = None,
) -> ModelData:
    """What `model` draws."""
    found = scores(data, objective, resource)
    encoded = data.encoded[found.trial]
    inside = np.isfinite(encoded).any(axis=1)
    if not data.space.columns:
        raise NoResultError(f"study {data.name!r} varies no hyperparameter: its space has only constants.")
    if inside.sum() < LEAST:
        raise NoResultError(
            f"a model needs {LEAST} trials with a value at {units(found.resource, data.unit)}, got {inside.sum()}. "
            "Run more trials."
        )
    seen = np.flatnonzero(inside)
    fitted = seen[best_and_some(found.loss[seen], MAX_FIT)]
    known = Model.of(data.space, found.objective, _rows(data, found, fitted))
    config = known.best if at is None else at
    labels = [column.label for column in data.space.columns if np.isfinite(encoded[:, column.index]).any()]
    panels = [_panel(data, found, known, label, config) for label in (labels if names is None else names)]
    if names is None:
        panels.sort(key=lambda panel: -panel.effect)
    shown = panels[: MAX_PANELS if names is None else None]
    return ModelData(
        found.objective,
        at_level(found, data.unit),
        config,
        shown,
        len(fitted),
        len(found),
        len(panels) - len(shown),
    )


def _rows(data: StudyData, found: Scores, chosen: Ints) -> Rows:
    """The chosen scores as rows to learn from."""
    trials = found.trial[chosen]
    seen = data.observations
    here = np.flatnonzero(seen.resource == found.resource)
    order = here[np.argsort(seen.trial[here], kind="stable")]
    row = order[np.searchsorted(seen.trial[order], trials)]
    nobody = np.zeros((0, len(data.space.columns)))
    return Rows(
        data.encoded[trials],
        found.loss[chosen][:, None],
        seen.violations[row],
        trials,
        nobody,
        found.resource,
    )


def _panel(data: StudyData, found: Scores, known: Model, label: str, config: Config) -> ModelPanel:
    along = known.along(label, config)
    column = next(column for column in data.space.columns if column.label == label)
    encoded = data.encoded[found.trial]
    points = values(column, encoded[:, column.index])
    alike = known.alike(encoded, label, config)
    drawn = np.argsort(-alike, kind="stable")[:MAX_POINTS]
    drawn = np.sort(drawn[np.isfinite(points[drawn])])
    return ModelPanel(
        axis(column),
        np.array([_number(column, value) for value in along.values], np.float64),
        along.mean,
        along.low,
        along.high,
        _number(column, config[column.name]) if _active(data, label, config) else math.nan,
        found.trial[drawn],
        points[drawn],
        found.value[drawn],
        alike[drawn],
    )


def _active(data: StudyData, label: str, config: Config) -> bool:
    (point,) = data.space.encode([config])
    return any(column.label == label and math.isfinite(point[column.index]) for column in data.space.columns)


def _number(column: Column, value: Scalar) -> float:
    """A value where its axis has it: an option by its number."""
    if isinstance(column.parameter, Choice):
        return float(list(column.parameter.options).index(value))
    return float(value)  # type: ignore[arg-type]  # only options need not be numbers


def model_figure(data: ModelData) -> go.Figure:
    """Draw a model."""
    columns = min(2, len(data.panels))
    rows = math.ceil(len(data.panels) / columns)
    height = 130 + 230 * rows
    drawn = make_subplots(
        rows, columns, shared_yaxes=True, horizontal_spacing=0.08, vertical_spacing=min(0.5, 76 / height)
    )
    drawn.update_layout(style.figure("Model", _note(data), height).layout)
    for place, panel in enumerate(data.panels):
        row, column = place // columns + 1, place % columns + 1
        _add_points(drawn, panel, row, column)
        (_add_options if panel.axis.options else _add_band)(drawn, panel, row, column)
        drawn.update_xaxes(panel.axis.layout(), row=row, col=column)
    drawn.update_layout(showlegend=False)
    drawn.update_yaxes(range=_range(data))
    drawn.update_yaxes(title_text=style.cut(data.objective.metric, 20), col=1)
    return drawn


def _note(data: ModelData) -> str:
    some = "" if data.n_fitted == data.n_trials else f" of {data.n_trials}"
    more = f" {units(data.n_left_out, 'hyperparameter')} of less effect left out." if data.n_left_out else ""
    return (
        f"{data.level}, as a Gaussian process of {data.n_fitted}{some} trials expects it, and one standard deviation. "
        f"The other hyperparameters stand where they are marked; the darker a trial, the nearer it is to these.{more}"
    )


def _range(data: ModelData) -> list[float]:
    """From the lowest to the highest of what is expected, its doubt, and the trials that are near."""
    near = [panel.point[panel.alike > 0.5] for panel in data.panels]
    ends = [end for panel in data.panels for end in (panel.low, panel.high)]
    every = np.concatenate([*near, *ends])
    low, high = style.robust_range(every) or (float(every.min()), float(every.max()))
    pad = 0.05 * ((high - low) or 1.0)
    return [low - pad, high + pad]


def _add_band(drawn: go.Figure, panel: ModelPanel, row: int, column: int) -> None:
    drawn.add_scatter(
        x=style.single(np.concatenate([panel.x, panel.x[::-1]])),
        y=style.single(np.concatenate([panel.high, panel.low[::-1]])),
        fill="toself",
        fillcolor=BAND,
        mode="lines",
        line={"width": 0},
        hoverinfo="skip",
        row=row,
        col=column,
    )
    drawn.add_scatter(
        x=style.single(panel.x),
        y=style.single(panel.mean),
        mode="lines",
        line={"color": style.MAIN, "width": 2.5},
        customdata=style.single((panel.high - panel.low) / 2),
        hovertemplate=_HOVER,
        row=row,
        col=column,
    )
    if math.isfinite(panel.here):
        drawn.add_vline(
            panel.here, line={"color": style.ACCENT, "width": 1, "dash": "dot"}, row=row, col=column
        )


_HOVER = "%{y:.5g} ± %{customdata:.2g}<extra></extra>"


def _add_options(drawn: go.Figure, panel: ModelPanel, row: int, column: int) -> None:
    here = panel.x == panel.here
    drawn.add_scatter(
        x=style.single(panel.x),
        y=style.single(panel.mean),
        mode="markers",
        marker={
            "symbol": "line-ew",
            "size": 26,
            "line": {"color": [style.ACCENT if chosen else style.MAIN for chosen in here], "width": 3},
        },
        error_y={
            "array": style.single(panel.high - panel.mean),
            "arrayminus": style.single(panel.mean - panel.low),
            "color": BAND.replace("0.18", "0.45"),
            "thickness": 12,
            "width": 0,
        },
        customdata=style.single((panel.high - panel.low) / 2),
        hovertemplate=_HOVER,
        row=row,
        col=column,
    )


def _add_points(drawn: go.Figure, panel: ModelPanel, row: int, column: int) -> None:
    options = panel.axis.options
    spread = 0.0 if options is None else 0.5 * (panel.trial * 0.6180339887 % 1 - 0.5)
    drawn.add_scatter(
        x=style.single(panel.point_x + spread),
        y=style.single(panel.point),
        mode="markers",
        marker={"size": 5, "color": "#6e7781", "opacity": style.single(PALE + (DARK - PALE) * panel.alike)},
        customdata=panel.trial.astype(np.int32),
        hovertemplate="trial %{customdata}<br>%{y:.5g}<extra></extra>",
        row=row,
        col=column,
    )
