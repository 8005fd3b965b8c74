"""Learning curves, coloured by what became of their trials; a few hundred of them stand for very many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
import plotly.graph_objects as go

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.reading import about, no_result, objective_index
from rung.core.decision import Status
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.study import Study
from rung.words import units

MAX_CURVES = 300
MAX_POINTS = 24_000
BAND_POINTS = 40
AT_A_RESOURCE = 5  # values, to tell outliers among them
BAND_TRIALS = 10  # below that a quantile says little
ORDER: tuple[Status, ...] = (
    "stopped",
    "failed",
    "paused",
    "queued",
    "running",
    "complete",
)  # the last on top


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves one after the other, NaN between them.

    Attributes:
        resource: Shape (n,).
        value: Shape (n,).
        trial: Whose, shape (n,); -1 between two curves.
    """

    resource: Floats
    value: Floats
    trial: Ints


@dataclass(frozen=True, slots=True)
class Band:
    """Quantiles over all trials that were observed at a resource.

    Attributes:
        resource: Shape (n,).
        low, middle, high: 10 %, 50 % and 90 % of the trials have a lower value, shape (n,) each.
    """

    resource: Ints
    low: Floats
    middle: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class CurvesData:
    """What `learning_curves` draws.

    Attributes:
        objective: Which.
        unit: Of the resource.
        curves: By status.
        incumbent: The curve of the incumbent; None if there is none.
        ends: The last point of each curve.
        about: Of each end, what a hover label says.
        band: Of all trials; None where all curves are drawn.
        levels: Rung levels.
        n_drawn: Curves drawn.
        n_trials: Trials that have a curve.
        n_blank: Trials that reported nothing finite.
    """

    objective: Objective
    unit: str
    curves: Mapping[Status, Curves]
    incumbent: Curves | None
    ends: Curves
    about: Sequence[str]
    band: Band | None
    levels: tuple[int, ...]
    n_drawn: int
    n_trials: int
    n_blank: int


def learning_curves(
    study: Study | StudyData, *, objective: str | None = None, log: bool | None = None
) -> go.Figure:
    """Learning curves by outcome, with the rung levels.

    Args:
        study: What to draw.
        objective: The metric; None: the first objective.
        log: Whether the resource is drawn in the logarithm; None: where the levels spread over a factor of 8.

    Raises:
        NoResultError: If nothing finite was observed.
    """
    return curves_figure(curves_data(data_of(study), objective), log)


def curves_data(data: StudyData, objective: str | None = None, limit: int = MAX_CURVES) -> CurvesData:
    """What `learning_curves` draws, with at most `limit` curves: the best ones, and some of each status."""
    index = objective_index(data, objective)
    seen = data.observations
    finite = np.isfinite(seen.losses[:, index])
    if not finite.any():
        raise no_result(data)
    having = np.unique(seen.trial[finite])
    chosen = having if len(having) <= limit else _chosen(data, index, having, limit)
    rows = np.flatnonzero(finite & np.isin(seen.trial, chosen))
    rows = rows[np.lexsort((seen.resource[rows], seen.trial[rows]))]
    by_trial = np.split(rows, np.flatnonzero(np.diff(seen.trial[rows])) + 1)
    thin = [_thinned(one, seen.resource[one], MAX_POINTS // len(chosen), data.levels) for one in by_trial]
    status = [data.trials[int(seen.trial[one[0]])].status for one in thin]
    lasts = np.array([one[-1] for one in thin])
    best = data.incumbent.trial if data.incumbent is not None else -1
    return CurvesData(
        objective=data.objectives[index],
        unit=data.unit,
        curves={
            each: _joined(data, index, [one for one, its in zip(thin, status, strict=True) if its == each])
            for each in ORDER
            if each in status
        },
        incumbent=next((_joined(data, index, [one]) for one in thin if seen.trial[one[0]] == best), None),
        ends=Curves(seen.resource[lasts].astype(float), seen.values[lasts, index], seen.trial[lasts]),
        about=[style.lines(about(data, trial)) for trial in seen.trial[lasts].tolist()],
        band=_band(data, index, finite) if len(chosen) < len(having) else None,
        levels=data.levels,
        n_drawn=len(chosen),
        n_trials=len(having),
        n_blank=len(np.setdiff1d(np.unique(seen.trial), having)),
    )


def _chosen(data: StudyData, index: int, having: Ints, limit: int) -> Ints:
    """A third of the curves are the best ones, the others are drawn at random from each status in its share."""
    ranked = _ranked(data, index, having)
    best, rest = ranked[: limit // 3], ranked[limit // 3 :]
    status = np.array([data.trials[trial].status for trial in rest.tolist()])
    rng = np.random.default_rng(0)
    some = [best]
    for each in get_args(Status):
        here = rest[status == each]
        n = min(len(here), max(10, round((limit - len(best) - 60) * len(here) / len(rest))))
        some.append(rng.choice(here, n, replace=False))
    return np.sort(np.concatenate(some))


def _ranked(data: StudyData, index: int, having: Ints) -> Ints:
    """Trials, the best first: who came furthest, then who is better there."""
    losses = np.array([_loss(data, trial, index) for trial in having.tolist()])
    resource = np.array([data.trials[trial].resource for trial in having.tolist()])
    return having[np.lexsort((having, losses, -resource))]


def _loss(data: StudyData, trial: int, index: int) -> float:
    value = data.trials[trial].values[index]
    return float("inf") if np.isnan(value) else data.objectives[index].loss(value)


def _thinned(rows: Ints, resource: Ints, limit: int, levels: tuple[int, ...]) -> Ints:
    """At most about `limit` points of a curve, denser at its beginning; its ends and rung levels stay."""
    if len(rows) <= limit:
        return rows
    keep = np.unique(np.geomspace(1, len(rows), limit).astype(int) - 1)
    kept: Ints = rows[np.union1d(keep, np.flatnonzero(np.isin(resource, levels)))]
    return kept


def _joined(data: StudyData, index: int, curves: Sequence[Ints]) -> Curves:
    """Curves one after the other, a gap after each."""
    rows = np.concatenate([np.append(one, -1) for one in curves])[:-1]
    gap = rows < 0
    seen = data.observations
    return Curves(
        np.where(gap, np.nan, seen.resource[rows]),
        np.where(gap, np.nan, seen.values[rows, index]),
        np.where(gap, -1, seen.trial[rows]),
    )


def _band(data: StudyData, index: int, finite: np.typing.NDArray[np.bool_]) -> Band | None:
    seen = data.observations
    known, counts = np.unique(seen.resource[finite], return_counts=True)
    known = known[counts >= BAND_TRIALS]
    if len(known) < 2:
        return None
    some = known[np.unique(np.geomspace(1, len(known), BAND_POINTS).astype(int) - 1)]
    quantiles = np.array(
        [np.quantile(seen.values[finite & (seen.resource == each), index], [0.1, 0.5, 0.9]) for each in some]
    )
    return Band(some, *quantiles.T)


def curves_figure(data: CurvesData, log: bool | None = None) -> go.Figure:
    """Draw learning curves."""
    drawn = style.figure("Learning curves", _note(data), 460)
    if data.band is not None:
        _add_band(drawn, data.band)
    for status, curves in data.curves.items():
        drawn.add_scatter(
            **_line(curves, style.STATUS_COLORS[status], 1.0),
            opacity=0.85 if data.n_drawn <= 60 else 0.7,
            name=status,
            legendgroup=status,
            hoverinfo="skip",
        )
    _add_ends(drawn, data)
    if data.incumbent is not None:
        drawn.add_scatter(
            **_line(data.incumbent, style.ACCENT, 3.0),
            name=f"incumbent (trial {data.incumbent.trial[0]})",
            hovertemplate="%{y:.5g}<extra>incumbent</extra>",
        )
    _resource_axis(drawn, data, log)
    drawn.update_yaxes(title_text=style.cut(data.objective.metric), range=_value_range(data))
    return drawn


def _note(data: CurvesData) -> str:
    better = f"{'Higher' if data.objective.maximize else 'Lower'} is better."
    drawn = f"{better} {units(data.n_trials, 'trial')}."
    if data.n_drawn < data.n_trials:
        drawn = (
            f"{better} {data.n_drawn} of {units(data.n_trials, 'trial')} are drawn: the best, and some of each "
            "outcome at random. The band holds the middle 80 % of all."
        )
    blank = f" {units(data.n_blank, 'trial')} more reported nothing finite." if data.n_blank else ""
    return drawn + blank


def _line(curves: Curves, color: str, width: float) -> dict[str, object]:
    single = len(curves.resource) == 1 or not np.isfinite(curves.value).any()
    return {
        "x": style.single(curves.resource),
        "y": style.single(curves.value),
        "mode": "markers" if single else "lines",
        "line": {"color": color, "width": width},
        "marker": {"color": color, "size": 5},
    }


def _add_ends(drawn: go.Figure, data: CurvesData) -> None:
    """The last points, which say all about their trials."""
    status = {
        int(trial): each for each, curves in data.curves.items() for trial in curves.trial if trial >= 0
    }
    its = [status[int(trial)] for trial in data.ends.trial]
    drawn.add_scatter(
        x=style.single(data.ends.resource),
        y=style.single(data.ends.value),
        mode="markers",
        marker={
            "size": [7 if each == "failed" else 5 for each in its],
            "color": [style.STATUS_COLORS[each] for each in its],
            "symbol": ["x" if each == "failed" else "circle" for each in its],
            "line": {"width": 0},
        },
        text=list(data.about),
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )


def _add_band(drawn: go.Figure, band: Band) -> None:
    drawn.add_scatter(
        x=style.single(np.concatenate([band.resource, band.resource[::-1]]).astype(float)),
        y=style.single(np.concatenate([band.low, band.high[::-1]])),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor="rgba(128,128,128,0.18)",
        name="middle 80 %",
        hoverinfo="skip",
    )
    drawn.add_scatter(
        x=style.single(band.resource.astype(float)),
        y=style.single(band.middle),
        mode="lines",
        line={"width": 1.5, "dash": "dash", "color": style.LINE},
        name="median",
        hovertemplate="%{y:.5g}<extra>median</extra>",
    )


def _resource_axis(drawn: go.Figure, data: CurvesData, log: bool | None) -> None:
    spread = len(data.levels) > 1 and data.levels[-1] >= 8 * data.levels[0]
    few = data.levels if len(data.levels) <= 12 else ()
    title = style.resource_title(data.unit)
    if spread if log is None else log:
        ticks = {"tickvals": list(few)} if len(few) > 1 else {}
        drawn.update_xaxes(type="log", title_text=f"{title} (log)", **ticks)
    else:
        drawn.update_xaxes(title_text=title, rangemode="tozero")
    for level in few:
        drawn.add_vline(level, line={"color": style.LINE, "width": 1, "dash": "dot"}, layer="below")


def _value_range(data: CurvesData) -> tuple[float, float] | None:
    """What shows nearly all values at each resource; early values are no outliers because late ones are better."""
    value = np.concatenate([curves.value for curves in data.curves.values()])
    resource = np.concatenate([curves.resource for curves in data.curves.values()])
    if style.robust_range(value) is None:
        return None
    here = [value[resource == each] for each in np.unique(resource[np.isfinite(resource)])]
    enough = [some for some in here if len(some) >= AT_A_RESOURCE] or [value[np.isfinite(value)]]
    ranges = [style.robust_range(some) or (some.min(), some.max()) for some in enough]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    pad = 0.03 * (high - low)
    return float(low - pad), float(high + pad)
