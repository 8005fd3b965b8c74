"""A simulated run job by job: quicker where nothing looks at what happens between two ends of jobs.

It is what driver, dispatcher, state and simulated workers do together, for schedulers that do not act between jobs
and searchers that do not look at results, on workers that are never lost and save in no time. A job is one entry in a
heap by time, however much it reports. Tests compare it with the driver's way to the bit, the order of what happens at
one moment included.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import partial
from heapq import heappop, heappush
from math import isfinite

from rung.core import decision as facts
from rung.core.decision import Advance, Ask, Judging, New, Slot, Stop, acts_between_jobs
from rung.core.history import History
from rung.core.objective import divergence
from rung.core.rng import rng, trial_seed
from rung.core.space import Config
from rung.core.suggestion import Request, looks_at_results
from rung.holders import Holders, Worth
from rung.problems.base import regret
from rung.simulation.ahead import Job, Order, Trial, Write
from rung.simulation.notes import Notes
from rung.simulation.setting import Simulation
from rung.spec import StudySpec

_NONE = (0, math.inf, -1)  # no incumbent: worse than any


def suits(simulation: Simulation) -> bool:
    """Whether a run can be simulated job by job."""
    problem, spec, world, budget = simulation.problem, simulation.spec, simulation.world, simulation.budget
    undisturbed = not (world.save_s or world.restore_s or world.losses_per_hour or world.charges_decisions)
    counted = budget.worker_seconds is None and not budget.costs
    if not (undisturbed and counted and problem.resource.needs_checkpoint and not _sets_apart(spec)):
        return False
    space, goals = problem.space, spec.objectives
    scheduler = spec.scheduler_spec().start(space, goals, spec.seed)
    searcher = spec.searcher_in(space)
    if isinstance(scheduler, Judging):  # which trial is best is not looked up in what has arrived
        return False
    return len(goals) == 1 and not acts_between_jobs(scheduler) and not looks_at_results(searcher)


def _sets_apart(spec: StudySpec) -> bool:
    return spec.audit is not None or spec.confirm is not None or bool(spec.constraints)


class Jobwise:
    """A run.

    Args:
        simulation: What is simulated.

    Attributes:
        notes: What happened.
        now: The virtual time.
        trials: All trials, by number.
    """

    def __init__(self, simulation: Simulation) -> None:
        problem, spec = simulation.problem, simulation.spec
        self.notes = Notes()
        self.now = 0.0
        self.trials: list[Trial] = []
        self._problem = problem
        self._seed = spec.seed
        self._world = simulation.world
        self._budget = simulation.budget
        self._horizon_s = simulation.horizon_s
        self._goals = spec.objectives
        searcher = spec.searcher_spec()
        self._scheduler = spec.scheduler_spec().start(problem.space, spec.objectives, spec.seed)
        self._searcher = spec.searcher_in(problem.space)
        self._defaults = problem.space.defaults() if searcher.tries_defaults else None
        self._rng = partial(rng, spec.seed)
        self._history = History(problem.space, 1)
        self._closed = False
        self._committed = 0  # units granted, without those that failed trials did not need
        self._n_jobs = 0
        self._n_suggested = 0
        self._n_planned = 0
        self._slots = [Slot(worker) for worker in range(simulation.workers)]
        self._free: dict[int, Slot] = {}
        self._holders = Holders(self._worth)
        self._plan: list[tuple[float, Job | Write]] = []  # a heap
        self._writes: list[Write] = []  # of this very moment, in their order
        self._saving: set[int] = set()
        self._open: dict[int, Job] = {}
        self._best: tuple[int, float, int] = _NONE  # sorts the better one first

    @property
    def busy_s(self) -> float:
        """Time that workers had a job, summed; one that is open at the horizon kept its worker busy until then."""
        return self.notes.busy_s + sum(self._horizon_s - job.times[0] for job in self._open.values())

    def run(self) -> None:
        """Live until the horizon, or until nothing is left to do."""
        if self._world.startup_s >= self._horizon_s:
            return
        self.now = self._world.startup_s
        self._free = dict(enumerate(self._slots))
        self._holders.empty = dict.fromkeys(self._free)
        while self._turn():
            pass
        self._finish()

    def _turn(self) -> bool:
        if self.now < self._horizon_s and not self._fill() and self._open:
            self._park()
        return bool(self._open or self._saving) and self._wait()

    def _finish(self) -> None:
        """Count what was reported by the horizon; before it, what workers hold is saved."""
        if self._open:
            self.now = self._horizon_s
        elif self.now < self._horizon_s:
            for worker in list(self._holders.holding):
                self._release(worker)
            self._write_all()
        for job in self._open.values():
            n = bisect_right(job.times, self._horizon_s, 1, job.n_reports + 1) - 1
            self.notes.results += n
            self.notes.trained[job.target] += n

    # Time

    def _wait(self) -> bool:
        """Let happen what comes next, and all else at that moment; False if the horizon comes before."""
        plan = self._plan
        if self._writes:
            if not plan or plan[0][0] > self.now:  # nearly always
                self._write_all()
                if self._free or not plan:
                    return True
            else:
                for write in self._writes:
                    heappush(plan, (self.now, write))
                self._writes = []
        moment = plan[0][0]
        if moment > self._horizon_s:
            return False
        self.now = moment
        while plan and plan[0][0] == moment:
            _, event = heappop(plan)
            if isinstance(event, Job):
                self._end(event)
            else:
                self._write(event)
        return True

    # Free workers

    def _fill(self) -> bool:
        """Give jobs to free workers; False if there is none for some."""
        decide = self._scheduler.decide
        while self._free:
            if not self._closed and self._is_full():
                self._close()
            room = self._room()
            match decide(self._ask(room)):
                case New(target=target) as new if not self._closed and target <= room:
                    self._create(new)
                case Advance(trial=trial, target=target) if target - self._starts_at(trial) <= room:
                    if trial in self._saving:
                        return False
                    self._start(trial, target)
                case Stop(trial=trial):
                    self._stop(trial)
                case _:
                    return False
        return True

    def _is_full(self) -> bool:
        return self._budget.trials is not None and len(self.trials) >= self._budget.trials

    def _ask(self, room: float) -> Ask:
        return Ask(
            self._free.values(),
            self._holders.held.keys(),
            not self._closed,
            room,
            self._history,
            self._rng,
            self._starts_at,
            self._starts_at,
        )

    def _room(self) -> float:
        limit = self._budget.resource
        return math.inf if limit is None else max(limit - self._committed, 0)

    def _starts_at(self, trial: int) -> int:
        record = self.trials[trial]
        return record.position if trial in self._holders.held else record.saved_at

    def _close(self) -> None:
        self._closed = True
        self._changed(self._scheduler.apply(facts.NoMoreTrials()))

    def _create(self, new: New) -> None:
        config = self._configuration(new)
        if config is None:
            self._close()
            return
        trial = len(self.trials)
        self.trials.append(Trial(config, trial_seed(self._seed, trial)))
        self._history.add_trial(config)
        if changed := self._scheduler.apply(facts.TrialCreated(trial, new.bracket)):
            self._changed(changed)
        self._start(trial, new.target)

    def _configuration(self, new: New) -> Config | None:
        trial = len(self.trials)
        if trial == 0 and self._defaults is not None:
            return self._defaults
        budget = self._budget.trials
        request = Request(trial, self._n_suggested, 1, new.target, new.bracket, self._rng, budget)
        for suggestion in self._searcher.suggest(self._history.view(), request):
            self._n_suggested += 1
            return suggestion.config
        return None

    def _stop(self, trial: int) -> None:
        self.trials[trial].over = True
        self._changed((trial, *self._scheduler.apply(facts.TrialStopped(trial))))

    # Jobs

    def _start(self, trial: int, target: int) -> None:
        record, holders = self.trials[trial], self._holders
        worker, start = holders.route(trial), self._starts_at(trial)
        self.notes.jobs[target] += 1
        if start and record.worker != worker:
            self.notes.moved += 1
        if trial in holders.held:
            holders.let_go(worker)
        elif worker in holders.holding:
            self._release(worker)
        else:
            del holders.empty[worker]
        del self._free[worker]
        record.running = record.goes_on = True
        record.worker = worker
        self._n_planned += 1
        job = Job(self._n_jobs, trial, worker, start, target, self._n_planned)
        self._open[job.number] = job
        self._n_jobs += 1
        self._committed += target - start
        self._train(job, record)
        heappush(self._plan, (job.times[-1], job))
        if changed := self._scheduler.apply(facts.JobGranted(job.number, trial, start, target)):
            self._changed(changed)

    def _train(self, job: Job, record: Trial) -> None:
        """Find out when a job reports, and how it ends."""
        values, seconds = self._problem.curve(record.config, job.start, job.target, record.seed)
        job.n_reports = self._n_sound(values)
        slowness, now = self._slowness(job), self.now
        times = job.times
        times.append(now)
        for each in seconds[: job.n_reports]:
            now += each * slowness
            times.append(now)
        if job.n_reports < len(values):
            job.n_reports += 1  # the one that diverges
            times.append(now + seconds[job.n_reports - 1] * slowness)
        elif len(values) < job.target - job.start:
            times.append(now)  # training raises
        else:
            job.loss = self._goals[0].loss(values[-1])

    def _n_sound(self, values: Sequence[float]) -> int:
        """How many reports there are before one that diverges."""
        if self._goals[0].diverges_at is None and all(map(isfinite, values)):
            return len(values)
        metric = self._goals[0].metric
        sound = (divergence(self._goals, {metric: value}) is None for value in values)
        return next((n for n, is_sound in enumerate(sound) if not is_sound), len(values))

    def _slowness(self, job: Job) -> float:
        deviation = self._world.straggling
        if not deviation:
            return 1.0
        return 1 + deviation * abs(float(rng(self._seed, "slowness", job.number).standard_normal()))

    def _end(self, job: Job) -> None:
        notes, record = self.notes, self.trials[job.trial]
        del self._open[job.number]
        notes.results += job.n_reports
        notes.trained[job.target] += job.n_reports
        notes.busy_s += self.now - job.times[0]
        record.position = job.start + job.n_reports
        record.running = False
        if job.loss is None:
            self._failed(job, record)
        else:
            self._reached(job, record, job.loss)
        self._free[job.worker] = self._slots[job.worker]

    def _failed(self, job: Job, record: Trial) -> None:
        self._committed -= job.target - record.position
        record.over = True
        self._changed((job.trial, *self._scheduler.apply(facts.Failed(job.trial, job.target))))
        self._holders.empty[job.worker] = None

    def _reached(self, job: Job, record: Trial, loss: float) -> None:
        trial, target, before = job.trial, job.target, self._best
        record.loss = loss
        self.notes.arrive(target, self.now)
        changed = (trial, *self._scheduler.apply(facts.Arrived(trial, target, (loss,))))
        if (this := (-target, loss, trial)) < before:
            self._best = this
            if before[2] != trial:
                self.notes.best(self.now, self._units(job.order()), regret(self._problem, record.config))
            if before is not _NONE:
                changed = (*changed, before[2])
        self._changed(changed)
        self._holders.hold(job.worker, trial)

    def _units(self, order: Order) -> int:
        """Units that had been reported before something that happens now."""
        return sum(self.notes.trained.values()) + sum(
            self._n_reported(job, order) for job in self._open.values()
        )

    def _n_reported(self, job: Job, order: Order) -> int:
        n = bisect_left(job.times, self.now, 1, job.n_reports + 1)
        while n <= job.n_reports and job.order_of(n) < order:
            n += 1
        return n - 1

    # Standing and checkpoints

    def _worth(self, trial: int) -> Worth:
        record = self.trials[trial]
        return record.goes_on, record.position, -record.loss

    def _changed(self, trials: Sequence[int]) -> None:
        """The standing of trials may have changed: note it, and give up checkpoints that nobody needs any more."""
        for trial in trials:
            record = self.trials[trial]
            if not record.running:
                record.goes_on = not record.over and self._scheduler.status(trial) == "paused"
            if record.checkpoints:
                self._drop_needless(trial, record)
        self._holders.weigh(trials)

    def _drop_needless(self, trial: int, record: Trial) -> None:
        needed = 2 if record.goes_on else int(trial == self._best[2])
        if record.checkpoints > needed:
            self.notes.held -= record.checkpoints - needed
            record.checkpoints = needed

    def _is_worth_saving(self, trial: int) -> bool:
        return self.trials[trial].goes_on or trial == self._best[2]

    def _release(self, worker: int) -> None:
        """A worker gives up what it holds for another trial."""
        trial = self._holders.holding[worker]
        self._holders.let_go(worker)
        if self._is_worth_saving(trial):
            self._saving.add(trial)
            self._plan_write(trial, leaves=True)

    def _park(self) -> None:
        """While workers wait for others, what they hold is saved."""
        holders = self._holders
        for worker in holders.unparked:
            trial = holders.holding[worker]
            position = self.trials[trial].position
            if holders.parked.get(trial) != position and self._is_worth_saving(trial):
                holders.parked[trial] = position
                if self.trials[trial].saves_at != position:
                    self._plan_write(trial, leaves=False)
        holders.unparked.clear()

    def _plan_write(self, trial: int, *, leaves: bool) -> None:
        record = self.trials[trial]
        self._n_planned += 1
        self._writes.append(
            Write(trial, record.saves_at != record.position, leaves, self.now, self._n_planned)
        )
        record.saves_at = record.position

    def _write_all(self) -> None:
        writes, self._writes = self._writes, []
        for write in writes:
            self._write(write)

    def _write(self, write: Write) -> None:
        if write.writes:
            record = self.trials[write.trial]
            self.notes.saved()
            record.saved_at = record.position
            record.checkpoints += 1
            self._drop_needless(write.trial, record)
        if write.leaves:
            self._saving.discard(write.trial)
