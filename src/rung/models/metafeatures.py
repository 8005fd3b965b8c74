"""Meta-features: a data set as a few numbers, so that studies on data sets that are alike can be found.

Sizes, what kinds of columns there are, how the target is spread, and landmarks: how well learners do that are trained
in a moment. Landmarks tell more of what a data set asks for than all counts together.

References:
    Feurer, Springenberg & Hutter, Initializing Bayesian Hyperparameter Optimization via Meta-Learning, AAAI 2015, on
    meta-features (of which these are a part) and on distances between data sets (the norm of their differences).
    Pfahringer, Bensusan & Giraud-Carrier, Meta-Learning by Landmarking Various Learning Algorithms, ICML 2000.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from rung.core.errors import SpecError
from rung.core.history import Floats, Ints

Features = dict[str, float]
"""By name; any numbers that describe a data set will do."""

Task = Literal["classification", "regression"]

ROWS, COLUMNS = 2000, 100  # that landmarks are trained on at most, drawn at random
FOLDS = 3
OFTEN = 5  # whole numbers that occur so often on average are classes
CATEGORIES = 10  # of a column that landmarks tell apart
COUNTS = ("rows", "columns", "classes")  # which are compared by their logarithms
NARROW = 0.1  # of a feature's range: its scale at least
COMMON = 0.5  # of the features of two data sets, the share that both must have to be compared


def meta_features(X: Any, y: Any, *, task: Task | None = None) -> Features:  # Any: arrays or frames
    """What a data set is like, in a dozen numbers.

    - `rows`, `columns`; `categorical` and `missing`: shares of columns and of values; `skewness`: the median over
      columns, of the absolute values.
    - For classes: `classes`, `balance` (their entropy, 1 if all are equally frequent), `smallest` (its share), and
      `accuracy_…`, 0 for chance and 1 for no error. For numbers: `target_skewness` and `r2_…`, from -1 to 1.
    - The landmarks are a `stump`, the nearest `neighbour`, naive `bayes` (for classes) and a `linear` model,
      cross-validated on at most 2,000 rows and 100 columns that are always the same ones.

    Args:
        X: An array or a pandas frame, shape (n, d). Text is categorical, NaN and None are missing.
        y: The target, shape (n,).
        task: None: whole numbers that occur often, and whatever is no number, are classes.

    Raises:
        SpecError: If the shapes do not fit, there are too few rows, or the task is none or not that of the target.
    """
    columns, target = _columns(X), np.asarray(y)
    _check(columns, target)
    classes = _is_classification(target, task)
    numeric = [column for column in columns if column.dtype != object]
    missing = [_missing(column).mean() for column in columns]
    found = {
        "rows": float(len(target)),
        "columns": float(len(columns)),
        "categorical": 1.0 - len(numeric) / len(columns),
        "missing": float(np.mean(missing)),
        "skewness": float(np.median([abs(_skewness(column)) for column in numeric])) if numeric else 0.0,
    }
    if classes:
        codes = np.unique(target, return_inverse=True)[1].astype(np.int64)
        return found | _of_classes(codes) | _landmarks(columns, codes, classes)
    numbers = target.astype(np.float64)
    return found | {"target_skewness": _skewness(numbers)} | _landmarks(columns, numbers, classes)


def check_features(features: Mapping[str, float]) -> None:
    """Raise unless each feature is a finite number with a name."""
    if not isinstance(features, Mapping) or not features:
        raise SpecError(
            f"features are numbers by name, such as rung.meta_features(X, y) gives, got {features!r:.80}."
        )
    for name, value in features.items():
        number = not isinstance(value, bool) and isinstance(value, int | float | np.number)
        if not isinstance(name, str) or not number or not np.isfinite(value):
            raise SpecError(f"feature {name!r} must be a finite number, got {value!r}. Leave it out.")


def distances(target: Mapping[str, float], others: Sequence[Mapping[str, float]]) -> Floats:
    """How unlike data sets are to one, shape (n,): the mean over common features of the differences in their scale.

    The scale of a feature is its interquartile range over all data sets at hand, so that one that is far off in
    something says nothing about the rest. Infinite where too few features are common, as between classes and numbers.
    """
    names = sorted({name for each in (target, *others) for name in each})
    table = np.array([[_scaled(each, name) for name in names] for each in (target, *others)])
    if not names:
        return np.full(len(others), np.inf)
    gaps = np.abs(table[1:] - table[0]) / _scales(table)
    common, either = (
        np.isfinite(gaps).sum(axis=1),
        (np.isfinite(table[1:]) | np.isfinite(table[0])).sum(axis=1),
    )
    totals = np.where(np.isfinite(gaps), gaps, 0.0).sum(axis=1)
    found: Floats = np.where(common >= COMMON * np.maximum(either, 1), totals / np.maximum(common, 1), np.inf)
    return found


def _scaled(features: Mapping[str, float], name: str) -> float:
    value = float(features.get(name, np.nan))
    return float(np.log(max(value, 1.0))) if name in COUNTS else value


def _scales(table: Floats) -> Floats:
    """Of each feature, shape (features,)."""
    scales = np.ones(table.shape[1])
    for place, values in enumerate(table.T):
        known = values[np.isfinite(values)]
        if len(known) and np.ptp(known) > 0:
            low, high = np.quantile(known, [0.25, 0.75])
            scales[place] = max(high - low, NARROW * np.ptp(known))
    return scales


# What is looked at

Column = npt.NDArray[Any]  # numbers, NaN where missing; or objects


def _columns(X: Any) -> list[Column]:
    kinds = list(getattr(X, "dtypes", []))
    table = np.asarray(X)
    if table.ndim != 2 or not table.shape[1]:
        raise SpecError(f"X must be a table of shape (rows, columns), got shape {table.shape}.")
    named = [str(kind) == "category" for kind in kinds] or [False] * table.shape[1]
    return [_column(table[:, place], is_category) for place, is_category in enumerate(named)]


def _column(values: Column, is_category: bool) -> Column:
    if not is_category:
        try:
            return values.astype(np.float64)
        except (ValueError, TypeError):
            pass
    return values.astype(object)


def _missing(column: Column) -> npt.NDArray[np.bool_]:
    if column.dtype != object:
        return np.asarray(np.isnan(column))
    return np.array([value is None or value != value for value in column], np.bool_)  # noqa: PLR0124  NaN


def _check(columns: Sequence[Column], target: Column) -> None:
    n = len(columns[0])
    if target.ndim != 1 or len(target) != n:
        raise SpecError(f"y must have a value for each of the {n} rows of X, got shape {target.shape}.")
    if n < 2 * FOLDS:
        raise SpecError(f"meta-features need {2 * FOLDS} rows, got {n}.")
    if _missing(target if target.dtype.kind in "fiub" else target.astype(object)).any():
        raise SpecError("y has missing values: leave these rows out of X and y.")


def _is_classification(target: npt.NDArray[Any], task: Task | None) -> bool:
    if task is None:
        return _are_classes(target)
    if task not in get_args(Task):
        raise SpecError(f"task must be one of {', '.join(get_args(Task))}, got {task!r}. Or leave it out.")
    if task == "regression" and target.dtype.kind not in "biuf":
        raise SpecError(
            "task is 'regression', but y holds no numbers. Say task='classification', or leave it out."
        )
    return task == "classification"


def _are_classes(target: Column) -> bool:
    if target.dtype.kind not in "fiu":
        return True
    whole = bool((target == np.floor(target)).all())
    return whole and OFTEN * len(np.unique(target)) <= len(target)


def _skewness(values: Floats) -> float:
    known = values[np.isfinite(values)]
    spread = known.std() if len(known) else 0.0
    return float((((known - known.mean()) / spread) ** 3).mean()) if spread > 0 else 0.0


def _of_classes(values: Ints) -> Features:
    shares = np.bincount(values) / len(values)
    entropy = float(-(shares * np.log(shares)).sum())
    most = np.log(len(shares)) if len(shares) > 1 else 1.0
    return {"classes": float(len(shares)), "balance": entropy / most, "smallest": float(shares.min())}


# Landmarks


def _landmarks(columns: Sequence[Column], y: Floats | Ints, classes: bool) -> Features:
    """How well quick learners do; nothing where no class has enough rows."""
    from sklearn.metrics import balanced_accuracy_score, r2_score
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

    draw = np.random.default_rng(0)
    rows = np.sort(draw.permutation(len(y))[:ROWS])
    places = np.sort(draw.permutation(len(columns))[:COLUMNS])
    if classes:
        rows = rows[np.bincount(y[rows])[y[rows]] >= FOLDS]
        if len(np.unique(y[rows])) < 2:
            return {}
    elif np.ptp(y[rows]) == 0:
        return {}
    X, y = _prepared([columns[place][rows] for place in places]), y[rows]
    folds = (StratifiedKFold if classes else KFold)(FOLDS, shuffle=True, random_state=0)
    found = {name: cross_val_predict(learner, X, y, cv=folds) for name, learner in _learners(classes).items()}
    if classes:
        return {
            f"accuracy_{name}": float(balanced_accuracy_score(y, p, adjusted=True))
            for name, p in found.items()
        }
    return {f"r2_{name}": float(np.clip(r2_score(y, p), -1.0, 1.0)) for name, p in found.items()}


def _learners(classes: bool) -> dict[str, Any]:  # Any: scikit-learn has no types
    from sklearn.linear_model import Ridge, RidgeClassifier
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    if not classes:
        return {
            "stump": DecisionTreeRegressor(max_depth=1, random_state=0),
            "neighbour": KNeighborsRegressor(1),
            "linear": Ridge(),
        }
    return {
        "stump": DecisionTreeClassifier(max_depth=1, random_state=0),
        "neighbour": KNeighborsClassifier(1),
        "bayes": GaussianNB(),
        "linear": RidgeClassifier(),
    }


def _prepared(columns: Sequence[Column]) -> Floats:
    """Numbers at mean 0 and standard deviation 1, missing ones at the median; each frequent category as 0 or 1."""
    return np.column_stack([part for column in columns for part in _parts(column)])


def _parts(column: Column) -> list[Floats]:
    gone = _missing(column)
    if column.dtype == object:
        texts = np.array([str(value) for value in column])
        names, counts = np.unique(texts[~gone], return_counts=True)
        often = names[np.argsort(-counts, kind="stable")[:CATEGORIES]]
        return [((texts == name) & ~gone).astype(np.float64) for name in often] or [np.zeros(len(column))]
    finite = column[np.isfinite(column)]
    filled = np.where(np.isfinite(column), column, np.median(finite) if len(finite) else 0.0)
    return [(filled - filled.mean()) / (filled.std() or 1.0)]
