"""Which process of a local worker follows which: a fresh one for each trial, and a larger one where a trial needs it.

A trial that needs the room of several workers is queued at the worker that it was sent to. As soon as they are free,
others give up their places for it, and leave; then the worker's process ends, and one that fills all these places
follows. When the trial is over, they are shared out again. Of this the driver learns only that the others have left and
that new ones have joined.
"""

from typing import Protocol

from rung.core.event import Ended, Failure
from rung.core.job import Job
from rung.executors.base import Command, Leaving, Left, Outcome, Start
from rung.executors.processes.places import Places
from rung.executors.processes.want import Wants
from rung.executors.processes.worker import Worker


class Hands(Protocol):
    """What a pool does to its workers."""

    def add(self, place: int) -> None:
        """Start a worker that the driver does not know yet."""
        ...

    def begin(self, number: int, places: tuple[int, ...], failed_starts: int) -> Worker:
        """Start the process of a worker that fills these places."""
        ...

    def tell(self, worker: Worker, command: Command) -> None:
        """Give a command to the process of a worker."""
        ...

    def end(self, worker: Worker) -> None:
        """Let the process of a worker end, in order."""
        ...

    def deliver(self, outcome: Outcome) -> None:
        """Tell the driver."""
        ...


class Succession:
    """Decides when the process of a worker ends, and what follows it.

    `_waiting` holds all and only the workers with a queued job, in the order in which they get more room.

    Attributes:
        is_over: Whether nothing follows any more, as the machine is taken away.
    """

    def __init__(
        self,
        hands: Hands,
        workers: dict[int, Worker],
        places: Places,
        wants: Wants,
        *,
        isolate: bool,
    ) -> None:
        """At the beginning nobody waits.

        Args:
            hands: Start and end processes.
            workers: Those that there are; kept by the pool.
            places: What there is to fill.
            wants: Which trials need more room.
            isolate: Whether each trial gets a fresh process.
        """
        self._hands = hands
        self._workers = workers
        self._places = places
        self._wants = wants
        self._isolate = isolate
        self.is_over = False
        self._waiting: dict[int, Worker] = {}

    # What the driver sends

    def must_wait(self, worker: Worker, job: Job) -> bool:
        """Whether a job needs another process than the present one."""
        is_used = self._isolate and worker.trial not in (None, job.trial)
        fits = self._wants.room(job.trial) == len(worker.places)
        return is_used or not fits or worker.is_ending or not worker.is_ready

    def queue(self, worker: Worker, start: Start) -> None:
        """Keep a job for the next process."""
        worker.queued = start
        self._waiting[worker.number] = worker

    def give_back(self, worker: Worker) -> None:
        """A queued job is not wanted now: it ends before it has begun, and is owed again."""
        assert worker.queued is not None  # see the callers
        job = worker.queued.job
        self._hands.deliver(Ended(job.number, job.trial, "yielded"))
        worker.queued = None
        del self._waiting[worker.number]
        taken, worker.taken = worker.taken, []
        for place in taken:
            self._hands.add(place)

    # What happens to a worker

    def ready(self, worker: Worker) -> None:
        """Its process is there: what was queued for it begins."""
        start = worker.queued
        if start is not None and self._wants.room(start.job.trial) == len(worker.places):
            worker.queued = None
            del self._waiting[worker.number]
            self._hands.tell(worker, start)

    def rests(self, worker: Worker) -> None:
        """It has nothing to do and holds nothing: whether its process ends now."""
        is_single_use = self._isolate or len(worker.places) > 1 or worker.heir is not None
        if worker.queued is None and is_single_use and not worker.is_ending:
            self._hands.end(worker)

    def follows(self, worker: Worker, failed_starts: int) -> bool:
        """Its process is gone: whether that is settled here; else it was not expected."""
        self._waiting.pop(worker.number, None)
        if self.is_over:
            return False
        if worker.heir is not None:
            self._inherit(worker, worker.heir)
        elif worker.is_ending or (worker.is_known and not worker.is_ready):
            self._succeed(worker, failed_starts)
        else:
            return False
        return True

    def _inherit(self, worker: Worker, heir: Worker) -> None:
        why = Failure("machine", "replaced", f"{worker} has given its room to worker {heir.number}")
        self._hands.deliver(Left(worker.number, why))
        is_there = self._workers.get(heir.number) is heir
        for place in worker.places:
            if is_there and self._missing(heir) > 0:
                heir.taken.append(place)
            else:
                self._hands.add(place)

    def _succeed(self, worker: Worker, failed_starts: int) -> None:
        places = (*worker.places, *worker.taken)
        room = 1 if worker.queued is None else self._wants.room(worker.queued.job.trial)
        heir = self._hands.begin(worker.number, places[:room], failed_starts)
        heir.is_known = True
        for place in places[room:]:
            self._hands.add(place)
        if worker.queued is not None:
            self.queue(heir, worker.queued)

    # Room

    def arrange(self) -> None:
        """Bring those that wait for another process nearer to it."""
        wanting = self._wanting()
        if wanting is not None:
            self._make_room(wanting)
        for worker in list(self._waiting.values()):
            if worker.is_idle and not worker.holds and self._missing(worker) <= 0:
                self._hands.end(worker)

    def _wanting(self) -> Worker | None:
        """The first that needs more places than others have given up for it, or are about to."""
        return next(
            (worker for worker in self._waiting.values() if self._missing(worker) > self._promised(worker)),
            None,
        )

    def _missing(self, worker: Worker) -> int:
        """How many places are to come yet; nobody needs any while nothing is queued."""
        if worker.queued is None:
            return 0
        return self._wants.room(worker.queued.job.trial) - len(worker.places) - len(worker.taken)

    def _promised(self, worker: Worker) -> int:
        return sum(len(each.places) for each in self._workers.values() if each.heir is worker)

    def _make_room(self, heir: Worker) -> None:
        for worker in self._candidates(heir):
            if self._missing(heir) <= self._promised(heir):
                return
            if worker.queued is not None:
                self.give_back(worker)
            self._give_up(worker, heir)

    def _candidates(self, heir: Worker) -> list[Worker]:
        """Who can give up its place now; who holds nothing and fills few comes first."""
        near = {place for mine in heir.places for place in self._places.neighbours(mine)}
        found = [
            worker
            for worker in self._workers.values()
            if worker is not heir and worker.is_idle and near.issuperset(worker.places)
        ]
        return sorted(found, key=lambda worker: (worker.holds, len(worker.places), worker.number))

    def _give_up(self, worker: Worker, heir: Worker) -> None:
        """It leaves; the driver lets it save what it holds first."""
        worker.heir = heir
        self._hands.deliver(Leaving(worker.number))
        if not worker.holds:
            self._hands.end(worker)
