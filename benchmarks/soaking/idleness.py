"""Idleness: whether a worker was free for long while there was work, and the log gives no reason that holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rung.core import event as ev
from rung.core.decision import Slot
from rung.core.event import Entry
from rung.replay import _Asked
from rung.spec import StudySpec
from soaking.case import PAUSED, REPLACED, Case, Run
from soaking.evidence import Entered
from soaking.facts import Facts

LONG_S = 5.0  # a decision takes milliseconds, but this machine is meant to be busy
THOUGHT_S = 30.0  # a suggestion of a model on a busy machine

_GONE = ("killed", "exited", "timeout", "out of memory", "replaced")  # failures with which a worker leaves


@dataclass
class _Pool:
    """What the log says of the workers of a run.

    Attributes:
        free: Workers that have ended a job and were given no other: the trials that they hold, or None.
        busy: Jobs that are open: their workers.
        since: Free workers that have neither job nor reason: since when.
        reason: Whether the log says why nothing starts.
        leaving: Whether the run is to end.
        decided: When the last job was granted, or the last reason given.
    """

    free: dict[int, int | None] = field(default_factory=dict)
    busy: dict[int, int] = field(default_factory=dict)
    since: dict[int, float] = field(default_factory=dict)
    reason: bool = False
    leaving: bool = False
    decided: float = 0.0

    def learn(self, event: ev.AnyEvent, now: float) -> None:
        """An entry of the log."""
        match event:
            case ev.Started():
                self.busy[event.job] = event.worker
                self.free.pop(event.worker, None)
                self.since.pop(event.worker, None)
                self.since = {worker: self.since.get(worker, now) for worker in self.free}
                self.reason, self.decided = False, now
            case ev.Ended():
                self._end(event, now)
            case ev.Idled():
                self.since = {}
                self.reason, self.decided = True, now
            case ev.YieldAsked(owed=True):
                self.leaving = True
            case _:
                pass

    def lose(self, worker: int) -> None:
        """It is gone."""
        self.free.pop(worker, None)
        self.since.pop(worker, None)

    def _end(self, event: ev.Ended, now: float) -> None:
        worker = self.busy.pop(event.job, None)
        if worker is None or (event.failure is not None and event.failure.type in _GONE):
            return
        self.free[worker] = event.trial if event.held else None
        if not self.reason:
            self.since[worker] = now


def idle(case: Case, facts: Facts) -> Iterator[str]:
    """A free worker and budget left: a job, or a reason in the log; and where there is a reason, no work."""
    for run in case.runs:
        numbers = {line.seq for line in case.durable if line.run == run.number}
        entries = [entry for entry in case.entries if entry.seq in numbers]
        yield from _idle(case, facts, run, entries)


def _idle(case: Case, facts: Facts, run: Run, entries: Sequence[Entry]) -> Iterator[str]:
    gone, excused = _killed(case, facts, run), _excused(case, run)
    pool = _Pool()
    for entry in entries:
        now = entry.time - case.wall
        for worker in [worker for worker, moment in gone.items() if moment < now]:
            pool.lose(worker)
        if pool.leaving:
            return
        for worker, since in list(pool.since.items()):
            if (length := now - since - _still(excused, since, now)) > LONG_S:
                yield f"run {run.number}: worker {worker} was free for {length:.1f} s before entry {entry.seq}"
                pool.since[worker] = now
        if isinstance(entry.event, ev.Started) and pool.reason and pool.free:
            since = max(pool.decided, now - LONG_S - _still(excused, pool.decided, now))
            if since > pool.decided and _has_work(case, pool, since):
                idlers = f"workers {sorted(pool.free)} were free"
                yield f"run {run.number}: {idlers} {LONG_S:g} s before entry {entry.seq}, and there was work"
        pool.learn(entry.event, now)


def _has_work(case: Case, pool: _Pool, moment: float) -> bool:
    """Whether a driver that asked at that moment for a free worker would have had a job for it."""
    opened = case.entries[0].event
    assert isinstance(opened, ev.Opened)
    spec = StudySpec.from_builtins(opened.spec)
    state = spec.start()
    for entry in case.entries:
        if entry.time - case.wall > moment:
            break
        state.apply(entry)
    held = frozenset(trial for trial in pool.free.values() if trial is not None)
    answer = _Asked.of(spec, state).answer((Slot(0),), held, Slot(0))
    return isinstance(answer[-1], ev.Started) if answer else False


def _killed(case: Case, facts: Facts, run: Run) -> dict[int, float]:
    """By worker of a run: when it was ended from outside."""
    lines = [line for line in case.trained if isinstance(line, Entered) and line.run == run.number]
    workers = {line.pid: facts.started[line.job].worker for line in lines if line.job in facts.started}
    done = [fault for fault in case.faults if fault.run == run.number and fault.pid in workers]
    return {workers[fault.pid]: fault.begun for fault in done if fault.pid is not None}


def _excused(case: Case, run: Run) -> list[tuple[float, float]]:
    """Spans of a run in which the driver could do nothing, or its searcher was at work: one after the other."""
    stops = [fault for fault in case.faults if fault.run == run.number and fault.kind in (PAUSED, REPLACED)]
    spans: list[tuple[float, float]] = []
    for begun, ended in sorted([*((stop.begun, stop.ended) for stop in stops), *_thoughts(case)]):
        begun_after = max(begun, spans[-1][1]) if spans else begun
        if ended > begun_after:
            spans.append((begun_after, ended))
    return spans


def _thoughts(case: Case) -> Iterator[tuple[float, float]]:
    """From when to when the searcher worked on each trial: since the last event that it has seen."""
    times = [0.0, *(entry.time - case.wall for entry in case.entries)]
    for entry in case.entries:
        if isinstance(entry.event, ev.Created) and entry.event.source == "searcher":
            yield max(times[entry.event.seen], times[entry.seq] - THOUGHT_S), times[entry.seq]


def _still(spans: Sequence[tuple[float, float]], begun: float, ended: float) -> float:
    """Seconds of a while that are excused."""
    return sum(max(0.0, min(ended, end) - max(begun, start)) for start, end in spans)
