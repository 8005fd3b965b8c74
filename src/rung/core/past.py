"""What was learned before: the trials of an earlier study, as they count in the present space."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rung.core.present import Present
from rung.core.space import Config, Space

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Past:
    """The trials of an earlier study, each where it got furthest.

    Attributes:
        study: Its name.
        store: Where it is.
        space: The space in which its trials count now.
        given: Their configurations, as they were.
        resources: Where each was observed, shape (n,); where it failed, if it was not.
        losses: Lower is better, shape (n, k); inf where training failed.
        violations: By how much each constraint is broken, shape (n, c).
        failed: Which trials failed, shape (n,).
    """

    study: str
    store: str
    space: Space
    given: Sequence[Config]
    resources: Ints
    losses: Floats
    violations: Floats
    failed: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.given)

    def within(self, space: Space) -> "Past":
        """The same trials in another space."""
        return replace(self, space=space)

    @property
    def configs(self) -> Sequence[Config]:
        """The configurations with the defaults of what they lack, without what the space does not know."""
        return self._present.configs

    @property
    def points(self) -> Floats:
        """The configurations in the unit cube, shape (n, d), NaN where inactive; all NaN outside the space."""
        return self._present.encoded(len(self))

    @cached_property
    def inside(self) -> npt.NDArray[np.bool_]:
        """Which configurations lie in the space, shape (n,)."""
        if not self.space.columns:
            return np.ones(len(self), np.bool_)
        found: npt.NDArray[np.bool_] = np.logical_not(np.isnan(self.points).all(axis=1))
        return found

    @cached_property
    def _present(self) -> Present:
        return Present(self.space, [fitting(self.space, config) for config in self.given])


def fitting(space: Space, config: Config) -> Config:
    """A configuration without what a space does not know, or knows in another branch, and with its constants.

    What it lacks and what lies outside of a range is not mended.
    """
    completed = space.completed(config)
    try:
        known = space.decode(space.encode([completed]))[0]
    except ValueError:  # a value is missing or does not fit
        return completed
    as_given = {name: completed.get(name, value) for name, value in known.items()}
    return as_given if space.encodes(as_given) else known  # unless a constant was another one
