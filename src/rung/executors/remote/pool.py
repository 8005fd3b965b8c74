"""The pool of workers on other machines: agents that an engine places, seen from the driver as one pool.

The engine (Ray, Dask) decides where agents stand and carries the calls; all that a person learns of a worker, its
end included, is told in the words of the local pool.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Protocol

import msgspec

from rung.core.errors import ExecutorError
from rung.core.event import Ended, Failure
from rung.executors.base import Command, Joined, Leaving, Left, Outcome, Start
from rung.executors.clock import SteadyClock
from rung.executors.remote.agent import PATIENCE_S, Mail, Order

SILENT_S = 3 * PATIENCE_S  # an agent that has answered before and does not for so long is out of reach
LOOK_S = 5.0  # between two looks at who is silent
IDLE_S = 60.0  # for so long there must be more agents than work before some are given back
GOODBYE_S = 15.0  # between telling a worker and ending it, in which the trial that it holds is saved
DEATHS = 3  # in a row, of agents that never had a worker, until we give up


class EngineGoneError(Exception):
    """An engine is gone with all of its agents; when it is back, it places others."""


class Handle(Protocol):
    """An agent, as an engine reaches it; each call returns at once."""

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        """See `Agent.tell`."""
        ...

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        """See `Agent.listen`; fails once the agent is gone."""
        ...

    def close(self, grace_s: float) -> "Future[None]":
        """See `Agent.close`."""
        ...

    def dismiss(self) -> None:
        """End it by force, if it is still there, and give back what it has of the cluster."""
        ...


class Engine(Protocol):
    """Places agents on machines."""

    def open(self, placed: Callable[[Handle], None]) -> None:
        """Begin; `placed` is told of each agent, on any thread, also of those who take the place of one that is lost.

        Raises:
            ExecutorError: If there is no cluster.
        """
        ...

    @property
    def is_elastic(self) -> bool:
        """Whether machines come as agents are asked for, and go when they are given back."""
        ...

    def lost(self, handle: Handle) -> None:
        """An agent is gone: place another."""
        ...

    def given_back(self, handle: Handle) -> None:
        """An agent is gone, and no other is wanted for now."""
        ...

    def grow(self) -> None:
        """Have all agents again that were asked for."""
        ...

    def close(self) -> None:
        """Leave the cluster; end it if it was started for this run."""
        ...


@dataclass(eq=False, slots=True)
class _Far:
    """What the pool knows of an agent.

    Attributes:
        handle: How to reach it.
        workers: The number here of each of its workers, by the number there.
        outgoing: Commands since the last `wait`.
        n_calls: How many calls with commands were made.
        listens: Whether a mail is on its way, or will be.
        jobs: Its open jobs.
        given_back: When its workers were told to leave, by the monotonic clock; None: they were not.
        heard: When it spoke last, by the monotonic clock; None: it may not even be placed yet.
        has_begun: Whether it ever had a worker.
    """

    handle: Handle
    workers: dict[int, int] = field(default_factory=dict)
    outgoing: list[Order] = field(default_factory=list)
    n_calls: int = 0
    listens: bool = False
    jobs: set[int] = field(default_factory=set)
    given_back: float | None = None
    heard: float | None = None
    has_begun: bool = False


_Arrived = tuple[_Far, "Future[Mail]"]


class RemotePool:
    """The workers of one run, on any number of machines."""

    holds = True
    trains_apart = True

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._clock = SteadyClock()
        self._agents: dict[_Far, None] = {}
        self._home: dict[int, tuple[_Far, int]] = {}  # a worker's agent, and its number there
        self._uncalled: dict[int, _Far] = {}  # those to be told something, or listened to
        self._arrived: SimpleQueue[_Arrived | Handle | None] = SimpleQueue()
        self._inbox: deque[Outcome] = deque()
        self._n_joined = 0
        self._n_died = 0
        self._look_at = 0.0
        self._wanted: int | None = None
        self._too_many_since: float | None = None
        self._closed = False
        engine.open(self._arrived.put)

    def clock(self) -> float:
        """Unix time, which goes on steadily though somebody sets the machine's clock."""
        return self._clock()

    def send(self, worker: int, command: Command) -> None:
        """Give a command to a worker; one that has left gets nothing."""
        if worker in self._home:
            agent, number = self._home[worker]
            if isinstance(command, Start):
                agent.jobs.add(command.job.number)
            agent.outgoing.append((number, command))
            self._uncalled[id(agent)] = agent

    def wait(self, until: float | None, deliver: Callable[[Outcome], None]) -> None:
        """Block until an outcome or a wake; see the protocol."""
        while not self._inbox:
            self._call()
            left = LOOK_S if until is None else min(LOOK_S, max(0.0, until - self._clock()))
            woken = self._take(left)
            self._look()
            if woken or (until is not None and self._clock() >= until):
                break
        while self._inbox:
            deliver(self._inbox.popleft())

    def want(self, workers: int | None) -> None:
        """So many workers have something to do; see the protocol."""
        self._wanted = None if workers is None else max(1, workers)

    def wake(self) -> None:
        """Make a `wait` in progress return."""
        self._arrived.put(None)

    def close(self, grace_s: float) -> None:
        """End all workers, wherever they are."""
        if self._closed:
            return
        self._closed = True
        deadline = time.monotonic() + grace_s
        ends = [(agent, agent.handle.close(grace_s)) for agent in self._agents if agent.heard is not None]
        for _, end in ends:
            with suppress(Exception):  # it is gone, or an engine's own words for that
                end.result(max(0.1, deadline - time.monotonic()))
        for agent in self._agents:
            agent.handle.dismiss()
        self._agents.clear()
        self._home.clear()
        self._engine.close()

    # Agents

    def _call(self) -> None:
        """One call an agent, with all that it is told, which also asks for its next mail if none is on its way."""
        for agent in self._uncalled.values():
            number, orders = agent.n_calls, agent.outgoing
            agent.n_calls += 1
            agent.outgoing = []
            if agent.listens:
                agent.handle.tell(number, orders)
            else:
                agent.listens = True
                agent.handle.listen(number, orders).add_done_callback(partial(self._arrive, agent))
        self._uncalled.clear()

    def _arrive(self, agent: _Far, mail: "Future[Mail]") -> None:
        self._arrived.put((agent, mail))

    def _take(self, within_s: float) -> bool:
        """Wait for a mail, a new agent or a wake, and take what else has come by then; whether there was a wake."""
        woken = False
        try:
            found = self._arrived.get(timeout=within_s)
            while True:
                if found is None:
                    woken = True
                elif isinstance(found, tuple):
                    self._opened(*found)
                else:
                    self._placed(found)
                found = self._arrived.get_nowait()
        except Empty:
            return woken

    def _placed(self, handle: Handle) -> None:
        agent = _Far(handle)
        self._agents[agent] = None
        self._uncalled[id(agent)] = agent

    def _opened(self, agent: _Far, arrived: "Future[Mail]") -> None:
        if agent not in self._agents:
            return  # it was given up, and what it trained goes on elsewhere
        try:
            mail = arrived.result()
        except EngineGoneError as error:
            self._part_from(agent, "node lost", f"is gone with its node: {error}")
            return
        except Exception as error:  # noqa: BLE001  each engine has its own words for an agent that is gone
            self._lost(agent, _one_line(error))
            return
        agent.heard = time.monotonic()
        for outcome in mail.outcomes:
            self._inbox.append(self._translated(agent, outcome))
        if mail.error is not None:
            raise ExecutorError(mail.error)
        agent.listens = False
        self._uncalled[id(agent)] = agent

    def _translated(self, agent: _Far, outcome: Outcome) -> Outcome:
        """An outcome with the numbers of this pool."""
        match outcome:
            case Joined(slot=slot):
                number = self._n_joined
                self._n_joined += 1
                agent.has_begun = True
                agent.workers[slot.worker] = number
                self._home[number] = (agent, slot.worker)
                return Joined(msgspec.structs.replace(slot, worker=number))
            case Leaving(worker=worker):
                return Leaving(agent.workers[worker])
            case Left(worker=worker, failure=failure):
                agent.jobs.clear()
                number = agent.workers.pop(worker)
                del self._home[number]
                return Left(number, failure)
            case Ended(job=job):
                agent.jobs.discard(job)
                return outcome
            case _:
                return outcome

    def _look(self) -> None:
        """Give up agents that are silent, as an empty mail would have come; have as many as there is work for."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        if self._engine.is_elastic:
            self._fit(now)
        for agent in [
            each for each in self._agents if each.heard is not None and now - each.heard > SILENT_S
        ]:
            self._lost(agent, f"it has not answered for {SILENT_S:g} seconds")

    def _fit(self, now: float) -> None:
        """Give back agents that have had nothing to do for a while, and ask for more where there is work again."""
        for agent in list(self._agents):
            if agent.given_back is not None and now - agent.given_back >= GOODBYE_S:
                self._give_back(agent)
        staying = [agent for agent in self._agents if agent.given_back is None]
        if self._wanted is None or self._wanted >= len(staying):
            self._too_many_since = None
            if self._wanted is None:
                self._engine.grow()
        elif self._too_many_since is None:
            self._too_many_since = now
        elif now - self._too_many_since >= IDLE_S:
            idle = sorted(
                (agent for agent in staying if not agent.jobs), key=lambda agent: len(agent.workers)
            )
            for agent in idle[: len(staying) - self._wanted]:
                agent.given_back = now  # its trials are saved first
                self._inbox.extend(Leaving(number) for number in agent.workers.values())

    def _give_back(self, agent: _Far) -> None:
        self._part_from(agent, "given back", "was given back, as there was nothing for it to do")
        self._engine.given_back(agent.handle)

    def _lost(self, agent: _Far, words: str) -> None:
        """An agent is gone, and its workers with it; another one is wanted, if such agents ever begin."""
        self._part_from(agent, "node lost", f"is gone with its node: {words}")
        self._n_died = 0 if agent.has_begun else self._n_died + 1
        if self._n_died == DEATHS:
            raise ExecutorError(f"{DEATHS} workers in a row were gone before they could begin: {words}")
        self._engine.lost(agent.handle)

    def _part_from(self, agent: _Far, reason: str, words: str) -> None:
        self._agents.pop(agent, None)
        self._uncalled.pop(id(agent), None)
        agent.handle.dismiss()
        for number in agent.workers.values():
            del self._home[number]
            self._inbox.append(Left(number, Failure("machine", reason, f"worker {number} {words}")))


def _one_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
