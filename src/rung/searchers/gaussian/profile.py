"""What a Gaussian process believes of the objective along one hyperparameter: for plots, and for people who wonder.

The model is the one that `rung.GP()` would make of a history, whatever searcher has suggested its trials.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rung.core.errors import NoResultError, SpecError
from rung.core.history import Floats, HistoryView
from rung.core.objective import Objective, Objectives
from rung.core.scale import listed, nearest
from rung.core.space import Choice, Column, Config, Scalar, Space
from rung.models.kernels import Form
from rung.searchers.gaussian.belief import Belief, believed
from rung.searchers.gaussian.learning import Learner
from rung.searchers.gaussian.rows import OneLevel, Rows, dimensions

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


@dataclass(frozen=True, slots=True)
class Model:
    """What a Gaussian process believes of the objective over a space.

    Attributes:
        space: The space.
        objective: What is modelled.
        belief: The process, of warped losses.
        resource: Where trials are compared.
    """

    space: Space
    objective: Objective
    belief: Belief
    resource: int

    @classmethod
    def of(cls, space: Space, objective: Objective, rows: Rows | None, form: Form = "matern52") -> "Model":
        """The model of observations, the first loss of which is that of the objective.

        Raises:
            NoResultError: If there are too few.
        """
        learner = Learner(OneLevel().kernel(dimensions(space), form))
        belief = believed(learner, rows, wide=True) if rows and len(rows) >= LEAST else None
        if not rows or not belief:
            raise NoResultError(
                f"a model needs {LEAST} trials with finite results at one resource; there are fewer. Run more trials."
            )
        return cls(space, objective, belief, rows.resource)

    @property
    def best(self) -> Config:
        """The configuration of the trial where the model expects the best."""
        return self.space.decode(self.belief.good(1, len(self.space.columns)))[0]

    def along(self, name: str, at: Config | None = None, points: int = 60) -> Profile:
        """The objective along a hyperparameter; see `profile`."""
        column, space = _column(self.space, name), self.space
        (point,) = space.encode([self.best if at is None else at])
        X = _along(space, column, point, _places(column, points))
        middle, low, high = _told(self.belief, X, self.objective.maximize)
        values = [config[column.name] for config in space.decode(X)]
        return Profile(name, values, middle, low, high, space.decode(point[None])[0], self.resource)

    def alike(self, X: Floats, name: str, at: Config) -> Floats:
        """How much the loss at points has to do with that in a profile, in 0..1, shape (n,).

        That is the correlation with the configuration of the profile, if that had the same value of its hyperparameter.

        Args:
            X: Points, shape (n, d).
            name: The hyperparameter; where it is inactive the answer is 0.
            at: The configuration.
        """
        column, gp = _column(self.space, name), self.belief.gp
        (point,) = self.space.encode([at])
        beside, found = X.copy(), np.zeros(len(X))
        places = X[:, column.index]
        if not isinstance(column.parameter, Choice):
            places = np.where(np.isfinite(places), 0.5, np.nan)  # whatever it is, both have the same
        for place in np.unique(places[np.isfinite(places)]):
            rows = places == place
            here = _along(self.space, column, point, np.array([place]))
            beside[rows, column.index] = here[0, column.index]
            found[rows] = gp.kernel.against(gp.parameters.theta, here).matrix(beside[rows])[:, 0]
        return found


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
    _column(space, name)
    return Model.of(space, objectives[0], OneLevel().rows(history, LEAST), form).along(name, at, points)


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
