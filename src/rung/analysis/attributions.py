"""Attributions: by how much each hyperparameter moved the prediction for each trial, as Shapley values of a forest.

Needs `shap`. For a trial, base and attributions sum to the forest's prediction. A hyperparameter that is inactive in a
trial has none: what the trees say of it there is due to the choice that closed its branch, and counted with that.

Reference:
    Lundberg et al., From Local Explanations to Global Understanding with Explainable AI for Trees, Nature MI 2020.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from rung.analysis.data import StudyData, data_of
from rung.analysis.importance import N_TREES
from rung.analysis.sample import Sample, drawn, forest, sample
from rung.core.errors import MissingDependencyError
from rung.core.history import Floats, Ints
from rung.core.rng import rng
from rung.core.space import Space
from rung.models.forest import Forest, features
from rung.study import Study


@dataclass(frozen=True, slots=True)
class Attributions:
    """What moved the prediction for each trial.

    Attributes:
        objective: Name of the metric.
        resource: Where the trials were measured.
        labels: Of the hyperparameters, as the columns of the space.
        trials: Numbers of the trials, shape (n,).
        values: By how much each hyperparameter moved the predicted objective, with the user's sign, NaN where it is
            inactive, shape (n, d).
        base: The prediction for no trial in particular.
        accuracy: R² of the forest on trials that its trees were not trained on; below 0.2 little is known.
    """

    objective: str
    resource: int
    labels: tuple[str, ...]
    trials: Ints
    values: Floats
    base: float
    accuracy: float


def attributions(
    study: Study | StudyData, *, resource: int | None = None, objective: str | None = None, seed: int = 0
) -> Attributions:
    """What moved the prediction for each trial at a resource; arguments as of `importance`.

    Raises:
        MissingDependencyError: If shap is not installed.
        NoResultError: If there are fewer than 10 usable trials, or all have the same value.
    """
    explainer = _explainer()
    data = data_of(study)
    found = drawn(sample(data, resource=resource, objective=objective), rng(seed, "sample", 0))
    model = forest(found, data.space, seed=seed, n_trees=N_TREES)
    losses, base = _of_forest(explainer, model, found, seed)
    sign = -1.0 if found.objective.maximize else 1.0
    return Attributions(
        objective=found.objective.metric,
        resource=found.resource,
        labels=tuple(column.label for column in data.space.columns),
        trials=found.trials,
        values=sign * _settled(data.space, found.X, losses),
        base=sign * base,
        accuracy=model.accuracy,
    )


def _explainer() -> Any:
    try:
        from shap import TreeExplainer
    except ImportError:
        raise MissingDependencyError("attributions need shap. Install it: pip install 'rung[shap]'") from None
    return TreeExplainer


def _of_forest(explainer: Any, model: Forest, found: Sample, seed: int) -> tuple[Floats, float]:
    """Attributions of the loss, the mean over trees, and their base."""
    total, base = np.zeros_like(found.X), 0.0
    first = np.cumsum([0, *[n or 1 for n in model.options[:-1]]])
    for number, tree in enumerate(model.trees):
        places = rng(seed, "attributions", number).random(found.X.shape)
        F = features(np.where(np.isnan(found.X), places, found.X), model.options)
        explained = explainer(tree)
        total += np.add.reduceat(explained.shap_values(F), first, axis=1)
        base += float(np.ravel(explained.expected_value)[0])
    return total / len(model.trees), base / len(model.trees)


def _settled(space: Space, X: Floats, values: Floats) -> Floats:
    """Give what stands in inactive columns to the choice above them, from the deepest up."""
    values = values.copy()
    for column in reversed(space.columns):
        closed = np.isnan(X[:, column.index])
        if column.parent is not None:
            values[closed, column.parent] += values[closed, column.index]
        values[closed, column.index] = np.nan
    return values
