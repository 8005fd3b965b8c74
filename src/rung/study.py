"""Study: the object a user holds. It owns a state, a log and the folder of its files, and runs on any executor."""

import logging
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import msgspec

from rung.asking import AskTell
from rung.confirmed import Confirmed
from rung.confirming import asked
from rung.core import event as ev
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.change import refusal
from rung.core.confirm import Confirm
from rung.core.constraint import Constraint, constraints_of
from rung.core.decision import SchedulerSpec
from rung.core.errors import MismatchError, SpecError, StoreError
from rung.core.job import Job
from rung.core.objective import objectives
from rung.core.resource import Resource, Steps
from rung.core.space import Config, Parameter, Scalar, Space
from rung.core.suggestion import SearcherSpec
from rung.core.why import Why
from rung.dispatcher import Dispatcher
from rung.driving import Driving
from rung.executors.base import Executor
from rung.executors.clock import SteadyClock
from rung.executors.local import Local
from rung.files import StudyFiles
from rung.models.metafeatures import check_features
from rung.reading import Readable
from rung.running import Running
from rung.schedulers.fifo import FIFO
from rung.searchers.auto import Auto
from rung.searchers.duplicates import Duplicates
from rung.spec import StudySpec, check_same, plain, versions
from rung.stores.checkpoints import Checkpoints
from rung.stores.events import Log, Store, open_store
from rung.trial import Trial
from rung.warm_start import taken_over
from rung.watching import Watcher

if TYPE_CHECKING:
    pass

logger = logging.getLogger("rung")

_DROPPED = (
    "{dropped} of the configurations that were enqueued in study {name!r} do not fit its new space: they are "
    "dropped. Enqueue what shall be tried in their place."
)

_DESCRIBING = (ev.Opened, ev.SpecChanged, ev.SpaceChanged)  # what the study is, apart from what happened

SpaceLike = Space | Mapping[str, Parameter | Scalar]


class Study(Readable):
    """One tuning problem: space, objectives, scheduler, searcher, seed, and the log of all that happened.

    Building one touches nothing but its store's header. A study of that name that exists in the store is opened:
    it must have the same space, objectives, kind of resource and seed; other options of the scheduler or the
    searcher hold from its next run on.

    Args:
        name: Its name in the store.
        space: What is tuned: a `Space`, or a dict.
        minimize: Metric to minimize, or a list of them.
        maximize: Metric to maximize, or a list of them.
        constraints: Limits that reported metrics must keep, see docs/objectives-and-constraints.md.
        diverges_at: A report worse than this ends its trial as diverged; a dict by metric for several objectives.
        resource: What a unit of training is: `Steps`, `Fraction` or `Replicates`.
        scheduler: Which trial gets the next unit.
        searcher: Which configuration is tried next; None: `Auto` chooses, or that of the stored study goes on.
        seed: From which everything random derives.
        retries: How often a job that was lost with its worker, without progress, is granted again.
        duplicates: What becomes of a suggestion of a finite space that was a trial already: `"forbid"` replaces it by
            a configuration near it that was not tried, and ends the study when all were; `"reuse"` lets its trial take
            over the results of one that was trained to the end, at no cost, and replaces other duplicates likewise;
            `"replicate"` trains it again, with another seed. None: duplicates are forbidden, or the stored study goes
            on as it was.
        audit: The share of the resource, such as 0.03, that finishes a random sample of the trials that were stopped
            early, to tell what that costs; or an `Audit` with more options. None: no audits.
        confirm: The share of the budget, such as 0.1, that trains the leaders anew once the search is over, to choose
            the best among them by that; or a `Confirm` with more options. None: the best is what the search says.
        warm_start: Earlier studies whose results its searcher knows from the beginning, see docs/transfer.md: studies,
            or names of studies in the same store, or `"store.db/name"` of those in another one.
        store: The event log: a path for SQLite; None: memory, for studies to throw away.
        checkpoints: Where and how often training is saved.

    Raises:
        SpecError: If something does not fit; nothing was written then.
        MismatchError: If the stored study of that name differs; the message says in what.
        StoreError: If the store cannot be used.
    """

    def __init__(
        self,
        name: str,
        space: SpaceLike,
        *,
        minimize: str | Sequence[str] | None = None,
        maximize: str | Sequence[str] | None = None,
        constraints: Sequence[Constraint] = (),
        diverges_at: float | Mapping[str, float] | None = None,
        resource: Resource | None = None,
        scheduler: SchedulerSpec | None = None,
        searcher: SearcherSpec | None = None,
        seed: int = 0,
        retries: int = 3,
        duplicates: Duplicates | None = None,
        audit: float | Audit | None = None,
        confirm: float | Confirm | None = None,
        warm_start: "Sequence[Study | str]" = (),
        store: str | Path | None = "rung.db",
        checkpoints: Checkpoints | None = None,
    ) -> None:
        space = space if isinstance(space, Space) else Space(space)
        spec = StudySpec(
            name,
            space.parameters,
            objectives(minimize, maximize, diverges_at),
            Steps() if resource is None else resource,
            plain(FIFO() if scheduler is None else scheduler, "scheduler"),
            plain(Auto() if searcher is None else searcher, "searcher"),
            seed,
            retries,
            Audit(audit) if isinstance(audit, int | float) else audit,
            Confirm(confirm) if isinstance(confirm, int | float) else confirm,
            constraints_of(constraints),
            space.rules,
            "forbid" if duplicates is None else duplicates,
        )
        _check(spec)  # before the store is touched
        opened = open_store(store)
        unnamed = [
            name for name, given in (("searcher", searcher), ("duplicates", duplicates)) if given is None
        ]
        self._open(spec, opened, _log(opened, spec), store, checkpoints, unnamed=unnamed)
        for each in _listed(warm_start):
            self.take_over(each)

    @classmethod
    def load(
        cls, name: str, store: str | Path = "rung.db", checkpoints: Checkpoints | None = None
    ) -> "Study":
        """A study that exists, as its store describes it.

        Raises:
            StudyNotFoundError: If the store has none of that name.
        """
        opened = open_store(store)
        study = cls.__new__(cls)
        study._open(None, opened, opened.log(name), store, checkpoints)
        return study

    def _open(
        self,
        given: StudySpec | None,
        store: Store,
        log: Log,
        url: str | Path | None,
        checkpoints: Checkpoints | None,
        *,
        unnamed: Sequence[str] = (),
    ) -> None:
        self._store = store
        self._log = log
        self._url = url
        weakref.finalize(self, _close, store)  # at the latest when Python ends: what was told is made durable
        self._checkpoints = checkpoints or Checkpoints()
        self._fold(given, unnamed)
        self._asking: AskTell | None = None
        self._ended: Why | None = None

    def _fold(self, given: StudySpec | None, unnamed: Sequence[str] = ()) -> None:
        """Learn the whole log; an entry is forgotten as soon as it is folded.

        Args:
            given: What the study shall be from now on; None: what it is.
            unnamed: The fields in which it stays what it is all the same.
        """
        last = self._log.committed
        told = [entry for entry in self._log.read(kinds=_DESCRIBING) if entry.seq <= last]
        stored, spaces = _last_spec(told), _spaces(told)
        if given is not None:
            given = msgspec.structs.replace(given, **{name: getattr(stored, name) for name in unnamed})
        changed = given is not None and not check_same(stored, given, spaces)
        # folded from the space that it began with; `spec` has the present one
        first = spaces[0]
        self._spec = msgspec.structs.replace(given or stored, space=first.parameters, where=first.rules)
        self._state = self._spec.start()
        for entry in islice(self._log.read(), last):
            self._state.apply(entry)
        self._files = StudyFiles(self._spec.name, told[0].time, self._url, self._checkpoints)
        self._driving = Driving(self._spec, changed, self._state, self._log, self._files)

    def refresh(self) -> Self:
        """Learn what another program has logged since; the cost is that of what is new.

        Only options that were changed meanwhile make it read the whole log once more.
        """
        for entry in self._log.read(after=self._state.seq):
            if isinstance(entry.event, ev.SpecChanged):
                self._fold(None)
                return self.refresh()
            self._state.apply(entry)
        return self

    # Running

    def run(
        self,
        train: Callable[[Trial], object] | None = None,
        *,
        executor: Executor | None = None,
        workers: int | None = None,
        budget: Budget | None = None,
        watch: Sequence[Watcher] = (),
    ) -> Self:
        """Train until the budget is used up, nothing is left to do, or Ctrl-C; then call it again to go on.

        Args:
            train: The training function; None only where the executor brings its own, as the simulator does.
            executor: Where; None: worker processes on this machine.
            workers: Short for `executor=rung.Local(workers=...)`.
            budget: What the study may spend in all (`seconds`: in this run); None: no limit.
            watch: Called with each event and a view of the study, after the event is safe in the log; see
                `rung.watching`. `rung.Live()` shows how far it is.

        Raises:
            BusyError: If another driver runs the study.
            MisuseError, ObjectiveError: If the training function cannot work.
        """
        executor = _executor(executor, workers)
        with self._held(f"a run with {type(executor).__name__}"):
            self._ended = self._running().run(train, executor, budget or Budget(), watch)
        return self

    def confirm(
        self,
        train: Callable[[Trial], object] | None = None,
        *,
        top: int = 3,
        seeds: int = 5,
        neighbours: int = 0,
        executor: Executor | None = None,
        workers: int | None = None,
        watch: Sequence[Watcher] = (),
    ) -> Confirmed:
        """Train the leaders anew, with fresh seeds, to see which of them is really the best.

        They race: who is shown to be worse than the best gets no more seeds. None of it counts as a trial, no
        scheduler or searcher sees it, and the budget of the search does not limit it. What was trained already is not
        trained again, so that a confirmation that was cut off goes on when it is asked for once more.

        Args:
            train: The training function, as for `run`; it must use `trial.seed` for all that is random in it.
            top: How many leaders: the incumbent, and those with the best last values.
            seeds: How often each is trained, with the same seeds for all.
            neighbours: How many configurations near the winner are trained, too, to see whether it was a lucky point.
            executor: As for `run`.
            workers: As for `run`.
            watch: As for `run`.

        Raises:
            NoResultError: If there is nothing to confirm.
            SpecError: If there are several objectives, or a number makes no sense.
            BusyError, MisuseError: As `run` does.
        """
        begin = partial(asked, top=top, seeds=seeds, neighbours=neighbours)
        executor = _executor(executor, workers)
        with self._held(f"a confirmation with {type(executor).__name__}"):
            begin(self._state)
            running = replace(self._running(), asked=begin)
            self._ended = running.run(train, executor, self._state.account.budget, watch)
        return self.confirmed

    def _running(self) -> Running:
        return Running(
            self.spec,
            self.url,
            self._state,
            self._log,
            self._files,
            self._driving,
            self._checkpoints.every_s,
        )

    @contextmanager
    def _held(self, owner: str) -> Iterator[None]:
        """Hold the lease, and know everything that was logged before."""
        if self._asking is not None:
            raise SpecError(
                f"study {self._spec.name!r} is being driven by ask and tell here. Call study.close() before run()."
            )
        self._mend()
        with self._driving.held(owner):
            yield

    def _mend(self) -> None:
        """After a run that ended as its log could not be written: write what waits, and know only what stands there."""
        self._log.release()
        if self._state.seq > self._log.committed:
            self._fold(self.spec)

    # Ask and tell

    def ask(self) -> Job | None:
        """The next job for the caller to do; None if nothing can start now, and `study.waiting` says why."""
        return self._asked().ask()

    @property
    def waiting(self) -> str | None:
        """Why the last `ask` had no job; None if it had one."""
        return None if self._asking is None else self._asking.waiting

    def report(self, job: Job, metrics: Mapping[str, object], step: int | None = None) -> bool:
        """Record metrics of a job on its way; False if it should hand back control, see `AskTell.report`."""
        return self._asked().report(job, metrics, step)

    def tell(
        self, job: Job, metrics: Mapping[str, object] | None = None, *, error: str | None = None
    ) -> None:
        """End a job, see `AskTell.tell`."""
        self._asked().tell(job, metrics, error)

    def enqueue(self, config: Config) -> None:
        """Have a known configuration tried before the searcher is asked again.

        Raises:
            ConfigurationError: If it does not fit the space.
        """
        with self._recording("enqueue") as dispatcher:
            self._state.space.check(config)
            dispatcher.record(ev.Enqueued(dict(config)))

    def take_over(self, source: "Study | str") -> None:
        """Let the searcher know from now on what another study has learned; once, however often it is said.

        Its trials are none of this study: they do not count in its budget, and none of them is its best. Those whose
        configuration does not fit the space, even with the defaults of what it lacks, teach nothing.

        Args:
            source: A study; or its name in the same store; or `"store.db/name"`.

        Raises:
            SpecError: If it has not reported what this study optimizes, or none of its configurations fits.
            NoResultError: If it has no results yet.
            BusyError: If another driver runs this study.
        """
        other = self._named(source) if isinstance(source, str) else source
        if any((past.study, past.store) == (other.name, other.url) for past in self._state.history.past):
            return
        event = taken_over(other.state, other.name, other.url, self._state)
        with self._recording("a warm start") as dispatcher:
            dispatcher.record(event)

    def describe(self, features: Mapping[str, float]) -> None:
        """Note what the study is about, so that `rung.nearest` finds it later; the last description holds.

        Args:
            features: By name, such as `rung.meta_features(X, y)` gives them, or numbers of your own.

        Raises:
            SpecError: If they are no finite numbers.
            BusyError: If another driver runs this study.
        """
        check_features(features)
        if self.features != features:
            with self._recording("a description") as dispatcher:
                dispatcher.record(ev.Described({name: float(value) for name, value in features.items()}))

    def _named(self, source: str) -> "Study":
        store, _, name = source.rpartition("/")
        if store:
            return Study.load(name, store)
        if self._url is None:
            raise SpecError(
                f"{source!r} cannot be found in memory. Give the study itself, or where it is: 'rung.db/{source}'."
            )
        return Study.load(name, self._url)

    def change_space(self, space: SpaceLike) -> None:
        """Go on in another space, the whole of which is given, see docs/spaces.md.

        Configurations stay as they are in the log. What the space adds counts for them with its default; those
        outside teach searchers nothing, but their trials go on. What was enqueued and does not fit is dropped.

        Raises:
            SpecError: If the study cannot go on in it, or its searcher cannot work there; nothing has changed then.
            BusyError: If another driver runs the study.
        """
        space = space if isinstance(space, Space) else Space(space)
        with self._recording("a change of the space") as dispatcher:
            if space == self._state.space:
                return
            if (why := refusal(self._state.space, space)) is not None:
                raise SpecError(why)
            waiting = len(self._state.enqueued)
            dispatcher.change_space(space, self._driving.searcher(space))
            if dropped := waiting - len(self._state.enqueued):
                logger.warning(_DROPPED.format(dropped=dropped, name=self.name))

    @contextmanager
    def _recording(self, owner: str) -> Iterator[Dispatcher]:
        """What records an event between runs, or in the midst of ask and tell."""
        if self._asking is not None:
            yield self._asked_dispatcher
            return
        with self._held(owner):
            yield self._driving.dispatcher()

    def set_budget(self, budget: Budget) -> None:
        """What the study may spend in all when it is driven by ask and tell; `run` takes its own."""
        self._asked()
        if budget != self._state.account.budget:
            self._asked_dispatcher.record(ev.BudgetChanged(budget))

    def _asked(self) -> AskTell:
        if self._asking is None:
            self._mend()
            self._driving.acquire("ask and tell")
            self._asked_dispatcher = self._driving.dispatcher()
            self._driving.prepare(self._asked_dispatcher, self._state.account.budget)
            self._asking = AskTell(self._asked_dispatcher, SteadyClock())
        return self._asking

    def close(self) -> None:
        """Make all that was recorded durable and give back the store. The study can still be read."""
        self._driving.release()
        self._asking = None
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def _close(store: Store) -> None:
    """Where nobody is left who could be told by an exception."""
    try:
        store.close()
    except StoreError as error:
        logger.error("the last events of a study are lost: %s", error)


def _listed(warm_start: "Sequence[Study | str]") -> "Sequence[Study | str]":
    if isinstance(warm_start, Study | str) or not all(isinstance(each, Study | str) for each in warm_start):
        raise SpecError(
            f"warm_start is a list of studies, or of their names, got {warm_start!r:.80}. "
            'Write warm_start=["digits"], or warm_start=[study].'
        )
    return warm_start


def _check(spec: StudySpec) -> None:
    """Say what does not fit together."""
    spec.searcher_in(spec.full_space())
    spec.start()


def _log(store: Store, spec: StudySpec) -> Log:
    if spec.name in store.names():
        return store.log(spec.name)
    opened = ev.Opened(spec.to_builtins(), versions())
    return store.create(spec.name, [ev.Entry(1, time.time(), opened)])


def _last_spec(entries: Sequence[ev.Entry]) -> StudySpec:
    for entry in reversed(entries):
        if isinstance(entry.event, ev.Opened | ev.SpecChanged):
            return StudySpec.from_builtins(entry.event.spec)
    raise MismatchError("the stored study has no description: its log does not begin with one.")


def _spaces(entries: Sequence[ev.Entry]) -> list[Space]:
    """Every space that the study had, the present one last."""
    first = next(StudySpec.from_builtins(e.event.spec) for e in entries if isinstance(e.event, ev.Opened))
    later = [entry.event for entry in entries if isinstance(entry.event, ev.SpaceChanged)]
    return [first.full_space(), *(Space(each.space, each.where) for each in later)]


def _executor(executor: Executor | None, workers: int | None) -> Executor:
    if executor is None:
        return Local() if workers is None else Local(workers=workers)
    if workers is not None:
        raise SpecError(
            "give either executor or workers, not both: workers=4 is short for executor=rung.Local(4)."
        )
    return executor
