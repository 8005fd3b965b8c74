"""How good the best was, over what had been spent: the incumbent, or the hypervolume of several objectives."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import plotly.graph_objects as go

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.reading import arrivals, best_and_some, no_result, spent
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.models.pareto import hypervolume, non_dominated
from rung.study import Study
from rung.words import units

Over = Literal["resource", "time"]
MAX_DOTS = 1500
MAX_STEPS = 2000
HYPERVOLUME_STEPS = 200


@dataclass(frozen=True, slots=True)
class BestData:
    """The incumbent over what was spent.

    Attributes:
        objective: What is optimized.
        unit: Of the resource.
        over: What x is.
        x: When the incumbent changed, rising, in units of resource or seconds, shape (n,).
        value: Its value, shape (n,).
        trial: Its trial, shape (n,).
        resource: Where it was observed: the highest target reached by then, shape (n,).
        any_x: When a value better than all before was observed at whatever resource, shape (m,).
        any_value: That value, shape (m,).
        dot_x: When trials reached their targets, shape (k,).
        dot_value: What they were worth there, shape (k,).
        n_dots: How many that were before some were left out.
        end: x now.
    """

    objective: Objective
    unit: str
    over: Over
    x: Floats
    value: Floats
    trial: Ints
    resource: Ints
    any_x: Floats
    any_value: Floats
    dot_x: Floats
    dot_value: Floats
    n_dots: int
    end: float


@dataclass(frozen=True, slots=True)
class HypervolumeData:
    """Hypervolume of the front over what was spent.

    Attributes:
        metrics: The objectives.
        unit: Of the resource.
        over: What x is.
        resource: The level at which trials are compared: the highest that any was observed at.
        x: In units of resource or seconds, shape (n,).
        share: Of the box between the best of each objective and the reference, shape (n,).
        reference: The worst of each objective there, as reported.
    """

    metrics: tuple[str, ...]
    unit: str
    over: Over
    resource: int
    x: Floats
    share: Floats
    reference: tuple[float, ...]


def best_so_far(study: Study | StudyData, *, over: Over = "resource") -> go.Figure:
    """The incumbent's value over resource spent or over time; for several objectives the hypervolume.

    Args:
        study: What to draw.
        over: What the horizontal axis is.

    Raises:
        NoResultError: If nothing finite was observed.
    """
    data = data_of(study)
    if len(data.objectives) > 1:
        return hypervolume_figure(hypervolume_data(data, over))
    return best_figure(best_data(data, over))


def best_data(data: StudyData, over: Over = "resource") -> BestData:
    """What `best_so_far` draws for one objective."""
    losses = data.observations.losses[:, 0]
    finite = np.isfinite(losses)
    if not finite.any():
        raise no_result(data)
    x = spent(data) if over == "resource" else data.observations.time
    goal = data.objectives[0]
    sign = -1.0 if goal.maximize else 1.0
    reached = arrivals(data)
    steps = _incumbents(data, reached)
    better = _improvements(losses)
    dots = reached[finite[reached]]
    some = dots[best_and_some(losses[dots], MAX_DOTS)]
    end = float(x[-1]) if over == "resource" else data.duration
    return BestData(
        objective=goal,
        unit=data.unit,
        over=over,
        x=x[steps],
        value=sign * losses[steps],
        trial=data.observations.trial[steps],
        resource=data.observations.resource[steps],
        any_x=x[better],
        any_value=sign * losses[better],
        dot_x=x[some],
        dot_value=sign * losses[some],
        n_dots=len(dots),
        end=end,
    )


def _incumbents(data: StudyData, reached: Ints) -> Ints:
    """Rows at which the incumbent changed, as the study itself tells it."""
    seen = data.observations
    best: tuple[float, ...] | None = None
    rows = []
    for row in reached.tolist():
        order = (-int(seen.resource[row]), *seen.losses[row].tolist(), int(seen.trial[row]))
        if best is None or order < best:
            best = order
            rows.append(row)
    return np.array([row for row in rows if np.isfinite(seen.losses[row, 0])], np.int64)


def _improvements(losses: Floats) -> Ints:
    """Rows that are better than all before them; the first and the last ones of very many."""
    least = np.minimum.accumulate(np.where(np.isfinite(losses), losses, np.inf))
    rows = np.flatnonzero(least < np.append(np.inf, least[:-1]))
    some: Ints = rows[np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MAX_STEPS)).astype(int))]
    return some


def hypervolume_data(data: StudyData, over: Over = "resource") -> HypervolumeData:
    """What `best_so_far` draws for several objectives.

    The box reaches from the best to the worst finite value of each objective at the highest level that was observed.
    """
    seen = data.observations
    finite = np.isfinite(seen.losses).all(axis=1)
    if not finite.any():
        raise no_result(data)
    top = int(seen.resource[finite].max())
    rows = np.flatnonzero(finite & (seen.resource == top))
    losses = seen.losses[rows]
    best, worst = losses.min(axis=0), losses.max(axis=0)
    scaled = (losses - best) / np.where(worst > best, worst - best, 1.0)
    x = (spent(data) if over == "resource" else seen.time)[rows]
    marks = np.unique(np.linspace(1, len(rows), min(len(rows), HYPERVOLUME_STEPS)).astype(int))
    return HypervolumeData(
        metrics=tuple(goal.metric for goal in data.objectives),
        unit=data.unit,
        over=over,
        resource=top,
        x=x[marks - 1],
        share=_shares(scaled, marks),
        reference=tuple(goal.value(loss) for goal, loss in zip(data.objectives, worst.tolist(), strict=True)),
    )


def _shares(scaled: Floats, marks: Ints) -> Floats:
    """Hypervolume of the first so many rows, each front found from the one before it."""
    front = scaled[:0]
    known, found = 0, []
    for mark in marks.tolist():
        front = np.concatenate([front, scaled[known:mark]])
        front = front[non_dominated(front)]
        known = mark
        found.append(hypervolume(front, np.ones(scaled.shape[1])))
    return np.array(found)


def best_figure(data: BestData) -> go.Figure:
    """Draw the incumbent over what was spent."""
    size, axis = _axis(data.over, data.end, data.unit)
    note = f"{'Higher' if data.objective.maximize else 'Lower'} is better."
    if data.n_dots:
        note += " A dot is a trial that reached a target; a diamond, the first one to reach a higher level."
    if len(data.dot_x) < data.n_dots:
        note += f" {len(data.dot_x)} of {units(data.n_dots, 'dot')} are drawn."
    drawn = style.figure(f"Best {data.objective.metric} so far", note)
    drawn.add_scatter(
        x=style.single(data.dot_x / size),
        y=style.single(data.dot_value),
        name="reached a target",
        mode="markers",
        marker={"size": 4, "color": style.FAINT},
        hoverinfo="skip",
    )
    drawn.add_scatter(
        **_steps(data.any_x / size, data.any_value, data.end / size),
        name="best at any resource",
        mode="lines",
        line={"shape": "hv", "width": 1.5, "dash": "dot", "color": style.MAIN},
        hovertemplate="%{y:.5g}<extra>best at any resource</extra>",
    )
    if len(data.x):
        _add_incumbent(drawn, data, size)
    shown_range = style.robust_range(np.concatenate([data.dot_value, data.any_value, data.value]))
    drawn.update_xaxes(title_text=axis, rangemode="tozero")
    drawn.update_yaxes(title_text=style.cut(data.objective.metric), range=shown_range)
    return drawn


def _add_incumbent(drawn: go.Figure, data: BestData, size: float) -> None:
    first = np.diff(data.resource, prepend=0) > 0  # of its level
    text = [
        f"trial {trial} at {units(resource, data.unit)}"
        for trial, resource in zip(data.trial.tolist(), data.resource.tolist(), strict=True)
    ]
    drawn.add_scatter(
        **_steps(data.x / size, data.value, data.end / size),
        name="incumbent",
        mode="lines+markers",
        line={"shape": "hv", "width": 2.5, "color": style.ACCENT},
        marker={"size": [*np.where(first, 9, 4).tolist(), 0], "symbol": "diamond", "line": {"width": 0}},
        text=[*text, text[-1]],
        hovertemplate="%{y:.5g}<br>%{text}<extra>incumbent</extra>",
    )


def hypervolume_figure(data: HypervolumeData) -> go.Figure:
    """Draw the hypervolume over what was spent."""
    size, axis = _axis(data.over, float(data.x[-1]), data.unit)
    note = (
        f"Share of the box between the best and the worst {' and '.join(data.metrics)} at "
        f"{units(data.resource, data.unit)} that some trial improves on."
    )
    drawn = style.figure("Hypervolume so far", note)
    drawn.add_scatter(
        x=style.single(data.x / size),
        y=style.single(data.share),
        mode="lines",
        line={"shape": "hv", "width": 2.5, "color": style.ACCENT},
        hovertemplate="%{y:.1%}<extra></extra>",
        showlegend=False,
    )
    drawn.update_xaxes(title_text=axis, rangemode="tozero")
    drawn.update_yaxes(title_text="Hypervolume", tickformat=".0%", rangemode="tozero")
    return drawn


def _axis(over: Over, end: float, unit: str) -> tuple[float, str]:
    """How much of x is one on the axis, and the title of the axis."""
    if over == "resource":
        return 1.0, f"{style.resource_title(unit)} spent"
    size, name = style.time_unit(end)
    return size, f"Time since the first job ({name})"


def _steps(x: Floats, y: Floats, end: float) -> dict[str, Floats]:
    """A line of steps that goes on until now."""
    return {
        "x": style.single(np.append(x, max(end, x[-1]))),
        "y": style.single(np.append(y, y[-1])),
    }
