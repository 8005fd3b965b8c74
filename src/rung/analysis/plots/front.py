"""The Pareto front of several objectives, with a compromise marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from rung.analysis.data import StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.reading import about, best_and_some, no_result
from rung.core.errors import NoResultError
from rung.core.history import Floats, Ints
from rung.core.objective import Objectives
from rung.models.fronts import comparable
from rung.models.pareto import compromise, knee, non_dominated
from rung.study import Study
from rung.words import units

MAX_DOMINATED = 1000
MAX_FRONT = 1000


@dataclass(frozen=True, slots=True)
class FrontData:
    """What `pareto_front` draws.

    Attributes:
        objectives: Two or more.
        unit: Of the resource.
        resource: Level at which trials are compared: the highest that any was observed at.
        trial: Shape (n,).
        values: As reported, shape (n, k).
        on_front: Whether no other trial dominates it, shape (n,).
        chosen: Row of the compromise.
        rule: How it was chosen.
        about: Of each trial, what a hover label says.
        n_trials: How many trials were compared.
        n_front: How many of them are on the front.
    """

    objectives: Objectives
    unit: str
    resource: int
    trial: Ints
    values: Floats
    on_front: npt.NDArray[np.bool_]
    chosen: int
    rule: str
    about: Sequence[str]
    n_trials: int
    n_front: int


def pareto_front(study: Study | StudyData, *, weights: Sequence[float] | None = None) -> go.Figure:
    """The trials that no other one dominates, and one of them to take: two objectives in a plane, three in space.

    Args:
        study: What to draw.
        weights: How much each objective counts, in their order; None: the knee of the front is marked.

    Raises:
        NoResultError: If there is one objective only, or nothing finite was observed.
        SpecError: If the weights do not fit the objectives.
    """
    return front_figure(front_data(data_of(study), weights))


def front_data(data: StudyData, weights: Sequence[float] | None = None) -> FrontData:
    """What `pareto_front` draws."""
    if len(data.objectives) < 2:
        raise NoResultError(
            f"study {data.name!r} has one objective, {data.objectives[0].metric!r}, "
            "so it has a best trial and no front."
        )
    seen = data.observations
    rows = comparable(seen.losses, seen.violations, seen.resource)
    if not len(rows):
        raise no_result(data)
    top = int(seen.resource[rows[0]])
    rows = rows[np.argsort(seen.trial[rows], kind="stable")]
    losses = seen.losses[rows]
    chosen = knee(losses) if weights is None else compromise(losses, np.array(weights, float))
    front = non_dominated(losses)
    some = _some(losses, front, chosen)
    return FrontData(
        objectives=data.objectives,
        unit=data.unit,
        resource=top,
        trial=seen.trial[rows][some],
        values=seen.values[rows][some],
        on_front=front[some],
        chosen=int(np.flatnonzero(some == chosen)[0]),
        rule="knee" if weights is None else f"compromise for weights {', '.join(f'{w:g}' for w in weights)}",
        about=[style.lines(about(data, trial)) for trial in seen.trial[rows][some].tolist()],
        n_trials=len(rows),
        n_front=int(front.sum()),
    )


def _some(losses: Floats, front: npt.NDArray[np.bool_], chosen: int) -> Ints:
    """Rows to draw: the front, and some of the dominated ones."""
    kept = []
    for rows, limit in ((np.flatnonzero(front), MAX_FRONT), (np.flatnonzero(~front), MAX_DOMINATED)):
        kept.append(rows[best_and_some(losses[rows, 0], limit)])
    return np.union1d(np.concatenate(kept), [chosen])


def front_figure(data: FrontData) -> go.Figure:
    """Draw the front."""
    goals = " and ".join(
        f"{'higher' if goal.maximize else 'lower'} {goal.metric}" for goal in data.objectives
    )
    left_out = "" if len(data.trial) == data.n_trials else f" {len(data.trial)} are drawn."
    note = (
        f"{data.n_front} of {units(data.n_trials, 'trial')} at {units(data.resource, data.unit)} are not dominated; "
        f"{goals} is better.{left_out}"
    )
    match len(data.objectives):
        case 2:
            drawn = style.figure("Pareto front", note, 460)
            _add_plane(drawn, data, 0, 1)
            _titles(drawn, data, 0, 1)
        case 3:
            drawn = style.figure("Pareto front", note, 560)
            _add_space(drawn, data)
        case _:
            drawn = _matrix(data, note)
    return drawn


def _titles(drawn: go.Figure, data: FrontData, i: int, j: int, **place: int) -> None:
    drawn.update_xaxes(title_text=_title(data, i), range=style.robust_range(data.values[:, i]), **place)
    drawn.update_yaxes(title_text=_title(data, j), range=style.robust_range(data.values[:, j]), **place)


def _title(data: FrontData, k: int) -> str:
    return style.cut(data.objectives[k].metric)


def _add_plane(drawn: go.Figure, data: FrontData, i: int, j: int, **place: int) -> None:
    if len(data.objectives) == 2:
        _add_staircase(drawn, data)
    for name, rows, marker in _groups(data):
        drawn.add_scatter(
            x=style.single(data.values[rows, i]),
            y=style.single(data.values[rows, j]),
            **_points(data, name, rows, marker),
            **place,
        )


def _add_staircase(drawn: go.Figure, data: FrontData) -> None:
    """The border of what is dominated."""
    front = data.values[data.on_front]
    front = front[np.argsort(front[:, 0])]
    # Between two points of the front as much can be had as at the one whose first objective is better.
    shape = "vh" if data.objectives[0].maximize else "hv"
    drawn.add_scatter(
        x=style.single(front[:, 0]),
        y=style.single(front[:, 1]),
        mode="lines",
        line={"shape": shape, "width": 1.5, "color": style.MAIN},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_space(drawn: go.Figure, data: FrontData) -> None:
    for name, rows, marker in _groups(data):
        x, y, z = (style.single(data.values[rows, k]) for k in range(3))
        drawn.add_scatter3d(
            x=x, y=y, z=z, **_points(data, name, rows, {**marker, **_solid(name == data.rule)})
        )
    axis = {"gridcolor": style.GRID, "showbackground": False, "zeroline": False, "linecolor": style.LINE}
    names = ("xaxis", "yaxis", "zaxis")
    drawn.update_layout(
        scene={name: {"title": {"text": _title(data, k)}, **axis} for k, name in enumerate(names)}
    )
    drawn.update_layout(margin={"l": 0, "r": 0})


def _solid(chosen: bool) -> dict[str, object]:
    """In space markers look larger, and there are no stars."""
    return {"size": 9, "symbol": "diamond"} if chosen else {"size": 4}


def _matrix(data: FrontData, note: str) -> go.Figure:
    """Every pair of objectives in a plane of its own."""
    pairs = list(combinations(range(len(data.objectives)), 2))
    rows = -(-len(pairs) // 2)
    height = 120 + 280 * rows
    drawn = make_subplots(rows, 2, horizontal_spacing=0.16, vertical_spacing=min(0.4, 76 / height))
    drawn.update_layout(style.figure("Pareto front", note, height).layout)
    for place, (i, j) in enumerate(pairs):
        row, col = place // 2 + 1, place % 2 + 1
        _add_plane(drawn, data, i, j, row=row, col=col)
        _titles(drawn, data, i, j, row=row, col=col)
    known: set[str] = set()
    for trace in drawn.data:
        trace.showlegend = trace.name not in known
        known.add(trace.name)
    return drawn


def _groups(data: FrontData) -> list[tuple[str, Ints, dict[str, object]]]:
    faint = {"size": 5, "color": style.FAINT, "opacity": 0.6}
    strong = {"size": 8, "color": style.MAIN}
    star = {"size": 15, "color": style.ACCENT, "symbol": "star"}
    return [
        ("dominated", np.flatnonzero(~data.on_front), faint),
        ("front", np.flatnonzero(data.on_front), strong),
        (data.rule, np.array([data.chosen]), star),
    ]


def _points(data: FrontData, name: str, rows: Ints, marker: dict[str, object]) -> dict[str, object]:
    return {
        "name": f"{name} (trial {data.trial[data.chosen]})" if name == data.rule else name,
        "legendgroup": name,
        "mode": "markers",
        "marker": marker,
        "text": [data.about[row] for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
    }
