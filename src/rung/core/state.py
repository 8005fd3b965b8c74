"""The state of a study: the fold of its events.

It knows no store, no executor and no clock, and not that anybody owns it. `apply` learns one event and decides
nothing; an event that contradicts the facts raises `ContradictionError`, and nothing has changed. What concerns
schedulers is handed on to the one of the study, reduced to the facts of `rung.core.decision`: lost jobs are owed
here and granted again before it is asked, late and repeated reports move nothing, budgets are reserved here.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rung.core import decision as facts
from rung.core import event as ev
from rung.core.audits import Audits
from rung.core.budget import Account, total
from rung.core.confirm import Kind, Repetition
from rung.core.confirmations import Confirmations
from rung.core.constraint import Constraints
from rung.core.contradictions import (
    check_created,
    check_ended,
    check_granted,
    check_reported,
    check_started,
    known,
)
from rung.core.custody import Custody
from rung.core.decision import Scheduler, Status
from rung.core.errors import CHECKPOINT_FAULTS, ContradictionError
from rung.core.history import History
from rung.core.job import Purpose
from rung.core.objective import Losses, Objectives
from rung.core.record import Incumbent, OpenJob, Owed, TrialRecord
from rung.core.resource import Resource
from rung.core.scoring import Scoring, past_of
from rung.core.space import Config, Space
from rung.core.streak import FailureStreak
from rung.core.usage import Usages
from rung.core.why import Why

ACTIVE: tuple[Status, ...] = ("queued", "running", "paused")


class State:
    """The fold of a study's events.

    Attributes:
        seq: Sequence number of the last event; 0 before the first.
        time: Time of the last event.
        trials: All trials, by number; those with a `repetition` are none of the search.
        jobs: All and only the open jobs, by number.
        n_jobs: Jobs granted so far, which is the number of the next one.
        owed: All and only the trials to which a job is owed, in the order in which they will get it.
        enqueued: Configurations that the user asked for and that are no trial yet; all fit the space.
        suggested: Configurations that the searcher has suggested.
        features: What the study is about, in numbers; empty if nobody said.
        account: The budget, and what is spent and reserved.
        closed: Why no more trials are created, or None.
        resting: Why free workers got no job, or running ones were interrupted; None since a job was granted.
        counts: Trials of the search per status.
        incumbent: The best so far, of the first objective; audits count. A feasible one before any other.
        audits: What is known of the trials that were stopped early.
        confirmations: What is known of leaders that were trained anew, which happens in trials of their own.
        usages: What trials have used of their machines; nothing is decided by it.
    """

    def __init__(
        self,
        space: Space,
        objectives: Objectives,
        resource: Resource,
        scheduler: Scheduler,
        retries: int = 3,
        *,
        audits: Audits | None = None,
        confirmations: Confirmations | None = None,
        constraints: Constraints = (),
    ) -> None:
        self.space = space
        self.objectives = objectives
        self.resource = resource
        self.scheduler = scheduler
        self.retries = retries
        self.constraints = constraints
        self.history = History(space, len(objectives), len(constraints))
        self.seq = 0
        self.time = 0.0
        self.trials: list[TrialRecord] = []
        self.jobs: dict[int, OpenJob] = {}
        self.n_jobs = 0
        self.owed: deque[int] = deque()
        self.enqueued: deque[Config] = deque()
        self.suggested = 0
        self.features: Mapping[str, float] = {}
        self.account = Account()
        self.closed: Why | None = None
        self.resting: Why | None = None
        self.counts: Counter[Status] = Counter()
        self.incumbent: Incumbent | None = None
        self.audits = audits or Audits()
        self.confirmations = confirmations or Confirmations()
        self.usages = Usages()
        self._ranks = scheduler if isinstance(scheduler, facts.Judging) else None
        self._acts_between_jobs = facts.acts_between_jobs(scheduler)
        self._now = 0.0  # the time of the event that is being learned
        self._statuses: list[Status] = []
        self._custody = Custody(self.trials)
        self._streak = FailureStreak()
        self._scoring = Scoring(objectives, constraints, resource.averages)
        self._fold: dict[type[ev.Event], Callable[..., Sequence[int]]] = {
            ev.Opened: self._noted,
            ev.Enqueued: self._enqueued,
            ev.Described: self._described,
            ev.TakenOver: self._taken_over,
            ev.Created: self._created,
            ev.Started: self._started,
            ev.Reported: self._reported,
            ev.Sampled: self._sampled,
            ev.Ended: self._ended,
            ev.Stopped: self._stopped,
            ev.YieldAsked: self._yield_asked,
            ev.Saved: self._saved,
            ev.Dropped: self._dropped,
            ev.Drawn: self._drawn,
            ev.AuditUsed: self._audit_used,
            ev.MinResourceRaised: self._min_resource_raised,
            ev.ConfirmBegun: self._confirm_begun,
            ev.ConfirmEnded: self._confirm_ended,
            ev.Closed: self._closed,
            ev.BudgetChanged: self._budget_changed,
            ev.SpaceChanged: self._space_changed,
            ev.SpecChanged: self._spec_changed,
            ev.Idled: self._idled,
        }

    # Queries

    @property
    def may_create(self) -> bool:
        """Whether a new trial is allowed."""
        return self.closed is None and self.account.more_trials()

    def status(self, trial: int) -> Status:
        """Where a trial stands, in one word."""
        return self._statuses[trial]

    def why(self, trial: int) -> Why:
        """Why a trial stands where it stands."""
        record = self.trials[trial]
        if record.failure is not None:
            return Why("failed")
        if record.job is not None:
            return Why("running", resource=record.job.target)
        if record.audit is not None and record.audit.over and not record.audit.promoted:
            rule = "audited" if record.audit.failure is None else "audit failed"
            return Why(rule, resource=record.audit.drawn.resource)
        if record.stopped is not None:
            return record.stopped
        if record.owed is not None:
            return Why("owed", resource=record.owed.target)
        return Why("created") if record.resource == 0 else self._why_at_rest(record)

    def _why_at_rest(self, record: TrialRecord) -> Why:
        if record.repetition is not None:
            return Why(record.repetition.kind, trial=record.repetition.leader)
        return self.scheduler.why(record.number)

    def resumes_at(self, trial: int) -> tuple[int, str | None]:
        """Where a worker that does not hold the trial begins: the resource, and the checkpoint to restore."""
        record = self.trials[trial]
        if self.resource.restarts:
            return 0, None
        if not self.resource.needs_checkpoint:
            return record.position, None
        return _begins(self._custody.last(trial))

    def child_starts_at(self, parent: int) -> tuple[int, str | None]:
        """Where a child of a trial begins: the resource, and the checkpoint to restore."""
        if not self.resource.needs_checkpoint:
            return 0, None  # nothing carries over from one configuration to another
        return _begins(self._custody.last(parent))

    def is_repeat(self, trial: int, resource: int) -> bool:
        """Whether a report there would repeat what a lost job has reported already."""
        return resource <= known(trial, self.trials).resource

    def may_go_on(self, trial: int) -> bool:
        """Whether a trial may be trained further: the search is not done with it, or an audit will finish it."""
        audit = self.trials[trial].audit
        return self._statuses[trial] in ACTIVE if audit is None else not audit.over

    def keeps_checkpoint(self, trial: int) -> bool:
        """Whether the last checkpoint of a trial is of use: the trial may go on, or it is the incumbent."""
        best, record = self.incumbent, self.trials[trial]
        if record.repetition is not None and self._may_be_best(record.repetition):
            return True
        return self.may_go_on(trial) or (best is not None and best.trial == trial)

    def _may_be_best(self, repetition: Repetition) -> bool:
        """Whether a repetition holds the model of the best leader, or of one that may become it."""
        if repetition.kind != "confirm" or repetition.number != 1:
            return False
        best, known = self.confirmations.best, self.confirmations
        is_open = known.round is not None and (self.resting is None or self.resting.rule != "confirmed")
        return is_open or (best is not None and best.trial == repetition.leader)

    def needless(self, trial: int) -> list[ev.Saved]:
        """Checkpoints of a trial that nothing can need any more."""
        goes_on = self.may_go_on(trial)
        return self._custody.needless(trial, keep=2 if goes_on else int(self.keeps_checkpoint(trial)))

    @property
    def custody(self) -> Custody:
        """Which checkpoints there are; to be read, not changed."""
        return self._custody

    @property
    def repeated_failure(self) -> ev.Failure | None:
        """The failure that has met every trial so far, three times or more: a fault of the code."""
        return self._streak.repeated

    @property
    def best(self) -> Incumbent | None:
        """What the study calls best: the confirmed one, until the search finds another; else the incumbent."""
        return self.confirmations.chosen(self.incumbent) or self.incumbent

    @property
    def n_trials(self) -> int:
        """How many trials the search has created; `trials` holds those of confirmations, too."""
        return len(self.trials) - self.confirmations.trials

    @property
    def search_units(self) -> int:
        """Units of resource that the search itself has spent."""
        return self.account.resource - self.audits.units - self.confirmations.units

    # The fold

    def apply(self, entry: ev.Entry) -> Sequence[int]:
        """Learn the next event of the log.

        Returns:
            Trials whose standing may have changed.

        Raises:
            ContradictionError: If the event contradicts what is known; nothing has changed then.
        """
        if entry.seq != self.seq + 1:
            raise ContradictionError(f"event {entry.seq} does not follow event {self.seq}.")
        self._now = entry.time
        event = entry.event
        changed = self._fold[type(event)](event)
        self.seq = entry.seq
        self.time = entry.time
        return changed

    def _noted(self, event: ev.Event) -> Sequence[int]:
        return ()

    def _idled(self, event: ev.Idled) -> Sequence[int]:
        self.resting = event.why
        return self.confirmations.firsts() if event.why.rule == "confirmed" else ()

    def _enqueued(self, event: ev.Enqueued) -> Sequence[int]:
        self.enqueued.append(event.config)
        return self._reopen("exhausted")

    def _described(self, event: ev.Described) -> Sequence[int]:
        self.features = event.features
        return ()

    def _taken_over(self, event: ev.TakenOver) -> Sequence[int]:
        self.history.past.append(past_of(event, self.space, self._scoring))
        return ()

    def _created(self, event: ev.Created) -> Sequence[int]:
        number = len(self.trials)
        check_created(event, number, len(self.enqueued))
        if event.confirms is not None:
            return self._created_apart(event, event.confirms)
        record = TrialRecord(number, event.config, event.seed, event.source, event.parent, event.bracket)
        record.reuses = event.reuses
        self.trials.append(record)
        self.history.add_trial(event.config, (event.fitted or {}).get("member"))
        self._statuses.append("queued")
        self.counts["queued"] += 1
        if event.source == "enqueued":
            self.enqueued.popleft()
        self.suggested += event.source == "searcher"
        if event.parent is None:
            self.account.trials += 1
        elif self.resource.needs_checkpoint:
            self._custody.inherit(record, event.parent)
        changed = self._tell(number, facts.TrialCreated(number, event.bracket, event.parent, event.ends))
        if event.ends is not None:
            rule = "continued" if event.ends == event.parent else "replaced"
            changed = (*changed, *self._end_trial(event.ends, Why(rule, trial=number)))
        return changed

    def _started(self, event: ev.Started) -> Sequence[int]:
        record = known(event.trial, self.trials)
        check_started(event, record, self.n_jobs)
        owed = record.owed
        if not event.reuses:
            record.reuses = None
        if event.purpose == "audit":
            self.audits.begin(record, event.job)
        record.job = self.jobs[event.job] = OpenJob.of(event, self._now)
        self.n_jobs += 1
        self.resting = None
        self.account.reserved += 0 if event.reuses else event.target - event.start
        if owed is not None:
            self._settle(record)
        if event.purpose == "search":
            record.target = max(record.target, event.target)
            self.history.pending[event.trial] = event.target
            self.audits.resume(record)
        if owed is not None or event.purpose != "search":
            return self._refresh(event.trial)
        granted = facts.JobGranted(event.job, event.trial, event.start, event.target)
        learned = [*self.audits.take_over(record, self.history, self._now), granted]
        return [found for fact in learned for found in self._tell(event.trial, fact)]

    def _reported(self, event: ev.Reported) -> Sequence[int]:
        trial, resource = event.trial, event.resource
        record = known(trial, self.trials)
        job = self.jobs.get(event.job)
        check_reported(event, record, job, self.n_jobs)
        if job is None:
            return self._reported_late(event, record)
        own = self._scoring.losses(event.metrics)
        units = resource - job.position
        seconds = self._charged(event, record, job)
        job.position = record.position = resource
        if not event.repeat:
            self._observe(record, event, own, job.purpose, seconds)
        own = self._scoring.ranked(event.metrics, own)
        job.losses = record.ranked if resource == record.resource else own
        if job.purpose == "audit":
            self.audits.units += units
            return self._serve(record)
        if job.purpose == "confirm":
            self.confirmations.train(units, seconds, event.cost, self.account.shares(event.metrics))
            return ()
        if record.late and resource in record.late:
            job.losses, own = record.late.pop(resource)
        if resource <= record.told or own is None or job.losses is None:
            return ()
        record.told = resource
        if not self._acts_between_jobs:
            return ()
        observed = facts.Observed(trial, resource, job.losses, own, units, seconds, event.metrics)
        changed = self.scheduler.apply(observed)
        return self._changed(changed) if changed else ()

    def _reported_late(self, event: ev.Reported, record: TrialRecord) -> Sequence[int]:
        own = self._scoring.losses(event.metrics)
        self.account.late(event.seconds, event.cost)
        self._spent(event, record)
        if not event.repeat:
            audit = record.audit
            audited = audit is not None and audit.job is not None and event.job >= audit.job
            purpose: Purpose = "audit" if audited else "search" if record.repetition is None else "confirm"
            self._observe(record, event, own, purpose, event.seconds)
            mean, own = record.ranked, self._scoring.ranked(event.metrics, own)
            if purpose == "search" and own is not None and mean is not None:
                record.late = {**(record.late or {}), event.resource: (mean, own)}
        return ()

    def _charged(self, event: ev.Reported, record: TrialRecord, job: OpenJob) -> float:
        """Charge the account with a report; what is taken over costs nothing.

        Returns:
            The training time that the report stands for: of what is taken over, that of its first training.
        """
        if job.reuses and record.reuses is not None:
            return self.history.seconds_at(record.reuses, event.resource)
        self.account.train(event.resource - job.position, event.seconds, event.cost)
        self._spent(event, record)
        return event.seconds

    def _spent(self, event: ev.Reported, record: TrialRecord) -> None:
        record.seconds += event.seconds
        shares = self.account.shares(event.metrics)
        self.account.spent, record.spent = total(self.account.spent, shares), total(record.spent, shares)

    def _observe(
        self, record: TrialRecord, event: ev.Reported, own: Losses | None, purpose: Purpose, seconds: float
    ) -> None:
        record.resource = event.resource
        self._scoring.note(record, event.metrics, own)
        if own is None or record.losses is None:
            return
        if purpose == "audit":
            self.audits.see(record, event, record.losses, self._scoring.ranked(event.metrics, own) or own)
        if purpose != "search":
            return
        self.history.add_observation(
            event.trial,
            event.resource,
            record.losses,
            event.metrics,
            seconds,
            self._now,
            record.violations,
        )

    def _ended(self, event: ev.Ended) -> Sequence[int]:
        job = check_ended(event, self.jobs)
        record = self.trials[job.trial]
        del self.jobs[event.job]
        record.job = None
        self.account.reserved -= 0 if job.reuses else job.target - job.position
        outcome = _outcome(job, event)
        if outcome == "lost":
            self._refund(job)
        if job.purpose == "search":
            del self.history.pending[job.trial]
            if record.stopped is not None:
                return self._refresh(job.trial)
        return self._ENDINGS[outcome](self, job, event)

    def _reached(self, job: OpenJob, event: ev.Ended) -> Sequence[int]:
        assert job.losses is not None  # checked by _ended
        self._streak.break_off()
        if job.purpose == "confirm":
            return self._end_repetition(job.trial, job.losses)
        best = self.incumbent
        this = Incumbent(job.trial, job.target, job.losses)
        if self.constraints:
            record = self.trials[job.trial]
            this = Incumbent(job.trial, job.target, record.losses or job.losses, sum(record.violations))
        if best is None or this.order < best.order:
            self.incumbent = this
        changed = self._arrived(job, job.losses)
        if self._ranks is not None and (found := self._ranks.best) is not None:
            self.incumbent = self._first(found, best)
        return changed if best is None or best is self.incumbent else (*changed, best.trial)

    def _first(self, found: facts.Arrived, before: Incumbent | None) -> Incumbent:
        """The incumbent, if the scheduler finds this trial to be the best."""
        record = self.trials[found.trial]
        own = (record.losses if self.constraints else None) or found.losses
        this = Incumbent(found.trial, found.resource, own, sum(record.violations))
        return before if before is not None and this == before else this

    def _arrived(self, job: OpenJob, reached: Losses) -> Sequence[int]:
        record = self.trials[job.trial]
        if job.purpose != "audit" or record.audit is None:
            return self._tell(job.trial, facts.Arrived(job.trial, job.target, reached))
        record.audit.losses = reached
        return [*self._serve(record), *self._refresh(job.trial)]

    def _yielded(self, job: OpenJob, event: ev.Ended) -> Sequence[int]:
        if job.yielding is not None and not job.yielding.owed:
            return self._tell(job.trial, facts.Yielded(job.trial, self.trials[job.trial].position))
        return self._owe(job, job.attempt)

    def _lost(self, job: OpenJob, event: ev.Ended) -> Sequence[int]:
        if job.yielding is not None and not job.yielding.owed:
            return self._yielded(job, event)
        if job.restore is not None and event.failure is not None and event.failure.type in CHECKPOINT_FAULTS:
            return self._owe(job, job.attempt)  # as often as there are checkpoints to fall back to
        progressed = (job.saved if self.resource.needs_checkpoint else job.position) > job.start
        if not progressed and job.attempt > self.retries:
            return self._failed(job, event)
        return self._owe(job, job.attempt + (not progressed))

    def _failed(self, job: OpenJob, event: ev.Ended) -> Sequence[int]:
        failure = event.failure or ev.Failure("machine", "lost", "the job was lost")
        if failure.fault == "code":
            return self._owe(job, job.attempt)  # not the trial's fault: it runs again once the code is mended
        record = self.trials[job.trial]
        if job.purpose == "audit" and record.audit is not None:
            record.audit.failure = failure
            return [*self._serve(record), *self._refresh(job.trial)]
        if job.purpose == "confirm":
            record.failure = failure
            return self._end_repetition(job.trial, None)
        self._streak.add(failure)
        record.failure = failure
        self.history.add_failure(job.trial, job.target)
        return self._tell(job.trial, facts.Failed(job.trial, job.target))

    _ENDINGS: ClassVar[dict[ev.Outcome, Callable[..., Sequence[int]]]] = {
        "reached": _reached,
        "yielded": _yielded,
        "lost": _lost,
        "failed": _failed,
    }

    def _refund(self, job: OpenJob) -> None:
        """Units beyond the last checkpoint are lost, also those of earlier jobs that the worker held in memory."""
        if self.resource.restarts or job.reuses:
            return
        kept = min(job.position, self.resumes_at(job.trial)[0])
        self.account.resource -= job.position - kept
        if job.purpose == "audit":
            self.audits.units -= job.position - max(kept, job.start)
        if job.purpose == "confirm":
            self.confirmations.units -= job.position - kept
        self.trials[job.trial].position = kept

    def _owe(self, job: OpenJob, attempt: int) -> Sequence[int]:
        self.trials[job.trial].owed = Owed(job.target, attempt, job.save, job.purpose)
        self.owed.append(job.trial)
        if job.purpose == "search":
            self.history.pending[job.trial] = job.target
        return self._refresh(job.trial)

    def _settle(self, record: TrialRecord) -> None:
        record.owed = None
        self.owed.remove(record.number)

    def _stopped(self, event: ev.Stopped) -> Sequence[int]:
        record = known(event.trial, self.trials)
        if record.over:
            raise ContradictionError(f"trial {event.trial} is over already.")
        return self._end_trial(event.trial, event.why)

    def _end_trial(self, trial: int, why: Why) -> Sequence[int]:
        record = self.trials[trial]
        if record.over:
            return ()
        record.stopped = why
        if record.owed is not None and record.owed.purpose == "search":
            self._settle(record)
            del self.history.pending[trial]
        self.audits.release(record, self.history)
        return self._tell(trial, facts.TrialStopped(trial))

    def _yield_asked(self, event: ev.YieldAsked) -> Sequence[int]:
        job = self.jobs.get(event.job)
        if job is None:
            raise ContradictionError(f"job {event.job} was asked to yield, but it is not open.")
        job.yielding = event
        if event.owed:
            self.resting = event.why
        return () if event.owed else self._tell(job.trial, facts.YieldRequested(job.trial))

    def _saved(self, event: ev.Saved) -> Sequence[int]:
        record = known(event.trial, self.trials)
        check_granted(event.job, self.n_jobs)
        if (job := self.jobs.get(event.job)) is not None:
            job.saved = max(job.saved, event.resource)
        return (event.trial, *self._custody.add(record, event))

    def _dropped(self, event: ev.Dropped) -> Sequence[int]:
        self._custody.drop(known(event.trial, self.trials), event.checkpoint)
        return ()

    def _sampled(self, event: ev.Sampled) -> Sequence[int]:
        known(event.trial, self.trials)
        self.usages.add(event)
        return ()

    # Audits

    def _drawn(self, event: ev.Drawn) -> Sequence[int]:
        self.audits.draw(known(event.trial, self.trials), event)
        return (event.trial,)

    def _audit_used(self, event: ev.AuditUsed) -> Sequence[int]:
        record = known(event.trial, self.trials)
        granted = self.audits.use(record, self.history, event.target)
        record.target = max(record.target, event.target)
        return [*self._tell(event.trial, granted), *self._serve(record)]

    def _serve(self, record: TrialRecord) -> Sequence[int]:
        """Tell the scheduler what an audit has seen, as far as it wants the trial to go."""
        shared = self.audits.serve(record, self.history, self._now)
        return [found for fact in shared for found in self._tell(record.number, fact)]

    def _min_resource_raised(self, event: ev.MinResourceRaised) -> Sequence[int]:
        self.audits.levels = [level for level in self.audits.levels if level >= event.resource]
        return self._tell_all(facts.MinResourceRaised(event.resource))

    def _spec_changed(self, event: ev.SpecChanged) -> Sequence[int]:
        self.audits.due.clear()  # they rest since before anybody asked for an audit of these terms
        return ()

    # Confirmations

    def _confirm_begun(self, event: ev.ConfirmBegun) -> Sequence[int]:
        for leader in event.leaders:
            known(leader, self.trials)
        self.confirmations.begin(event, self.incumbent)
        return ()

    def _confirm_ended(self, event: ev.ConfirmEnded) -> Sequence[int]:
        self.confirmations.end()
        return ()

    def _created_apart(self, event: ev.Created, leader: int) -> Sequence[int]:
        """A trial that is none of the search: it confirms another one."""
        known(leader, self.trials)
        kind: Kind = "neighbour" if event.source == "neighbour" else "confirm"
        repetition = Repetition(leader, event.repetition, kind)
        start = self.confirmations.create(event.trial, repetition, self.resource)
        record = TrialRecord(
            event.trial, event.config, event.seed, event.source, None, 0, repetition=repetition
        )
        record.position = start
        self.trials.append(record)
        self.history.add_trial(event.config)  # for its number; it is never pending and never observed
        self._statuses.append("queued")
        return (event.trial,)

    def _end_repetition(self, trial: int, reached: Losses | None) -> Sequence[int]:
        self.confirmations.end_one(trial, reached)
        return self._refresh(trial)

    def _closed(self, event: ev.Closed) -> Sequence[int]:
        self.closed = event.why
        return self._tell_all(facts.NoMoreTrials())

    def _budget_changed(self, event: ev.BudgetChanged) -> Sequence[int]:
        self.account.budget = event.budget
        self.confirmations.round = None  # the search may go on
        return self._reopen("budget of trials") if self.account.more_trials() else ()

    def _reopen(self, rule: str) -> Sequence[int]:
        if self.closed is None or self.closed.rule != rule:
            return ()
        self.closed = None
        return self._tell_all(facts.MoreTrials())

    def _space_changed(self, event: ev.SpaceChanged) -> Sequence[int]:
        self.space = Space(event.space, event.where)
        self.history.change_space(self.space)
        waiting = [self.space.completed(config) for config in self.enqueued]
        self.enqueued = deque(config for config in waiting if self.space.contains(config))
        return [*self._tell_all(facts.NewSpace(self.space)), *self._reopen("exhausted")]

    # Standing

    def _tell(self, trial: int, fact: facts.Fact) -> Sequence[int]:
        others = self.scheduler.apply(fact)
        changed = self._refresh(trial)
        return [*changed, *self._changed(others)] if others else changed

    def _tell_all(self, fact: facts.Fact) -> Sequence[int]:
        return self._changed(self.scheduler.apply(fact))

    def _changed(self, trials: Sequence[int]) -> Sequence[int]:
        return [found for trial in trials for found in self._refresh(trial)] if trials else ()

    def _status(self, trial: int) -> Status:
        record = self.trials[trial]
        if record.failure is not None:
            return "failed"
        if record.job is not None:
            return "running"
        if record.stopped is not None:
            return "stopped"
        if record.owed is not None or record.resource == 0:
            return "queued"
        return self.scheduler.status(trial) if record.repetition is None else "complete"

    def _refresh(self, trial: int) -> Sequence[int]:
        """Note where a trial stands; returns it, and whose checkpoint it does not need any more."""
        old, new = self._statuses[trial], self._status(trial)
        if old != new:
            self._statuses[trial] = new
            if self.trials[trial].repetition is None:
                self.counts[old] -= 1
                self.counts[new] += 1
        if new in ("paused", "stopped") and self.trials[trial].reuses is None:
            self.audits.rest(self.trials[trial], new, self.search_units)
        return (trial,) if new in ACTIVE else (trial, *self._custody.leave_origin(self.trials[trial]))


def _outcome(job: OpenJob, event: ev.Ended) -> ev.Outcome:
    """How a job ended; once it has reported at its target it has reached it, whatever became of its worker."""
    failed = event.outcome == "failed" and (event.failure is None or event.failure.fault != "code")
    done = job.position == job.target and job.losses is not None
    return "reached" if done and not failed else event.outcome


def _begins(saved: ev.Saved | None) -> tuple[int, str | None]:
    return (0, None) if saved is None else (saved.resource, saved.checkpoint)
