"""Real trainings of a few milliseconds each, on data sets that scikit-learn brings along.

What is minimized is a mean squared error or a log loss on rows that were held out, so that few configurations tie.
The best known and the median are found by `python benchmarks/searchers/reference.py`, which writes `trainings.json`.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from rung.core.space import Choice, Config, Float, Int, Space
from tasks.base import Split, Task

KNOWN = Path(__file__).with_name("trainings.json")
WORST = 3.0  # losses above it count as that; who always says the mean has 1, who guesses classes 0.7 to 2.3


@cache
def _rows(name: str, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Standardized training and held-out rows: X, y, X', y'; at most so many of each."""
    from sklearn import datasets
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import scale

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    classes = len(np.unique(y)) < 20
    found = train_test_split(
        X, y, train_size=min(most, len(X) // 2), stratify=y if classes else None, random_state=0
    )
    X, X_held, y, y_held = found
    spread = X.std(axis=0) + 1e-9
    X, X_held = (X - X.mean(axis=0)) / spread, ((X_held - X.mean(axis=0)) / spread)[:most]
    return (
        X,
        scale(y) if not classes else y,
        X_held,
        ((y_held - y.mean()) / y.std() if not classes else y_held)[:most],
    )


def _squared_error(model: Any, data: str, most: int) -> float:
    X, y, X_held, y_held = _rows(data, most)
    return min(WORST, float(np.mean((model.fit(X, y).predict(X_held) - y_held) ** 2)))


def _log_loss(model: Any, data: str, most: int) -> float:
    X, y, X_held, y_held = _rows(data, most)
    p = model.fit(X, y).predict_proba(X_held)[np.arange(len(y_held)), y_held]
    return min(WORST, float(-np.log(np.maximum(p, 1e-9)).mean()))


def support_vectors(config: Config) -> float:
    """Support vector regression on the diabetes data."""
    from sklearn.svm import SVR

    return _squared_error(SVR(max_iter=4000, **config), "diabetes", 150)


def boosting(config: Config) -> float:
    """Twenty boosted trees on the diabetes data."""
    from sklearn.ensemble import GradientBoostingRegressor

    return _squared_error(
        GradientBoostingRegressor(n_estimators=20, random_state=0, **config), "diabetes", 120
    )


def linear(config: Config) -> float:
    """A linear classifier by stochastic gradients on handwritten digits."""
    from sklearn.linear_model import SGDClassifier

    return _log_loss(SGDClassifier(random_state=0, tol=None, max_iter=8, **config), "digits", 200)


def network(config: Config) -> float:
    """A small network on the breast cancer data, a few epochs."""
    from sklearn.neural_network import MLPClassifier

    width = int(str(config["width"]))
    options = {name: value for name, value in config.items() if name not in ("width", "layers")}
    hidden = (width,) * int(str(config["layers"]))
    model = MLPClassifier(hidden, max_iter=8, n_iter_no_change=100, random_state=0, **options)
    return _log_loss(model, "breast_cancer", 100)


def classifiers(config: Config) -> float:
    """One of five classifiers with hyperparameters of its own on the wine data."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.tree import DecisionTreeClassifier

    kinds: dict[str, Callable[..., Any]] = {
        "logistic": LogisticRegression,
        "tree": DecisionTreeClassifier,
        "neighbours": KNeighborsClassifier,
        "bayes": GaussianNB,
        "quadratic": QuadraticDiscriminantAnalysis,
    }
    options = {name.partition(".")[2]: value for name, value in config.items() if name != "model"}
    return _log_loss(kinds[str(config["model"])](**options), "wine", 60)


SPACES: dict[Callable[[Config], float], Space] = {
    support_vectors: Space(
        C=Float(1e-3, 1e3, log=True),
        epsilon=Float(1e-3, 1, log=True),
        kernel=Choice(
            {
                "rbf": {"gamma": Float(1e-5, 10, log=True)},
                "poly": {"gamma": Float(1e-4, 1, log=True), "degree": Int(2, 5), "coef0": Float(-1, 2)},
                "sigmoid": {"gamma": Float(1e-5, 1, log=True), "coef0": Float(-2, 2)},
                "linear": {},
            }
        ),
    ),
    boosting: Space(
        learning_rate=Float(1e-3, 1, log=True),
        max_depth=Int(1, 8),
        subsample=Float(0.2, 1),
        max_features=Float(0.1, 1),
        min_samples_leaf=Int(1, 60, log=True),
        loss=Choice(["squared_error", "absolute_error", "huber"]),
        alpha=Float(0.5, 0.99),
    ),
    linear: Space(
        loss=Choice(["log_loss", "modified_huber"]),
        penalty=Choice({"l2": {}, "l1": {}, "elasticnet": {"l1_ratio": Float(0, 1)}}),
        alpha=Float(1e-7, 1, log=True),
        learning_rate=Choice(
            {"constant": {}, "invscaling": {"power_t": Float(0, 1)}, "adaptive": {}, "optimal": {}}
        ),
        eta0=Float(1e-5, 1, log=True),
        average=Choice([True, False]),
        fit_intercept=Choice([True, False]),
    ),
    network: Space(
        learning_rate_init=Float(1e-5, 0.3, log=True),
        alpha=Float(1e-7, 10, log=True),
        width=Int(2, 32, log=True),
        layers=Int(1, 3),
        activation=Choice(["relu", "tanh", "logistic"]),
        batch_size=Choice([8, 16, 32, 64], ordered=True),
        solver=Choice(
            {
                "adam": {"beta_1": Float(0.5, 0.99), "beta_2": Float(0.8, 0.9999)},
                "sgd": {"momentum": Float(0, 0.99), "nesterovs_momentum": Choice([True, False])},
            }
        ),
    ),
    classifiers: Space(
        model=Choice(
            {
                "logistic": {"logistic.C": Float(1e-5, 1e4, log=True)},
                "tree": {
                    "tree.max_depth": Int(1, 12),
                    "tree.min_samples_leaf": Int(1, 30),
                    "tree.criterion": Choice(["gini", "entropy"]),
                },
                "neighbours": {
                    "neighbours.n_neighbors": Int(1, 50),
                    "neighbours.p": Float(1, 4),
                    "neighbours.weights": Choice(["uniform", "distance"]),
                },
                "bayes": {"bayes.var_smoothing": Float(1e-10, 10, log=True)},
                "quadratic": {"quadratic.reg_param": Float(0, 1)},
            }
        ),
    ),
}


def report(split: Split = "report") -> Iterator[Task]:
    """Those that no default was chosen on."""
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    for train, space in SPACES.items():
        name = train.__name__.replace("_", " ")
        best, median = known.get(name, (0.0, None))
        yield Task(name, "trainings", split, space, train, best, median=median)
