"""Who stands on which rung: a pure fold that serves every scheduler, as it knows only the targets of jobs.

A rung is the trials of one bracket that were granted a job to one target. A trial belongs to the row of its highest
target; on lower rungs it is counted as promoted.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rung.core import event as ev
from rung.core.decision import Status
from rung.core.record import TrialRecord
from rung.core.state import State

AT_REST: tuple[Status, ...] = ("paused", "complete")


@dataclass(slots=True)
class Rung:
    """One rung.

    Attributes:
        bracket: Its bracket.
        level: Its resource.
        arrived: Trials with a result here.
        promoted: Those of them that were granted a job to a higher rung.
        standing: The others that are here or on their way, by status.
    """

    bracket: int
    level: int
    arrived: int = 0
    promoted: int = 0
    standing: Counter[Status] = field(default_factory=Counter)

    @property
    def coming(self) -> int:
        """Trials on their way to it: training, or next in line."""
        return self.standing["running"] + self.standing["queued"]


@dataclass(slots=True)
class _Place:
    rung: Rung | None
    status: Status
    bracket: int
    job: int | None = None
    position: int = 0
    arrived: bool = False


class Rungs:
    """The rungs of a study. It begins with a state as it is, and follows the events from there on, O(1) each."""

    def __init__(self, state: State) -> None:
        self._rungs: dict[tuple[int, int], Rung] = {}
        self._places = [_Place(None, state.status(record.number), record.bracket) for record in state.trials]
        for record in state.trials:
            self._place(record)
        self._count_passed(state.trials)

    @property
    def rows(self) -> list[Rung]:
        """The rungs, by bracket and level."""
        return [self._rungs[key] for key in sorted(self._rungs)]

    def apply(self, event: ev.AnyEvent, standings: Mapping[int, Status]) -> None:
        """Learn an event, and the standings that were told with it."""
        if isinstance(event, ev.Created):
            self._places.append(_Place(None, "queued", event.bracket))
        for trial, status in standings.items():
            self._stand(self._places[trial], status)
        match event:
            case ev.Started(purpose="confirm"):
                pass  # on no rung
            case ev.Started():
                self._started(self._places[event.trial], event)
            case ev.Reported() if self._places[event.trial].job == event.job:
                self._places[event.trial].position = event.resource
            case ev.Ended(trial=trial):
                self._ended(self._places[trial])
            case _:
                pass

    def _stand(self, place: _Place, status: Status) -> None:
        if place.rung is not None:
            place.rung.standing[place.status] -= 1
            place.rung.standing[status] += 1
        place.status = status

    def _started(self, place: _Place, event: ev.Started) -> None:
        place.job, place.position = event.job, event.start
        self._aim(place, event.target)

    def _aim(self, place: _Place, target: int) -> None:
        old = place.rung
        if old is not None and target <= old.level:
            return
        if old is not None:
            old.standing[place.status] -= 1
            old.promoted += place.arrived
        place.rung = self._at(place.bracket, target)
        place.rung.standing[place.status] += 1
        place.arrived = False

    def _ended(self, place: _Place) -> None:
        rung = place.rung
        if rung is not None and place.status in AT_REST and place.position == rung.level:
            rung.arrived += not place.arrived
            place.arrived = True

    def _at(self, bracket: int, level: int) -> Rung:
        key = (bracket, level)
        if key not in self._rungs:
            self._rungs[key] = Rung(bracket, level)
        return self._rungs[key]

    # The beginning

    def _place(self, record: TrialRecord) -> None:
        if not record.target:
            return
        place = self._places[record.number]
        self._aim(place, record.target)
        at_rest = record.job is None and record.owed is None and record.failure is None
        if at_rest and record.told >= record.target and place.rung is not None:
            place.arrived = True
            place.rung.arrived += 1
        if record.job is not None:
            place.job, place.position = record.job.number, record.job.position

    def _count_passed(self, records: Sequence[TrialRecord]) -> None:
        """Who aims at a rung has arrived at those below it, and was promoted there; children began further up."""
        levels: dict[int, list[int]] = {}
        for bracket, level in sorted(self._rungs):
            levels.setdefault(bracket, []).append(level)
        aims = Counter((record.bracket, record.target) for record in records if record.parent is None)
        for (bracket, target), n in aims.items():
            below = levels.get(bracket, [])
            for level in below[: bisect_left(below, target)]:
                self._rungs[bracket, level].arrived += n
                self._rungs[bracket, level].promoted += n
