"""The trials as columns of JSON, and their learning curves thinned, for the scripts of the page."""

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import EllipsisType
from typing import Any

import numpy as np
import numpy.typing as npt

from rung.analysis.data import Observations, StudyData
from rung.core.space import Scalar
from rung.core.usage import Usage

MAX_POINTS = 100_000  # of all learning curves together
FEW_POINTS = 8  # that each trial keeps at least
EXACT = 2**53  # integers beyond are not exact in a browser

Json = dict[str, Any]  # Any: JSON


def trial_columns(data: StudyData) -> list[Json]:
    """A column for each thing known of a trial, rows by number of the trial.

    A column of numbers holds `values`, null where there is none. Any other holds its distinct `options` and, as
    `values`, their positions, -1 where there is none.
    """
    trials = data.trials
    goals = [
        numbers(goal.metric, (trial.values[i] for trial in trials), "float", group="objective")
        for i, goal in enumerate(data.objectives)
    ]
    return [
        numbers("trial", range(len(trials)), "int"),
        words("status", [trial.status for trial in trials]),
        numbers(data.unit, (trial.resource for trial in trials), "int", group="resource"),
        *goals,
        *_configurations(data),
        numbers("training", (trial.seconds for trial in trials), "seconds"),
        *_usages(data),
        numbers("created", (trial.created for trial in trials), "seconds", hidden=True),
        words("source", [trial.source for trial in trials], hidden=True),
        numbers("parent", (trial.parent for trial in trials), "int", hidden=True),
        numbers("bracket", (trial.bracket for trial in trials), "int", hidden=True),
        words("why", [trial.why for trial in trials], group="why"),
    ]


def numbers(
    name: str, values: Iterable[float | None], kind: str, group: str = "", hidden: bool = False
) -> Json:
    """A column of numbers; of kind int, float or seconds."""
    return {"name": name, "kind": kind, "group": group, "hidden": hidden, "values": list(values)}


def words(name: str, values: Sequence[Scalar | EllipsisType], group: str = "", hidden: bool = False) -> Json:
    """A column of anything else; `...` stands for no value."""
    places: dict[object, int] = {}
    options: list[Scalar] = []
    found = []
    for value in values:
        if value is ...:
            found.append(-1)
            continue
        key = (type(value), value)  # 1, 1.0 and True are different options
        if key not in places:
            places[key] = len(options)
            options.append(value)
        found.append(places[key])
    return {
        "name": name,
        "kind": "word",
        "group": group,
        "hidden": hidden,
        "options": options,
        "values": found,
    }


def curves(observations: Observations, n_trials: int) -> Json:
    """The learning curve of each trial by the first objective, in the order of resource, thinned alike.

    Returns:
        Base64 of little-endian arrays: `offsets` (uint32, where each trial begins, and the end), `resources` and
        `values` (float32).
    """
    order = np.lexsort((observations.resource, observations.trial))
    trial = observations.trial[order]
    starts = np.searchsorted(trial, np.arange(n_trials + 1))
    kept = _thinned(starts, max(FEW_POINTS, MAX_POINTS // max(1, n_trials)))
    rows = order[kept]
    return {
        "offsets": _base64(np.searchsorted(trial[kept], np.arange(n_trials + 1)), "<u4"),
        "resources": _base64(observations.resource[rows], "<f4"),
        "values": _base64(observations.values[rows, 0], "<f4"),
    }


def _thinned(starts: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.bool_]:
    """Which rows are kept if each group keeps about `most` of them, its first and its last among them."""
    sizes = np.diff(starts)
    place = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    size = np.repeat(sizes, sizes)
    step = np.maximum(1, (size - 1) / (most - 1))
    kept: npt.NDArray[np.bool_] = (np.floor(place / step) != np.floor((place - 1) / step)) | (
        place == size - 1
    )
    return kept


def _usages(data: StudyData) -> Iterator[Json]:
    """What trials have used of their machines, as far as that was measured."""
    for name, (kind, read) in _USES.items():
        values = [None if trial.usage is None else read(trial.usage) for trial in data.trials]
        if any(value is not None for value in values):
            yield numbers(name, values, kind, "usage")


def _megabytes(n_bytes: int | None) -> int | None:
    return None if n_bytes is None else round(n_bytes / 1e6)


_USES: dict[str, tuple[str, Callable[[Usage], float | None]]] = {
    "CPUs": ("float", lambda usage: round(usage.cpus, 2)),
    "memory MB": ("int", lambda usage: _megabytes(usage.memory_bytes)),
    "GPU %": ("int", lambda usage: None if usage.gpu is None else round(100 * usage.gpu)),
    "GPU MB": ("int", lambda usage: _megabytes(usage.gpu_memory_bytes)),
}


def _configurations(data: StudyData) -> list[Json]:
    """A column for each name; constants and what only an earlier space had come last, and are not shown at first."""
    known = dict.fromkeys(column.name for column in data.space.columns)
    names = known | dict.fromkeys(name for trial in data.trials for name in trial.config)
    kinds = {column.name: type(column.parameter).__name__ for column in data.space.columns}
    return [_configuration(data, name, kinds.get(name), hidden=name not in known) for name in names]


def _configuration(data: StudyData, name: str, kind: str | None, hidden: bool) -> Json:
    values = [trial.config.get(name, ...) for trial in data.trials]
    numeric = [number for number in map(_number, values) if number is not ...]
    if kind != "Choice" and len(numeric) == len(values):
        return numbers(name, numeric, "int" if kind == "Int" else "float", "config", hidden)
    return words(name, values, "config", hidden)


def _number(value: Scalar | EllipsisType) -> float | EllipsisType | None:
    """A number that a browser holds exactly; None where there is none, `...` for anything else."""
    if value is ...:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) >= EXACT:
        return ...
    return value


def _base64(values: npt.NDArray[Any], kind: str) -> str:
    return base64.b64encode(values.astype(kind).tobytes()).decode()
