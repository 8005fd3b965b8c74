"""A table from the log of a study: what its trials have reported, as far as they were trained."""

import numpy as np

from rung.core.errors import NoResultError
from rung.core.history import HistoryView
from rung.core.objective import Objective
from rung.core.resource import Resource
from rung.core.space import Space
from rung.problems.table import Floats, Ints, Table

FEWEST = 5  # trials with a result, below which a simulation says nothing


def logged(name: str, space: Space, objective: Objective, resource: Resource, history: HistoryView) -> Table:
    """What a study has observed, as curves; its configurations outside the space are left out.

    Between two reports a curve is straight. A trial that failed is NaN from its next unit on; one that was paused or
    stopped ends where it stood, see `Table.is_whole`.

    Raises:
        NoResultError: If fewer than `FEWEST` trials have reported.
    """
    failed = set(history.failed[:, 0].tolist())
    known = sorted({*history.trials.tolist(), *failed})
    rows = [trial for trial in known if space.contains(history.completed[trial])]
    if len(rows) < FEWEST or not len(history.trials):
        raise NoResultError(
            f"study {name!r} has results of {len(rows)} trials: a simulation on them needs {FEWEST} at least. "
            "Train more first, or use a recorded table."
        )
    levels = int(history.resources.max())
    values = np.full((1, len(rows), levels), np.nan)
    seconds = np.zeros((1, len(rows), levels))
    lengths = np.ones(len(rows), np.int64)
    order = np.lexsort((history.resources, history.trials))
    sorted_trials = history.trials[order]
    for row, trial in enumerate(rows):
        seen = order[np.searchsorted(sorted_trials, trial) : np.searchsorted(sorted_trials, trial, "right")]
        if not len(seen):
            continue  # it failed before its first report
        at = history.resources[seen]
        own = [float(history.metrics[int(each)].get(objective.metric, np.nan)) for each in seen]
        end = int(at[-1])
        values[0, row, :end] = np.interp(np.arange(1, end + 1), at, own)
        seconds[0, row, :end] = _seconds(at, history.seconds[seen], resource)
        lengths[row] = min(end + 1, levels) if trial in failed else end
    whole = all(trial in failed or length == levels for trial, length in zip(rows, lengths, strict=True))
    configs = [history.completed[trial] for trial in rows]
    return Table(name, space, configs, objective, resource, values, seconds, lengths, is_whole=whole)


def _seconds(at: Ints, took: Floats, resource: Resource) -> Floats:
    """What each unit took, or a run to each level where the resource restarts."""
    units = np.arange(1, int(at[-1]) + 1)
    if resource.restarts:
        return np.asarray(np.interp(units, np.append(0, at), np.append(0.0, took)))
    each = took / np.diff(at, prepend=0)
    return np.asarray(np.repeat(each, np.diff(at, prepend=0)))
