"""What analysis reads: a study as columns. Figures, importance, doctor and report read this and nothing else."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rung.core import event as ev
from rung.core.budget import Account
from rung.core.decision import Status
from rung.core.history import Floats, Ints
from rung.core.objective import Objectives
from rung.core.record import Incumbent
from rung.core.resource import Resource
from rung.core.space import Config, Space
from rung.core.state import State
from rung.core.usage import Usage
from rung.core.why import sentence
from rung.spec import StudySpec
from rung.study import Study

ENOUGH = 30  # trials that a level should have, or three for each hyperparameter if that is more


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial as it stands.

    Attributes:
        number: Its number.
        config: Its configuration, as it was given.
        status: queued, running, paused, stopped, complete or failed.
        why: The reason, in words.
        resource: Highest resource that it was observed at; 0 if none.
        values: Every objective's value there, NaN where there is none.
        seconds: Training time so far.
        source: Who chose the configuration.
        parent: The trial that it started from.
        bracket: Its bracket.
        created: When it was created, in seconds since its first job.
        failure: What went wrong, if it failed.
        usage: What it has used of its machine; None: that was not measured.
    """

    number: int
    config: Config
    status: Status
    why: str
    resource: int
    values: tuple[float, ...]
    seconds: float
    source: ev.Source
    parent: int | None
    bracket: int
    created: float
    failure: ev.Failure | None
    usage: Usage | None = None


@dataclass(frozen=True, slots=True)
class Observations:
    """Every observation, in the order in which they were made.

    Attributes:
        trial: Trial, shape (n,).
        resource: Resource that it was made at, shape (n,).
        time: When, in seconds since its first job, shape (n,).
        seconds: Training time since the trial's observation before it, shape (n,).
        losses: Lower is better, `inf` where it was not finite, shape (n, n_objectives). Where the kind of resource
            averages, the mean over the replicates so far.
        values: The same with the user's sign, NaN where it was not finite.
        violations: By how much each constraint is broken, shape (n, n_constraints).
    """

    trial: Ints
    resource: Ints
    time: Floats
    seconds: Floats
    losses: Floats
    values: Floats
    violations: Floats

    def __len__(self) -> int:
        return len(self.trial)


@dataclass(frozen=True, slots=True)
class JobRow:
    """A stretch of training: one trial on one worker.

    Attributes:
        number: Of the job.
        trial: Its trial.
        worker: Number of its worker.
        start: Resource that it began at.
        target: Resource that it was to reach.
        began: When, in seconds since its first job.
        ended: When; for a job that is open, the time of the study's last event.
        outcome: reached, yielded, failed, lost; None while it is open.
        why: The reason for which it was granted, in words.
        restore: The checkpoint that it began from; None: it went on in memory, or from scratch.
        reuses: Whether it took over results instead of training.
    """

    number: int
    trial: int
    worker: int
    start: int
    target: int
    began: float
    ended: float
    outcome: ev.Outcome | None
    why: str
    restore: str | None = None
    reuses: bool = False


@dataclass(frozen=True, slots=True)
class StudyData:
    """A study as columns; nothing in it changes.

    Attributes:
        name: Its name.
        url: Where its log is.
        spec: What it is, as described last.
        space: The present space.
        objectives: What is optimized.
        resource: Kind of resource.
        trials: Every trial, by number.
        encoded: Configurations in the unit cube, shape (n_trials, d), NaN where inactive or outside the space;
            columns as in `space.columns`.
        observations: Every observation.
        jobs: Every job, by number.
        levels: The targets that jobs had, rising: the rung levels in use.
        incumbent: The best trial at the highest target reached, by the first objective.
        account: The budget, and what is spent.
        began: When the study was opened, Unix time.
        duration: Seconds from its first job to its last event.
        running: Whether a driver runs it now.
        usage: What all trials together have used of their machines.
    """

    name: str
    url: str
    spec: StudySpec
    space: Space
    objectives: Objectives
    resource: Resource
    trials: Sequence[TrialRow]
    encoded: Floats
    observations: Observations
    jobs: Sequence[JobRow]
    levels: tuple[int, ...]
    incumbent: Incumbent | None
    account: Account
    began: float
    duration: float
    running: bool
    usage: Usage = field(default_factory=Usage)

    @property
    def unit(self) -> str:
        """What a unit of resource is called."""
        return self.resource.unit

    @property
    def searched(self) -> list[TrialRow]:
        """The trials of the search: `trials` holds, by their numbers, those of confirmations, too, without values."""
        return [trial for trial in self.trials if trial.source not in ("confirm", "neighbour")]

    def at(self, resource: int) -> tuple[Ints, Floats]:
        """Trials observed at a resource, in the order of observation, and their losses, shape (n, n_objectives)."""
        here = self.observations.resource == resource
        return self.observations.trial[here], self.observations.losses[here]


def usual_level(data: StudyData, counts: Mapping[int, int]) -> int:
    """The level to look at where none is asked for: the highest with enough trials, else the fullest.

    High levels are what is wanted, but only the best trials come there. Enough are 30, or three for each hyperparameter
    if that is more.

    Args:
        data: The study.
        counts: Usable trials by level; at least one level.
    """
    enough = max(ENOUGH, 3 * len(data.space.columns))
    high = [level for level, n in counts.items() if n >= enough]
    return max(high) if high else max(counts, key=lambda level: (counts[level], level))


def data_of(study: Study | StudyData) -> StudyData:
    """The columns of a study; those that were read already as they are."""
    return study if isinstance(study, StudyData) else read(study)


def read(study: Study) -> StudyData:
    """Read a study as it stands, in one pass over its log."""
    state = study.state
    jobs = _Jobs(state.resource.unit)
    jobs.read(entry for entry in study.events() if entry.seq <= state.seq)
    return StudyData(
        name=study.name,
        url=study.url,
        spec=study.spec,
        space=state.space,
        objectives=state.objectives,
        resource=state.resource,
        trials=[_trial(state, number, jobs.since_origin(time)) for number, time in enumerate(jobs.created)],
        encoded=study.history.encoded,
        observations=_observations(study, jobs.origin),
        jobs=jobs.rows(),
        levels=tuple(sorted({job.target for _, job in jobs.started if job.purpose != "confirm"})),
        incumbent=state.best,
        account=replace(state.account),
        began=jobs.began,
        duration=jobs.since_origin(jobs.last),
        running=study.is_driven,
        usage=state.usages.total,
    )


class _Jobs:
    """Gathers from the log what the state does not keep: when trials and jobs began and ended."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        self.began = 0.0  # of the log
        self.last = 0.0
        self.created: list[float] = []
        self.started: list[tuple[float, ev.Started]] = []
        self.ended: dict[int, tuple[float, ev.Outcome]] = {}

    def read(self, entries: Iterable[ev.Entry]) -> None:
        """Take in the log from its beginning."""
        for entry in entries:
            match entry.event:
                case ev.Opened():
                    self.began = entry.time
                case ev.Created():
                    self.created.append(entry.time)
                case ev.Started() as job:
                    self.started.append((entry.time, job))
                case ev.Ended(job=number, outcome=outcome):
                    self.ended[number] = (entry.time, outcome)
                case _:
                    pass
            self.last = entry.time

    @property
    def origin(self) -> float:
        """Time of the first job: in a simulation its clock is not the one that opened the study."""
        return self.started[0][0] if self.started else self.last

    def since_origin(self, time: float) -> float:
        """Seconds since the first job."""
        return max(0.0, time - self.origin)

    def rows(self) -> list[JobRow]:
        """Every job, by number."""
        return [self._row(time, job) for time, job in self.started]

    def _row(self, time: float, job: ev.Started) -> JobRow:
        ended, outcome = self.ended.get(job.job, (self.last, None))
        return JobRow(
            number=job.job,
            trial=job.trial,
            worker=job.worker,
            start=job.start,
            target=job.target,
            began=self.since_origin(time),
            ended=self.since_origin(ended),
            outcome=outcome,
            why=sentence(job.why, self.unit),
            restore=job.restore,
            reuses=job.reuses,
        )


def _observations(study: Study, origin: float) -> Observations:
    view = study.history
    losses = view.losses
    signs = np.array([-1.0 if goal.maximize else 1.0 for goal in study.state.objectives])
    return Observations(
        trial=view.trials,
        resource=view.resources,
        time=view.times - origin,
        seconds=view.seconds,
        losses=losses,
        values=np.where(np.isfinite(losses), losses * signs, np.nan),
        violations=view.violations,
    )


def _trial(state: State, number: int, created: float) -> TrialRow:
    record = state.trials[number]
    losses = record.losses or (math.nan,) * len(state.objectives)
    if record.repetition is not None:
        losses = (math.nan,) * len(state.objectives)  # it is none of the search
    failure = record.failure
    return TrialRow(
        number=number,
        config=record.config,
        status=state.status(number),
        why=f"{failure.type}: {failure.message}"
        if failure
        else sentence(state.why(number), state.resource.unit),
        resource=record.resource,
        values=tuple(
            goal.value(loss) if math.isfinite(loss) else math.nan
            for goal, loss in zip(state.objectives, losses, strict=True)
        ),
        seconds=record.seconds,
        source=record.source,
        parent=record.parent,
        bracket=record.bracket,
        created=created,
        failure=failure,
        usage=state.usages.trials.get(number),
    )
