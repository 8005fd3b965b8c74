"""What a model of a study is fitted on: configurations and losses at one resource, with failures and outliers settled.

Three rules, for importance, ablation, attributions and doctor alike:

- Of one resource only. Without one: the highest level with enough trials, since high levels are what is wanted but only
  the best trials come there; if none has enough, the level with the most.
- A trial that failed by its configuration's fault on its way there counts as the worst. Others that did not arrive
  (paused, stopped, lost with a machine, a bug in the code) say nothing about their configuration and are left out.
- Losses far above the others are moved down to a fence, so that a few diverged trainings do not decide what is
  important. It lies 1.5 times as far above the third quartile as that is above the best twentieth. (The usual fence, of
  interquartile ranges, takes a quarter of all for outliers where half of the trials have about the same loss.)
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rung.analysis.data import StudyData, usual_level
from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, Ints
from rung.core.objective import Objective
from rung.core.parameter import Choice
from rung.core.scale import listed
from rung.core.space import Space
from rung.core.why import plural
from rung.models.forest import Forest, fit
from rung.words import number, units

LEAST = 10  # trials, below which nothing is said
MOST = 1500  # trials that a forest is fitted on; more hardly change it and cost time


@dataclass(frozen=True, slots=True)
class Sample:
    """Trials at one resource.

    Attributes:
        objective: What was measured.
        resource: Where.
        trials: Their numbers, shape (n,), rising.
        X: Their configurations in the unit cube, shape (n, d), NaN where inactive.
        losses: Lower is better, finite, shape (n,).
        failed: Which of them count as the worst as they failed or gave no finite value, shape (n,).
        n_observed: How many there were before some were drawn.
    """

    objective: Objective
    resource: int
    trials: Ints
    X: Floats
    losses: Floats
    failed: npt.NDArray[np.bool_]
    n_observed: int

    def __len__(self) -> int:
        return len(self.trials)


def sample(
    data: StudyData,
    *,
    resource: int | None = None,
    objective: str | None = None,
    better_than: float | None = None,
) -> Sample:
    """The trials at a resource, see above.

    Args:
        data: The study.
        resource: Where; None: chosen as said above.
        objective: Name of the metric; None: the first.
        better_than: Values worse than this count as this, so that only what is better makes a difference.

    Raises:
        NoResultError: If nothing varies, there are fewer than 10 usable trials, or all have the same value.
        SpecError: If there is no such objective.
    """
    column = _objective(data, objective)
    goal = data.objectives[column]
    if not data.space.columns:
        raise NoResultError(f"study {data.name!r} varies no hyperparameter: its space has only constants.")
    if resource is None:
        resource = default_resource(data)
    trials, losses = _at(data, resource, column)
    if len(trials) < LEAST:
        raise NoResultError(_too_few(data, len(trials), resource))
    failed = ~np.isfinite(losses)
    limit = None if better_than is None else goal.loss(better_than)
    losses = _settled(losses, limit)
    if np.ptp(losses) == 0:
        raise NoResultError(_all_equal(goal, len(trials), resource, data.unit, better_than))
    return Sample(goal, resource, trials, data.encoded[trials], losses, failed, len(trials))


def drawn(found: Sample, rng: np.random.Generator) -> Sample:
    """The sample, or as many of its trials as a forest is fitted on, at random."""
    if len(found) <= MOST:
        return found
    rows = np.sort(rng.choice(len(found), MOST, replace=False))
    return Sample(
        found.objective,
        found.resource,
        found.trials[rows],
        found.X[rows],
        found.losses[rows],
        found.failed[rows],
        found.n_observed,
    )


def forest(found: Sample, space: Space, *, seed: int, n_trees: int) -> Forest:
    """A forest that predicts the loss of a configuration."""
    return fit(found.X, found.losses, unordered(space), seed=seed, n_trees=n_trees)


def unordered(space: Space) -> tuple[int | None, ...]:
    """For each column how many options it has, if it is a choice whose order means nothing; two always have one."""
    return tuple(
        int(column.n_values)
        if isinstance(column.parameter, Choice) and not column.parameter.ordered and column.n_values > 2
        else None
        for column in space.columns
    )


def default_resource(data: StudyData) -> int:
    """The level to look at, if none is asked for."""
    sizes = {level: len(_at(data, level, 0)[0]) for level in data.levels}
    if not any(sizes.values()):
        raise NoResultError(
            f"study {data.name!r} has no result {'in its present space' if len(data.observations) else 'at any level'} "
            "yet. Ask again when trials have reported."
        )
    return usual_level(data, sizes)


def _at(data: StudyData, resource: int, column: int) -> tuple[Ints, Floats]:
    """Usable trials at a resource, and their losses, infinite where they failed."""
    seen, losses = data.at(resource)
    missed = np.setdiff1d(_failed_towards(data, resource), seen)
    trials = np.concatenate([seen, missed]).astype(np.int64)
    values = np.concatenate([losses[:, column], np.full(len(missed), np.inf)])
    order = np.argsort(trials, kind="stable")
    order = order[_inside(data)[trials[order]]]
    return trials[order], values[order]


def _failed_towards(data: StudyData, resource: int) -> list[int]:
    """Trials that failed by their configuration's fault in a job that was to come to this resource."""
    return [
        job.trial
        for job in data.jobs
        if job.outcome == "failed" and job.target >= resource and _own_fault(data, job.trial)
    ]


def _own_fault(data: StudyData, trial: int) -> bool:
    failure = data.trials[trial].failure
    return failure is not None and failure.fault == "configuration"


def _inside(data: StudyData) -> npt.NDArray[np.bool_]:
    """Trials whose configuration lies in the present space: a column without a parent is never inactive there."""
    top = [column.index for column in data.space.columns if column.parent is None]
    return np.asarray(np.isfinite(data.encoded[:, top]).all(axis=1))


def _settled(losses: Floats, limit: float | None) -> Floats:
    finite = losses[np.isfinite(losses)]
    if not len(finite):
        return np.zeros(len(losses))
    low, high = np.quantile(finite, [0.05, 0.75])
    worst = min(finite.max(), high + 1.5 * (high - low)) if high > low else finite.max()
    if limit is not None:
        worst = min(worst, limit)
    settled: Floats = np.minimum(losses, worst)
    return settled


def _objective(data: StudyData, name: str | None) -> int:
    names = [goal.metric for goal in data.objectives]
    if name is None:
        return 0
    if name not in names:
        raise SpecError(f"study {data.name!r} has no objective {name!r}. Its objectives are {listed(names)}.")
    return names.index(name)


def _too_few(data: StudyData, n: int, resource: int) -> str:
    levels = {level: len(_at(data, level, 0)[0]) for level in data.levels}
    known = ", ".join(f"{n} at {level}" for level, n in levels.items() if n) or "none"
    return (
        f"what matters cannot be told from {n} trials at {units(resource, data.unit)}: at least {LEAST} are needed. "
        f"There are, by {plural(data.unit, 1)}: {known}."
    )


def _all_equal(goal: Objective, n: int, resource: int, unit: str, better_than: float | None) -> str:
    if better_than is not None:
        return (
            f"what matters cannot be told: none of the {n} trials at {units(resource, unit)} has a "
            f"{goal.metric} better than {number(better_than)}, or all of these are equal. Give a weaker limit."
        )
    return (
        f"what matters cannot be told: all {n} trials at {units(resource, unit)} have the same {goal.metric}. "
        "Ask for another resource or objective."
    )
