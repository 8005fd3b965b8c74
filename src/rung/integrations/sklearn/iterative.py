"""scikit-learn's iterative estimators in a study's own training function: step, score, report, save.

An estimator that has `partial_fit` sees all the data once in each step. One that only has `warm_start` grows by some
trees. Its pickle holds all that its next step depends on, so a resumed training equals an uninterrupted one.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from pathlib import Path
from typing import Any

import joblib
import numpy as np

from rung.core.errors import SpecError
from rung.core.resource import check_count
from rung.trial import Trial

_FILE = "estimator.joblib"
_GROWING = {"n_estimators": "", "max_iter": "HistGradientBoosting"}  # what grows, and of which classes alone


def fit_in_steps(
    trial: Trial,
    estimator: Any,  # scikit-learn has no common type for estimators
    X: Any,
    y: Any,
    *,
    evaluate: Callable[[Any], Mapping[str, float]],
    every: int = 1,
) -> Any:
    """Train an estimator from where the trial stands until the scheduler ends it.

    Args:
        trial: The trial in training.
        estimator: A new estimator with the trial's hyperparameters; not used where a saved one goes on.
        X: The data to train on.
        y: Its targets; all classes must occur.
        evaluate: What to report, measured on the estimator after each step.
        every: Passes over the data, or trees, in one unit of the study's resource.

    Returns:
        The estimator as it was trained last.

    Raises:
        SpecError: If the estimator can neither be trained on nor grow.
    """
    check_count("every", every)
    step = _step(estimator, y)
    folder = trial.checkpoint
    if folder is not None:
        estimator = joblib.load(folder / _FILE)

    def save(folder: Path) -> None:
        joblib.dump(estimator, folder / _FILE)

    for unit in trial.steps():
        step(estimator, X, y, unit, every)
        trial.report(evaluate(estimator), save=save)
    return estimator


def _step(estimator: Any, y: Any) -> Callable[[Any, Any, Any, int, int], None]:
    if hasattr(estimator, "partial_fit"):
        takes_classes = "classes" in signature(estimator.partial_fit).parameters
        options = {"classes": np.unique(y)} if takes_classes else {}

        def pass_over(estimator: Any, X: Any, y: Any, unit: int, every: int) -> None:
            for _ in range(every):
                estimator.partial_fit(X, y, **options)

        return pass_over
    name = _growing(estimator)

    def grow(estimator: Any, X: Any, y: Any, unit: int, every: int) -> None:
        estimator.set_params(**{"warm_start": True, name: unit * every}).fit(X, y)

    return grow


def _growing(estimator: Any) -> str:
    kind = type(estimator).__name__
    parameters = estimator.get_params(deep=False)
    for name, classes in _GROWING.items():
        if "warm_start" in parameters and name in parameters and kind.startswith(classes):
            return name
    raise SpecError(
        f"an estimator that is trained in steps needs partial_fit, or warm_start with n_estimators, got {kind}. "
        "Use SearchCV, where samples or folds are the resource."
    )
