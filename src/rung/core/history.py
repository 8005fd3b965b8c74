"""History: all that searchers and models may know, as arrays that grow, served as immutable views.

Appending is O(1). Nothing appended ever changes, so a view is the length at which it was taken.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from rung.core.columns import GrowingArray, GrowingMetrics
from rung.core.constraint import Violations
from rung.core.objective import Losses, Metrics
from rung.core.past import Past
from rung.core.present import Present
from rung.core.space import Config, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class History:
    """Configurations, observations, pending work and failures of a study's trials; the state alone appends."""

    def __init__(self, space: Space, n_objectives: int, n_constraints: int = 0) -> None:
        self.configs: list[Config] = []
        self.members: list[str | None] = []
        self.metrics = GrowingMetrics()
        self.pending: dict[int, int] = {}  # trial to the target of its open or owed job
        self.past: list[Past] = []
        self._present = Present(space)
        self._trials = GrowingArray(np.int64)
        self._resources = GrowingArray(np.int64)
        self._losses = GrowingArray(np.float64, n_objectives)
        self._seconds = GrowingArray(np.float64)
        self._times = GrowingArray(np.float64)
        self._failed = GrowingArray(np.int64, 2)
        self._violations = GrowingArray(np.float64, n_constraints) if n_constraints else None

    def __len__(self) -> int:
        return len(self.metrics)

    def view(self) -> "HistoryView":
        """What is known now."""
        return HistoryView(self, self._present, len(self.configs), len(self.metrics), len(self._failed))

    def add_trial(self, config: Config, member: str | None = None) -> None:
        """A trial was created; `member` of a `Mix` of searchers suggested it."""
        self.configs.append(config)
        self.members.append(member)
        self._present.configs.append(config)

    def add_observation(  # noqa: PLR0917  one row
        self,
        trial: int,
        resource: int,
        losses: Losses,
        metrics: Metrics,
        seconds: float,
        time: float,
        violations: Violations = (),
    ) -> None:
        """A trial was observed at a resource for the first time."""
        self._trials.append(trial)
        self._resources.append(resource)
        self._losses.append(losses)
        self._seconds.append(seconds)
        self._times.append(time)
        self.metrics.append(metrics)
        if self._violations is not None:
            self._violations.append(violations)

    def add_failure(self, trial: int, target: int) -> None:
        """A trial failed on its way to a target."""
        self._failed.append((trial, target))

    def seconds_at(self, trial: int, resource: int) -> float:
        """The training time of an observation; O(n). 0 if there is none."""
        n = len(self)
        here = (self._trials.first(n) == trial) & (self._resources.first(n) == resource)
        return float(self._seconds.first(n)[here].sum())

    def change_space(self, space: Space) -> None:
        """From now on another space holds; what it adds counts with its default for the trials so far.

        Configurations stay as they were given, and views as they were taken.
        """
        self._present = Present(space, self._present.configs)
        self.past = [past.within(space) for past in self.past]

    @property
    def completed(self) -> Sequence[Config]:
        """The configurations with the defaults of what was added to the space after a trial was created."""
        return self._present.configs


class HistoryView:
    """What was known at one moment.

    Attributes:
        n_trials: Trials created.
        n_observations: Observations made.
        past: The trials of earlier studies, none of which is a trial of this one.
    """

    __slots__ = (
        "_history",
        "_n_failed",
        "_pending",
        "_present",
        "_taken",
        "n_observations",
        "n_trials",
        "past",
    )

    def __init__(
        self, history: History, present: Present, n_trials: int, n_observations: int, n_failed: int
    ) -> None:
        self._history = history
        self._present = present
        self.n_trials = n_trials
        self.n_observations = n_observations
        self._n_failed = n_failed
        self._pending: Mapping[int, int] | None = None
        self.past = tuple(history.past)
        self._taken: dict[str, npt.NDArray[Any]] = {}

    def settled(self) -> Self:
        """Itself, all arrays taken, so that another thread may read it while the history grows."""
        self._taken = {name: getattr(self, name) for name in _ARRAYS}
        _ = self.pending
        return self

    @property
    def configs(self) -> Sequence[Config]:
        """Configuration of each trial, as it was given."""
        return self._history.configs[: self.n_trials]

    @property
    def members(self) -> Sequence[str | None]:
        """Which searcher of a `Mix` suggested each trial; None: none of them did."""
        return self._history.members[: self.n_trials]

    @property
    def completed(self) -> Sequence[Config]:
        """The same with the defaults of what was added to the space after a trial was created."""
        return self._present.configs[: self.n_trials]

    @property
    def encoded(self) -> Floats:
        """These in the unit cube, shape (n_trials, d), NaN where inactive; all NaN outside the space."""
        return self._taken["encoded"] if self._taken else self._present.encoded(self.n_trials)

    @property
    def since(self) -> int:
        """How many trials there were when the space became what it is."""
        return self._present.since

    @property
    def trials(self) -> Ints:
        """Trial of each observation, shape (n_observations,)."""
        return self._rows("trials", self._history._trials)

    @property
    def resources(self) -> Ints:
        """Resource of each observation, shape (n_observations,)."""
        return self._rows("resources", self._history._resources)

    @property
    def losses(self) -> Floats:
        """Losses of each observation, lower is better, shape (n_observations, n_objectives)."""
        return self._rows("losses", self._history._losses)

    @property
    def violations(self) -> Floats:
        """By how much each observation breaks each constraint, in parts of its limit; 0 where it is kept.

        Shape (n_observations, n_constraints).
        """
        found = self._history._violations
        return np.zeros((self.n_observations, 0)) if found is None else self._rows("violations", found)

    @property
    def seconds(self) -> Floats:
        """Training time of each observation since the one before it, shape (n_observations,)."""
        return self._rows("seconds", self._history._seconds)

    @property
    def times(self) -> Floats:
        """When each observation was recorded, by the log's clock, shape (n_observations,)."""
        return self._rows("times", self._history._times)

    @property
    def metrics(self) -> Sequence[Metrics]:
        """Every reported metric of each observation."""
        return self._history.metrics.first(self.n_observations)

    @property
    def failed(self) -> Ints:
        """Failed trials and the targets that they did not reach, shape (n, 2)."""
        return self._taken["failed"] if self._taken else self._history._failed.first(self._n_failed)

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

    def _rows(self, name: str, growing: GrowingArray) -> npt.NDArray[Any]:
        return self._taken[name] if self._taken else growing.first(self.n_observations)


_ARRAYS = ("encoded", "trials", "resources", "losses", "violations", "seconds", "times", "failed")
