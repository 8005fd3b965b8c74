"""Lineage: from which trials the best one comes, and how its hyperparameters changed in the course of its training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.axes import Axis, axis, values
from rung.analysis.plots.reading import no_result, scores
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.core.space import Column
from rung.lineage import Stretch, lineage
from rung.study import Study
from rung.words import units

MAX_TRIALS = 300
MAX_PANELS = 5
OTHERS = "rgba(128,128,128,0.4)"


@dataclass(frozen=True, slots=True)
class Line:
    """Points that are joined, with gaps.

    Attributes:
        resource: Where, NaN at gaps, shape (n,).
        value: What is drawn there, shape (n,).
        trial: Whose they are, -1 at gaps, shape (n,).
    """

    resource: Floats
    value: Floats
    trial: Ints


@dataclass(frozen=True, slots=True)
class Panel:
    """One hyperparameter in the course of training.

    Attributes:
        axis: The hyperparameter.
        others: Its value in every trial that is drawn; a trial keeps it for life.
        best: Its value along the lineage of the best trial.
    """

    axis: Axis
    others: Line
    best: Line


@dataclass(frozen=True, slots=True)
class LineageData:
    """What `lineages` draws.

    Attributes:
        objective: The first objective.
        unit: Of the resource.
        trial: The best trial.
        stretches: Its lineage.
        others: Curves of the trials that are drawn, each from the point where it was copied.
        best: The curve of the lineage.
        panels: The hyperparameters that varied most along it.
        n_drawn, n_trials: How many trials are drawn, and were trained.
    """

    objective: Objective
    unit: str
    trial: int
    stretches: Sequence[Stretch]
    others: Line
    best: Line
    panels: Sequence[Panel]
    n_drawn: int
    n_trials: int


def lineages(study: Study | StudyData) -> go.Figure:
    """From which trials the best one comes, and its hyperparameters in the course of its training.

    Raises:
        NoResultError: If nothing finite was observed.
    """
    return lineages_figure(lineages_data(data_of(study)))


def lineages_data(data: StudyData) -> LineageData:
    """What `lineages` draws."""
    best = _best(data)
    stretches = lineage(data.jobs, best, data.trials[best].resource)
    curves = _curves(data)
    drawn = _some(list(curves), [each.trial for each in stretches])
    spans = [Stretch(trial, int(curves[trial][0][0]), int(curves[trial][0][-1])) for trial in drawn]
    columns = _varied(data, [each.trial for each in stretches])
    return LineageData(
        data.objectives[0],
        data.unit,
        best,
        stretches,
        _joined([(trial, *curves[trial]) for trial in drawn]),
        _joined([(each.trial, *_part(curves[each.trial], each)) for each in stretches], gaps=False),
        [
            Panel(axis(each), _steps(data, each, spans, gaps=True), _steps(data, each, stretches, gaps=False))
            for each in columns
        ],
        len(drawn),
        len(curves),
    )


def _best(data: StudyData) -> int:
    if data.incumbent is not None:
        return data.incumbent.trial
    if not np.isfinite(data.observations.values[:, 0]).any():
        raise no_result(data)
    found = scores(
        data, resource=int(data.observations.resource[np.isfinite(data.observations.values[:, 0])].max())
    )
    return int(found.trial[np.argmin(found.loss)])


def _curves(data: StudyData) -> dict[int, tuple[Floats, Floats]]:
    """By trial, where it was observed and its values; who began from another trial begins at a point of that one."""
    seen = data.observations
    order = np.lexsort((seen.resource, seen.trial))
    trials, starts = np.unique(seen.trial[order], return_index=True)
    found: dict[int, tuple[Floats, Floats]] = {}
    origins = _origins(data)
    for trial, rows in zip(trials.tolist(), np.split(order, starts[1:]), strict=True):
        resource, value = seen.resource[rows].astype(float), seen.values[rows, 0]
        start, parent = origins.get(trial, (0, None))
        if parent in found:
            at, its = found[parent]
            value = np.concatenate([its[at == start][:1], value])
            resource = np.concatenate([at[at == start][:1], resource])
        found[trial] = resource, value
    return found


def _origins(data: StudyData) -> dict[int, tuple[int, int]]:
    """By trial that began from another one's checkpoint: where, and whose."""
    found: dict[int, tuple[int, int]] = {}
    for job in data.jobs:
        if job.restore is not None and (source := int(job.restore.partition("/")[0])) != job.trial:
            found.setdefault(job.trial, (job.start, source))
    return found


def _some(trials: Sequence[int], lineage: Sequence[int]) -> list[int]:
    """The trials to draw: those of the lineage, and of many others some at random."""
    if len(trials) <= MAX_TRIALS:
        return list(trials)
    others = sorted(set(trials) - set(lineage))
    some = np.random.default_rng(0).choice(others, max(0, MAX_TRIALS - len(lineage)), replace=False)
    return sorted({*lineage, *some.tolist()})


def _varied(data: StudyData, lineage: Sequence[int]) -> list[Column]:
    """The hyperparameters to draw, in their order: of many those that varied most along the lineage."""
    encoded = data.encoded[list(lineage)]
    known = [column for column in data.space.columns if np.isfinite(encoded[:, column.index]).any()]
    spread = {column.index: float(np.nanstd(encoded[:, column.index])) for column in known}
    most = sorted(known, key=lambda column: (-spread[column.index], column.index))[:MAX_PANELS]
    return sorted(most, key=lambda column: column.index)


def _part(curve: tuple[Floats, Floats], stretch: Stretch) -> tuple[Floats, Floats]:
    """What of a curve belongs to a stretch."""
    resource, value = curve
    here = (resource > stretch.start) & (resource <= stretch.end)
    return resource[here], value[here]


def _steps(data: StudyData, column: Column, stretches: Sequence[Stretch], *, gaps: bool) -> Line:
    """The value of a hyperparameter in each stretch."""
    its = values(column, data.encoded[[each.trial for each in stretches], column.index])
    ends = [np.array([each.start, each.end], float) for each in stretches]
    return _joined(
        [
            (each.trial, span, np.array([value, value]))
            for each, span, value in zip(stretches, ends, its.tolist(), strict=True)
        ],
        gaps=gaps,
    )


def _joined(parts: Sequence[tuple[int, Floats, Floats]], *, gaps: bool = True) -> Line:
    gap = [np.nan] if gaps else []
    return Line(
        np.concatenate([np.append(resource, gap) for _, resource, _ in parts]),
        np.concatenate([np.append(value, gap) for _, _, value in parts]),
        np.concatenate(
            [np.append(np.full(len(at), trial), [-1] * len(gap)) for trial, at, _ in parts]
        ).astype(np.int64),
    )


def lineages_figure(data: LineageData) -> go.Figure:
    """Draw lineages."""
    height = 300 + 150 * len(data.panels)
    shares = [2.0, *[1.0] * len(data.panels)]
    drawn = make_subplots(
        len(shares),
        1,
        shared_xaxes=True,
        row_heights=shares,
        vertical_spacing=min(0.3, 26 / height),
    )
    drawn.update_layout(style.figure("Lineage", _note(data), height).layout)
    _add(drawn, 1, data.others, data.best, data.trial)
    drawn.update_yaxes(
        title_text=style.cut(data.objective.metric, 20), range=_value_range(data), row=1, col=1
    )
    for row, panel in enumerate(data.panels, 2):
        _add(drawn, row, panel.others, panel.best, data.trial)
        drawn.update_yaxes(panel.axis.layout(), row=row, col=1)
        drawn.update_yaxes(title_text=style.cut(panel.axis.label, 18), row=row, col=1)
    drawn.update_xaxes(title_text="", showticklabels=False)
    drawn.update_xaxes(
        title_text=style.resource_title(data.unit), showticklabels=True, row=len(shares), col=1
    )
    return drawn


def _value_range(data: LineageData) -> tuple[float, float] | None:
    """What shows nearly all values, and all of the lineage."""
    found = style.robust_range(data.others.value)
    seen = data.best.value[np.isfinite(data.best.value)]
    if found is None or not len(seen):
        return found
    pad = 0.03 * (found[1] - found[0])
    return min(found[0], float(seen.min()) - pad), max(found[1], float(seen.max()) + pad)


def _note(data: LineageData) -> str:
    n = len(data.stretches)
    shown = (
        ""
        if data.n_drawn == data.n_trials
        else f" {data.n_drawn} of {units(data.n_trials, 'trial')} are drawn."
    )
    if n == 1:
        return f"Trial {data.trial}, the best, was trained from the start with one configuration.{shown}"
    return (
        f"Trial {data.trial}, the best, comes from {units(n - 1, 'other trial')}, each of which began from a "
        f"checkpoint of the one before.{shown}"
    )


def _add(drawn: go.Figure, row: int, others: Line, best: Line, trial: int) -> None:
    texts: Mapping[str, object] = {"hovertemplate": "trial %{customdata}: %{y:.5g}<extra></extra>"}
    for line, color, width, name in (
        (others, OTHERS, 1.3, "all trials"),
        (best, style.ACCENT, 3.0, f"lineage of trial {trial}"),
    ):
        drawn.add_scatter(
            x=style.single(line.resource),
            y=style.single(line.value),
            mode="lines" if len(line.resource) > 2 else "lines+markers",
            line={"color": color, "width": width},
            customdata=line.trial.astype(np.int32),
            name=name,
            showlegend=row == 1,
            legendgroup=name,
            row=row,
            col=1,
            **texts,
        )
