"""The path from one configuration to a better one, a hyperparameter at a time: which change brought how much.

Greedy: at each step the change is made that a forest, fitted on the study's trials, predicts to help most. A choice
that opens a sub-space changes together with what is active in it.

References:
    Fawcett, Hoos, Analysing Differences between Algorithm Configurations through Ablation, J. Heuristics 2016.
    Biedenkapp et al., Efficient Parameter Importance Analysis via Ablation with Surrogates, AAAI 2017.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rung.analysis.data import StudyData, data_of
from rung.analysis.importance import N_TREES
from rung.analysis.sample import Sample, drawn, forest, sample
from rung.core.errors import NoResultError
from rung.core.history import Floats
from rung.core.rng import rng
from rung.core.scale import Scalar
from rung.core.space import Config, Space
from rung.models.forest import Forest
from rung.study import Study


@dataclass(frozen=True, slots=True)
class Step:
    """One change.

    Attributes:
        labels: Of the hyperparameters that changed: one, or a choice and what it opens and closes.
        before: What they were; those that were inactive are absent.
        after: What they become.
        value: Predicted objective after the change, with the user's sign.
        gain: By how much that is better than before; below 0 if it is worse.
    """

    labels: tuple[str, ...]
    before: Config
    after: Config
    value: float
    gain: float


@dataclass(frozen=True, slots=True)
class Ablation:
    """A path from a configuration to the incumbent.

    Attributes:
        objective: Name of the metric.
        resource: Where the trials were measured that the forest was fitted on.
        start: The first configuration.
        start_is: What it is: `the defaults`, `trial 7, the median`, or `given`.
        end: The incumbent's.
        start_value: Predicted objective of the first one, with the user's sign.
        end_value: That of the incumbent.
        steps: The changes, in order.
        accuracy: R² of the forest on trials that its trees were not trained on; below 0.2 trust no gain.
    """

    objective: str
    resource: int
    start: Config
    start_is: str
    end: Config
    start_value: float
    end_value: float
    steps: tuple[Step, ...]
    accuracy: float


def ablation(
    study: Study | StudyData,
    *,
    start: Mapping[str, Scalar] | None = None,
    resource: int | None = None,
    objective: str | None = None,
    seed: int = 0,
) -> Ablation:
    """The path from a configuration to the incumbent.

    Args:
        study: The study.
        start: Where the path begins; None: at the defaults, or if the space has not all of them, at the
            configuration of the trial with the median value.
        resource: Where predictions are made; None: as `importance` does.
        objective: Name of the metric; None: the first.
        seed: Of everything random.

    Raises:
        NoResultError: If there are fewer than 10 usable trials, no incumbent, or nothing differs.
        ConfigurationError: If `start` does not fit the space.
    """
    data = data_of(study)
    found = drawn(sample(data, resource=resource, objective=objective), rng(seed, "sample", 0))
    if data.incumbent is None:
        raise NoResultError(f"study {data.name!r} has no incumbent yet: no trial has reached a target.")
    first, words = _start(data, found, start)
    end = data.space.completed(data.trials[data.incumbent.trial].config)
    if not data.space.contains(end):
        raise NoResultError(
            f"there is no path: the incumbent, trial {data.incumbent.trial}, lies outside the space since that was "
            "changed."
        )
    x, goal = data.space.encode([first, end])
    groups = _groups(data.space, x, goal)
    if not groups:
        raise NoResultError(
            f"there is no path: {words} are what the incumbent, trial {data.incumbent.trial}, has."
        )
    model = forest(found, data.space, seed=seed, n_trees=N_TREES)
    sign = -1.0 if found.objective.maximize else 1.0
    ends = sign * model.predict(np.stack([x, goal]))
    steps = _path(model, data.space, x, goal, groups=groups, sign=sign)
    return Ablation(
        found.objective.metric,
        found.resource,
        dict(first),
        words,
        dict(end),
        float(ends[0]),
        float(ends[1]),
        steps,
        model.accuracy,
    )


def _start(
    data: StudyData, found: Sample, given: Mapping[str, Scalar] | None
) -> tuple[Mapping[str, Scalar], str]:
    if given is not None:
        data.space.check(given)
        return given, "the values given"
    defaults = data.space.defaults()
    if defaults is not None:
        return defaults, "the defaults"
    order = np.argsort(found.losses, kind="stable")
    trial = int(found.trials[order[len(order) // 2]])
    return data.space.completed(data.trials[trial].config), f"the values of trial {trial}, the median,"


def _groups(space: Space, x: Floats, goal: Floats) -> list[list[int]]:
    """Columns that change together, for all that differ between two points."""
    differs = [not (x[j] == goal[j] or (np.isnan(x[j]) and np.isnan(goal[j]))) for j in range(len(x))]
    groups: dict[int, list[int]] = defaultdict(list)
    for column in space.columns:
        root, above = column.index, column.parent
        while above is not None:
            if differs[above]:
                root = above
            above = space.columns[above].parent
        if differs[column.index]:
            groups[root].append(column.index)
    return list(groups.values())


def _path(
    model: Forest, space: Space, x: Floats, goal: Floats, *, groups: list[list[int]], sign: float
) -> tuple[Step, ...]:
    steps = []
    loss = float(model.predict(x[None])[0])
    left = list(groups)
    while left:
        candidates = np.repeat(x[None], len(left), axis=0)
        for row, group in enumerate(left):
            candidates[row, group] = goal[group]
        losses = model.predict(candidates)
        best = int(np.argmin(losses))
        group, after = left.pop(best), float(losses[best])
        labels = tuple(space.columns[j].label for j in group)
        steps.append(
            Step(labels, _values(space, x, group), _values(space, goal, group), sign * after, loss - after)
        )
        x, loss = candidates[best], after
    return tuple(steps)


def _values(space: Space, x: Floats, columns: list[int]) -> Config:
    return {
        space.columns[j].name: space.columns[j].scale.decode(x[[j]])[0] for j in columns if np.isfinite(x[j])
    }
