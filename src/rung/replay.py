"""Replay: a log is folded from its beginning, and at each decision the same question is asked again.

Asked is the very code that decides in a run, `rung.dispatcher`, on a state that was folded up to the event before; its
answer is compared with what the log says, to the last bit of a configuration. A searcher that was asked while the study
went on (`rung.thinking`) is asked with what was known then. So a replay shows that an interrupted
study went on as an uninterrupted one would have from the same results, and whether this version decides as the one
that wrote the log did.

Not in a log is what workers do between jobs (`rung.roster`) and what is special about their slots. Where an answer
differs and depends on that, it is counted as unknown, not as a difference.
"""

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Set
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from rung.core import event as ev
from rung.core.decision import Finished, Slot, Stop, Wait, Yield
from rung.core.history import HistoryView
from rung.core.state import State
from rung.core.suggestion import Request, Searcher
from rung.dispatcher import Dispatcher, Work
from rung.roster import Roster
from rung.spec import StudySpec, versions
from rung.stores.memory import MemoryStore
from rung.thinking import Thought

TOLERANCE = 1e-6  # relative, between numbers of configurations and models that other versions have computed

# rules of events that follow from a person's wish, from the disk or from the clock
UNDECIDED = ("asked", "quota", "time to confirm")
ELSEWHERE = " under Optuna"  # in the rules of what an imported study has done before, see its `retelling.py`

Unknown = Literal["held", "slots", "elsewhere"]
"""Why a question cannot be asked again as it was.

- held: its answer depends on which trials the workers held, which the log does not say in full.
- slots: the scheduler looks at the free slots, which are not in the log.
- elsewhere: it was taken by another program, from which the study was imported.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A decision that is answered otherwise now.

    Attributes:
        seq: Number of its event in the log.
        time: When it was taken.
        logged: The events that it led to.
        answered: Those to which it would lead now.
        versions: What wrote the log there, as in `Opened`.
    """

    seq: int
    time: float
    logged: tuple[ev.AnyEvent, ...]
    answered: tuple[ev.AnyEvent, ...]
    versions: dict[str, str]


@dataclass(slots=True)
class Replay:
    """What came of asking again.

    Attributes:
        n_agreed: Decisions that are answered the same.
        n_different: Decisions that are not.
        unknown: Decisions that cannot be told, by the reason.
        first: The first that differs.
    """

    n_agreed: int = 0
    n_different: int = 0
    unknown: Counter[Unknown] = field(default_factory=Counter)
    first: Difference | None = None

    @property
    def n_decisions(self) -> int:
        """How many decisions the log holds."""
        return self.n_agreed + self.n_different + self.unknown.total()


def replay(read: Callable[[], Iterable[ev.Entry]], start: Callable[[StudySpec], State]) -> Replay:
    """Ask every decision of a log again.

    Args:
        read: Gives the log from its beginning; called again where the study has changed its scheduler or searcher.
        start: Gives the state of a study before its first event.

    Raises:
        ContradictionError: If the log contradicts itself.
        SpecError: If a scheduler or searcher is not known here.
    """
    return _Replaying(read, start).run()


class _Replaying:
    """A state that is folded, the questions at its decisions, and the count of answers."""

    def __init__(self, read: Callable[[], Iterable[ev.Entry]], start: Callable[[StudySpec], State]) -> None:
        self._read = read
        self._start = start
        self._roster = Roster()
        self._found = Replay()
        self._versions: dict[str, str] = {}
        self._tolerance = 0.0
        self._spec: StudySpec
        self._state: State
        self._asked: _Asked
        self._recalled: dict[
            int, HistoryView
        ] = {}  # what searchers knew that were asked while the study went on

    def run(self) -> Replay:
        thoughts = set(map(_seen_earlier, self._read()))
        for group in _groups(self._read()):
            event = group[0].event
            if isinstance(event, ev.Opened | ev.SpecChanged):
                self._begin(event, group[0].seq)
            elif self._is_decision(event):
                self._ask_again(group)
            for entry in group:
                self._roster.see(entry, self._state)
                self._state.apply(entry)
            if self._state.seq in thoughts:
                self._recalled[self._state.seq] = self._state.history.view().settled()
            if isinstance(event, ev.SpaceChanged):
                self._asked = _Asked.of(self._spec, self._state)  # searchers begin anew in another space
        return self._found

    def _begin(self, event: ev.Opened | ev.SpecChanged, seq: int) -> None:
        """From here on another scheduler or searcher decides, which has learned all that was before."""
        spec = StudySpec.from_builtins(event.spec)
        first = spec if isinstance(event, ev.Opened) else self._spec
        # later spaces are events
        self._spec = msgspec.structs.replace(spec, space=first.space, where=first.where)
        self._versions = event.versions
        self._tolerance = 0.0 if event.versions == versions() else TOLERANCE
        self._state = self._start(self._spec)
        for entry in self._read():
            if entry.seq >= seq:
                break
            self._state.apply(entry)
        self._asked = _Asked.of(self._spec, self._state)

    def _is_decision(self, event: ev.AnyEvent) -> bool:
        """Whether an event is an answer; not a person's wish, the end of a run, or what follows from another event."""
        match event:
            case ev.Created() | ev.Started() | ev.AuditUsed():
                return True
            case ev.ConfirmBegun(why=why):
                return why.rule not in UNDECIDED
            case ev.Idled(why=why) | ev.Stopped(why=why):
                return why.rule not in UNDECIDED
            case ev.YieldAsked(trial=trial, owed=owed):
                return not owed and self._state.trials[trial].stopped is None
            case ev.Closed(why=why):
                return why.rule in ("budget of trials", "exhausted")
            case _:
                return False

    def _ask_again(self, group: tuple[ev.Entry, ...]) -> None:
        found, logged = self._found, tuple([entry.event for entry in group])
        if isinstance(logged[-1], ev.Started):
            self._roster.correct(logged[-1], self._state)
        slots = _Slots()
        seen = _seen_earlier(group[0])
        known = None if seen is None else self._recalled.pop(seen, None)
        self._asked.thinking = None if seen is None or known is None else _Recalled(known, seen)
        answers = self._answers(logged[-1], slots)
        if any(_same(logged, answer, self._tolerance) for answer in answers):
            found.n_agreed += 1
        elif (reason := self._unknown(group, slots)) is not None:
            found.unknown[reason] += 1
        else:
            found.n_different += 1
            if found.first is None:
                answered = next(self._answers(logged[-1], slots))
                found.first = Difference(group[0].seq, group[0].time, logged, answered, self._versions)

    def _answers(self, last: ev.AnyEvent, slots: "_Slots") -> Iterator[tuple[ev.AnyEvent, ...]]:
        """The answers to the questions that a run, or a caller, may have asked there."""
        slot = _slot_of(last)
        for held in self._roster.pictures():
            yield self._asked.answer(slots, held, slot)
        if isinstance(last, ev.Stopped | ev.YieldAsked):
            yield self._asked.answer((), frozenset(), slot)  # as is asked after each report

    def _unknown(self, group: tuple[ev.Entry, ...], slots: "_Slots") -> Unknown | None:
        """Why a decision that is answered otherwise cannot be judged; None if it can be."""
        last = group[-1].event
        if _is_from_elsewhere(group):
            return "elsewhere"
        if slots.looked_at:
            return "slots"
        slot = _slot_of(last)
        extremes = [
            self._asked.answer(slots, held, slot) for held in (self._roster.told.keys(), frozenset[int]())
        ]
        logged = tuple([entry.event for entry in group])
        return "held" if any(_same(logged, answer, self._tolerance) for answer in extremes) else None


def _slot_of(event: ev.AnyEvent) -> Slot:
    """The slot that was given a job; where none was, any."""
    return Slot(event.worker, event.node) if isinstance(event, ev.Started) else Slot(0)


class _Asked(Dispatcher):
    """A dispatcher that records nothing: it answers with the events that it would record first."""

    @classmethod
    def of(cls, spec: StudySpec, state: State) -> "_Asked":
        return cls(
            state,
            MemoryStore().create("replay", []),
            spec.searcher_in(state.space),
            seed=spec.seed,
            tries_defaults=spec.searcher_spec().tries_defaults,
            clock=lambda: state.time,
        )

    def answer(self, slots: Collection[Slot], held: Set[int], slot: Slot) -> tuple[ev.AnyEvent, ...]:
        """What follows if there are these free slots and trials held by them; a job goes to that slot."""
        try:
            return self._answer(slots, held, slot)
        except _WouldRecordError as would:
            return would.events

    def _answer(self, slots: Collection[Slot], held: Set[int], slot: Slot) -> tuple[ev.AnyEvent, ...]:
        match self.decide(slots, held):
            case Work() as work:
                self.grant(work, slot, held)
                return ()
            case Stop(trial=trial, why=why):
                return (ev.Stopped(trial, why),)
            case Yield(trial=trial, why=why):
                job = self.state.trials[trial].job
                assert job is not None  # else the dispatcher would have answered Wait
                return (ev.YieldAsked(job.number, trial, why, owed=False),)
            case Wait(why=why) | Finished(why=why):
                return (ev.Idled(why),)

    def record(self, *events: ev.AnyEvent) -> None:
        raise _WouldRecordError(events)


class _Recalled:
    """Asks the searcher with what was known earlier."""

    def __init__(self, history: HistoryView, seen: int) -> None:
        self._history = history
        self._seen = seen

    def ask(self, searcher: Searcher, request: Request, state: State) -> Thought:
        """See `rung.thinking.Thinks`."""
        return Thought(searcher.suggest(self._history, request), self._seen)


class _WouldRecordError(Exception):
    """Carries what would be recorded out of a dispatcher, before anything has changed."""

    def __init__(self, events: tuple[ev.AnyEvent, ...]) -> None:
        super().__init__()
        self.events = events


class _Slots(Collection[Slot]):
    """Free slots of which nothing is known but that there are some.

    Attributes:
        looked_at: Whether somebody wanted to know more.
    """

    def __init__(self) -> None:
        self.looked_at = False

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> int:
        self.looked_at = True
        return 1

    def __iter__(self) -> Iterator[Slot]:
        self.looked_at = True
        return iter((Slot(0),))

    def __contains__(self, slot: object) -> bool:
        self.looked_at = True
        return slot == Slot(0)


def _seen_earlier(entry: ev.Entry) -> int | None:
    """The last event that the searcher knew of, if it was asked before the last one."""
    match entry.event:
        case ev.Created(source="searcher", seen=seen) if seen != entry.seq - 1:
            return seen
        case _:
            return None


def _groups(entries: Iterable[ev.Entry]) -> Iterator[tuple[ev.Entry, ...]]:
    """Entries one by one, but a trial's creation with its first job, as they are recorded."""
    waiting: tuple[ev.Entry, ...] = ()  # a creation
    for entry in entries:
        if waiting and isinstance(entry.event, ev.Started) and _created(waiting[0]) == entry.event.trial:
            yield (*waiting, entry)
            waiting = ()
            continue
        if waiting:
            yield waiting
        waiting = () if _created(entry) is None else (entry,)
        if not waiting:
            yield (entry,)
    if waiting:
        yield waiting


def _created(entry: ev.Entry) -> int | None:
    return entry.event.trial if isinstance(entry.event, ev.Created) else None


def _is_from_elsewhere(group: tuple[ev.Entry, ...]) -> bool:
    why = getattr(group[-1].event, "why", None)
    return (len(group) == 1 and isinstance(group[0].event, ev.Created)) or (
        why is not None and ELSEWHERE in why.rule
    )


def _same(logged: tuple[ev.AnyEvent, ...], answered: tuple[ev.AnyEvent, ...], tolerance: float) -> bool:
    """Whether they are equal; of an answer no more is compared than the log holds, should it be cut off there."""
    answered = answered[: len(logged)]
    return logged == answered or _near(msgspec.to_builtins(logged), msgspec.to_builtins(answered), tolerance)


def _near(a: Any, b: Any, tolerance: float) -> bool:  # Any: JSON values
    match a, b:
        case dict(), dict():
            return a.keys() == b.keys() and all(_near(a[key], b[key], tolerance) for key in a)
        case (list() | tuple(), list() | tuple()):
            return len(a) == len(b) and all(_near(x, y, tolerance) for x, y in zip(a, b, strict=True))
        case float(), float():
            return a == b or math.isclose(a, b, rel_tol=tolerance)
        case _:
            return bool(a == b)
