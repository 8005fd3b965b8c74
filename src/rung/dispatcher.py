"""The dispatcher: records what happens and turns free slots into jobs. `run`'s loop and ask/tell share it.

It is the only place where events are stamped, folded and appended, in this order, so that the log never holds an
event that the state refuses. It sends nothing to workers; `rung.driver` does.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from rung.audited import audited
from rung.confirming import due, repeat, reserved, search_room
from rung.core import event as ev
from rung.core.confirm import Repeat
from rung.core.decision import Advance, Ask, Decision, Finished, New, Slot, Stop, Wait, Yield
from rung.core.eviction import candidates, to_evict
from rung.core.job import Job, Purpose
from rung.core.rng import confirm_seed, rng, trial_seed
from rung.core.space import Config, Space
from rung.core.state import State
from rung.core.suggestion import Request, Searcher, takes_time
from rung.core.why import Why
from rung.reusing import serves, taken_over
from rung.thinking import Thinking, Thinks, Thought


class Appender(Protocol):
    """What of a log is needed here; see `rung.stores.events.Log`."""

    def append(self, entries: Sequence[ev.Entry]) -> None:
        """Hand over one group of entries."""
        ...


Recorder = Callable[[Sequence[ev.Entry], Sequence[int]], None]
"""Is told what was recorded, and the trials whose standing may have changed by it."""


_NOBODY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Work:
    """A decision that can become a job: which trial, how far, and under what terms.

    Attributes:
        trial: The trial; None: a new one, as `new` says.
        new: What to create.
        target: As in `Job`; likewise `save`, `attempt`, `purpose`.
        why: The reason.
    """

    trial: int | None
    target: int
    why: Why
    new: New | None = None
    save: bool = False
    attempt: int = 1
    purpose: Purpose = "search"


class Dispatcher:
    """A state, its log and its searcher at work.

    Attributes:
        state: What the events fold into.
        doomed: Checkpoints given up, with the sequence number that must be durable before they are deleted.
        over_quota: Why nothing may start: the checkpoints that must stay take too much room; None if they do not.
        changed: Is told the trials whose standing may have changed.
        thinking: Asks the searcher where that takes time; None: it is asked in the turn of the loop.
    """

    def __init__(
        self,
        state: State,
        log: Appender,
        searcher: Searcher,
        *,
        seed: int,
        tries_defaults: bool,
        clock: Callable[[], float],
        recorded: Recorder | None = None,
        quota_bytes: int | None = None,
    ) -> None:
        self.state = state
        self.doomed: deque[tuple[int, str]] = deque()
        self.over_quota: Why | None = None
        self._quota_bytes = quota_bytes
        self._log = log
        self._searcher = searcher
        self._seed = seed
        self._tries_defaults = tries_defaults
        self._clock = clock
        self._recorded = recorded
        self._rng = partial(rng, seed)
        self._idle_rule: str | None = None
        self._reserves = state.confirmations.options is not None
        self._room = partial(search_room, state) if self._reserves else state.account.room
        self.changed: Callable[[Sequence[int]], None] = lambda trials: None
        self.thinking: Thinks | None = None

    # Recording

    def record(self, *events: ev.AnyEvent) -> None:
        """Stamp events, fold them and append them to the log as one group."""
        if len(events) == 1:  # nearly always, and quicker
            entry = ev.Entry(self.state.seq + 1, self._clock(), events[0])
            found = self.state.apply(entry)
            self._log.append((entry,))
            self._after((entry,), found)
            return
        state, now = self.state, self._clock()
        entries: list[ev.Entry] = []
        changed: list[int] = []
        try:
            for event in events:
                entry = ev.Entry(state.seq + 1, now, event)
                changed += state.apply(entry)
                entries.append(entry)
        finally:
            self._log.append(entries)
        self._after(entries, changed)

    def _after(self, entries: Sequence[ev.Entry], changed: Sequence[int]) -> None:
        """Tell of what was recorded, and record what follows from it."""
        state = self.state
        if self._recorded is not None:
            self._recorded(entries, changed)
        while state.audits.due:  # before their checkpoints could be taken for needless
            self.record(next(iter(state.audits.due.values())))
        if changed:
            self.changed(changed)
            self._drop_needless(changed)
        if state.audits.options is not None and any(isinstance(entry.event, ev.Ended) for entry in entries):
            self._adapt()

    def _drop_needless(self, trials: Sequence[int]) -> None:
        for trial in trials:
            while self.state.trials[trial].checkpoints and (needless := self.state.needless(trial)):
                self._drop(needless[0])

    def _drop(self, saved: ev.Saved, why: Why | None = None) -> None:
        self.record(ev.Dropped(saved.trial, saved.checkpoint, why))
        self.doomed.append((self.state.seq, saved.checkpoint))

    def _adapt(self) -> None:
        """Give up the lowest level once audits have shown that too much is lost there."""
        audits = self.state.audits
        if audits.options is None or not audits.options.adapt or len(audits.levels) < 2:
            return
        low, allow = audited(self.state).at(audits.levels[0]).low, audits.options.allow
        if low > allow:
            why = Why("stops too much", resource=audits.levels[0], value=low, threshold=allow)
            self.record(ev.MinResourceRaised(audits.levels[1], why))

    def make_room(self, held: Collection[int] = ()) -> None:
        """Give up checkpoints until the rest fits into the quota; `held` are the trials that workers hold."""
        quota, custody = self._quota_bytes, self.state.custody
        if quota is None:
            return
        excess = custody.size_bytes - quota
        if excess > 0:
            for saved in to_evict(candidates(self.state, held), excess):
                self._drop(saved, Why("evicted", resource=saved.resource, threshold=quota))
        over = custody.size_bytes > quota
        self.over_quota = Why("quota", value=custody.size_bytes, threshold=quota) if over else None

    def forget(self, checkpoint: str) -> None:
        """A checkpoint is damaged or gone: what relied on it starts from an older one. Its files stay to be looked at.

        To be said before the job that could not begin from it ends, so that the units up to it are refunded.
        """
        for saved in self.state.trials[int(checkpoint.partition("/")[0])].checkpoints:
            if saved.checkpoint == checkpoint:
                self.record(ev.Dropped(saved.trial, checkpoint, Why("damaged", resource=saved.resource)))
                return

    def report(self, event: ev.Reported) -> None:
        """Record a report; one that repeats what a lost job has reported is marked."""
        if self.state.is_repeat(event.trial, event.resource):
            event = ev.Reported(
                event.job, event.trial, event.resource, event.metrics, event.seconds, event.cost, repeat=True
            )
        self.record(event)

    def change_space(self, space: Space, searcher: Searcher) -> None:
        """From now on another space holds, in which another live searcher suggests."""
        self.record(ev.SpaceChanged(space.parameters, space.rules))
        self._searcher = searcher

    def idle(self, why: Why) -> None:
        """Record why nothing can run, once for each idle period and reason."""
        if why.rule != self._idle_rule:
            self._idle_rule = why.rule
            self.record(ev.Idled(why))

    # Deciding

    def decide(self, slots: Collection[Slot], held: Set[int]) -> Work | Stop | Yield | Wait | Finished:
        """What should happen next? Owed jobs come first; what does not fit into the budget waits.

        Records that no more trials come, once the budget of trials is found used up.
        """
        if self._reserves or self.state.confirmations.round is not None:
            apart = self._apart(slots, held)
            if apart is not None:
                return apart
        again = self._again(held) if slots else None
        if isinstance(again, Work):
            return again
        if slots:
            self._close()  # a rung that was waiting for more trials may be judged by it, and an audit drawn
            if (audit := self._audit(held)) is not None:
                return audit
        found = self._feasible(self._ask(slots, held), held)
        if isinstance(found, Work) and self._is_served(found):
            return self.decide(slots, held)
        if not isinstance(found, Wait | Finished):
            return found
        return self.decide(slots, held) if slots and self._begin_reserve() else again or found

    def interruption(self) -> Stop | Yield | None:
        """What the scheduler wants off its worker, though no worker is free."""
        found = self._ask((), _NOBODY)
        if isinstance(found, Stop) or (isinstance(found, Yield) and self._can_yield(found.trial)):
            return found
        return None

    def end_search(self) -> None:
        """The rest of the time is for the reserve, also if just now no job is open that could be asked to yield."""
        if not self.state.jobs:
            self.record(ev.Idled(Why("time to confirm")))

    def _begin_reserve(self) -> bool:
        """Record that the leaders are confirmed from now on, if nothing of the search is on its way, and whether so."""
        if not self._reserves or self.state.jobs:
            return False
        begun = reserved(self.state)
        if begun is not None:
            self.record(begun)
        return begun is not None

    def _is_time_to_confirm(self) -> bool:
        """Whether running jobs were asked to make room for the reserve, and none was granted since."""
        why = self.state.resting
        return why is not None and why.rule == "time to confirm"

    def _apart(self, slots: Collection[Slot], held: Set[int]) -> Work | Wait | Finished | None:
        """What happens while leaders are confirmed, or are about to be; None while the search goes on."""
        if self.state.confirmations.round is None:
            if not slots or not self._is_time_to_confirm():
                return None
            if self.state.jobs:
                return Wait(Why("time to confirm"))
            if not self._begin_reserve():
                return None
        return self._confirm(held) if slots else Wait(Why("all busy"))

    def _confirm(self, held: Set[int]) -> Work | Wait | Finished:
        """The next job of the round that is going on; nothing of the search."""
        state = self.state
        owed = [trial for trial in state.owed if state.trials[trial].repetition is not None]
        if owed:
            return self._within_budget(self._owed(owed[0]), held)
        found = due(state)
        if found is not None:
            new = repeat(state, found, self._seed)
            return self._within_budget(
                Work(None, new.target, new.why, new, new.save, purpose="confirm"), held
            )
        return Wait(Why("all busy")) if state.jobs else Finished(Why("confirmed"))

    def _within_budget(self, work: Work, held: Set[int]) -> Work | Wait:
        """Work of a round, if the budget covers it; what a user asks for is none of the search's budget."""
        units = work.target - self._stands(work, held)[0]
        covered = self.state.confirmations.is_asked or units <= self.state.account.room()
        return work if covered else Wait(Why("budget", resource=work.target))

    def _close(self) -> None:
        state = self.state
        if state.closed is None and not state.account.more_trials():
            self.record(ev.Closed(Why("budget of trials", of=state.account.trials)))

    def _audit(self, held: Set[int]) -> Work | None:
        """The first audit that can begin and that the budget covers."""
        state = self.state
        for trial in state.audits.waiting:
            record = state.trials[trial]
            if record.audit is None or record.job is not None or record.owed is not None:
                continue
            why = Why("audit", resource=record.audit.drawn.resource)
            work = self._affordable(Work(trial, record.audit.target, why, purpose="audit"), held)
            if isinstance(work, Work):
                return work
        return None

    def _is_served(self, work: Work) -> bool:
        """Record that an audit of the trial serves, if it goes as far as the scheduler wants."""
        if work.trial is None or not self._serves(work.trial, work.target):
            return False
        self.record(ev.AuditUsed(work.trial, work.target, work.why))
        return True

    def _serves(self, trial: int, target: int) -> bool:
        audit = self.state.trials[trial].audit
        return audit is not None and audit.job is not None and target <= audit.target

    def _again(self, held: Set[int]) -> Work | Wait | None:
        """The first owed job that the budget covers; None if nothing is owed."""
        too_dear: Wait | None = None
        for trial in self.state.owed:
            work = self._affordable(self._owed(trial), held)
            if isinstance(work, Work):
                return work
            too_dear = too_dear or work
        return too_dear

    def _feasible(self, decision: Decision, held: Set[int]) -> Work | Stop | Yield | Wait | Finished:
        match decision:
            case New(parent=None) if not self.state.may_create:
                return Wait(Why("done"))
            case New() as new:
                return self._affordable(Work(None, new.target, new.why, new, new.save), held)
            case Advance() as step:
                return self._affordable(Work(step.trial, step.target, step.why, save=step.save), held)
            case Yield(trial=trial) if not self._can_yield(trial):
                return Wait(Why("all busy"))
            case Stop() | Yield() | Wait() | Finished() as other:
                return other

    def _can_yield(self, trial: int) -> bool:
        job = self.state.trials[trial].job
        return job is not None and job.yielding is None and job.purpose == "search"

    def _ask(self, slots: Collection[Slot], held: Set[int]) -> Decision:
        state = self.state
        ask = Ask(
            slots,
            held,
            state.may_create,
            self._room(),
            state.history,
            self._rng,
            partial(self._costs_from, held),
            self._child_costs_from,
        )
        return state.scheduler.decide(ask)

    def _owed(self, trial: int) -> Work:
        record = self.state.trials[trial]
        owed = record.owed
        assert owed is not None  # state.owed holds only trials that are owed a job
        why = Why("again", resource=record.position)
        return Work(trial, owed.target, why, None, owed.save, owed.attempt, owed.purpose)

    def _affordable(self, work: Work, held: Set[int]) -> Work | Wait:
        room = self._room()
        if work.target <= room or work.target - self._stands(work, held)[0] <= room:
            return work
        return Wait(Why("budget", resource=work.target))

    def _stands(self, work: Work, held: Set[int]) -> tuple[int, str | None]:
        """Where work begins: the resource, and the checkpoint to restore."""
        if work.trial is not None and work.purpose == "search" and self._serves(work.trial, work.target):
            return work.target, None
        if work.trial is not None:
            return self._rests(held, work.trial)
        if isinstance(work.new, Repeat):
            return work.new.start, None
        parent = work.new.parent if work.new is not None else None
        return (0, None) if parent is None else self.state.child_starts_at(parent)

    def _child_costs_from(self, parent: int) -> int:
        return self.state.child_starts_at(parent)[0]

    def _costs_from(self, held: Set[int], trial: int) -> int:
        audit = self.state.trials[trial].audit
        return self._rests(held, trial)[0] if audit is None or audit.job is None else audit.target

    def _rests(self, held: Set[int], trial: int) -> tuple[int, str | None]:
        if trial in held:
            return self.state.trials[trial].position, None
        return self.state.resumes_at(trial)

    # Thinking

    @contextmanager
    def thinking_apart(self, wake: Callable[[], None] | None) -> Iterator[None]:
        """Meanwhile a searcher that takes time is asked on a thread of its own, which calls `wake`, if one is given."""
        if wake is None or not takes_time(self._searcher):
            yield
            return
        self.thinking = thinking = Thinking(wake)
        try:
            yield
        finally:
            self.thinking = None
            thinking.close()

    def ponders(self, work: Work) -> bool:
        """Whether the configuration of a new trial is still being thought about."""
        new = work.new
        if self.thinking is None or new is None or self._given(new) is not None:
            return False
        return self.thinking.ask(self._searcher, self._request(new), self.state) is None

    # Granting

    def grant(self, work: Work, slot: Slot, held: Set[int]) -> Job | None:
        """Create the trial if it is new, and record the job of the worker that owns this slot.

        Returns:
            The job for the worker; None if there is none: the searcher has nothing left to suggest, or the job is done
            already, as an earlier trial of the same configuration has its results.
        """
        created = None if work.new is None else self._create(work.new)
        trial = work.trial if created is None else created.trial
        if trial is None:
            self.record(ev.Closed(Why("exhausted")))
            return None
        self._idle_rule = None
        first = () if created is None else (created,)
        earlier = self._earlier(work, created)
        if earlier is not None:
            start = self.state.trials[trial].resource if created is None else 0
            started = ev.Started(
                self.state.n_jobs, trial, start, work.target, slot.worker, work.why, reuses=True
            )
            self.record(*first, started, *taken_over(self.state, earlier, started))
            return None
        start, restore = self._stands(work, held)
        started = ev.Started(
            self.state.n_jobs,
            trial,
            start,
            work.target,
            slot.worker,
            work.why,
            restore,
            work.save,
            work.attempt,
            work.purpose,
            node=slot.node,
        )
        self.record(*first, started)
        return self._job(started)

    def _earlier(self, work: Work, created: ev.Created | None) -> int | None:
        """The earlier trial whose results serve in place of work; None: it must be trained."""
        if work.save or work.purpose != "search":
            return None
        record = self.state.trials[work.trial] if work.trial is not None else created
        earlier = None if record is None else record.reuses
        return earlier if earlier is not None and serves(self.state, earlier, work.target) else None

    def _job(self, started: ev.Started) -> Job:
        record = self.state.trials[started.trial]
        return Job(
            started.job,
            started.trial,
            self.state.history.completed[started.trial],
            started.start,
            started.target,
            record.seed,
            started.restore,
            started.save,
            started.attempt,
            started.purpose,
        )

    def _create(self, new: New) -> ev.Created | None:
        if isinstance(new, Repeat):
            return self._create_apart(new)
        chosen = self._chosen(new)
        if chosen is None:
            return None
        trial = len(self.state.trials)
        return ev.Created(
            trial,
            chosen.config,
            chosen.source,
            trial_seed(self._seed, trial - self.state.confirmations.trials),
            new.parent,
            new.ends,
            new.bracket,
            chosen.fitted,
            self.state.seq if chosen.seen is None else chosen.seen,
            reuses=self._known(chosen, new),
        )

    def _known(self, chosen: "_Chosen", new: New) -> int | None:
        """The trial whose results the searcher says to reuse, if it is just such a trial."""
        earlier = chosen.reuses
        if earlier is None or new.parent is not None or not 0 <= earlier < len(self.state.trials):
            return None
        return earlier if self.state.history.completed[earlier] == chosen.config else None

    def _create_apart(self, new: Repeat) -> ev.Created:
        """A trial that is none of the search; what has the same number has the same seed."""
        repetition, state = new.repetition, self.state
        seed = confirm_seed(self._seed, state.confirmations.seed_number(repetition))
        assert new.config is not None  # see `repeat`
        return ev.Created(
            len(state.trials),
            new.config,
            repetition.kind,
            seed,
            confirms=repetition.leader,
            repetition=repetition.number,
        )

    def _chosen(self, new: New) -> "_Chosen | None":
        """The configuration of a new trial; None if the searcher has nothing left to suggest."""
        given = self._given(new)
        if given is not None:
            return given
        request = self._request(new)
        if self.thinking is None:
            thought = Thought(self._searcher.suggest(self.state.history.view(), request), self.state.seq)
        else:
            found = self.thinking.ask(self._searcher, request, self.state)
            assert found is not None  # see `ponders`
            thought = found
        for suggestion in thought.suggestions:
            return _Chosen(suggestion.config, "searcher", suggestion.fitted, thought.seen, suggestion.reuses)
        return None

    def _given(self, new: New) -> "_Chosen | None":
        """The configuration of a new trial for which the searcher is not asked."""
        state = self.state
        if new.config is not None:
            return _Chosen(new.config, "scheduler")
        if self._number == 0 and self._tries_defaults and (defaults := state.space.defaults()) is not None:
            return _Chosen(defaults, "default")
        if state.enqueued:
            return _Chosen(state.enqueued[0], "enqueued")
        return None

    @property
    def _number(self) -> int:
        """The number of the next trial, those of confirmations not counted."""
        return len(self.state.trials) - self.state.confirmations.trials

    def _request(self, new: New) -> Request:
        budget = self.state.account.budget.trials
        return Request(self._number, self.state.suggested, 1, new.target, new.bracket, self._rng, budget)


class _Chosen(NamedTuple):
    """What a new trial is made of: `config`, `source`, `fitted` and `reuses` as in `Created`.

    `seen` is the last event that its suggestion knew of; None: it knew of all.
    """

    config: Config
    source: ev.Source
    fitted: dict[str, object] | None = None
    seen: int | None = None
    reuses: int | None = None
