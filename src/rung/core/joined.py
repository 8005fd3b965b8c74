"""A history that begins with the past: to a searcher the trials of earlier studies are the first trials of this one.

So whatever learns from a history can be warm-started, and need not know of it.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from rung.core.history import Floats, HistoryView, Ints
from rung.core.objective import Metrics
from rung.core.past import Past
from rung.core.space import Config
from rung.core.suggestion import Request, Searcher, Suggestion, looks_at_results, takes_time


def informed(searcher: Searcher) -> Searcher:
    """A searcher that knows the past as the first trials of the study.

    Itself, if it says `reads_past = True` and so reads `HistoryView.past` as it likes, or does not look at results.
    """
    reads = getattr(searcher, "reads_past", False) or not looks_at_results(searcher)
    return searcher if reads else Informed(searcher)


class Informed:
    """A searcher to which the past is told as trials.

    Attributes:
        takes_time: As of the searcher inside.
    """

    def __init__(self, inner: Searcher) -> None:
        self.takes_time = takes_time(inner)
        self._inner = inner

    def suggest(self, history: HistoryView, request: Request) -> Sequence[Suggestion]:
        """What the searcher inside suggests for a trial whose number counts the past, too."""
        if not history.past:
            return self._inner.suggest(history, request)
        joined = Joined(history)
        trial, index = request.trial + joined.n_before, request.index + joined.n_before
        return self._inner.suggest(joined, msgspec.structs.replace(request, trial=trial, index=index))


class Joined(HistoryView):
    """The view of a history with the trials of its past in front.

    Attributes:
        n_before: How many those are; later trials have higher numbers by so many.
    """

    __slots__ = ("_own", "n_before")

    def __init__(self, own: HistoryView) -> None:
        self._own = own
        self.past: tuple[Past, ...] = ()  # it is told as trials
        self.n_before = sum(map(len, own.past))
        self.n_trials = self.n_before + own.n_trials
        self.n_observations = len(self._before("resources", self._told())) + own.n_observations

    @property
    def configs(self) -> Sequence[Config]:
        """See `HistoryView`."""
        return [*chain.from_iterable(past.given for past in self._own.past), *self._own.configs]

    @property
    def completed(self) -> Sequence[Config]:
        """See `HistoryView`."""
        return [*chain.from_iterable(past.configs for past in self._own.past), *self._own.completed]

    @property
    def members(self) -> Sequence[str | None]:
        """See `HistoryView`."""
        return [*[None] * self.n_before, *self._own.members]

    @property
    def encoded(self) -> Floats:
        """See `HistoryView`."""
        return np.vstack([self._before("points"), self._own.encoded])

    @property
    def since(self) -> int:
        """See `HistoryView`."""
        return self._own.since + self.n_before if self._own.since else 0

    @property
    def trials(self) -> Ints:
        """See `HistoryView`."""
        return np.concatenate([np.flatnonzero(self._told()), self._own.trials + self.n_before])

    @property
    def resources(self) -> Ints:
        """See `HistoryView`."""
        return np.concatenate([self._before("resources", self._told()), self._own.resources])

    @property
    def losses(self) -> Floats:
        """See `HistoryView`."""
        return np.vstack([self._before("losses", self._told()), self._own.losses])

    @property
    def violations(self) -> Floats:
        """See `HistoryView`."""
        return np.vstack([self._before("violations", self._told()), self._own.violations])

    @property
    def seconds(self) -> Floats:
        """See `HistoryView`; 0 for the past."""
        return np.concatenate([np.zeros(int(self._told().sum())), self._own.seconds])

    @property
    def times(self) -> Floats:
        """See `HistoryView`; 0 for the past."""
        return np.concatenate([np.zeros(int(self._told().sum())), self._own.times])

    @property
    def metrics(self) -> Sequence[Metrics]:
        """See `HistoryView`; nothing is told of the past."""
        return [*[{} for _ in range(int(self._told().sum()))], *self._own.metrics]

    @property
    def failed(self) -> Ints:
        """See `HistoryView`."""
        lost = np.flatnonzero(self._before("failed"))
        before = np.stack([lost, self._before("resources")[lost]], axis=1)
        return np.vstack([before, self._own.failed + np.array([self.n_before, 0])])

    @property
    def pending(self) -> Mapping[int, int]:
        """See `HistoryView`."""
        return {trial + self.n_before: target for trial, target in self._own.pending.items()}

    def _told(self) -> npt.NDArray[np.bool_]:
        """Which trials of the past were observed."""
        found: npt.NDArray[np.bool_] = ~self._before("failed")
        return found

    def _before(self, name: str, rows: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[Any]:
        found = np.concatenate([getattr(past, name) for past in self._own.past])
        return found if rows is None else found[rows]
