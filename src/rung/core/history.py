"""History: all that searchers and models may know, as arrays that grow, served as immutable views.

Appending is O(1). Nothing appended ever changes, so a view is the length at which it was taken.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from rung.core.objective import Losses, Metrics
from rung.core.space import Config, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class GrowingArray:
    """A numpy array to append to. Appending costs a list append; reading moves the new rows over once."""

    __slots__ = ("_buffer", "_moved", "_tail")

    def __init__(self, dtype: type[np.generic], width: int | None = None) -> None:
        shape = (16,) if width is None else (16, width)
        self._buffer: npt.NDArray[Any] = np.empty(shape, dtype)
        self._moved = 0
        self._tail: list[Any] = []

    def __len__(self) -> int:
        return self._moved + len(self._tail)

    def append(self, row: object) -> None:
        """Add one row."""
        self._tail.append(row)

    def extend(self, rows: npt.NDArray[Any]) -> None:
        """Add many rows."""
        self._tail.extend(rows)

    def first(self, n: int) -> npt.NDArray[Any]:
        """The first `n` rows, read-only; what is appended later does not change them."""
        if self._tail:
            self._move()
        rows = self._buffer[:n]
        rows.flags.writeable = False
        return rows

    def _move(self) -> None:
        needed = len(self)
        if needed > len(self._buffer):
            grown = np.empty(
                (max(needed, 2 * len(self._buffer)), *self._buffer.shape[1:]), self._buffer.dtype
            )
            grown[: self._moved] = self._buffer[: self._moved]
            self._buffer = grown
        self._buffer[self._moved : needed] = self._tail
        self._moved = needed
        self._tail = []


class History:
    """Configurations, observations, pending work and failures of a study's trials; the state alone appends."""

    def __init__(self, space: Space, n_objectives: int) -> None:
        self.space = space
        self.configs: list[Config] = []
        self.metrics: list[Metrics] = []
        self.pending: dict[int, int] = {}  # trial to the target of its open or owed job
        self._encoded = GrowingArray(np.float64, len(space.columns))
        self._trials = GrowingArray(np.int64)
        self._resources = GrowingArray(np.int64)
        self._losses = GrowingArray(np.float64, n_objectives)
        self._seconds = GrowingArray(np.float64)
        self._times = GrowingArray(np.float64)
        self._failed = GrowingArray(np.int64, 2)

    def __len__(self) -> int:
        return len(self.metrics)

    def view(self) -> "HistoryView":
        """What is known now."""
        return HistoryView(self, self.space, len(self.configs), len(self.metrics), len(self._failed))

    def add_trial(self, config: Config) -> None:
        """A trial was created."""
        self.configs.append(config)

    def add_observation(  # noqa: PLR0917  one row
        self, trial: int, resource: int, losses: Losses, metrics: Metrics, seconds: float, time: float
    ) -> None:
        """A trial was observed at a resource for the first time."""
        self._trials.append(trial)
        self._resources.append(resource)
        self._losses.append(losses)
        self._seconds.append(seconds)
        self._times.append(time)
        self.metrics.append(metrics)

    def add_failure(self, trial: int, target: int) -> None:
        """A trial failed on its way to a target."""
        self._failed.append((trial, target))

    def change_space(self, space: Space) -> None:
        """From now on encode in another space; configurations stay as they were given."""
        self.space = space
        self._encoded = GrowingArray(np.float64, len(space.columns))

    def encoded(self, space: Space, n: int) -> Floats:
        """The first `n` configurations in the unit cube; a row of NaN where one lies outside the space."""
        if space is not self.space:
            return _encode(space, self.configs[:n])  # the space has changed since that view was taken
        known = len(self._encoded)
        if known < n:
            self._encoded.extend(_encode(self.space, self.configs[known:n]))
        return self._encoded.first(n)


class HistoryView:
    """What was known at one moment.

    Attributes:
        n_trials: Trials created.
        n_observations: Observations made.
    """

    __slots__ = ("_history", "_n_failed", "_pending", "_space", "n_observations", "n_trials")

    def __init__(
        self, history: History, space: Space, n_trials: int, n_observations: int, n_failed: int
    ) -> None:
        self._history = history
        self._space = space
        self.n_trials = n_trials
        self.n_observations = n_observations
        self._n_failed = n_failed
        self._pending: Mapping[int, int] | None = None

    @property
    def configs(self) -> Sequence[Config]:
        """Configuration of each trial, as it was given."""
        return self._history.configs[: self.n_trials]

    @property
    def encoded(self) -> Floats:
        """Configurations in the unit cube, shape (n_trials, d), NaN where inactive."""
        return self._history.encoded(self._space, self.n_trials)

    @property
    def trials(self) -> Ints:
        """Trial of each observation, shape (n_observations,)."""
        return self._history._trials.first(self.n_observations)

    @property
    def resources(self) -> Ints:
        """Resource of each observation, shape (n_observations,)."""
        return self._history._resources.first(self.n_observations)

    @property
    def losses(self) -> Floats:
        """Losses of each observation, lower is better, shape (n_observations, n_objectives)."""
        return self._history._losses.first(self.n_observations)

    @property
    def seconds(self) -> Floats:
        """Training time of each observation since the one before it, shape (n_observations,)."""
        return self._history._seconds.first(self.n_observations)

    @property
    def times(self) -> Floats:
        """When each observation was recorded, by the log's clock, shape (n_observations,)."""
        return self._history._times.first(self.n_observations)

    @property
    def metrics(self) -> Sequence[Metrics]:
        """Every reported metric of each observation."""
        return self._history.metrics[: self.n_observations]

    @property
    def failed(self) -> Ints:
        """Failed trials and the targets that they did not reach, shape (n, 2)."""
        return self._history._failed.first(self._n_failed)

    @property
    def pending(self) -> Mapping[int, int]:
        """Trials with unfinished work, and its target; copied when first asked for."""
        if self._pending is None:
            self._pending = dict(self._history.pending)
        return self._pending

    def at(self, resource: int) -> tuple[Ints, Floats]:
        """Trials observed at a resource and their losses, in the order of observation."""
        here = self.resources == resource
        return self.trials[here], self.losses[here]


def _encode(space: Space, configs: Sequence[Config]) -> Floats:
    inside = [space.contains(config) for config in configs]
    rows = np.full((len(configs), len(space.columns)), np.nan)
    rows[inside] = space.encode([config for config, ok in zip(configs, inside, strict=True) if ok])
    return rows
