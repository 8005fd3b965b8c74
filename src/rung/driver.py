"""The driver: the one loop of a run. It takes outcomes, records them, and gives each free worker its next job.

Each turn: wait for outcomes; apply them; then, for each free worker, ask once what should happen next, route the job
to the worker that holds its trial (else to the one whose held trial matters least), until nothing can start.
"""

import logging
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec

from rung.core import event as ev
from rung.core.decision import Finished, Slot, Stop, Wait, Yield, acts_between_jobs
from rung.core.errors import CHECKPOINT_FAULTS, ExecutorError, MisuseError, ObjectiveError, RungError
from rung.core.machines import Machines, taken, worth_moving
from rung.core.saving import worth_saving
from rung.core.state import ACTIVE, State
from rung.core.why import Why
from rung.dispatcher import Dispatcher, Work
from rung.executors import base
from rung.holders import Holders, Worth
from rung.partings import Partings
from rung.words import duration

logger = logging.getLogger("rung")

GRACE_S = 10.0  # how long workers may take to leave when a run ends in order

LOST_TRIALS = 3  # in a row, until a run ends that the machine does not let train
LOST_WITH_WORKERS = 10  # likewise, if it was their workers that died, while no other trial reported
LOST = (
    "{n} trials in a row could not be trained, each at several attempts, by the fault of the machine; the last one: "
    "{last}. Mend that and run again; the study goes on."
)
INTERRUPTED = (
    "interrupted: running steps end first{step}, then trials are saved. Ctrl-C again leaves at once; "
    "the next run goes on from here."
)
CANNOT_SAVE = """\
trial {trial} was not saved, as its training gives no save= to trial.report: when it goes on, it begins at 0.
Three lines mend that:
    if trial.checkpoint:
        model.load(trial.checkpoint / "model")
    trial.report(..., save=lambda folder: model.save(folder / "model"))
A command saves into $RUNG_SAVE and reports it as "saved"; the scheduler StoppingASHA (stopping-asha) needs neither."""


class Driver:
    """One run: a dispatcher and a pool.

    All and only the workers of the pool are in `_slots`; each is busy (in `_jobs`) or free (in `_free`, and
    in `_holders`).
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        pool: base.Pool,
        *,
        durable: Callable[[], int],
        delete: Callable[[str], None],
        seconds: float | None = None,
    ) -> None:
        self._dispatcher = dispatcher
        self._state: State = dispatcher.state
        self._pool = pool
        self._durable = durable
        self._delete = delete
        self._deadline = None if seconds is None else pool.clock() + seconds
        self._search_until = self._end_of_search(seconds)
        self._seconds = seconds
        self._slots: dict[int, Slot] = {}
        self._free: dict[int, Slot] = {}
        self._holders = Holders(self._worth)
        self._partings = Partings()
        self._machines = Machines()
        self._jobs: dict[int, int] = {}  # busy worker: its open job
        self._workers: dict[int, int] = {}  # the other way round
        self._saving: dict[int, int] = {}  # trial: the worker that is about to write its checkpoint
        self._idle: Why | None = None  # why free workers have no job
        self._interrupts = acts_between_jobs(self._state.scheduler)
        self._leaving: Why | None = None
        self._error: RungError | None = None
        self._interrupted = False
        self._warned = False
        self._lost_trials = 0  # in a row, none of which any machine could train
        self._lost_place = ""  # where the training of the last one raised; empty: its worker was gone
        dispatcher.changed = self._holders.weigh

    def run(self) -> Why:
        """Work until nothing is left to do, the time is up, or the user interrupts; closes the pool when in order.

        Returns:
            Why the run ended.

        Raises:
            MisuseError, ObjectiveError: If the training function cannot work; see docs/failures.md.
            KeyboardInterrupt: At a second Ctrl-C.
        """
        with self._interruptible():
            if self._dispatcher.over_quota is not None:
                self._leave(self._dispatcher.over_quota)
            with self._dispatcher.thinking_apart(self._pool.wake if self._pool.trains_apart else None):
                while self._turn():
                    pass
            self._release_all()
            self._pool.close(GRACE_S)
        if self._error is not None:
            raise self._error
        why = self._leaving or self._idle or Why("done")
        return self._state.closed or why if why.rule == "done" else why

    # The turn

    def _turn(self) -> bool:
        self._check_time()
        self._fill()
        self._pool.want(None if self._idle is None else len(self._jobs))
        self._park()
        if self._dispatcher.doomed:
            self._delete_dropped()
        if not self._jobs and not self._saving and (self._leaving or (self._free and self._idle)):
            return False
        self._pool.wait(self._until if self._leaving is None else None, self._deliver)
        return True

    def _fill(self) -> None:
        self._idle = None
        while self._free and self._leaving is None and self._idle is None:
            match self._dispatcher.decide(self._free.values(), self._holders.held.keys()):
                case Work(trial=trial) if trial in self._saving:
                    self._idle = Why("saving")
                case Work() as work if self._dispatcher.ponders(work):
                    return  # it wakes this loop
                case Work() as work:
                    self._start(work)
                case Stop() as stop:
                    self._stop(stop)
                case Yield() as interruption:
                    self._interrupt(interruption)
                case Wait(why=why) | Finished(why=why):
                    self._idle = why
                    self._dispatcher.idle(why)

    def _start(self, work: Work) -> None:
        worker = self._route(work)
        if worker is None:
            return
        job = self._dispatcher.grant(work, self._slots[worker], self._holders.held.keys())
        if job is None:
            return
        if self._holders.holding.get(worker) == job.trial:
            self._holders.let_go(worker)
        elif worker in self._holders.holding:
            self._release(worker)
        del self._free[worker]
        self._holders.empty.pop(worker, None)
        self._jobs[worker] = job.number
        self._workers[job.number] = worker
        if work.new is not None:
            self._machines.begin(worker)
        self._pool.send(worker, base.Start(job))
        if work.new is not None and work.new.ends is not None:
            self._end_job_of(work.new.ends)

    def _route(self, work: Work) -> int | None:
        """The free worker that should get a job; None: its trial leaves a worse one first, and is saved."""
        best, trial = self._machines.best(self._free), work.trial
        if best is None:
            return self._holders.route(trial)
        holder = None if trial is None else self._holders.held.get(trial)
        if trial is None or holder is None:
            return self._holders.route_among(best)
        gain = 0.0 if holder in best else self._machines.gain(holder, best)
        if not (worth_moving(self._state, trial, work.target, gain) and self._worth_saving(trial)):
            return holder
        self._release(holder)
        self._holders.empty[holder] = None
        return None

    def _worth(self, trial: int) -> Worth:
        record = self._state.trials[trial]
        loss = record.losses[0] if record.losses else 0.0
        return self._state.may_go_on(trial), record.resource, -loss

    # Outcomes

    def _deliver(self, outcome: base.Outcome) -> None:
        match outcome:
            case ev.Reported():
                self._reported(outcome)
            case ev.Ended():
                self._ended(outcome)
            case ev.Saved():
                self._saved(outcome)
            case ev.Sampled():
                self._sampled(outcome)
            case base.Released(trial=trial):
                if self._saving.pop(trial, None) is not None:
                    self._warn_if_unsaved(trial)
            case base.Joined(slot=slot):
                self._slots[slot.worker] = self._free[slot.worker] = slot
                self._holders.empty[slot.worker] = None
                self._partings.join(slot)
                self._machines.join(slot)
            case base.Leaving(worker=worker):
                self._part_from(worker)
            case base.Left():
                self._left(outcome)

    def _reported(self, event: ev.Reported) -> None:
        self._dispatcher.report(event)
        if not self._lost_place:
            self._lost_trials = 0  # where machines come and go, others train
        self._check_time()
        job = self._state.jobs.get(event.job)
        if self._leaving is not None or job is None:
            return
        if self._interrupts and event.resource < job.target:
            self._interrupt_jobs()  # at the target its worker will be free in a moment, and the question comes then
        if self._state.account.overdrawn() is not None and not self._state.confirmations.is_asked:
            self._leave(Why("budget"))

    def _saved(self, event: ev.Saved) -> None:
        self._dispatcher.record(event)
        self._dispatcher.make_room(self._holders.held.keys())
        if self._dispatcher.over_quota is not None:
            self._leave(self._dispatcher.over_quota)

    def _sampled(self, event: ev.Sampled) -> None:
        """Record what a job has used, beside what its worker owns."""
        if event.job in self._workers:
            slot = self._slots[self._workers[event.job]]
            event = msgspec.structs.replace(event, cpus=slot.cpus, gpus=len(slot.gpus))
        self._dispatcher.record(event)

    def _interrupt_jobs(self) -> None:
        """End and interrupt what the scheduler wants off its worker, though no worker is free."""
        while (found := self._dispatcher.interruption()) is not None:
            if isinstance(found, Stop):
                self._stop(found)
            else:
                self._interrupt(found)

    def _ended(self, event: ev.Ended) -> None:
        worker = self._workers.pop(event.job, None)
        if worker is None:
            return  # its worker had left, and the job was recorded as lost
        del self._jobs[worker]
        job = self._state.jobs[event.job]
        self._machines.end(worker, taken(self._state, job.trial), job.position - job.start)
        restore = job.restore
        if restore is not None and event.failure is not None and event.failure.type in CHECKPOINT_FAULTS:
            self._dispatcher.forget(restore)
        self._dispatcher.record(event)
        parts = worker in self._partings.parting
        if not parts:
            self._free[worker] = self._slots[worker]
            self._holders.empty[worker] = None
        if event.held:
            self._holders.empty.pop(worker, None)
            self._holders.hold(worker, event.trial)
        if event.held and (parts or not self._pool.holds):
            self._release(worker)
            if not parts:
                self._holders.empty[worker] = None
        if event.outcome == "failed" and event.failure is not None:
            self._check_code(event.failure)
        self._check_machines(event)

    def _left(self, outcome: base.Left) -> None:
        worker, failure = outcome.worker, outcome.failure
        self._slots.pop(worker, None)
        self._free.pop(worker, None)
        self._partings.parting.discard(worker)
        self._machines.leave(worker)
        self._holders.empty.pop(worker, None)
        self._holders.let_go(worker)
        self._saving = {trial: saver for trial, saver in self._saving.items() if saver != worker}
        job = self._jobs.pop(worker, None)
        if job is None:
            return
        del self._workers[job]
        lost: ev.Outcome = "lost" if failure.fault == "machine" else "failed"
        ended = ev.Ended(job, self._state.jobs[job].trial, lost, failure)
        self._dispatcher.record(ended)
        self._check_machines(ended)

    def _part_from(self, worker: int) -> None:
        """A worker is about to go with its machine: it gets no more jobs, and what it trains is saved."""
        if worker not in self._slots:
            return
        self._partings.parting.add(worker)
        if self._free.pop(worker, None) is None:
            self._ask_to_yield(self._jobs[worker], Why("worker leaves"), owed=True)
        elif worker in self._holders.holding:
            self._release(worker)
        self._holders.empty.pop(worker, None)

    def _check_code(self, failure: ev.Failure) -> None:
        if failure.fault == "code":
            self._fail(MisuseError(failure.message))
        elif (repeated := self._state.repeated_failure) is not None:
            self._fail(
                ObjectiveError(
                    f"the training fails the same way from the first trial on: {repeated.type}: "
                    f"{repeated.message} (at {repeated.place}). Mend it and run again; the study goes on.",
                    repeated.traceback,
                )
            )

    def _check_machines(self, event: ev.Ended) -> None:
        """A machine on which nothing can be trained, as its disk is full, must not use up the trials of the study."""
        failure = self._state.trials[event.trial].failure
        if event.outcome == "reached":
            self._lost_trials = 0
        elif failure is not None and failure.fault == "machine":
            self._lost_trials += 1
            self._lost_place = failure.place
            n = self._lost_trials
            if n >= (LOST_TRIALS if failure.place else LOST_WITH_WORKERS):
                self._fail(ExecutorError(LOST.format(n=n, last=f"{failure.type}: {failure.message}")))

    # Ending jobs

    def _stop(self, stop: Stop) -> None:
        self._dispatcher.record(ev.Stopped(stop.trial, stop.why))
        self._end_job_of(stop.trial)

    def _end_job_of(self, trial: int) -> None:
        record = self._state.trials[trial]
        if record.job is not None and record.job.purpose == "search" and record.stopped is not None:
            self._ask_to_yield(record.job.number, record.stopped, owed=False)

    def _interrupt(self, interruption: Yield) -> None:
        job = self._state.trials[interruption.trial].job
        if job is not None:
            self._ask_to_yield(job.number, interruption.why, owed=False)

    def _ask_to_yield(self, job: int, why: Why, *, owed: bool) -> None:
        open_job = self._state.jobs[job]
        if open_job.yielding is None and job in self._workers:
            self._dispatcher.record(ev.YieldAsked(job, open_job.trial, why, owed))
            self._pool.send(self._workers[job], base.Yield(job))

    def _fail(self, error: RungError) -> None:
        self._error = self._error or error
        self._leave(Why("failed"))

    def _leave(self, why: Why) -> None:
        if self._leaving is None:
            self._leaving = why
            if why.rule == "interrupted":
                self._say_interrupted()
            for job in list(self._workers):
                self._ask_to_yield(job, why, owed=True)

    def _say_interrupted(self) -> None:
        account = self._state.account
        step = f" (about {duration(account.seconds / account.trained)} each)" if account.trained else ""
        logger.warning(INTERRUPTED.format(step=step))

    def _check_time(self) -> None:
        for worker in self._partings.due(self._pool.clock(), self._state.account):
            self._part_from(worker)
        if self._interrupted:
            self._leave(Why("interrupted"))
        elif self._deadline is not None and self._pool.clock() >= self._deadline:
            self._leave(Why("time is up", threshold=self._seconds))
        elif self._search_until is not None and self._pool.clock() >= self._search_until:
            self._make_room_to_confirm()

    @property
    def _until(self) -> float | None:
        """When to look at the clock again."""
        leaving = self._partings.next(self._state.account)
        run = self._deadline if self._search_until is None else self._search_until
        return min((each for each in (run, leaving) if each is not None), default=None)

    def _end_of_search(self, seconds: float | None) -> float | None:
        """When the rest of the run's time is for confirming the best; None: not by the clock."""
        options = self._state.confirmations.options
        if seconds is None or options is None:
            return None
        return self._pool.clock() + seconds * (1 - options.share)

    def _make_room_to_confirm(self) -> None:
        """What the search is training rests, to go on in a later run; with no job open, the dispatcher sees to it."""
        self._search_until = None
        if self._state.confirmations.round is None:
            for job in list(self._workers):
                self._ask_to_yield(job, Why("time to confirm"), owed=True)
            self._dispatcher.end_search()

    # Holding and releasing

    def _release(self, worker: int) -> None:
        trial = self._holders.holding[worker]
        save = self._worth_saving(trial)
        self._holders.let_go(worker)
        if save:
            self._saving[trial] = worker
        self._pool.send(worker, base.Release(save))

    def _park(self) -> None:
        """While workers wait for others, what they hold is saved: nothing is lost with them, and no time."""
        holders = self._holders
        if self._idle is None or not self._jobs or not holders.unparked:
            return
        for worker in holders.unparked:
            trial = self._holders.holding[worker]
            position = self._state.trials[trial].position
            if holders.parked.get(trial) != position and self._worth_saving(trial):
                holders.parked[trial] = position
                self._pool.send(worker, base.Keep())
        holders.unparked.clear()

    def _worth_saving(self, trial: int) -> bool:
        state = self._state
        return (
            state.resource.needs_checkpoint and state.keeps_checkpoint(trial) and worth_saving(state, trial)
        )

    def _release_all(self) -> None:
        for worker in list(self._holders.holding):
            self._release(worker)
        while self._saving:
            self._pool.wait(None, self._deliver)
        self._delete_dropped()

    def _delete_dropped(self) -> None:
        doomed = self._dispatcher.doomed
        while doomed and doomed[0][0] <= self._durable():
            self._delete(doomed.popleft()[1])

    def _warn_if_unsaved(self, trial: int) -> None:
        record = self._state.trials[trial]
        saved = any(each.resource == record.position for each in record.checkpoints)
        if not saved and self._state.status(trial) in ACTIVE and not self._warned:
            self._warned = True
            logger.warning(CANNOT_SAVE.format(trial=trial))

    # Signals

    @contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Ctrl-C or SIGTERM once: leave in order; twice: leave now. Only the main thread may listen."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        names = (signal.SIGINT, signal.SIGTERM)
        before = {name: signal.signal(name, self._signalled) for name in names}
        try:
            yield
        finally:
            for name, handler in before.items():
                signal.signal(name, handler)

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        if self._interrupted:
            raise KeyboardInterrupt
        self._interrupted = True
        self._pool.wake()
