"""What a training function sees of its trial, and the callable that runs it in a worker.

The callable speaks the protocol at the head of `executors/base.py`. It blocks *inside* `report` while its
trial is held: there the function that saves is at hand, and code after the training loop runs only once the
trial is left for good.
"""

import gc
import logging
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import index
from pathlib import Path
from time import perf_counter
from typing import Literal

from rung.core.errors import MisuseError
from rung.core.event import Ended, Failure, Outcome, Reported, Saved
from rung.core.job import Job
from rung.core.objective import Metrics, Objectives, divergence, number
from rung.core.resource import Resource
from rung.core.space import Config
from rung.core.tariff import FREE, Tariff
from rung.executors.base import Channel, Keep, Leave, Release, Released, Start, Yield
from rung.executors.failure import OUT_OF_MEMORY, failure, writable
from rung.executors.worker.power import Spending
from rung.executors.worker.ranked import First, Other, Ranked, Verdict
from rung.misuse import Misuse, name_of, no_number
from rung.stores.checkpoint_folder import CheckpointFolder
from rung.stores.checkpoints import CheckpointStore, Save

_log = logging.getLogger(__name__)

_SAVING_SHARE = 0.02  # of a running trial's time, at most, for checkpoints that nobody asked for


class Trial:
    """One configuration in training.

    Attributes:
        number: Its number in the study, from 0.
        config: Its hyperparameters; inactive ones are absent.
        seed: Its seed, the same whenever and wherever it goes on.
        target: The resource at which a decision about it falls; it rises when the trial goes on.
    """

    __slots__ = (
        "_call",
        "_channel",
        "_fetched",
        "_gang",
        "_job",
        "_last",
        "_mark",
        "_misuse",
        "_open",
        "_over",
        "_save_at",
        "_saved",
        "_spending",
        "_step",
        "_unread",
        "config",
        "number",
        "seed",
        "target",
    )

    def __init__(self, call: "TrialCall", job: Job, channel: Channel) -> None:
        self.number = job.trial
        self.config: Config = dict(job.config)  # the user's to change; the job's is the study's
        self.seed = job.seed
        self.target = job.target
        self._call = call
        self._channel = channel
        self._gang = channel if isinstance(channel, Ranked) else None
        self._job = job
        self._fetched: Path | None = None  # the checkpoint to go on from
        self._unread = job.restore is not None  # the training has not asked for its checkpoint yet
        self._last = 0 if call.resource.restarts else job.start  # the resource last reported
        self._step: int | None = None  # the step that steps() has yielded last
        self._open = True  # the job has not ended
        self._over = False  # the trial is to be left
        self._misuse: MisuseError | None = None  # the first sentence, in case the training swallows it
        self._saved: int | None = None  # the resource of the last checkpoint written here
        self._spending = Spending(call.tariff, self._gang)
        self._mark = now = perf_counter()  # since when the training has had the time to itself
        self._save_at = now + call.every_s  # when the next checkpoint is due that nobody asks for

    @property
    def checkpoint(self) -> Path | None:
        """A local folder to go on from, each file in it found as it was written; None at a first start."""
        self._unread = False
        return self._fetched

    @property
    def folder(self) -> Path:
        """A scratch folder of this trial, on the disk of the study's other files; it outlives the trial."""
        folder = self._call.scratch / str(self.number)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    @property
    def resource(self) -> int:
        """The resource that training has reached: the last reported step, at first where it goes on from."""
        return self._last

    @property
    def instance(self) -> int:
        """The step in training now; for `Replicates` the number, from 1, of the fold, seed or instance."""
        return self._last + 1 if self._step is None else self._step

    @property
    def rank(self) -> int:
        """The number of this process among those that train the trial, from 0."""
        return 0 if self._gang is None else self._gang.rank

    @property
    def world_size(self) -> int:
        """How many processes train the trial; see `Local.processes_per_trial`."""
        return 1 if self._gang is None else self._gang.world_size

    @property
    def spent(self) -> dict[str, float]:
        """What the training has spent since the last report: `money`, `energy`, as far as the budget asks for them."""
        return self._spending.spent(perf_counter() - self._mark)

    def steps(self) -> Iterator[int]:
        """The resource that each step will reach, from where the trial stands until the scheduler ends it."""
        if self._call.resource.restarts:
            self._step = self.target
            if not self._over:
                yield self.target
                self._keep_pace(self.target)
            return
        self._step = self._last
        while not self._over:
            self._keep_pace(self._step)
            if self._over:
                return
            if self._step == self.target:
                raise self._wrong(self._call.misuse.unreported(self.target))
            self._step = max(self._step, self._last) + 1
            yield self._step

    def report(
        self,
        metrics: Mapping[str, object] | None = None,
        /,
        *,
        step: int | None = None,
        save: Save | None = None,
        **named: object,
    ) -> bool:
        """Report what was measured at a step; in a rank above 0, wait for what rank 0 is told there.

        Args:
            metrics: Names and numbers; may be given as keywords instead.
            step: The resource that was reached; None: the step of `steps()`, else one more than before.
            save: Writes the training's state into the folder that it is given; called only if that is needed.
            named: Names and numbers.

        Returns:
            False if the trial must not go on: leave the training function.

        Raises:
            MisuseError: If the report makes no sense; the study stops with the same sentence.
        """
        now = perf_counter()
        if self._over:
            raise TrialOver
        if isinstance(self._gang, Other):
            return self._follow(self._gang, self._resource(step))
        if metrics is not None:
            named = {**self._checked(metrics), **named}
        call = self._call
        numbers: Metrics = {name: number(name, value) for name, value in named.items()}
        for name, spent in self._spending.spent(now - self._mark).items():
            numbers.setdefault(name, spent)
        resource = self._resource(step)
        at_target = resource == self.target
        if at_target:
            for name in call.names:
                if name not in numbers:
                    raise self._wrong(call.misuse.lacking(name, numbers, resource))
        if self._unread:
            raise self._wrong(call.misuse.unread(self._last))
        self._last = resource
        cost = numbers.get(call.cost_metric, 0.0)
        self._channel.send(
            Reported(
                self._job.number,
                self.number,
                resource,
                numbers,
                now - self._mark,
                0.0 if isinstance(cost, str) else cost,
            )
        )
        goes_on: bool
        if text := divergence(call.objectives, numbers):
            goes_on = self._end("failed", Failure("configuration", "diverged", text))
        else:
            goes_on = self._arrive(save) if at_target else self._pass(save, now)
        if isinstance(self._gang, First):
            self._gang.say(Verdict(resource, self.target, goes_on))
        self._mark = perf_counter()
        self._spending.begin()
        return goes_on

    # At a report

    def _resource(self, step: int | None) -> int:
        """The resource of a report, checked against what the job allows."""
        if step is not None:
            try:
                resource = index(step)
            except TypeError:
                raise self._wrong(self._call.misuse.uncounted(step)) from None
        elif self._step is not None:
            resource = self._step
        elif self._call.resource.restarts:
            resource = self.target
        else:
            resource = self._last + 1
        if resource <= self._last:
            raise self._wrong(self._call.misuse.backwards(resource, self._last))
        if resource > self.target:
            raise self._wrong(self._call.misuse.beyond(resource, self.target))
        return resource

    def _checked(self, metrics: Mapping[str, object]) -> Mapping[str, object]:
        if not isinstance(metrics, Mapping) or not all(isinstance(name, str) for name in metrics):
            raise self._wrong(self._call.misuse.unnamed(metrics))
        for name in metrics:
            if not name.isascii() and writable(name) != name:
                raise self._wrong(f"a metric's name must be text that can be written as UTF-8, got {name!r}.")
        return metrics

    def _wrong(self, sentence: str) -> MisuseError:
        error = MisuseError(sentence)
        self._misuse = self._misuse or error
        return error

    def _pass(self, save: Save | None, now: float) -> bool:
        """A report on the way: go on unless told otherwise."""
        while (command := self._channel.receive(False)) is not None:
            if isinstance(command, Leave):
                return self._leave(save)
            if isinstance(command, Release) or (
                isinstance(command, Yield) and command.job == self._job.number
            ):
                return self._rest("yielded", save)
        if save is not None and now >= self._save_at:
            self._save_on_the_way(save, now)
        return True

    def _arrive(self, save: Save | None) -> bool:
        """A report at the target: the job has ended, the trial is held until a command comes."""
        if save is not None and self._job.save:
            self._write(save)
        return self._rest("reached", save)

    def _rest(self, outcome: Literal["reached", "yielded"], save: Save | None) -> bool:
        if not self._call.holds:
            return self._end(outcome)
        self._open = False
        self._channel.send(Ended(self._job.number, self.number, outcome, None, True))
        goes_on = self._held(save)
        self._over = not goes_on
        return goes_on

    def _held(self, save: Save | None) -> bool:
        """Wait for the next command and obey; whether training goes on."""
        while True:
            match self._channel.receive(True):
                case Start(job=job):
                    self._job, self.target, self._open = job, job.target, True
                    return True
                case Release(save=wanted):
                    return self._release(save if wanted else None)
                case Leave():
                    return self._release(save)
                case None:
                    return False
                case Keep():
                    self._try_to_write(save)
                case Yield():  # it crossed the end of its job
                    continue

    def _release(self, save: Save | None) -> Literal[False]:
        self._try_to_write(save)
        self._channel.send(Released(self.number))
        return False

    def _save_on_the_way(self, save: Save, began: float) -> None:
        """Write a checkpoint that nobody waits for: where the disk refuses it, training goes on without."""
        try:
            self._write(save)
        except Exception as error:
            if failure(error).fault != "machine":
                raise
            now = perf_counter()
            self._save_at = now + max(self._call.every_s, (now - began) / _SAVING_SHARE)
            _log.warning("trial %d could not be saved at %d and goes on: %s", self.number, self._last, error)

    def _try_to_write(self, save: Save | None) -> None:
        if save is not None:
            try:
                self._write(save)
            except Exception:  # noqa: BLE001  the job has ended well: no failure of it, there just is no checkpoint
                _log.exception("trial %d could not be saved at %d", self.number, self._last)

    def _leave(self, save: Save | None) -> Literal[False]:
        if save is not None:
            self._write(save)
        return self._end("yielded")

    def _end(self, outcome: Outcome, why: Failure | None = None) -> Literal[False]:
        """End the job and leave the trial."""
        self._open, self._over = False, True
        self._channel.send(Ended(self._job.number, self.number, outcome, why))
        return False

    def _write(self, save: Save) -> None:
        if self._saved == self._last:
            return
        began = perf_counter()
        name = f"{self.number}/{self._last}.{self._job.number}"
        size = self._call.checkpoints.write(name, save)
        now = perf_counter()
        self._saved = self._last
        self._save_at = now + max(self._call.every_s, (now - began) / _SAVING_SHARE)
        self._channel.send(Saved(self._job.number, self.number, self._last, name, size, now - began))

    # Among the ranks of a gang

    def _follow(self, gang: Other, resource: int) -> bool:
        """Wait until rank 0 has done with this step, and go on or not as it does."""
        if self._unread:
            raise self._wrong(self._call.misuse.unread(self._last))
        verdict = gang.hear()
        if verdict.resource != resource:
            raise self._wrong(self._call.misuse.out_of_step(resource, verdict.resource))
        self._last, self.target = resource, verdict.target
        self._open, self._over = verdict.goes_on, not verdict.goes_on
        return verdict.goes_on

    def _keep_pace(self, step: int) -> None:
        """After a step of `steps()`: if it was not reported here, the other ranks still stay together."""
        if self._last >= step:
            return
        if isinstance(self._gang, Other):
            self._follow(self._gang, step)
        elif isinstance(self._gang, First) and step != self.target:
            self._gang.say(Verdict(step, self.target, goes_on=True))

    # Around the training function

    def _fetch(self) -> None:
        """Get and check the checkpoint, before any code of the user could take a damaged one for a good one."""
        if self._job.restore is not None:
            self._fetched = self._call.checkpoints.fetch(self._job.restore)
            self._mark = now = perf_counter()
            self._save_at = now + self._call.every_s

    def _give_back(self) -> None:
        if self._fetched is not None:
            self._call.checkpoints.done(self._fetched)

    def _returned(self) -> None:
        """The training function has come back: the trial was left, or something is wrong."""
        if self._open:
            raise self._misuse or self._wrong(
                self._call.misuse.returned(self._last, self._job.start, self.target)
            )

    def _raised(self, error: BaseException) -> None:
        """The training function has raised."""
        if not self._open:
            _log.error("the training function raised after trial %d had left it", self.number, exc_info=error)
            return
        why = failure(self._misuse or error)
        self._end("lost" if why.fault == "machine" else "failed", why)
        if why.type == OUT_OF_MEMORY:
            gc.collect()  # models in reference cycles would make the next trial of this process fail, too

    def _interrupted(self) -> None:
        if self._open:
            self._end("yielded")


class TrialOver(BaseException):
    """Raised by a report after the one that returned False; no `Exception`, so that no `except` stops it."""


class TrialCall:
    """Runs a training function in a worker; what is sent there, once.

    Attributes:
        train: The training function.
        objectives: The study's objectives.
        resource: The study's kind of resource.
        checkpoints: Where checkpoints go.
        scratch: Where `trial.folder` lies.
        output: Where workers put what trainings print.
        shared: The folder that the machines of all workers must see; None: what trials leave lies in a bucket.
        every_s: Seconds after which a running trial saves itself.
        cost_metric: The metric that is booked as cost.
        tariff: What the study asks to know of the money and the energy that training takes.
        names: Metrics that a report at a target must hold.
        misuse: What to say when the training function uses its trial wrongly.
        holds: Whether a trial can go on after its target without a new call.
    """

    __slots__ = (
        "checkpoints",
        "cost_metric",
        "every_s",
        "holds",
        "misuse",
        "names",
        "objectives",
        "output",
        "resource",
        "scratch",
        "shared",
        "tariff",
        "train",
    )

    def __init__(
        self,
        train: Callable[[Trial], object],
        objectives: Objectives,
        resource: Resource,
        *,
        folder: str | Path,
        checkpoints: CheckpointStore | None = None,
        every_s: float = 60.0,
        cost_metric: str = "cost",
        tariff: Tariff = FREE,
        required: Sequence[str] = (),
    ) -> None:
        """Nothing is made on the disk before it is needed.

        Args:
            train: The training function.
            objectives: The study's objectives.
            resource: The study's kind of resource.
            folder: For the files of the study.
            checkpoints: For checkpoints; None: a folder `checkpoints` in `folder`.
            every_s: Seconds after which a running trial saves itself.
            cost_metric: The metric that is booked as cost.
            tariff: What the study asks to know of the money and the energy that training takes.
            required: Metrics that a report at a target must hold besides the objectives.
        """
        root = Path(folder).absolute()
        self.train = train
        self.objectives = objectives
        self.resource = resource
        self.checkpoints = checkpoints or CheckpointFolder(root / "checkpoints")
        self.scratch = root / "scratch"
        self.output = str(root / "output")
        self.shared = str(root) if isinstance(self.checkpoints, CheckpointFolder) else None
        self.every_s = every_s
        self.cost_metric = cost_metric
        self.tariff = tariff
        self.names = tuple(dict.fromkeys([*(goal.metric for goal in objectives), *required]))
        self.misuse = Misuse(resource.unit, self.names, name_of(train), self.names[len(objectives) :])
        self.holds = not resource.restarts and not isinstance(train, _Function)

    def __call__(self, job: Job, channel: Channel) -> None:
        """Train until the trial is released; see `executors/base.py`."""
        trial = Trial(self, job, channel)
        try:
            trial._fetch()
            trial._spending.open()
            self.train(trial)
            trial._returned()
        except TrialOver:
            pass
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                trial._interrupted()  # Ctrl-C, as we are in the driver's process: workers ignore it
                raise
            trial._raised(error)
        finally:
            trial._give_back()


class _Function:
    """A plain function as a training function."""

    __slots__ = ("f",)

    def __init__(self, f: Callable[..., object]) -> None:
        self.f = f

    def __call__(self, trial: Trial) -> None:
        value = self.f(**trial.config)
        try:
            trial.report(step=trial.target, value=value)
        except MisuseError:
            raise MisuseError(no_number(self.f, value)) from None


def function_train(f: Callable[..., object]) -> Callable[[Trial], object]:
    """A training function that calls `f(**config)` once and reports the result as `value` at the target."""
    return _Function(f)
