"""What several figures ask of a study: its values at one level, and a few trials that stand for many."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.analysis.data import StudyData, usual_level
from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.core.scale import nearest
from rung.words import number, scalar, units


def objective_index(data: StudyData, metric: str | None) -> int:
    """Which objective is called so; None is the first.

    Raises:
        SpecError: If none is.
    """
    metrics = [goal.metric for goal in data.objectives]
    if metric is None:
        return 0
    if metric not in metrics:
        hint = nearest(metric, metrics) or f" Its objectives are {', '.join(map(repr, metrics))}."
        raise SpecError(f"study {data.name!r} has no objective {metric!r}.{hint}")
    return metrics.index(metric)


def no_result(data: StudyData) -> NoResultError:
    """What to say of a study that has nothing to draw."""
    if not data.trials:
        return NoResultError(
            f"study {data.name!r} has no trial yet, so there is nothing to draw. Run it first."
        )
    return NoResultError(
        f"study {data.name!r} has no result yet: none of its {units(len(data.trials), 'trial')} has reported a "
        "finite value. Run it further, or see its failures."
    )


@dataclass(frozen=True, slots=True)
class Scores:
    """Finite values of one objective at one level.

    Attributes:
        objective: Which.
        resource: The level.
        trial: Trials, rising, shape (n,).
        value: As reported, shape (n,).
        loss: Lower is better, shape (n,).
    """

    objective: Objective
    resource: int
    trial: Ints
    value: Floats
    loss: Floats

    def __len__(self) -> int:
        return len(self.trial)


def scores(data: StudyData, metric: str | None = None, resource: int | None = None) -> Scores:
    """The values of an objective at a level.

    Args:
        data: The study.
        metric: The objective; None: the first.
        resource: The level; None: see `usual_level`.

    Raises:
        NoResultError: If nothing finite was observed there.
    """
    index = objective_index(data, metric)
    finite = np.isfinite(data.observations.losses[:, index])
    if not finite.any():
        raise no_result(data)
    level = _level(data, finite) if resource is None else resource
    rows = np.flatnonzero(finite & (data.observations.resource == level))
    if not len(rows):
        known = ", ".join(str(each) for each in _observed_levels(data, finite))
        raise NoResultError(
            f"no trial was observed at {units(level, data.unit)}. There are results at {known}."
        )
    rows = rows[np.argsort(data.observations.trial[rows], kind="stable")]
    return Scores(
        data.objectives[index],
        level,
        data.observations.trial[rows],
        data.observations.values[rows, index],
        data.observations.losses[rows, index],
    )


def _observed_levels(data: StudyData, finite: npt.NDArray[np.bool_]) -> list[int]:
    seen = np.unique(data.observations.resource[finite]).tolist()
    return [level for level in seen if level in set(data.levels)] or seen


def _level(data: StudyData, finite: npt.NDArray[np.bool_]) -> int:
    resources = data.observations.resource[finite]
    counts = {level: int((resources == level).sum()) for level in _observed_levels(data, finite)[-50:]}
    return usual_level(data, counts)


def best_and_some(losses: Floats, limit: int) -> Ints:
    """Rows that stand for many: the best third of `limit`, and others at random; all if they are not more."""
    if len(losses) <= limit:
        return np.arange(len(losses))
    order = np.argsort(losses, kind="stable")
    best, rest = order[: limit // 3], order[limit // 3 :]
    some = np.random.default_rng(0).choice(rest, limit - len(best), replace=False)
    return np.sort(np.concatenate([best, some]))


def at_level(found: Scores, unit: str) -> str:
    """Words for a note: `loss at 27 epochs`."""
    return f"{found.objective.metric} at {units(found.resource, unit)}"


def shown(n: int, of: int, what: str = "trial") -> str:
    """Words for a note: `all 12 trials`, or how many of how many and which."""
    if n == of:
        return f"all {units(of, what)}" if of > 1 else units(of, what)
    return f"{n} of {units(of, what)} are drawn: the best, and others at random"


def about(data: StudyData, trial: int) -> list[str]:
    """What a hover label says of a trial: number, configuration, why it stands where it stands."""
    row = data.trials[trial]
    config = " ".join(f"{name}={scalar(value)}" for name, value in row.config.items())
    values = [
        f"{goal.metric} {number(value)}"
        for goal, value in zip(data.objectives, row.values, strict=True)
        if np.isfinite(value)
    ]
    reached = f"{', '.join(values)} at {units(row.resource, data.unit)}" if values else "no finite result"
    return [f"trial {trial}: {row.status}", reached, short_text(config, 280), short_text(row.why, 200)]


def short_text(text: str, width: int) -> str:
    """The first line of a text, cut at a width."""
    first = text.split("\n", 1)[0]
    return first if len(first) <= width else first[: width - 1] + "…"


def spent(data: StudyData) -> Floats:
    """Units of resource that the study had spent at each observation, shape (n,).

    Units that were trained again count again, if they led to a new observation.
    """
    trial, resource = data.observations.trial, data.observations.resource
    if not len(trial):
        return np.zeros(0)
    job, start = _jobs_of(data)
    order = np.lexsort((np.arange(len(trial)), trial))
    before = np.zeros(len(trial), np.int64)
    same = (trial[order][1:] == trial[order][:-1]) & (job[order][1:] == job[order][:-1])
    before[order[1:]] = np.where(same, resource[order[:-1]], 0)
    total: Floats = np.cumsum(np.maximum(0, resource - np.maximum(before, start)), dtype=np.float64)
    return total


def _jobs_of(data: StudyData) -> tuple[Ints, Ints]:
    """For each observation the job that made it, as a row of the trial's jobs by time, and where its training began."""
    jobs = sorted(data.jobs, key=lambda job: (job.trial, job.began))
    span = 1 + max([data.duration, *(job.began for job in jobs)], default=0.0)
    began = np.array([job.trial + job.began / span for job in jobs])
    trials = np.array([job.trial for job in jobs])
    starts = np.array([job.target if job.reuses else job.start for job in jobs])
    seen = data.observations
    row = np.searchsorted(began, seen.trial + seen.time / span, side="left") - 1
    its = trials[np.maximum(row, 0)] == seen.trial
    return row, np.where(its, starts[np.maximum(row, 0)], 0)


def arrivals(data: StudyData) -> Ints:
    """Rows of the observations that were made at the target of a job that reached it, in their order."""
    reached = [(job.trial, job.target) for job in data.jobs if job.outcome == "reached"]
    return _rows_of(data, reached)


def _rows_of(data: StudyData, pairs: Sequence[tuple[int, int]]) -> Ints:
    width = 1 + int(data.observations.resource.max(initial=0))
    keys = [trial * width + target for trial, target in pairs if target < width]
    seen = data.observations.trial * width + data.observations.resource
    return np.flatnonzero(np.isin(seen, np.array(keys, np.int64)))
