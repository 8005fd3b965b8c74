"""What holds of a state after every event: the invariants that its docstrings promise, checked by brute force.

For tests and for the doctor: O(n) in the number of trials, so never called by a run.
"""

from collections import Counter

from rung.core.record import OpenJob, TrialRecord
from rung.core.state import State


def validate(state: State) -> None:
    """Check a state against its invariants.

    Raises:
        AssertionError: If one is broken; a fault of rung, not of its user.
    """
    _jobs(state)
    _owed(state)
    _account(state)
    _standing(state)
    _audits(state)
    _confirmations(state)
    for number, record in enumerate(state.trials):
        assert record.number == number
        _checkpoints(record)
    _origins(state)


def _jobs(state: State) -> None:
    """`jobs` holds all and only the open jobs; each belongs to one trial, each trial has at most one."""
    records = [record for record in state.trials if record.job is not None]
    assert {id(job) for job in state.jobs.values()} == {id(record.job) for record in records}
    assert len(state.jobs) == len(records)
    for number, job in state.jobs.items():
        assert job.number == number < state.n_jobs
        assert state.trials[job.trial].job is job
        _job(state, job)


def _job(state: State, job: OpenJob) -> None:
    record = state.trials[job.trial]
    assert record.failure is None
    assert 0 <= job.start <= job.position <= job.target
    assert job.start < job.target
    assert job.start <= job.saved
    assert job.purpose != "search" or state.history.pending[job.trial] == job.target


def _owed(state: State) -> None:
    """`owed` holds all and only the trials to which a job is owed, once each; `pending` them and the open jobs."""
    owed = {record.number for record in state.trials if record.owed is not None}
    assert len(state.owed) == len(owed)
    assert set(state.owed) == owed
    pending = {job.trial: job.target for job in state.jobs.values() if job.purpose == "search"}
    pending |= {
        record.number: record.audit.wanted
        for record in state.trials
        if record.audit is not None and record.audit.wanted is not None
    }
    for trial in owed:
        record = state.trials[trial]
        assert record.job is None
        assert record.owed is not None
        if record.owed.purpose == "search":
            assert not record.over
            pending[trial] = record.owed.target
    assert dict(state.history.pending) == pending


def _account(state: State) -> None:
    """Trials, units and reservations are those of the records and open jobs."""
    account = state.account
    assert account.trials == sum(
        record.parent is None and record.repetition is None for record in state.trials
    )
    assert account.reserved == sum(job.target - job.position for job in state.jobs.values())
    assert 0 <= account.resource <= account.trained
    assert state.suggested == sum(record.source == "searcher" for record in state.trials)


def _standing(state: State) -> None:
    """Every trial is in one place: the status on record is the one that follows from what is known."""
    statuses = [state.status(record.number) for record in state.trials]
    assert statuses == [state._status(record.number) for record in state.trials]
    assert +state.counts == Counter(
        status for record, status in zip(state.trials, statuses, strict=True) if record.repetition is None
    )
    for record, status in zip(state.trials, statuses, strict=True):
        assert (status == "failed") == (record.failure is not None)
        assert (status == "running") == (record.job is not None)
        assert not (record.failure is not None and record.stopped is not None)
    if state.incumbent is not None:
        assert 0 <= state.incumbent.trial < len(state.trials)


def _audits(state: State) -> None:
    """Audits wait, train or are over; who rests where is counted; what was seen is beyond what the search knows."""
    audits = state.audits
    assert +audits.stopped == Counter(record.rested for record in state.trials if record.rests)
    for trial in audits.waiting:
        record = state.trials[trial]
        assert record.audit is not None
        assert record.audit.job is None
        assert record.failure is None
        assert not record.audit.promoted
    for record in state.trials:
        audit = record.audit
        if audit is None:
            continue
        assert 0 < audit.drawn.chance <= 1
        assert (audit.job is None) == (record.number in audits.waiting)
        assert record.stopped is None or audit.wanted is None
        assert all(record.told < resource <= record.resource for resource in audit.seen) or audit.over
        training = record.job is not None or record.owed is not None
        assert audit.job is None or audit.over or training
    assert 0 <= audits.units <= state.account.resource


def _confirmations(state: State) -> None:
    """Repetitions are counted, cost what they trained, and are unknown to the search."""
    found = [record for record in state.trials if record.repetition is not None]
    confirmations = state.confirmations
    assert confirmations.trials == len(found)
    assert 0 <= confirmations.units <= state.account.resource
    numbers = {record.number for record in found}
    assert numbers.isdisjoint(state.history.pending)
    assert numbers.isdisjoint(state.history.view().trials.tolist())
    assert state.incumbent is None or state.incumbent.trial not in numbers
    assert all(record.told == 0 for record in found)


def _checkpoints(record: TrialRecord) -> None:
    """Checkpoints stand in the order of their resources; one that was inherited gives way to the first own one."""
    resources = [saved.resource for saved in record.checkpoints]
    assert resources == sorted(resources)
    assert all(saved.trial == record.number for saved in record.checkpoints)
    assert record.origin is None or not record.checkpoints
    if record.late is not None:
        assert all(resource <= record.resource for resource in record.late)


def _origins(state: State) -> None:
    """A checkpoint that a live child needs is kept, and counted once for each child."""
    needed = Counter(record.origin.checkpoint for record in state.trials if record.origin is not None)
    assert +state._custody.children == needed
    kept = {saved.checkpoint for record in state.trials for saved in record.checkpoints}
    assert set(needed) <= kept
