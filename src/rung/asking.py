"""Ask and tell: the same study, driven by the caller's own loop instead of `run`.

The caller is executor and worker in one: it holds every trial that it was given, so a job goes on where the trial's
last report stood. What it keeps of a model between jobs is its own affair.
"""

from collections.abc import Callable, Mapping

from rung.core import event as ev
from rung.core.decision import Finished, Slot, Stop, Wait, Yield, required_metrics
from rung.core.errors import MisuseError
from rung.core.job import Job
from rung.core.objective import Metrics, divergence, number
from rung.core.why import sentence
from rung.dispatcher import Dispatcher, Work

_SLOT = (Slot(worker=0),)


class AskTell:
    """A dispatcher without a pool.

    Attributes:
        waiting: Why `ask` had no job the last time, in words; None if it had one.
    """

    def __init__(self, dispatcher: Dispatcher, clock: Callable[[], float]) -> None:
        self._dispatcher = dispatcher
        self._state = dispatcher.state
        self._clock = clock
        self._held: set[int] = set()  # trials at rest whose last job was told here
        self._heard: dict[int, float] = {}  # open job: when it was given, or last reported
        self.waiting: str | None = None

    def ask(self) -> Job | None:
        """The next job; None if nothing can start now, see `waiting`."""
        self.waiting = None
        while True:
            match self._dispatcher.decide(_SLOT, self._held):
                case Work() as work:
                    job = self._dispatcher.grant(work, _SLOT[0], self._held)
                    if job is not None:
                        self._held.discard(job.trial)
                        self._heard[job.number] = self._clock()
                        return job
                case Stop() | Yield() as end:
                    self._end_early(end)
                case Wait(why=why) | Finished(why=why):
                    self._dispatcher.idle(why)
                    self.waiting = sentence(why, self._state.resource.unit)
                    return None

    def report(self, job: Job, metrics: Mapping[str, object], step: int | None = None) -> bool:
        """Record metrics at a step; None: one more than the last.

        Returns:
            False if the job is over or should hand back control: call `tell(job)` without metrics, then `ask`.

        Raises:
            MisuseError: If the report makes no sense.
        """
        if job.number not in self._state.jobs:
            return False
        self._report(job, metrics, self._state.jobs[job.number].position + 1 if step is None else step)
        if job.number not in self._state.jobs:
            return False
        while isinstance(end := self._dispatcher.decide((), frozenset()), Stop | Yield):
            self._end_early(end)
        if self._state.jobs[job.number].yielding is not None:
            return False
        return job.purpose == "audit" or self._state.trials[job.trial].stopped is None

    def tell(self, job: Job, metrics: Mapping[str, object] | None = None, error: str | None = None) -> None:
        """End a job: at its target with the metrics there, short of it without metrics, or by an error.

        Raises:
            MisuseError: If the job is not open, or the metrics lack an objective.
        """
        if metrics is not None and self._state.jobs.get(job.number) is not None:
            self._require_objectives(metrics)
            if self._state.jobs[job.number].position < job.target:
                self._report(job, metrics, job.target)
            if job.number not in self._state.jobs:
                return  # the report has diverged, which ended the job
        if job.number not in self._state.jobs:
            if self._state.trials[job.trial].failure is None:
                raise MisuseError(f"job {job.number} is not open: it was told before. Ask for another one.")
            return
        self._end(job, error)

    def _end(self, job: Job, error: str | None) -> None:
        self._heard.pop(job.number, None)
        position = self._state.jobs[job.number].position
        if error is not None:
            failure = ev.Failure("configuration", "error", str(error))
            self._dispatcher.record(ev.Ended(job.number, job.trial, "failed", failure))
            return
        outcome: ev.Outcome = "reached" if position == job.target else "yielded"
        self._dispatcher.record(ev.Ended(job.number, job.trial, outcome, held=True))
        if not self._state.resource.restarts:
            self._held.add(job.trial)

    def _report(self, job: Job, metrics: Mapping[str, object], step: int) -> None:
        numbers = {name: number(name, value) for name, value in metrics.items()}
        self._check_step(job, step)
        if step == job.target:
            self._require_objectives(numbers)
        now = self._clock()
        seconds = now - self._heard.get(job.number, now)
        self._heard[job.number] = now
        self._dispatcher.report(
            ev.Reported(job.number, job.trial, step, numbers, seconds, self._cost(numbers))
        )
        why = divergence(self._state.objectives, numbers)
        if why is not None:
            failure = ev.Failure("configuration", "diverged", why)
            self._dispatcher.record(ev.Ended(job.number, job.trial, "failed", failure))

    def _check_step(self, job: Job, step: int) -> None:
        position = self._state.jobs[job.number].position
        if not position < step <= job.target:
            raise MisuseError(
                f"job {job.number} stands at {position} and leads to {job.target}: a report at {step} makes no sense. "
                f"Report steps {position + 1} to {job.target}, each once and in order."
            )

    def _require_objectives(self, metrics: Mapping[str, object]) -> None:
        judged = [goal.metric for goal in self._state.objectives]
        judged += [limit.metric for limit in self._state.constraints if limit.metric not in judged]
        judged += required_metrics(self._state.scheduler)
        missing = [name for name in judged if name not in metrics]
        if missing:
            raise MisuseError(
                f"{', '.join(missing)} was never reported; reported were: {', '.join(sorted(metrics)) or 'none'}. "
                "Report each objective at the job's target."
            )

    def _cost(self, metrics: Metrics) -> float:
        return float(metrics.get(self._state.account.budget.cost_metric, 0.0))

    def _end_early(self, decision: Stop | Yield) -> None:
        job = self._state.trials[decision.trial].job
        if isinstance(decision, Stop):
            self._dispatcher.record(ev.Stopped(decision.trial, decision.why))
        elif job is not None:
            self._dispatcher.record(ev.YieldAsked(job.number, job.trial, decision.why, owed=False))
