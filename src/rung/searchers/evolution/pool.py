"""The pool of survivors: what selection has left of all observations, as a pure function of the history.

The observations are taken in steps of a fixed number, a few at a time; after each step selection decides who survives.
So the pool of a history is the same whether it was followed from the beginning or is worked out at once.
"""

from collections.abc import Callable

import numpy as np

from rung.core.history import Floats, HistoryView
from rung.searchers.evidence import Evidence

STEP = 3  # observations from one selection to the next: a third of the time, and hardly any delay

Selection = Callable[[Evidence], "np.ndarray[tuple[int, ...], np.dtype[np.int64]]"]
"""The rows that survive, best first; of finite losses, each trial once."""


class Pool:
    """The survivors, followed through a history that grows.

    Args:
        step: How many observations there are from one selection to the next.
        survivors: Who survives.
    """

    def __init__(self, step: int, survivors: Selection) -> None:
        self._step = step
        self._survivors = survivors
        self._seen = 0
        self._kept: Evidence | None = None  # memo: what survived of so many observations

    def at(self, history: HistoryView) -> Evidence:
        """The survivors that have not failed since, best first. Takes the same time however long the history is."""
        stop = history.n_observations - history.n_observations % self._step
        if stop < self._seen or self._kept is None:  # a question about the past, or the first one
            self._seen, self._kept = 0, observed(history, 0, 0)
        while self._seen < stop:
            self._kept = self._selected(self._kept, observed(history, self._seen, self._seen + self._step))
            self._seen += self._step
        found = self._kept
        failed = history.failed[:, 0]
        return rows_of(found, ~np.isin(found.trials, failed)) if len(failed) else found

    def _selected(self, kept: Evidence, new: Evidence) -> Evidence:
        evidence = _joined(kept, new)
        diverged = np.isinf(evidence.losses).max(axis=1, initial=False)
        if diverged.any():
            evidence = rows_of(evidence, ~diverged)
        return rows_of(evidence, self._survivors(evidence)) if len(evidence) else evidence


def observed(history: HistoryView, start: int, stop: int) -> Evidence:
    """What was observed from one place of a history to another, of each trial the last, in this order."""
    return _newest(_taken(history, slice(start, stop)))


def rows_of(evidence: Evidence, rows: "np.ndarray[tuple[int, ...], np.dtype[np.generic]]") -> Evidence:
    """Some rows of the evidence, by number or by mask."""
    return Evidence(
        evidence.trials[rows],
        evidence.points[rows],
        evidence.resources[rows],
        evidence.losses[rows],
        evidence.violations[rows],
    )


def _taken(history: HistoryView, rows: slice) -> Evidence:
    trials, losses = history.trials[rows], history.losses[rows]
    found = Evidence(
        trials,
        history.encoded[trials],
        history.resources[rows],
        np.where(np.isnan(losses), np.inf, losses),
        history.violations[rows],
    )
    inside = ~np.isnan(found.points).min(axis=1, initial=True)  # of the present space
    return found if inside.all() else rows_of(found, inside)


def _newest(evidence: Evidence) -> Evidence:
    """The last row of each trial."""
    last = dict(zip(evidence.trials.tolist(), range(len(evidence)), strict=True))
    return evidence if len(last) == len(evidence) else rows_of(evidence, np.sort(list(last.values())))


def _joined(first: Evidence, second: Evidence) -> Evidence:
    parts = zip(_arrays(first), _arrays(second), strict=True)
    return _newest(Evidence(*[np.concatenate(pair) for pair in parts]))  # type: ignore[arg-type]  # as they were


def _arrays(evidence: Evidence) -> tuple[Floats, ...]:
    return (  # type: ignore[return-value]  # two of them are whole numbers
        evidence.trials,
        evidence.points,
        evidence.resources,
        evidence.losses,
        evidence.violations,
    )
