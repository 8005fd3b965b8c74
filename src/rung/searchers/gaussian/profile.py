"""What a Gaussian process believes of the objective along one hyperparameter: for plots, and for people who wonder.

The model is the one that `rung.GP()` would make of a history, whatever searcher has suggested its trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, HistoryView
from rung.core.objective import Objectives
from rung.core.scale import listed, nearest
from rung.core.space import Choice, Column, Config, Scalar, Space
from rung.models.kernels import Form
from rung.searchers.gaussian.belief import Belief, believed
from rung.searchers.gaussian.learning import Learner
from rung.searchers.gaussian.rows import OneLevel, dimensions

LEAST = 4  # trials that a model is made of at least


@dataclass(frozen=True, slots=True)
class Profile:
    """The objective along one hyperparameter, all others as in one configuration.

    Attributes:
        name: The hyperparameter.
        values: Its values, n of them, in their order.
        mean: What is expected at them, in the units of the objective, shape (n,).
        low: One standard deviation below, shape (n,).
        high: One standard deviation above, shape (n,).
        config: The others.
        resource: Where trials are compared.
    """

    name: str
    values: Sequence[Scalar]
    mean: Floats
    low: Floats
    high: Floats
    config: Config
    resource: int


def profile(  # noqa: PLR0917  the parts of a study
    space: Space,
    objectives: Objectives,
    history: HistoryView,
    name: str,
    at: Config | None = None,
    points: int = 60,
    form: Form = "matern52",
) -> Profile:
    """The model along a hyperparameter.

    Args:
        space: The space.
        objectives: The first one is modelled.
        history: What was observed.
        name: The hyperparameter, with its branch where the name stands in several: `lr[optimizer=adam]`.
        at: What the others are; None: the trial where the model expects the best.
        points: How many values of a number.
        form: Of the kernel.

    Raises:
        SpecError: If there is no such hyperparameter.
        NoResultError: If too few trials were observed at one resource.
    """
    column = _column(space, name)
    fidelity = OneLevel()
    rows = fidelity.rows(history, LEAST)
    belief = rows and believed(Learner(fidelity.kernel(dimensions(space), form)), rows, wide=True)
    if not rows or not belief:
        raise NoResultError(
            f"a model needs {LEAST} trials with finite results at one resource; there are fewer. Run more trials."
        )
    point = belief.good(1, len(space.columns))[0] if at is None else space.encode([at])[0]
    X = _along(space, column, point, _places(column, points))
    middle, low, high = _told(belief, X, objectives[0].maximize)
    configs = space.decode(X)
    values = [config[column.name] for config in configs]
    return Profile(name, values, middle, low, high, space.decode(point[None])[0], rows.resource)


def _told(belief: Belief, X: Floats, maximize: bool) -> tuple[Floats, Floats, Floats]:
    mean, std = belief.gp.predict(X)
    middle, low, high = (belief.warp.inverse(mean + z * std) for z in (0, -1, 1))
    return (-middle, -high, -low) if maximize else (middle, low, high)


def _column(space: Space, name: str) -> Column:
    for column in space.columns:
        if column.label == name:
            return column
    labels = [column.label for column in space.columns]
    hint = nearest(name, labels) or f" Known here: {listed(labels)}."
    raise SpecError(f"a model is drawn along a hyperparameter, got {name!r}.{hint}")


def _along(space: Space, column: Column, point: Floats, places: Floats) -> Floats:
    """A point with each place in a column, in the branch in which that is active."""
    base = np.nan_to_num(point, nan=0.5)
    inner = column
    while inner.parent is not None and inner.option is not None:
        outer = space.columns[inner.parent]
        base[outer.index] = (inner.option + 0.5) / outer.n_values
        inner = outer
    X = np.tile(base, (len(places), 1))
    X[:, column.index] = places
    return space.snapped(X)


def _places(column: Column, points: int) -> Floats:
    whole = column.n_values <= points or isinstance(column.parameter, Choice)
    axis = column.scale.axis(None if whole else points)
    return column.scale.encode([axis.value(k) for k in range(axis.size)])
