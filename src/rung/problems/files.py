"""Tables as files: the arrays in `NAME.npz`, what they mean in `NAME.json` beside it.

The arrays are `configs` (n x d, see `hyperparameters.py`), `metric` (n x F), `elapsed` (n x F: seconds since the start
of the training, or of a run to that level where the fidelity is not resumable), and `metric_seeds`, `elapsed_seeds`
(S x n x F) where there are several runs of each configuration. NaN in `metric` stands for diverged, or for past the
end of a run where the fidelity is ragged. Further metrics are arrays of their own, n x F (or n, where they are the same
at each level), which the JSON names in `metrics`; without that, any other array of such a shape is one.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rung.core.constraint import Constraint
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.core.resource import Fraction, Replicates, Resource, Steps
from rung.core.space import Space
from rung.problems.hyperparameters import Hyperparameter, configs_of, of_space, raw_of, space_of
from rung.problems.table import Table

FORMAT = 1
NO_METRICS = frozenset(  # arrays of the format, and those that recorded collections keep for people
    ["configs", "metric", "elapsed", "elapsed_surrogate", "curve_len", "planned_len", "diverged", "steps"]
)
FIRST_FURTHER = 2  # the number of the array of the first further metric

Floats = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[Any]]  # of several dtypes


class _Metric(msgspec.Struct):
    name: str
    lower_is_better: bool
    unit: str = ""


class _Further(msgspec.Struct, omit_defaults=True):
    """A further metric, in an array of its own; one with a direction is an objective, too."""

    name: str
    array: str
    lower_is_better: bool | None = None


class _Fidelity(msgspec.Struct):
    name: str
    values: list[float]
    resumable: bool = True
    ragged: bool = False
    unit: str = ""
    replicates: bool = False


class _Description(msgspec.Struct):
    """What the JSON says; other keys are for people."""

    metric: _Metric
    fidelity: _Fidelity
    hp_kinds: list[Hyperparameter]
    metrics: list[_Further] | None = None
    constraints: list[Constraint] = []
    format: int = FORMAT
    task: str = ""
    family: str = ""
    space: dict[str, Any] | None = (
        None  # rung's own words, where it wrote the table: they keep steps and defaults
    )


def read_table(path: str | Path) -> Table:
    """The table in a pair of files, of which either is named.

    Raises:
        SpecError: If there is no such pair, or it is no table; the sentence names the file.
    """
    stem = Path(path)
    stem = stem.with_suffix("") if stem.suffix in (".npz", ".json") else stem
    try:
        described = msgspec.json.decode(_beside(stem, ".json").read_bytes(), type=_Description)
        with np.load(_beside(stem, ".npz")) as found:
            arrays = {name: found[name] for name in found.files}
        return _table(stem, described, arrays)
    except FileNotFoundError as error:
        raise SpecError(
            f"a table is a pair of files .npz and .json, but there is no {error.filename}."
        ) from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise SpecError(f"{_beside(stem, '.json')} describes no table: {error}.") from None
    except (SpecError, ValueError) as error:
        raise SpecError(f"the table {stem} cannot be used: {error}") from None


def write_table(table: Table, path: str | Path) -> tuple[Path, Path]:
    """Write a table as a pair of files; returns their paths."""
    stem = Path(path)
    stem = stem.with_suffix("") if stem.suffix in (".npz", ".json") else stem
    parameters = of_space(table.space)
    arrays: dict[str, npt.NDArray[Any]] = {
        "configs": raw_of(parameters, table.configs),
        "metric": table.means.astype(np.float32),
        "elapsed": _elapsed(table).mean(axis=0).astype(np.float32),
    }
    if len(table.values) > 1:
        arrays["metric_seeds"] = table.values.astype(np.float32)
        arrays["elapsed_seeds"] = _elapsed(table).astype(np.float32)
    for number, values in enumerate(table.others.values(), FIRST_FURTHER):
        arrays[f"metric_{number}"] = values.mean(axis=0).astype(np.float32)
        if len(values) > 1:
            arrays[f"metric_{number}_seeds"] = values.astype(np.float32)
    diverged = np.isnan(table.means[np.arange(len(table.lengths)), table.lengths - 1])
    if (table.lengths < table.max_resource).any():
        arrays["diverged"] = diverged
    data, words = _beside(stem, ".npz"), _beside(stem, ".json")
    np.savez_compressed(data, **arrays)  # type: ignore[arg-type]  # its stubs take a keyword for an option
    words.write_bytes(msgspec.json.format(msgspec.json.encode(_description(table, parameters)), indent=1))
    return data, words


def _beside(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)  # a name may contain dots


def _table(stem: Path, described: _Description, arrays: Arrays) -> Table:
    if described.format != FORMAT:
        raise SpecError(f"its format is {described.format}, this version of rung reads format {FORMAT}.")
    fidelity = described.fidelity
    if len(fidelity.values) != arrays["metric"].shape[1] or len(arrays["configs"]) != len(arrays["metric"]):
        raise SpecError(
            f"configs has {len(arrays['configs'])} rows, metric has the shape {arrays['metric'].shape}, "
            f"and there are {len(fidelity.values)} levels."
        )
    first = 1 if fidelity.values[0] == 0 and len(fidelity.values) > 1 else 0  # level 0 is before training
    values = _runs(arrays, "metric")[:, :, first:]
    values[~np.isfinite(values)] = np.nan
    lengths = _lengths(described, arrays, values)
    named = _further(described, arrays)
    others = {each.name: _other(arrays, each.array, values, first) for each in named}
    return Table(
        name=described.task or stem.name,
        space=space_of(described.hp_kinds)
        if described.space is None
        else Space.from_builtins(described.space),
        configs=configs_of(described.hp_kinds, np.asarray(arrays["configs"], np.float64)),
        objective=Objective(described.metric.name, maximize=not described.metric.lower_is_better),
        resource=_resource(fidelity),
        values=values,
        seconds=_seconds(arrays, fidelity.resumable, first, values.shape),
        lengths=lengths,
        others=others,
        further=tuple(
            Objective(each.name, maximize=not each.lower_is_better)
            for each in named
            if each.lower_is_better is not None
        ),
        constraints=tuple(described.constraints),
    )


def _resource(fidelity: _Fidelity) -> Resource:
    unit = fidelity.name or "step"
    if fidelity.replicates:
        return Replicates(unit)
    return Steps(unit) if fidelity.resumable else Fraction(unit)


def _further(described: _Description, arrays: Arrays) -> list[_Further]:
    """The further metrics: those that are described, else whatever has a number for each configuration."""
    if described.metrics is not None:
        if missing := [each.array for each in described.metrics if each.array not in arrays]:
            raise SpecError(f"metrics names arrays that are not there: {missing}.")
        return described.metrics
    n, levels = arrays["metric"].shape
    return [
        _Further(name, name)
        for name, found in arrays.items()
        if name not in NO_METRICS | {described.metric.name}
        and not name.endswith("_seeds")
        and found.dtype.kind in "fiu"
        and found.shape in ((n,), (n, levels))
    ]


def _other(arrays: Arrays, name: str, values: Floats, first: int) -> Floats:
    """Values of a further metric, shape as those of the main one, with one seed or as many."""
    found = _runs(arrays, name)
    is_constant = found.ndim == 2  # one number for each configuration
    found = np.repeat(found[:, :, None], values.shape[2], axis=2) if is_constant else found[:, :, first:]
    if found.shape[1:] != values.shape[1:] or len(found) not in (1, len(values)):
        raise SpecError(f"the array {name} has the shape {arrays[name].shape}, which is not that of metric.")
    found[~np.isfinite(found)] = np.nan
    return found


def _runs(arrays: Arrays, name: str) -> Floats:
    """Single runs where they are known, else their means; shape (S, n, F)."""
    found = arrays.get(f"{name}_seeds")
    return np.array(arrays[name][None] if found is None else found, dtype=np.float64)


def _lengths(described: _Description, arrays: Arrays, values: Floats) -> npt.NDArray[np.int64]:
    """How far runs were recorded: ragged ones to their last number, unless it is known that they diverged there."""
    n_levels = values.shape[2]
    whole = np.full(values.shape[1], n_levels, np.int64)
    if not described.fidelity.ragged:
        return whole
    seen = np.asarray(np.isfinite(values).all(axis=0))
    last = np.where(seen.any(axis=1), n_levels - np.argmax(seen[:, ::-1], axis=1), 1)
    diverged = np.asarray(arrays.get("diverged", np.zeros(len(last))), bool)
    return np.where(diverged, np.minimum(last + 1, n_levels), last).astype(np.int64)


def _seconds(arrays: Arrays, resumable: bool, first: int, shape: tuple[int, ...]) -> Floats:
    """What each unit took, or each run; a second for a unit where nothing is known."""
    surrogate = {"elapsed": arrays["elapsed_surrogate"]} if "elapsed_surrogate" in arrays else {}
    known = {**surrogate, **arrays}
    if "elapsed" not in known:
        units = np.ones(shape[2]) if resumable else np.arange(1.0, shape[2] + 1)
        return np.broadcast_to(units, (1, *shape[1:])).copy()
    elapsed = _runs(known, "elapsed")
    if resumable:
        elapsed = np.diff(elapsed, axis=2, prepend=0.0)
    return _filled(np.maximum(elapsed[:, :, first:], 0.0))


def _filled(seconds: Floats) -> Floats:
    """Where a time is unknown, the mean of the same configuration stands, else that of all."""
    overall = float(np.nanmean(seconds)) if np.isfinite(seconds).any() else 1.0
    known = np.isfinite(seconds)
    sums = np.where(known, seconds, 0.0).sum(axis=2, keepdims=True)
    counts = known.sum(axis=2, keepdims=True)
    own = np.where(counts > 0, sums / np.maximum(counts, 1), overall)
    return np.where(known, seconds, own)


def _elapsed(table: Table) -> Floats:
    return table.seconds if table.resource.restarts else np.cumsum(table.seconds, axis=2)


def _description(table: Table, parameters: list[Hyperparameter]) -> dict[str, Any]:
    n, levels = len(table.configs), table.max_resource
    finite = table.finals[np.isfinite(table.finals)]
    return {
        "format": FORMAT,
        "task": table.name,
        "kind": "tabular",
        "metric": {
            "name": table.objective.metric,
            "lower_is_better": not table.objective.maximize,
            "unit": "",
        },
        "fidelity": {
            "name": table.resource.unit,
            "values": list(range(1, levels + 1)),
            "unit": table.resource.unit,
            "resumable": not table.resource.restarts,
            "ragged": bool((table.lengths < levels).any()),
            "replicates": table.resource.averages,
        },
        "metrics": _described(table),
        "constraints": table.constraints,
        "elapsed": "seconds for a run of that fidelity" if table.resource.restarts else "cumulative seconds",
        "hp_names": [each.name for each in parameters],
        "hp_kinds": parameters,
        "space": table.space.to_builtins(),
        "n_configs": n,
        "n_fidelity": levels,
        "stats": {
            "best_last": table.best if len(finite) else None,
            "median_last": table.typical if len(finite) else None,
            "frac_nan": float(np.isnan(table.means).mean()),
        },
    }


def _described(table: Table) -> list[_Further]:
    lower = {goal.metric: not goal.maximize for goal in table.further}
    return [
        _Further(name, f"metric_{number}", lower.get(name))
        for number, name in enumerate(table.others, FIRST_FURTHER)
    ]
