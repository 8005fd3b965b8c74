"""A study as the checks see it: its columns, what its log adds, and models that several checks share."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rung.analysis.data import StudyData
from rung.analysis.doctor.finding import CannotTellError
from rung.analysis.importance import Importance, importance
from rung.analysis.sample import Sample, sample
from rung.audited import AuditReport
from rung.core import event as ev
from rung.core.objective import Objective
from rung.core.space import Column
from rung.core.why import sentence
from rung.words import number, units


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What stands in a log and not in the columns.

    Attributes:
        saving_s: Seconds that saving checkpoints took, in all.
        idle: How often workers had to wait, by the reason in words.
    """

    saving_s: float = 0.0
    idle: Mapping[str, int] = field(default_factory=dict)


def facts(entries: Iterable[ev.Entry], unit: str) -> LogFacts:
    """Read a log for what the columns do not hold."""
    saving_s = 0.0
    idle: Counter[str] = Counter()
    for entry in entries:
        match entry.event:
            case ev.Saved(seconds=seconds):
                saving_s += seconds
            case ev.Idled(why=why):
                idle[sentence(why, unit)] += 1
            case _:
                pass
    return LogFacts(saving_s, idle)


class Case:
    """A study under examination.

    Args:
        data: Its columns.
        log: What its log adds; None if the log is not at hand.
        audits: What its audits tell; None if its log is not at hand.
    """

    def __init__(
        self, data: StudyData, log: LogFacts | None = None, audits: AuditReport | None = None
    ) -> None:
        self.data = data
        self.log = log
        self.audits = audits

    @property
    def goal(self) -> Objective:
        """The first objective; checks look at no other."""
        return self.data.objectives[0]

    @cached_property
    def sample(self) -> Sample:
        """Trials at the level with the best trade of height and number.

        Raises:
            NoResultError: If there are too few.
        """
        return sample(self.data)

    @cached_property
    def importance(self) -> Importance:
        """Which hyperparameters matter there."""
        return importance(self.data, resource=self.sample.resource)

    @cached_property
    def importance_of_good(self) -> Importance:
        """Which of them matter among the better half."""
        median = self.goal.value(float(np.median(self.sample.losses)))
        return importance(self.data, resource=self.sample.resource, better_than=median)

    @cached_property
    def importance_of_most(self) -> Importance:
        """Which of them matter at the level with the most trials."""
        sizes = {level: len(self.data.at(level)[0]) for level in self.data.levels}
        most = max(sizes, key=lambda level: (sizes[level], level))
        return self.importance if most == self.sample.resource else importance(self.data, resource=most)

    def curve(self, trial: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Resources and finite losses of a trial, rising in the resource."""
        rows = self._rows.get(trial, np.zeros(0, np.intp))
        resources, losses = self.data.observations.resource[rows], self.data.observations.losses[rows, 0]
        order = np.argsort(resources, kind="stable")
        order = order[np.isfinite(losses[order])]
        return resources[order], losses[order]

    @cached_property
    def _rows(self) -> dict[int, npt.NDArray[np.intp]]:
        """The observations of each trial."""
        trials = self.data.observations.trial
        order = np.argsort(trials, kind="stable")
        found, first = np.unique(trials[order], return_index=True)
        return dict(zip(found.tolist(), np.split(order, first[1:]), strict=True)) if len(found) else {}

    def at(self, resource: int) -> dict[int, float]:
        """Loss of each trial with a finite one at a resource."""
        trials, losses = self.data.at(resource)
        finite = np.isfinite(losses[:, 0])
        return dict(zip(trials[finite].tolist(), losses[finite, 0].tolist(), strict=True))

    def value(self, loss: float) -> str:
        """A loss as the user's value, for reading."""
        return f"{self.goal.metric} {number(self.goal.value(loss))}"

    def units(self, resource: float) -> str:
        """`9 epochs`."""
        return units(resource, self.data.unit)


def place(column: Column, u: float) -> str:
    """A place of a column in the user's units, for reading."""
    value = column.scale.decode(np.array([min(max(u, 0.0), 1.0)]))[0]
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def need(enough: bool, what: str) -> None:
    """Say that a check cannot tell, unless there is enough."""
    if not enough:
        raise CannotTellError(what)


def listed_names(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
