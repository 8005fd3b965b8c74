"""Timeline of the workers: which trial had which slot when, and why it left."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from rung.analysis.data import JobRow, StudyData, data_of
from rung.analysis.plots import style
from rung.analysis.plots.reading import short_text
from rung.core.errors import NoResultError
from rung.study import Study
from rung.words import NOTHING, duration, units

MAX_BLOCKS = 2500
COLORS: Mapping[str, str] = {
    "went on": "#56b99a",
    "complete": style.STATUS_COLORS["complete"],
    "running": style.STATUS_COLORS["running"],
    "paused": style.STATUS_COLORS["paused"],
    "stopped": style.STATUS_COLORS["stopped"],
    "yielded": "#b9a3d0",
    "failed": style.STATUS_COLORS["failed"],
    "lost": "#7a2e0e",
}
"""How a trial left its slot."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of time of one worker.

    Attributes:
        worker: Its number.
        began, ended: In seconds since the first job.
        left: How the trial left; of several jobs, how most did.
        about: What a hover label says.
        n_jobs: How many jobs it holds.
        busy: Seconds of training in it.
    """

    worker: int
    began: float
    ended: float
    left: str
    about: str
    n_jobs: int
    busy: float


@dataclass(frozen=True, slots=True)
class TimelineData:
    """What `timeline` draws.

    Attributes:
        blocks: By worker and time.
        busy: Seconds of training of each worker.
        known: Seconds from the first job of each worker until now, or until it was lost.
        duration: Seconds from the first job until now.
        n_jobs: How many jobs there were.
    """

    blocks: Sequence[Block]
    busy: Mapping[int, float]
    known: Mapping[int, float]
    duration: float
    n_jobs: int


def timeline(study: Study | StudyData) -> go.Figure:
    """The jobs of each worker over time, coloured by how the trial left.

    Raises:
        NoResultError: If no job has begun.
    """
    return timeline_figure(timeline_data(data_of(study)))


def timeline_data(data: StudyData, limit: int = MAX_BLOCKS) -> TimelineData:
    """What `timeline` draws: a block for each job, or for several where there are more than `limit`."""
    if not data.jobs:
        raise NoResultError(
            f"study {data.name!r} has no job yet, so no worker has done anything. Run it first."
        )
    jobs = sorted(data.jobs, key=lambda job: (job.worker, job.began))
    left = _left(data)
    groups = [[job] for job in jobs] if len(jobs) <= limit else list(_grouped(jobs, data.duration, limit))
    busy: dict[int, float] = {}
    known: dict[int, float] = {}
    first = {job.worker: job.began for job in reversed(jobs)}
    for job in jobs:
        busy[job.worker] = busy.get(job.worker, 0.0) + job.ended - job.began
        end = job.ended if job.outcome == "lost" else data.duration
        known[job.worker] = end - first[job.worker]
    return TimelineData(
        blocks=[_block(data, group, left) for group in groups],
        busy=busy,
        known=known,
        duration=data.duration,
        n_jobs=len(jobs),
    )


def _left(data: StudyData) -> dict[int, tuple[str, str]]:
    """How the trial of each job left its slot, and why."""
    following: dict[int, JobRow] = {}
    left = {}
    for job in reversed(data.jobs):
        left[job.number] = _leaving(data, job, following.get(job.trial))
        following[job.trial] = job
    return left


def _leaving(data: StudyData, job: JobRow, then: JobRow | None) -> tuple[str, str]:
    trial = data.trials[job.trial]
    if job.outcome is None:
        return "running", job.why
    if job.outcome in ("failed", "lost"):
        return job.outcome, trial.why if then is None else f"then: {then.why}"
    if then is None:
        known = trial.status in COLORS and not (job.outcome == "yielded" and trial.status == "running")
        return trial.status if known else "yielded", trial.why
    if job.outcome == "yielded":
        return "yielded", f"then: {then.why}"
    stayed = then.worker == job.worker and then.began - job.ended <= 1e-3 * max(1.0, data.duration)
    return "went on" if stayed else "paused", f"then: {then.why}"


def _grouped(jobs: Sequence[JobRow], span: float, limit: int) -> Iterator[list[JobRow]]:
    """Jobs of a worker that began in the same stretch of time; so many stretches that the limit holds."""
    n_workers = len({job.worker for job in jobs})
    width = max(span, 1e-9) * n_workers / limit
    group: list[JobRow] = []
    for job in jobs:
        if group and (job.worker, job.began // width) != (group[0].worker, group[0].began // width):
            yield group
            group = []
        group.append(job)
    yield group


def _block(data: StudyData, jobs: Sequence[JobRow], left: Mapping[int, tuple[str, str]]) -> Block:
    ways = Counter(left[job.number][0] for job in jobs)
    return Block(
        worker=jobs[0].worker,
        began=jobs[0].began,
        ended=max(job.ended for job in jobs),
        left=ways.most_common(1)[0][0],
        about=_one(data, jobs[0], *left[jobs[0].number]) if len(jobs) == 1 else _many(jobs, ways),
        n_jobs=len(jobs),
        busy=sum(job.ended - job.began for job in jobs),
    )


def _one(data: StudyData, job: JobRow, way: str, why: str) -> str:
    return style.lines(
        [
            f"trial {job.trial}, {job.start} to {units(job.target, data.unit)}",
            f"{duration(job.ended - job.began)}, {way}",
            short_text(why, 140),
        ]
    )


def _many(jobs: Sequence[JobRow], ways: Mapping[str, int]) -> str:
    trials = {job.trial for job in jobs}
    return style.lines(
        [
            f"{len(jobs)} jobs of {units(len(trials), 'trial')}",
            ", ".join(f"{n} {way}" for way, n in sorted(ways.items(), key=lambda pair: -pair[1])),
        ]
    )


def timeline_figure(data: TimelineData) -> go.Figure:
    """Draw the timeline."""
    lane = 26 if len(data.busy) <= 40 else max(3, 1000 // len(data.busy))
    size, unit = style.time_unit(data.duration)
    drawn = style.figure("Workers", _note(data), 150 + lane * len(data.busy))
    lanes = {worker: place for place, worker in enumerate(data.busy)}
    for way, color in COLORS.items():
        blocks = [block for block in data.blocks if block.left == way]
        if blocks:
            drawn.add_bar(name=way, **_bars(blocks, color, lanes, size))
    shown = range(0, len(lanes), max(1, len(lanes) // 40))
    names = [f"{worker}: {_share(time, data.known[worker])}" for worker, time in data.busy.items()]
    drawn.update_layout(barmode="overlay")
    drawn.update_xaxes(
        title_text=f"Time since the first job ({unit})", range=[0, 1.005 * (data.duration or 1) / size]
    )
    drawn.update_yaxes(
        title_text="Worker: time in use",
        tickvals=list(shown),
        ticktext=[names[k] for k in shown],
        range=[len(lanes) - 0.5, -0.5],
        showgrid=False,
    )
    return drawn


def _note(data: TimelineData) -> str:
    share = _share(sum(data.busy.values()), sum(data.known.values()))
    note = f"{units(data.n_jobs, 'job')} on {units(len(data.busy), 'worker')}, in use {share} of their time."
    if len(data.blocks) < data.n_jobs:
        note += f" Drawn as {len(data.blocks)} blocks of neighbouring jobs, each in the colour of most of its jobs."
    return note


def _share(part: float, whole: float) -> str:
    return f"{min(1.0, part / whole):.0%}" if whole > 0 else NOTHING


def _bars(blocks: Sequence[Block], color: str, lanes: Mapping[int, int], size: float) -> dict[str, object]:
    return {
        "base": style.single(np.array([block.began for block in blocks]) / size),
        "x": style.single(np.array([block.ended - block.began for block in blocks]) / size),
        "y": np.array([lanes[block.worker] for block in blocks], np.int32),
        "width": 0.85 if len(lanes) <= 80 else 1.0,  # Plotly would take it from the lanes that one colour has
        "orientation": "h",
        "marker": {"color": color, "line": {"width": 0.5 if len(blocks) < 500 else 0, "color": style.LINE}},
        "hovertext": [block.about for block in blocks],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }
