"""Rungs: how many trials arrived at each level, what became of them, and whether early ranks predict late ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.reading import arrivals, no_result
from rung.core.history import Floats, Ints
from rung.study import Study

COLORS: Mapping[str, str] = {
    "went on": "#56b99a",
    **style.STATUS_COLORS,
}
RHO = "\N{GREEK SMALL LETTER RHO}"
FEWEST = 5  # trials for an agreement of ranks


@dataclass(frozen=True, slots=True)
class RungsData:
    """What `rungs` draws.

    Attributes:
        unit: Of the resource.
        levels: Rung levels at which trials have arrived, rising.
        fates: By what became of them (went on, or their status), how many at each level.
        agreements: For each level but the last, Spearman's correlation of the losses there and at the next level, over
            the trials that arrived at both; None where these are fewer than 5.
    """

    unit: str
    levels: tuple[int, ...]
    fates: Mapping[str, Ints]
    agreements: Sequence[float | None]

    @property
    def arrived(self) -> Ints:
        """How many arrived at each level."""
        total: Ints = np.sum(list(self.fates.values()), axis=0, dtype=np.int64)
        return total


def rungs(study: Study | StudyData) -> go.Figure:
    """How many trials arrived at each rung level, what became of them, and how well their ranks agree with the next.

    Raises:
        NoResultError: If no trial has reached a target.
    """
    return rungs_figure(rungs_data(data_of(study)))


def rungs_data(data: StudyData) -> RungsData:
    """What `rungs` draws."""
    rows = arrivals(data)
    if not len(rows):
        raise no_result(data)
    trial, resource = data.observations.trial[rows], data.observations.resource[rows]
    levels = np.unique(resource)
    last = np.zeros(len(data.trials), np.int64)
    np.maximum.at(last, trial, resource)
    fates = {each: np.zeros(len(levels), np.int64) for each in COLORS}
    for its, place in zip(trial.tolist(), np.searchsorted(levels, resource).tolist(), strict=True):
        fate = "went on" if last[its] > levels[place] else data.trials[its].status
        fates[fate][place] += 1
    losses = data.observations.losses[rows, 0]
    at = [
        dict(zip(trial[resource == k].tolist(), losses[resource == k].tolist(), strict=True)) for k in levels
    ]
    return RungsData(
        data.unit,
        tuple(levels.tolist()),
        {fate: counts for fate, counts in fates.items() if counts.any()},
        [_agreement(low, high) for low, high in pairwise(at)],
    )


def _agreement(low: Mapping[int, float], high: Mapping[int, float]) -> float | None:
    both = [trial for trial in high if trial in low]
    pairs = np.array([[low[trial], high[trial]] for trial in both]).reshape(-1, 2)
    pairs = pairs[np.isfinite(pairs).all(axis=1)]
    if len(pairs) < FEWEST:
        return None
    ranks = np.column_stack([_ranks(pairs[:, 0]), _ranks(pairs[:, 1])])
    if (np.ptp(ranks, axis=0) == 0).any():
        return None
    return float(np.asarray(np.corrcoef(ranks.T))[0, 1])


def _ranks(values: Floats) -> Floats:
    """Ranks, equal values sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends: Floats = np.cumsum(counts)
    ranks: Floats = np.asarray(ends - (counts - 1) / 2)[place]
    return ranks


def rungs_figure(data: RungsData) -> go.Figure:
    """Draw rungs."""
    note = "What became of the trials that arrived at each level."
    if any(each is not None for each in data.agreements):
        note += f" {RHO}: how well their ranks agree with those at the next level (1: fully)."
    drawn = style.figure("Rungs", note, 400)
    places = list(range(len(data.levels)))
    for fate, counts in data.fates.items():
        drawn.add_bar(
            x=places,
            y=counts.astype(np.int32),
            name=fate,
            marker={"color": COLORS[fate], "line": {"width": 0}},
            hovertemplate=f"%{{y}} of %{{customdata}} {fate}<extra></extra>",
            customdata=data.arrived.astype(np.int32),
        )
    for place, count in zip(places, data.arrived.tolist(), strict=True):
        rho = data.agreements[place] if place < len(data.agreements) else None
        drawn.add_annotation(
            x=place,
            y=count,
            text=f"{count}" if rho is None else f"{count}<br>{RHO} {rho:.2f}",
            showarrow=False,
            yanchor="bottom",
            yshift=2,
        )
    top = int(data.arrived.max())
    drawn.update_layout(barmode="stack", bargap=0.35)
    drawn.update_xaxes(
        tickvals=places,
        ticktext=[str(level) for level in data.levels],
        range=[-0.6, len(places) - 0.4],
        title_text=style.resource_title(data.unit),
        showgrid=False,
    )
    drawn.update_yaxes(title_text="Trials", range=[0, 1.18 * top + 0.5])
    return drawn
