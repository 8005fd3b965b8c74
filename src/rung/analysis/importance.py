"""Which hyperparameters matter: functional ANOVA of a forest that predicts the objective from the configuration.

A hyperparameter's importance is the share of the variance over the whole space that it explains on its own, a
pair's what two explain together beyond that; `models/fanova.py` has the method and the measure. A conditional
hyperparameter counts only where it is active, so its share of the whole is small if its branch is; its share within
its branch is given beside it.

Reference:
    Hutter, Hoos, Leyton-Brown, An Efficient Approach for Assessing Hyperparameter Importance, ICML 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from rung.analysis.data import StudyData, data_of
from rung.analysis.sample import Sample, drawn, forest, sample, unordered
from rung.core.errors import NoResultError
from rung.core.history import Floats
from rung.core.rng import rng
from rung.core.scale import Scalar
from rung.core.space import Choice, Column, Space
from rung.models.fanova import Shares, shares, single_shares
from rung.models.forest import Forest, fit
from rung.models.partition import Partition, over_cells, restricted
from rung.study import Study

N_TREES = 64
N_MADE_UP = 3
PLACES = 25  # of a marginal, where there are more values


@dataclass(frozen=True, slots=True)
class Pair:
    """What two hyperparameters explain together beyond what each explains alone.

    Attributes:
        first: A column.
        second: A later one.
        importance: Share of the variance, mean over trees.
        std: Its standard deviation over trees.
    """

    first: int
    second: int
    importance: float
    std: float


@dataclass(frozen=True, slots=True)
class Marginal:
    """The predicted objective by one hyperparameter, averaged over all others, where it is active.

    Attributes:
        label: Of the hyperparameter.
        places: In `[0, 1]`, rising, shape (m,).
        values: The hyperparameter's values there.
        mean: Predicted objective, with the user's sign, shape (m,).
        std: Standard deviation over trees, shape (m,).
    """

    label: str
    places: Floats
    values: Sequence[Scalar]
    mean: Floats
    std: Floats


@dataclass(frozen=True, slots=True)
class Importance:
    """Which hyperparameters matter at one resource; shares are of the variance over the space, from 0 to 1.

    Attributes:
        objective: Name of the metric.
        resource: Where it was measured.
        unit: What a unit of resource is called.
        n_trials: Trials that were used.
        n_observed: Trials that there were; more if some were drawn from them.
        n_failed: Of those used, how many count as the worst as they failed.
        labels: Of the hyperparameters, as the columns of the space.
        importance: Share that each explains alone, mean over trees, shape (d,).
        std: Its standard deviation over trees, shape (d,).
        within: Share of the variance within its branch, mean over trees, shape (d,); at the top level as `importance`.
        pairs: What two explain together, the most important first.
        marginals: The predicted objective by each hyperparameter.
        accuracy: R² of the forest on trials that its trees were not trained on. Below 0.2 little is known.
        floor: Share that the luckiest of three columns of random numbers would get: what is below may be chance.
    """

    objective: str
    resource: int
    unit: str
    n_trials: int
    n_observed: int
    n_failed: int
    labels: tuple[str, ...]
    importance: Floats
    std: Floats
    within: Floats
    pairs: tuple[Pair, ...]
    marginals: tuple[Marginal, ...]
    accuracy: float
    floor: float

    @property
    def order(self) -> list[int]:
        """Columns, the most important first."""
        return [int(column) for column in np.argsort(-self.importance, kind="stable")]


def importance(
    study: Study | StudyData,
    *,
    resource: int | None = None,
    objective: str | None = None,
    better_than: float | None = None,
    seed: int = 0,
) -> Importance:
    """Which hyperparameters matter.

    Args:
        study: The study.
        resource: Where; None: the highest level with at least 30 trials and 3 for each hyperparameter, else the one
            with the most. At high levels only the best have arrived, and what made others bad does not show.
        objective: Name of the metric; None: the first.
        better_than: Values worse than this count as this: what matters among the good ones?
        seed: Of everything random.

    Raises:
        NoResultError: If there are fewer than 10 usable trials, or all have the same value.
        SpecError: If there is no such objective.
    """
    data = data_of(study)
    found = sample(data, resource=resource, objective=objective, better_than=better_than)
    found = drawn(found, rng(seed, "sample", 0))
    model = forest(found, data.space, seed=seed, n_trees=N_TREES)
    parts = shares(model.partitions)
    if not parts:
        raise NoResultError(
            "what matters cannot be told: no hyperparameter explains anything of what was observed."
        )
    single = np.array([part.single for part in parts])
    return Importance(
        objective=found.objective.metric,
        resource=found.resource,
        unit=data.unit,
        n_trials=len(found),
        n_observed=found.n_observed,
        n_failed=int(found.failed.sum()),
        labels=tuple(column.label for column in data.space.columns),
        importance=single.mean(axis=0),
        std=single.std(axis=0),
        within=_within(model, data.space, single.mean(axis=0)),
        pairs=_pairs(parts),
        marginals=tuple(_marginal(model, data.space, column, found) for column in data.space.columns),
        accuracy=model.accuracy,
        floor=_floor(found, data.space, seed),
    )


def _pairs(parts: Sequence[Shares]) -> tuple[Pair, ...]:
    joint = np.array([part.pair for part in parts])
    mean, std = joint.mean(axis=0), joint.std(axis=0)
    pairs = [Pair(i, j, float(mean[i, j]), float(std[i, j])) for i, j in combinations(range(len(mean)), 2)]
    return tuple(sorted(pairs, key=lambda pair: (-pair.importance, pair.first, pair.second)))


def _within(model: Forest, space: Space, overall: Floats) -> Floats:
    """Shares within the branch of each column."""
    found = overall.copy()
    for branch in {(column.parent, column.option) for column in space.columns if column.parent is not None}:
        members = [column.index for column in space.columns if (column.parent, column.option) == branch]
        there = [_where_active(partition, space, space.columns[members[0]]) for partition in model.partitions]
        known = single_shares(there)
        found[members] = known[:, members].mean(axis=0) if len(known) else 0.0
    return found


def _where_active(partition: Partition, space: Space, column: Column) -> Partition:
    """The slice of the cube where a column is active."""
    while column.parent is not None and column.option is not None:
        parent = space.columns[column.parent]
        n = parent.n_values
        partition = restricted(partition, parent.index, column.option / n, (column.option + 1) / n)
        column = parent
    return partition


def _marginal(model: Forest, space: Space, column: Column, found: Sample) -> Marginal:
    places = _places(column)
    active = [_where_active(partition, space, column) for partition in model.partitions]
    losses = np.array([over_cells(partition, column.index, places) for partition in active])
    sign = -1.0 if found.objective.maximize else 1.0
    return Marginal(
        column.label, places, column.scale.decode(places), sign * losses.mean(axis=0), losses.std(axis=0)
    )


def _places(column: Column) -> Floats:
    """Where a marginal is shown: at all values if they are few, else evenly."""
    if isinstance(column.parameter, Choice) or column.n_values <= PLACES:
        axis = column.scale.axis(None)
        return column.scale.encode([axis.value(k) for k in range(axis.size)])
    return np.linspace(0.0, 1.0, PLACES)


def _floor(found: Sample, space: Space, seed: int) -> float:
    """The share that columns which mean nothing would get."""
    made_up = rng(seed, "made up", 0).random((len(found), N_MADE_UP))
    options = (*unordered(space), *[None] * N_MADE_UP)
    model = fit(np.hstack([found.X, made_up]), found.losses, options, seed=seed, n_trees=N_TREES // 2)
    known = single_shares(model.partitions)[:, -N_MADE_UP:]
    return float(known.mean(axis=0).max()) if len(known) else 0.0
