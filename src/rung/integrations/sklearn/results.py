"""`cv_results_`: what a search has measured, made from the log of its study."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from rung.core.space import Config
from rung.study import Study

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate at one resource; with folds as the resource, one candidate.

    Attributes:
        trial: Its trial.
        resource: What it was given.
        metrics: What was measured, as `split0_test_score`.
    """

    trial: int
    resource: int
    metrics: Mapping[str, float]


def rows(study: Study) -> list[Row]:
    """What was observed, in the order of the trials; a trial that has failed before it was observed has a row, too."""
    history = study.history
    found: dict[tuple[int, int], Row] = {}
    observed = zip(history.trials.tolist(), history.resources.tolist(), history.metrics, strict=True)
    for trial, resource, metrics in observed:
        key = (trial, 0 if study.spec.resource.averages else resource)
        known = found[key].metrics if key in found else {}
        found[key] = Row(
            trial, resource, {**known, **{name: float(value) for name, value in metrics.items()}}
        )
    for trial, target in history.failed.tolist():
        found.setdefault((trial, 0 if study.spec.resource.averages else target), Row(trial, target, {}))
    return [found[key] for key in sorted(found)]


def cv_results(
    rows: Sequence[Row], parameters: Sequence[Config], n_splits: int, names: Sequence[str]
) -> dict[str, Any]:
    """The table in scikit-learn's form.

    Args:
        rows: Its rows.
        parameters: The parameters of each row.
        n_splits: How many splits there are; NaN stands where one was not run.
        names: What was measured: fit_time, score_time, test_score …
    """
    resources = np.array([row.resource for row in rows])
    results: dict[str, Any] = {
        "iter": np.unique(resources, return_inverse=True)[1],
        "n_resources": resources,
    }
    for name in sorted({name for each in parameters for name in each}):
        results[f"param_{name}"] = _column(name, parameters)
    results["params"] = list(parameters)
    for name in names:
        results |= _summary(name, _table(rows, name, n_splits))
    return results


def _table(rows: Sequence[Row], name: str, n_splits: int) -> Floats:
    return np.array([[row.metrics.get(f"split{n}_{name}", np.nan) for n in range(n_splits)] for row in rows])


def _summary(name: str, table: Floats) -> dict[str, Any]:
    """Columns of one measure: each split unless it is a time, mean, standard deviation, and rank of a test score."""
    run = np.isfinite(table)
    count = np.maximum(run.sum(axis=1), 1)
    mean = np.where(run.any(axis=1), np.where(run, table, 0).sum(axis=1) / count, np.nan)
    deviation = np.where(run, table - mean[:, None], 0)
    found: dict[str, Any] = {
        f"mean_{name}": mean,
        f"std_{name}": np.where(run.any(axis=1), np.sqrt((deviation**2).sum(axis=1) / count), np.nan),
    }
    if name.endswith("_time"):
        return found
    found |= {f"split{n}_{name}": column for n, column in enumerate(table.T)}
    if name.startswith("test_"):
        found[f"rank_{name}"] = _ranks(mean)
    return found


def _ranks(mean: Floats) -> npt.NDArray[np.int32]:
    """1 is best; what has no score shares the last place."""
    worst = np.nanmin(mean) - 1 if np.isfinite(mean).any() else 0.0
    return np.asarray(rankdata(-np.nan_to_num(mean, nan=worst), method="min"), np.int32)


def _column(name: str, parameters: Sequence[Config]) -> np.ma.MaskedArray[Any, Any]:
    """The values of one parameter, masked where it was not active."""
    values = np.ma.MaskedArray(np.empty(len(parameters), dtype=object), mask=True)
    for row, each in enumerate(parameters):
        if name in each:
            values[row] = each[name]
    return values
