"""Contradictions: what an event must not say, given what is known. Checked before anything has changed."""

from collections.abc import Mapping, Sequence

from rung.core import event as ev
from rung.core.errors import ContradictionError
from rung.core.record import OpenJob, TrialRecord


def check_created(event: ev.Created, number: int, n_enqueued: int) -> None:
    """Raise unless a trial can be created as `event` says, where `number` is the next one."""
    if event.trial != number:
        raise ContradictionError(f"trial {event.trial} was created, but {number} is the next number.")
    for other in (event.parent, event.ends, event.reuses):
        if other is not None and not 0 <= other < number:
            raise ContradictionError(f"trial {number} refers to unknown trial {other}.")
    if event.source == "enqueued" and not n_enqueued:
        raise ContradictionError("no configuration is enqueued.")


def check_started(event: ev.Started, record: TrialRecord, number: int) -> None:
    """Raise unless a job of a trial can be granted, where `number` is the next one."""
    if event.job != number:
        raise ContradictionError(f"job {event.job} was granted, but {number} is the next number.")
    if record.job is not None:
        raise ContradictionError(f"trial {event.trial} has an open job already.")
    if record.failure is not None or (record.stopped is not None and event.purpose != "audit"):
        raise ContradictionError(f"trial {event.trial} is over.")
    if not 0 <= event.start < event.target:
        raise ContradictionError(f"job {event.job} leads from {event.start} to {event.target}.")
    if event.reuses and record.reuses is None:
        raise ContradictionError(f"trial {event.trial} has no results to take over.")
    if record.owed is not None and record.owed.target != event.target:
        raise ContradictionError(f"trial {event.trial} is owed another job.")


def check_reported(event: ev.Reported, record: TrialRecord, job: OpenJob | None, n_jobs: int) -> None:
    """Raise unless a job can have reported this; `job` is None if it is over."""
    if event.repeat != (event.resource <= record.resource):
        raise ContradictionError(f"a report at {event.resource} has repeat={event.repeat}.")
    if job is None:
        check_granted(event.job, n_jobs)
        return
    if job.trial != event.trial:
        raise ContradictionError(f"job {job.number} belongs to trial {job.trial}, not {event.trial}.")
    if not job.position < event.resource <= job.target:
        raise ContradictionError(
            f"job {job.number} from {job.position} to {job.target} reported at {event.resource}."
        )


def check_ended(event: ev.Ended, jobs: Mapping[int, OpenJob]) -> OpenJob:
    """The job that ends; raise if it cannot have ended so."""
    job = jobs.get(event.job)
    if job is None:
        raise ContradictionError(f"job {event.job} ended, but it is not open.")
    if job.trial != event.trial:
        raise ContradictionError(f"job {job.number} belongs to trial {job.trial}, not {event.trial}.")
    if event.outcome == "reached" and (job.position != job.target or job.losses is None):
        raise ContradictionError(
            f"job {job.number} cannot have reached {job.target}: its last report was at {job.position}."
        )
    return job


def check_granted(job: int, n_jobs: int) -> None:
    """Raise unless a job of this number was granted."""
    if not 0 <= job < n_jobs:
        raise ContradictionError(f"job {job} was never granted.")


def known(trial: int, trials: Sequence[TrialRecord]) -> TrialRecord:
    """The record of a trial; raise if there is none."""
    if not 0 <= trial < len(trials):
        raise ContradictionError(f"trial {trial} does not exist.")
    return trials[trial]
