"""Lineages: from which trials the weights of a trial come, as its jobs tell. Pure readings.

What counts is where jobs began, not whom a trial was created from: where a checkpoint was lost, training went on
from an older one, or from the start.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from rung.core.errors import NoResultError
from rung.core.event import Entry, Started
from rung.core.state import State
from rung.schedulers.schedule import Phase, Schedule
from rung.words import units


class Begun(Protocol):
    """What is asked of a job: `Started`, or the row of one."""

    @property
    def trial(self) -> int:
        """Its trial."""
        ...

    @property
    def start(self) -> int:
        """The resource that it began at."""
        ...

    @property
    def restore(self) -> str | None:
        """The checkpoint that it began from; None: it went on in memory, or from scratch."""
        ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a training that one trial did.

    Attributes:
        trial: Which.
        start: Resource at which it began.
        end: Resource at which another one went on, or to which the lineage is asked for.
    """

    trial: int
    start: int
    end: int


def lineage(jobs: Iterable[Begun], trial: int, end: int) -> list[Stretch]:
    """How a trial came to where it stands, from the start of the training.

    Args:
        jobs: Every job of the study, in the order in which they began.
        trial: Its number.
        end: A resource that it has reached.
    """
    earlier = list(jobs)
    found: list[Stretch] = []
    at = end
    while earlier:
        job = earlier.pop()
        if job.trial != trial or job.start >= at:
            continue
        at = job.start
        source = trial if job.restore is None else int(job.restore.partition("/")[0])
        if source != trial or at == 0:
            found.append(Stretch(trial, at, end))
            trial, end = source, at
        if at == 0:
            break
    return found[::-1]


def schedule(entries: Iterable[Entry], state: State, trial: int) -> Schedule:
    """The configurations along the lineage of a trial.

    Args:
        entries: The log, or its `Started` alone.
        state: What it folds into.
        trial: Its number.

    Raises:
        NoResultError: If there is no such trial, or it was not observed yet.
    """
    if not 0 <= trial < len(state.trials):
        raise NoResultError(f"there is no trial {trial}: the study has {units(len(state.trials), 'trial')}.")
    end = state.trials[trial].resource
    if end == 0:
        raise NoResultError(
            f"trial {trial} has reported nothing yet, so there is no schedule that leads to it."
        )
    configs = state.history.completed
    jobs = [entry.event for entry in entries if isinstance(entry.event, Started) and entry.seq <= state.seq]
    return Schedule(
        tuple(Phase(each.start, each.end, dict(configs[each.trial])) for each in lineage(jobs, trial, end))
    )
