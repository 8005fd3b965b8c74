"""Audits: a random sample of the trials that were stopped early is finished, to learn what early stopping costs.

Drawn is at the moment when a trial is stopped, or first passed over at its rung, before anything that came later is
known; so the sample says something about all of them. The audited results are kept from the scheduler and from the
searcher: they never steer the search, unless the scheduler decides to advance an audited trial. Then what the audit
has seen serves, and nothing is trained twice.

The chance of a trial is what one candidate in turn may cost, divided by what finishing it costs, so that audits take
their share of the resource. The draw is systematic: along the sum of all chances, from a random point in [0, 1) on,
each whole number draws the trial that steps over it. So no more trials are drawn than the sum says, and each with
just its chance.

References:
    Horvitz & Thompson, A Generalization of Sampling Without Replacement From a Finite Universe, 1952 (unequal chances).
    Madow, On the Theory of Systematic Sampling, II, 1949 (systematic, with unequal chances).
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from rung.core import decision as facts
from rung.core import event as ev
from rung.core.audit import Audit, Seen, TrialAudit
from rung.core.decision import Auditable, Status
from rung.core.errors import ContradictionError
from rung.core.history import History
from rung.core.objective import Losses
from rung.core.record import TrialRecord

NOT_EARLY = ("asked", "replaced", "continued")  # stopped by a person, or to go on with another configuration


class Audits:
    """What is known of early stopping: who rests where, the draws, and what became of them.

    Attributes:
        options: What was asked for; None: nothing is drawn.
        levels: The levels at which the scheduler judges; to the last one trials are finished.
        stopped: By level, how many trials rest there as things stand, those audited at a lower one left out.
        due: Trials that must be drawn; the dispatcher records this.
        waiting: Trials that were drawn and whose audit has not begun, in that order.
        units: Units of resource that audits have taken.
    """

    def __init__(
        self,
        options: Audit | None = None,
        scheduler: Auditable | None = None,
        *,
        restarts: bool = False,
        origin: float = 0.0,
    ) -> None:
        self.options = options
        self.levels: Sequence[int] = (0,) if scheduler is None else scheduler.levels
        self.stopped: Counter[int] = Counter()
        self.due: dict[int, ev.Drawn] = {}
        self.waiting: dict[int, None] = {}
        self.units = 0
        self._scheduler = scheduler
        self._restarts = restarts
        self._n_candidates = 0
        self._sum = origin  # of all chances so far

    @property
    def target(self) -> int:
        """Resource to which trials are finished; 0 where there are no audits."""
        return self.levels[-1]

    # Drawing

    def rest(self, record: TrialRecord, status: Status, search_units: int) -> None:
        """Note a trial that is stopped or paused, if it is so early and for the first time at its level."""
        level = record.told
        if self._scheduler is None or record.audit is not None or not record.rested < level < self.target:
            return
        if status == "paused" and not self._scheduler.passed_over(record.number):
            return
        if record.stopped is not None and record.stopped.rule in NOT_EARLY:
            return
        record.rested = level
        record.rests = True
        self.stopped[level] += 1
        cost = self.target - (0 if self._restarts else level)
        self._consider(record.number, level, search_units / cost)

    def _consider(self, trial: int, level: int, affordable: float) -> None:
        """Draw a trial or not; `affordable` is how many like it all units of the search so far would finish."""
        if self.options is None:
            return
        self._n_candidates += 1
        share = self.options.share
        chance = min(1.0, share / (1 - share) * affordable / self._n_candidates)
        before, self._sum = self._sum, self._sum + chance
        if math.floor(self._sum) > math.floor(before):
            self.due[trial] = ev.Drawn(trial, level, chance)

    def resume(self, record: TrialRecord) -> None:
        """The scheduler goes on with a trial: it was not stopped after all. What an audit has begun goes on, too."""
        if record.rests:
            record.rests = False
            self.stopped[record.rested] -= 1
        self.due.pop(record.number, None)
        if record.audit is not None:
            record.audit.promoted = True
        if record.number in self.waiting:
            del self.waiting[record.number]
            record.audit = None

    # Auditing

    def draw(self, record: TrialRecord, drawn: ev.Drawn) -> None:
        """A trial was drawn.

        Raises:
            ContradictionError: If it cannot be.
        """
        known = record.ranked
        if record.audit is not None or record.failure is not None or known is None:
            raise ContradictionError(f"trial {record.number} cannot be audited.")
        self.due.pop(record.number, None)
        self.waiting[record.number] = None
        record.audit = TrialAudit(drawn, self.target, known)

    def begin(self, record: TrialRecord, job: int) -> None:
        """An audit job was granted.

        Raises:
            ContradictionError: If the trial was not drawn.
        """
        if record.audit is None:
            raise ContradictionError(f"trial {record.number} was not drawn for an audit.")
        if record.number in self.waiting:
            del self.waiting[record.number]
            record.audit.job = job

    def see(self, record: TrialRecord, event: ev.Reported, losses: Losses, own: Losses) -> None:
        """An audit job has observed what was not known before."""
        if record.audit is not None:
            seen = Seen(losses, own, event.metrics, event.seconds, record.violations)
            record.audit.seen[event.resource] = seen

    # What the search learns from audits

    def use(self, record: TrialRecord, history: History, target: int) -> facts.Fact:
        """The scheduler advances a trial that is audited; `serve` follows.

        Raises:
            ContradictionError: If it cannot be, or its audit has not begun.
        """
        audit = record.audit
        if record.over or audit is None or audit.job is None or audit.wanted is not None:
            raise ContradictionError(f"no audit of trial {record.number} can be used.")
        self.resume(record)
        audit.wanted = history.pending[record.number] = target
        return facts.JobGranted(audit.job, record.number, record.told, target)

    def serve(self, record: TrialRecord, history: History, now: float) -> Iterator[facts.Fact]:
        """What the scheduler may know of an audit, as far as it wants the trial to go."""
        audit = record.audit
        if audit is None or audit.wanted is None:
            return
        target = audit.wanted
        yield from self._share(record, audit, target, history, now)
        if record.resource < target and audit.failure is None:
            return
        self.release(record, history)
        if record.resource < target:
            record.failure = audit.failure
            history.add_failure(record.number, target)
            yield facts.Failed(record.number, target)
        else:
            record.told = target
            yield facts.Arrived(record.number, target, audit.known)

    def take_over(self, record: TrialRecord, history: History, now: float) -> Iterator[facts.Fact]:
        """The search trains a trial beyond where its audit has finished it, as its last level was raised."""
        if record.audit is not None:
            yield from self._share(record, record.audit, record.resource, history, now)
            record.audit = None

    def release(self, record: TrialRecord, history: History) -> None:
        """The scheduler does not wait for an audit any more."""
        if record.audit is not None and record.audit.wanted is not None:
            record.audit.wanted = None
            del history.pending[record.number]

    def _share(
        self, record: TrialRecord, audit: TrialAudit, upto: int, history: History, now: float
    ) -> Iterator[facts.Fact]:
        trial = record.number
        for resource, seen in audit.share(upto):
            history.add_observation(
                trial, resource, seen.losses, seen.metrics, seen.seconds, now, seen.violations
            )
            if resource > record.told:
                units = resource - (0 if self._restarts else record.told)
                record.told = resource
                yield facts.Observed(
                    trial, resource, seen.ranked, seen.own, units, seen.seconds, seen.metrics
                )
