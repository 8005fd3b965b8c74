"""Events, the only truth of a study: its state is the fold of its log.

Names are in the past tense. A decision's reason stands in its event and is never judged again. `Created` alone
holds the configuration, so folding never calls a searcher, and `Started` with it makes the whole `Job`.
"""

from typing import Any, Literal

import msgspec

from rung.core.budget import Budget
from rung.core.job import Purpose
from rung.core.objective import Metrics
from rung.core.space import Config, Parameter
from rung.core.why import Why

Source = Literal["default", "enqueued", "searcher", "scheduler", "confirm", "neighbour"]
"""Where a configuration comes from; the last two are those of confirmations, see `rung.core.confirm`."""

Outcome = Literal["reached", "yielded", "failed", "lost"]
"""How a job ended: at its target, short of it on request, by its own fault, by the machine's fault."""

Fault = Literal["configuration", "machine", "code"]
"""Whose fault a failure is; see docs/failures.md."""


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went wrong in a job.

    Attributes:
        fault: Whose it is.
        type: Name of the exception, or a word such as "diverged", "killed", "timeout".
        message: One line.
        traceback: As formatted in the worker; empty if there is none.
        place: File and line that raised, by which repeated failures are recognized.
    """

    fault: Fault
    type: str
    message: str
    traceback: str = ""
    place: str = ""


class Event(msgspec.Struct, frozen=True, tag=True, omit_defaults=True, gc=False):
    """Root of all events. Sequence number and time are given by the log, see `Entry`."""


class Opened(Event, frozen=True):
    """The study was described for the first time: its spec as plain JSON values, and the versions that wrote it."""

    spec: dict[str, Any]  # written by study.py, which alone knows every scheduler and searcher
    versions: dict[str, str]


class Enqueued(Event, frozen=True):
    """The user asked for this configuration to be tried next."""

    config: Config


class Described(Event, frozen=True):
    """What the study is about, in numbers such as the meta-features of its data set; the last description holds."""

    features: dict[str, float]


class TakenOver(Event, frozen=True):
    """What an earlier study has learned is known from now on; its trials are none of this study.

    Attributes:
        study: Its name.
        store: Where it is.
        configs: The configurations of its trials, as they were given there.
        resources: Where each was observed last, or failed.
        metrics: What it reported there, as far as this study looks at it; None: it failed.
    """

    study: str
    store: str
    configs: tuple[Config, ...]
    resources: tuple[int, ...]
    metrics: tuple[Metrics | None, ...]


class Created(Event, frozen=True):
    """A trial came into being.

    Attributes:
        trial: Its number.
        config: Its configuration, for life.
        source: Who chose it.
        seed: Handed to the training.
        parent: The trial whose checkpoint it starts from.
        ends: The trial that it replaces.
        bracket: The bracket it belongs to.
        fitted: Parameters of the model that suggested it.
        seen: Sequence number of the last event that its suggestion knew of.
        confirms: The trial that it repeats, or is near to; None: it is a trial of the search.
        repetition: The number of the repetition, from 1.
        reuses: An earlier trial of the same configuration whose results serve as far as they go.
    """

    trial: int
    config: Config
    source: Source
    seed: int
    parent: int | None = None
    ends: int | None = None
    bracket: int = 0
    fitted: dict[str, Any] | None = None  # each searcher's own
    seen: int = 0
    confirms: int | None = None
    repetition: int = 0
    reuses: int | None = None


class Started(Event, frozen=True):
    """A job was granted to a worker; fields as in `Job`, and `node` is the worker's machine if not the driver's.

    With `reuses` nothing is trained: the reports that follow are those of the trial that `Created` names so, of no
    resource, no time and no cost, and the job is over in the same append.
    """

    job: int
    trial: int
    start: int
    target: int
    worker: int
    why: Why
    restore: str | None = None
    save: bool = False
    attempt: int = 1
    purpose: Purpose = "search"
    reuses: bool = False
    node: str = ""


class Reported(Event, frozen=True):
    """The training reported metrics at a resource.

    Attributes:
        job: The job that trained.
        trial: Its trial.
        resource: The resource that was reached.
        metrics: Every reported metric.
        seconds: Training time since the job's last report, without waiting and saving.
        cost: Cost since then, in the unit of the budget's cost metric.
        repeat: Whether this (trial, resource) was reported before, by training that was lost; the first one stands.
    """

    job: int
    trial: int
    resource: int
    metrics: Metrics
    seconds: float = 0.0
    cost: float = 0.0
    repeat: bool = False


class Sampled(Event, frozen=True):
    """What a job has used of its machine since its last sample, child processes included.

    Attributes:
        job: The job.
        trial: Its trial.
        seconds: How long that is; time in which the trial was only held is left out.
        cpu_seconds: Processor time.
        memory_bytes: The most memory held at once since the trial came to its worker.
        gpu_seconds: How long its GPUs were busy, averaged over them; None: not measured.
        gpu_memory_bytes: The most memory of GPUs held at once; None: not measured.
        cpus: Processors that its worker owns; 0: not known.
        gpus: GPUs that its worker owns or shares.
    """

    job: int
    trial: int
    seconds: float
    cpu_seconds: float
    memory_bytes: int
    gpu_seconds: float | None = None
    gpu_memory_bytes: int | None = None
    cpus: int = 0
    gpus: int = 0


class Ended(Event, frozen=True):
    """A job is over.

    Attributes:
        job: The job.
        trial: Its trial.
        outcome: How it ended.
        failure: What went wrong, if it failed or was lost.
        held: Whether its worker holds the trial in memory, ready to go on.
    """

    job: int
    trial: int
    outcome: Outcome
    failure: Failure | None = None
    held: bool = False


class Stopped(Event, frozen=True):
    """A trial will not go on."""

    trial: int
    why: Why


class YieldAsked(Event, frozen=True):
    """A running job was asked to hand back control.

    Attributes:
        job: The job.
        trial: Its trial.
        why: The reason.
        owed: Whether the rest of the job is granted again when it can be; False: the scheduler decides anew.
    """

    job: int
    trial: int
    why: Why
    owed: bool = True


class Saved(Event, frozen=True):
    """A checkpoint of the trial at a resource is complete."""

    job: int
    trial: int
    resource: int
    checkpoint: str
    size_bytes: int = 0
    seconds: float = 0.0


class Dropped(Event, frozen=True):
    """A checkpoint was given up; it is deleted once this is committed.

    Attributes:
        trial: Whose it was.
        checkpoint: Its name.
        why: The reason; None: nothing can need it any more.
    """

    trial: int
    checkpoint: str
    why: Why | None = None


class Drawn(Event, frozen=True):
    """A trial was drawn for an audit: it will be finished, to see what stopping it has cost.

    Attributes:
        trial: The trial.
        resource: Where it was stopped, or first passed over.
        chance: How likely it was to be drawn, above 0 and at most 1.
    """

    trial: int
    resource: int
    chance: float


class AuditUsed(Event, frozen=True):
    """The scheduler advances a trial that an audit trains, or has trained: what the audit has seen there serves."""

    trial: int
    target: int
    why: Why


class MinResourceRaised(Event, frozen=True):
    """From now on trials are not judged below this level, as audits have shown that too much is lost there."""

    resource: int
    why: Why


class ConfirmBegun(Event, frozen=True):
    """From now on leaders of the search are trained anew, and the search rests.

    Attributes:
        leaders: Trials that may be the best, the likeliest first.
        full: How far each repetition is trained.
        why: Who asked for it.
        seeds: How often each leader is trained, if it does not fall clearly behind; None: the better half once more
            each time.
        neighbours: How many configurations near the winner are trained.
        units: What new repetitions may take; None: there is no limit.
    """

    leaders: tuple[int, ...]
    full: int
    why: Why
    seeds: int | None = None
    neighbours: int = 0
    units: int | None = None


class ConfirmEnded(Event, frozen=True):
    """The search may go on."""


class Closed(Event, frozen=True):
    """No more new trials; open synchronous rungs close at the size that they have."""

    why: Why


class BudgetChanged(Event, frozen=True):
    """What the study may spend in all, from now on."""

    budget: Budget


class SpaceChanged(Event, frozen=True):
    """The space from now on; configurations of earlier trials stay as they were given.

    What it adds counts for them with the default that it has here. What is enqueued and does not fit is forgotten.

    Attributes:
        space: The hyperparameters.
        where: The rules that configurations keep.
    """

    space: dict[str, Parameter]
    where: tuple[str, ...] = ()


class SpecChanged(Event, frozen=True):
    """The study goes on with other options of its scheduler or searcher; the whole new spec.

    Its space is that of `Opened`: `SpaceChanged` alone changes it.
    """

    spec: dict[str, Any]  # as in Opened
    versions: dict[str, str]


class Idled(Event, frozen=True):
    """Nothing could run although workers were free."""

    why: Why


AnyEvent = (
    Opened
    | Enqueued
    | Described
    | TakenOver
    | Created
    | Started
    | Reported
    | Sampled
    | Ended
    | Stopped
    | YieldAsked
    | Saved
    | Dropped
    | Drawn
    | AuditUsed
    | MinResourceRaised
    | ConfirmBegun
    | ConfirmEnded
    | Closed
    | BudgetChanged
    | SpaceChanged
    | SpecChanged
    | Idled
)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the log.

    Attributes:
        seq: Position in the study's log, from 1 without a gap.
        time: Seconds by the clock of the executor: Unix time, or virtual time in the simulator.
        event: What happened.
    """

    seq: int
    time: float
    event: AnyEvent
