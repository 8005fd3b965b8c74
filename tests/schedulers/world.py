"""A small world that drives a state and a dispatcher as a driver would, with virtual workers and no training.

Each operation is a method whose arguments are small numbers; it picks what it acts on by them and does nothing where
there is nothing to act on. So any list of operations is a history, and the same list gives the same one again.
After every group of events the state is checked by brute force and a snapshot of all that can be observed is kept.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import pytest

from rung.core import event as ev
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.change import refusal
from rung.core.constraint import Constraints
from rung.core.decision import Ask, Finished, Scheduler, SchedulerSpec, Slot, Stop, Wait, Yield
from rung.core.errors import ContradictionError
from rung.core.event import Entry
from rung.core.invariants import validate
from rung.core.job import Job
from rung.core.objective import Metrics, Objective
from rung.core.resource import Resource, Steps
from rung.core.rng import rng
from rung.core.space import Constant, Float, Int, Parameter, Space
from rung.core.state import State
from rung.core.suggestion import Searcher, SearcherSpec
from rung.core.why import Why, sentence
from rung.dispatcher import Dispatcher, Work
from rung.searchers.random import RandomSearch
from rung.spec import StudySpec, plain, versions
from rung.stores.memory import MemoryStore

SPACE = Space({"x": Float(0.0, 1.0), "y": Int(1, 5)})
CHANGES: list[dict[str, Parameter]] = [
    {"x": Float(0.0, 0.5)},
    {"x": Float(0.25, 2.0)},
    {"y": Int(1, 3)},
    {"y": Constant(2)},
    {"y": Int(1, 5)},
    {"z": Float(0.0, 1.0, default=0.5)},
    {"z": Constant(0.5)},
]
LOST = ev.Failure("machine", "lost", "the worker is gone")
DIVERGED = ev.Failure("configuration", "diverged", "loss is nan")
BROKEN = ev.Failure("code", "MisuseError", "no report", "", "train.py:1")


@dataclass(frozen=True)
class Settings:
    """What a world is made of; `loss` is applied to every loss before it is reported."""

    spec: SchedulerSpec
    workers: int = 2
    budget: Budget = field(default_factory=Budget)
    seed: int = 0
    resource: Resource = field(default_factory=Steps)
    searcher: SearcherSpec = field(default_factory=RandomSearch)
    maximize: bool = False
    loss: Callable[[float], float] = float
    saves: bool = True
    audit: Audit | None = None
    several: bool = False  # a second objective, `size`
    constraints: Constraints = ()

    def state(self) -> State:
        """The state of a study that has just begun."""
        return self.study().start()

    def study(self) -> StudySpec:
        """The study whose driver the world plays."""
        return StudySpec(
            "world",
            SPACE.parameters,
            tuple(Objective(name, maximize=self.maximize) for name in self.metrics),
            self.resource,
            plain(self.spec, "scheduler"),
            plain(self.searcher, "searcher"),
            self.seed,
            retries=1,
            audit=self.audit,
            constraints=self.constraints,
        )

    @property
    def metrics(self) -> tuple[str, ...]:
        """The objectives."""
        return ("loss", "size") if self.several else ("loss",)


@dataclass
class Desk:
    """A worker: its job and where it stands, or the trial that it holds."""

    job: Job | None = None
    position: int = 0
    holding: int | None = None


class World:
    def __init__(
        self,
        settings: Settings,
        *,
        checking: bool = True,
        inspect: Callable[["World", Work], None] | None = None,
    ) -> None:
        self.settings = settings
        self.inspect = inspect
        self.checking = checking
        self.operations: list[tuple[str, tuple[int, ...]]] = []
        self.snapshots: dict[int, object] = {}
        self.reasons: list[Why] = []
        self._now = 0.0
        self._n_desks = self._n_saved = 0
        self._stale: list[tuple[Job, int]] = []  # jobs that are over, and where they stood
        self._checkpoints: set[str] = set()
        store = MemoryStore()
        self._log = store.create("world", [])
        self._log.acquire()
        self.state = settings.state()
        self._open()
        self.dispatcher.record(ev.Opened(settings.study().to_builtins(), versions()))
        self.dispatcher.record(ev.BudgetChanged(settings.budget))

    def _open(self) -> None:
        searcher = self._searcher(self.state.space)
        self.dispatcher = Dispatcher(
            self.state,
            self._log,
            searcher,
            seed=self.settings.seed,
            tries_defaults=False,
            clock=self._clock,
            recorded=lambda entries, _: self._check(),
        )
        self.desks = {self._n_desks + index: Desk() for index in range(self.settings.workers)}
        self._n_desks += self.settings.workers

    def _searcher(self, space: Space) -> Searcher:
        return self.settings.searcher.start(space, self.state.objectives, self.settings.seed)

    def _clock(self) -> float:
        self._now += 1.0
        return self._now

    @property
    def entries(self) -> list[Entry]:
        """The log so far."""
        return list(self._log.read())

    def do(self, name: str, *numbers: int) -> None:
        """Perform an operation and remember it."""
        self.operations.append((name, numbers))
        getattr(self, name)(*numbers)

    def replayed(self, settings: Settings) -> "World":
        """Another world in which the same operations were performed."""
        other = World(settings, checking=False)
        for name, numbers in self.operations:
            other.do(name, *numbers)
        return other

    def _check(self) -> None:
        if not self.checking:
            return
        validate(self.state)
        account = self.state.account
        if account.budget.resource is not None:
            assert account.resource + account.reserved <= account.budget.resource
        if account.budget.trials is not None:
            assert account.trials <= account.budget.trials
        self.snapshots[self.state.seq] = snapshot(self.state, self.settings.seed)

    # Workers

    def _free(self) -> dict[int, Desk]:
        return {worker: desk for worker, desk in self.desks.items() if desk.job is None}

    def _busy(self) -> list[tuple[int, Desk, Job]]:
        return [(worker, desk, desk.job) for worker, desk in self.desks.items() if desk.job is not None]

    def _held(self) -> set[int]:
        return {desk.holding for desk in self._free().values() if desk.holding is not None}

    def _pick(self, number: int) -> tuple[int, Desk, Job] | None:
        busy = self._busy()
        return busy[number % len(busy)] if busy else None

    # Operations

    def ask(self) -> bool:
        """A free worker asks for a job; whether it got one, or something else was decided."""
        free, held = self._free(), self._held()
        if not free:
            return False
        slots = [Slot(worker) for worker in free]
        decision = self.dispatcher.decide(slots, held)
        if self.checking:
            before = snapshot(self.state, self.settings.seed)
            assert self.dispatcher.decide(slots, held) == decision
            assert snapshot(self.state, self.settings.seed) == before
        match decision:
            case Work():
                return self._grant(decision, free, held)
            case Stop(trial=trial, why=why):
                self._stop(trial, why)
                return True
            case Yield(trial=trial, why=why):
                self._interrupt(trial, why)
                return True
            case Wait(why=why) | Finished(why=why):
                self.reasons.append(why)
                assert "None" not in sentence(why)
                self.dispatcher.idle(why)
                if self.checking and not self.state.jobs:
                    self._nothing_could_start()
                return False

    def _nothing_could_start(self) -> None:
        """Nothing runs and nothing is granted: then the budget covers none of the jobs that are owed."""
        room = self.state.account.room()
        for trial in self.state.owed:
            record = self.state.trials[trial]
            start = record.position if trial in self._held() else self.state.resumes_at(trial)[0]
            assert record.owed is not None
            assert record.owed.target - start > room

    def _grant(self, work: Work, free: Mapping[int, Desk], held: set[int]) -> bool:
        if self.inspect is not None and self.checking:
            self.inspect(self, work)
        worker = self._route(work.trial, free)
        desk = self.desks[worker]
        stood = None if work.trial is None else self.state.trials[work.trial].position
        job = self.dispatcher.grant(work, Slot(worker), held)
        if job is None:
            return True  # the searcher had nothing left; the study is closed now
        left, desk.holding = desk.holding, None
        if left == job.trial:
            assert (job.start, job.restore) == (stood, None)
        else:
            self._check_restore(job)
            if left is not None:
                self._release(left)
        desk.job, desk.position = job, job.start
        if work.new is not None and work.new.ends is not None:
            self._end_job_of(work.new.ends)
        return True

    def _route(self, trial: int | None, free: Mapping[int, Desk]) -> int:
        holders = [worker for worker, desk in free.items() if trial is not None and desk.holding == trial]
        empty = [worker for worker, desk in free.items() if desk.holding is None]
        return (holders or empty or list(free))[0]

    def _check_restore(self, job: Job) -> None:
        """A job starts from scratch, or where the checkpoint that it restores was written."""
        if self.settings.resource.needs_checkpoint:
            assert (job.restore is None) == (job.start == 0)
            assert job.restore is None or job.restore in self._checkpoints
            assert job.restore is None or job.restore.split("/")[1].startswith(f"{job.start}.")

    def _release(self, trial: int) -> None:
        if self.settings.resource.needs_checkpoint and self.state.may_go_on(trial):
            last_job = max(
                e.event.job for e in self.entries if isinstance(e.event, ev.Ended) and e.event.trial == trial
            )
            self._save(trial, last_job, self.state.trials[trial].position)

    def _save(self, trial: int, job: int, position: int) -> None:
        if not self.settings.saves or not position:
            return
        self._n_saved += 1
        name = f"{trial}/{position}.{self._n_saved}"
        self._checkpoints.add(name)
        self.dispatcher.record(ev.Saved(job, trial, position, name))
        while self.dispatcher.doomed:
            self._checkpoints.discard(self.dispatcher.doomed.popleft()[1])

    def step(self, number: int, loss: float) -> None:
        """A busy worker trains one unit and reports, or says that it has reached its target."""
        if (picked := self._pick(number)) is None:
            return
        _, desk, job = picked
        if desk.position == job.target:
            self._end(desk, "reached")
            return
        desk.position = job.target if self.settings.resource.restarts else desk.position + 1
        self.dispatcher.report(self._report(job, desk.position, loss))
        self._interrupts()
        if math.isnan(loss):
            self._end(desk, "failed", DIVERGED)
        elif desk.position < job.target and self.state.jobs[job.number].yielding is not None and number % 3:
            self._end(desk, "yielded")  # else it was about to report once more before it was asked

    def _report(self, job: Job, position: int, loss: float) -> ev.Reported:
        sign = -1.0 if self.settings.maximize else 1.0
        value = "nan" if math.isnan(loss) else sign * self.settings.loss(loss)
        size = sign * self.settings.loss((3 * job.trial + position) % 4 / 2)
        latency = (5 * job.trial + position) % 4 / 2  # 0 to 1.5, whatever is done to losses
        metrics: Metrics = {"loss": value}
        metrics |= {"size": size} if self.settings.several else {}
        metrics |= {"latency": latency} if self.settings.constraints else {}
        return ev.Reported(job.number, job.trial, position, metrics, 1.0)

    def _end(self, desk: Desk, outcome: ev.Outcome, failure: ev.Failure | None = None) -> None:
        job = desk.job
        assert job is not None
        if outcome == "reached" and job.save:
            self._save(job.trial, job.number, desk.position)
        held = outcome in ("reached", "yielded") and not self.settings.resource.restarts
        self.dispatcher.record(ev.Ended(job.number, job.trial, outcome, failure, held))
        self._stale.append((job, desk.position))
        desk.job, desk.holding = None, job.trial if held else None

    def _interrupts(self) -> None:
        """What the driver asks after a report, with no free slot."""
        for _ in range(100):
            match self.dispatcher.decide((), frozenset()):
                case Stop(trial=trial, why=why):
                    self._stop(trial, why)
                case Yield(trial=trial, why=why):
                    self._interrupt(trial, why)
                case Wait():
                    return
        raise AssertionError("the scheduler does not stop asking")

    def _stop(self, trial: int, why: Why) -> None:
        self.dispatcher.record(ev.Stopped(trial, why))
        self._end_job_of(trial)

    def _end_job_of(self, trial: int) -> None:
        record = self.state.trials[trial]
        if record.stopped is not None and record.job is not None and record.job.purpose == "search":
            self._interrupt(trial, record.stopped)

    def _interrupt(self, trial: int, why: Why) -> None:
        job = self.state.trials[trial].job
        if job is not None:
            self._ask_to_yield(job.number, why, owed=False)

    def _ask_to_yield(self, job: int, why: Why, *, owed: bool) -> None:
        if self.state.jobs[job].yielding is None:
            self.dispatcher.record(ev.YieldAsked(job, self.state.jobs[job].trial, why, owed))

    def fail(self, number: int, of_code: int) -> None:
        """The training of a busy worker fails, by its configuration or by the user's code."""
        if (picked := self._pick(number)) is not None:
            self._end(picked[1], "failed", BROKEN if of_code else DIVERGED)

    def lose(self, number: int) -> None:
        """A worker is gone, with its job or with the trial that it holds; another one comes."""
        worker = list(self.desks)[number % len(self.desks)]
        desk = self.desks.pop(worker)
        if desk.job is not None:
            self._stale.append((desk.job, desk.position))
            self.dispatcher.record(ev.Ended(desk.job.number, desk.job.trial, "lost", LOST))
        self.desks[self._n_desks] = Desk()
        self._n_desks += 1

    def interrupt(self, number: int) -> None:
        """The driver asks a busy worker to hand back control; the rest of its job is owed."""
        if (picked := self._pick(number)) is not None:
            self._ask_to_yield(picked[2].number, Why("interrupted"), owed=True)

    def save(self, number: int) -> None:
        """A busy worker writes a checkpoint that nobody asked for."""
        picked = self._pick(number)
        if (
            picked is not None
            and self.settings.resource.needs_checkpoint
            and picked[1].position > picked[2].start
        ):
            self._save(picked[2].trial, picked[2].number, picked[1].position)

    def lose_checkpoint(self, number: int) -> None:
        """A checkpoint vanishes from the disk, and the driver notices."""
        if self._checkpoints:
            checkpoint = sorted(self._checkpoints)[number % len(self._checkpoints)]
            self._checkpoints.remove(checkpoint)
            self.dispatcher.forget(checkpoint)

    def stop_by_hand(self, number: int) -> None:
        """A person stops a trial."""
        alive = [record.number for record in self.state.trials if not record.over]
        if alive:
            self._stop(alive[number % len(alive)], Why("asked"))

    def enqueue(self, number: int) -> None:
        """A person asks for a configuration."""
        config = self.state.space.completed({"x": number / 10, "y": 1 + number % 5})
        if self.state.space.contains(config):
            self.dispatcher.record(ev.Enqueued(config))

    def change_space(self, number: int) -> None:
        """A person goes on in another space."""
        space = Space({**self.state.space.parameters, **CHANGES[number % len(CHANGES)]})
        if space != self.state.space and refusal(self.state.space, space) is None:
            self.dispatcher.change_space(space, self._searcher(space))

    def raise_budget(self, trials: int) -> None:
        """A person allows more trials."""
        budget = self.state.account.budget
        more = None if budget.trials is None else budget.trials + trials
        self.dispatcher.record(ev.BudgetChanged(Budget(trials=more, resource=budget.resource)))

    def late(self, number: int, loss: float) -> None:
        """A job that is over reports once more: no trial moves, and no rung."""
        jobs = [(job, position) for job, position in self._stale if position < job.target]
        if not jobs:
            return
        job, position = jobs[number % len(jobs)]
        position = job.target if self.settings.resource.restarts else position + 1
        before = standing(self.state, self.settings.seed)
        self.dispatcher.report(self._report(job, position, loss))
        assert standing(self.state, self.settings.seed) == before
        index = self._stale.index((job, jobs[number % len(jobs)][1]))
        self._stale[index] = job, position

    def contradict(self, number: int) -> None:
        """What contradicts the facts is refused, and nothing has changed."""
        state, seq = self.state, self.state.seq + 1
        wrong: list[ev.AnyEvent] = [
            ev.Reported(
                state.n_jobs, 0, 1, {"loss": 0.0}, repeat=bool(state.trials and state.trials[0].resource)
            ),
            ev.Reported(0, len(state.trials), 1, {"loss": 0.0}),
            ev.Ended(state.n_jobs, 0, "lost"),
            ev.Started(state.n_jobs + 1, 0, 0, 1, 0, Why("new")),
            ev.Started(state.n_jobs, len(state.trials), 0, 1, 0, Why("new")),
            ev.Created(len(state.trials) + 1, {}, "searcher", 0),
            ev.Created(len(state.trials), {}, "searcher", 0, parent=len(state.trials)),
            ev.Stopped(len(state.trials), Why("asked")),
            ev.YieldAsked(state.n_jobs, 0, Why("asked")),
            ev.Saved(state.n_jobs, 0, 1, "0/1.0"),
            ev.Dropped(0, "unknown"),
        ]
        if (picked := self._pick(number)) is not None:
            _, desk, job = picked
            record = state.trials[job.trial]
            wrong += [
                ev.Reported(
                    job.number,
                    job.trial,
                    desk.position,
                    {"loss": 0.0},
                    repeat=desk.position <= record.resource,
                ),
                ev.Reported(job.number, job.trial, job.target + 1, {"loss": 0.0}),
                ev.Started(state.n_jobs, job.trial, 0, job.target, 0, Why("new")),
            ]
            if desk.position < job.target:
                wrong.append(ev.Ended(job.number, job.trial, "reached"))
        if not state.enqueued:
            wrong.append(ev.Created(len(state.trials), {}, "enqueued", 0))
        before = snapshot(state, self.settings.seed)
        for event in wrong:
            with pytest.raises(ContradictionError):
                state.apply(Entry(seq, 0.0, event))
        with pytest.raises(ContradictionError):
            state.apply(Entry(seq + 1, 0.0, ev.Idled(Why("done"))))
        assert snapshot(state, self.settings.seed) == before

    def restart(self) -> None:
        """The driver dies; another one folds the log, ends what was left open, and goes on with new workers."""
        if self.checking:
            before = snapshot(self.state, self.settings.seed)
        self._stale += [(job, desk.position) for _, desk, job in self._busy()]
        self.state = fold(self.entries, self.settings)
        if self.checking:
            assert snapshot(self.state, self.settings.seed) == before
        self._open()
        for job in list(self.state.jobs.values()):
            reached = job.position == job.target and job.losses is not None
            self.dispatcher.record(
                ev.Ended(job.number, job.trial, "reached" if reached else "lost", None if reached else LOST)
            )

    def drain(self, number: int) -> None:
        """Work until nothing can start any more."""
        for turn in range(3000):
            while self.ask():
                pass
            if not self._busy():
                return
            self.step(turn, ((turn * 7 + number) % 5) / 2)
        raise AssertionError("this study does not end")


# Looking at states


def fold(entries: list[Entry], settings: Settings) -> State:
    """The state that a log folds into."""
    state = settings.state()
    for entry in entries:
        state.apply(entry)
    return state


def decisions(scheduler: Scheduler, state: State, seed: int) -> list[str]:
    """What a scheduler would answer to several questions."""
    room = state.account.room()
    return [
        repr(
            scheduler.decide(
                Ask(
                    slots,
                    frozenset(),
                    may_create,
                    room,
                    state.history,
                    partial(rng, seed),
                    lambda trial: state.resumes_at(trial)[0],
                    lambda parent: state.child_starts_at(parent)[0],
                )
            )
        )
        for slots, may_create in (((Slot(0),), False), ((Slot(0),), state.may_create), ((), False))
    ]


def standing(state: State, seed: int) -> object:
    """Where every trial stands, and what would happen next."""
    statuses = [(state.status(record.number), state.why(record.number)) for record in state.trials]
    return statuses, list(state.owed), list(state.jobs), decisions(state.scheduler, state, seed)


def snapshot(state: State, seed: int) -> object:
    """All that can be observed of a state; equal for two that behave equally from now on."""
    view = state.history.view()
    return (
        standing(state, seed),
        repr(state.trials),
        repr(state.jobs),
        repr(state.account),
        (state.seq, state.time, state.n_jobs, state.suggested, state.closed, state.incumbent),
        (list(state.enqueued), +state.counts, state.repeated_failure),
        [state.needless(record.number) for record in state.trials],
        (list(view.configs), list(view.completed), repr(view.encoded.tolist()), view.since),
        (view.trials.tolist(), view.resources.tolist(), view.losses.tolist()),
        (view.seconds.tolist(), list(view.metrics), view.failed.tolist(), dict(view.pending)),
    )
