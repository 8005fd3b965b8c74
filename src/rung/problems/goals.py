"""What is looked for on a problem: its objectives, the limits to keep, and the best known front."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from rung.core.constraint import Constraints, violations
from rung.core.objective import Losses, Objectives
from rung.models.pareto import hypervolume, non_dominated

Floats = npt.NDArray[np.float64]

BEYOND = 0.1  # how far beyond the ends of a front its reference lies at least, in parts of its range


@dataclass(frozen=True, slots=True)
class Goals:
    """What is looked for.

    Attributes:
        objectives: What is optimized.
        constraints: The limits to keep.
    """

    objectives: Objectives
    constraints: Constraints = ()

    @property
    def metrics(self) -> list[str]:
        """The metrics that they are about."""
        return [goal.metric for goal in self.objectives] + [limit.metric for limit in self.constraints]

    def losses(self, values: Mapping[str, float]) -> Losses:
        """One for each objective; `inf` where it diverged."""
        return tuple(goal.loss(values[goal.metric]) for goal in self.objectives)

    def are_kept(self, values: Mapping[str, float]) -> bool:
        """Whether all limits are."""
        limits = self.constraints
        return not any(violations(limits, [values[limit.metric] for limit in limits]))


@dataclass(frozen=True, slots=True)
class Front:
    """The best known front, against which others are measured.

    Attributes:
        ideal: The best loss in each objective, shape (k,).
        reference: What is worse than this in an objective counts for nothing: in each the median of all losses, or a
            tenth of the front's range beyond its worst, whichever is worse.
        volume: Of what lies between the front and the reference, each objective scaled to 0 at `ideal` and 1 there.
    """

    ideal: Floats
    reference: Floats
    volume: float

    @classmethod
    def of(cls, losses: Floats) -> Self:
        """The front of some losses, finite, shape (n, k), n at least 1."""
        rows = losses[non_dominated(losses)]
        ideal, worst = rows.min(axis=0), rows.max(axis=0)
        reference = np.maximum(worst + BEYOND * (worst - ideal), np.median(losses, axis=0))
        reference = np.where(reference > ideal, reference, ideal + 1.0)
        return cls(ideal, reference, hypervolume((rows - ideal) / (reference - ideal), np.ones(len(ideal))))

    def lost(self, losses: Sequence[Losses]) -> float:
        """Which part of its volume some losses do not cover: 0 if they hold the whole front, 1 if nothing of it."""
        if not losses:
            return 1.0
        scaled = (np.array(losses) - self.ideal) / (self.reference - self.ideal)
        covered = hypervolume(scaled, np.ones(len(self.ideal)))
        return max(0.0, 1.0 - covered / self.volume)
