"""The engine Dask: agents are actors, one beside each Dask worker."""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import msgspec

from rung.core.errors import ExecutorError
from rung.executors.base import Call
from rung.executors.local import Local
from rung.executors.remote.agent import Agent, Mail, Order
from rung.executors.remote.pool import Handle, RemotePool
from rung.executors.remote.terms import Terms, terms

logger = logging.getLogger("rung")

LOOK_S = 1.0  # between two looks at who has come
REST_S = 5.0  # between the loss of an agent and the next one beside the same Dask worker
CONNECT_S = 15.0
CLOSE_S = 60.0
LOOPBACK = "127.0.0.1:0"
OWN_WORKERS = 2  # of a cluster that is started for the run, where no number is given


class Tending(Protocol):
    """Who sees to the Dask cluster itself."""

    def look(self) -> None:
        """Called every now and then, on a thread of its own: more Dask workers may be asked for."""
        ...

    def close(self) -> None:
        """Called when the pool has ended."""
        ...


class Scaling:
    """Asks a cluster object, such as those of dask-jobqueue, for as many Dask workers as there are to be.

    Args:
        cluster: A `distributed.SpecCluster` that can start workers.
        workers: How many there are when all have something to do.
    """

    def __init__(self, cluster: Any, workers: int) -> None:
        self._cluster = cluster
        self._all = self._aim = workers

    def look(self) -> None:
        """Have as many as are aimed at; called again and again."""
        if len(self._cluster.worker_spec) != self._aim:
            self._cluster.scale(self._aim)

    def give_back(self, names: Sequence[object]) -> None:
        """End the Dask workers of these names, and ask for none in their place."""
        self._aim -= len(names)
        self.forget(names)

    def forget(self, names: Sequence[object]) -> None:
        """End the Dask workers of these names, if they are still there; another one may have such a name."""
        self._cluster.sync(self._cluster.scale_down, names)

    def grow(self) -> None:
        """Aim at all again."""
        self._aim = self._all

    def close(self) -> None:
        """The cluster is whose it was."""


class Beside(NamedTuple):
    """How workers stand beside those of Dask.

    Attributes:
        workers: As in `Dask`.
        trial_timeout_s: As in `Dask`.
        tending: Who sees to the Dask cluster; None: nobody.
        processes: How many train a trial together.
        scaling: Who gives Dask workers back that have nothing to do; None: they are kept.
        machines: Over how many the processes go.
        summons: See `Terms`.
    """

    workers: int | None = None
    trial_timeout_s: float | None = None
    tending: Tending | None = None
    processes: int = 1
    scaling: Scaling | None = None
    machines: int = 1
    summons: tuple[str, ...] = ()


def pool_beside(cluster: Any, how: Beside, call: Call) -> RemotePool:
    """A pool whose agents stand beside the workers of a Dask cluster."""
    here = how.processes // how.machines
    local = Local(workers=1, processes_per_trial=here, trial_timeout_s=how.trial_timeout_s)
    told = terms(local, call, how.machines, how.summons)
    return RemotePool(_Engine(cluster, how, told))


class _Engine:
    """Places an agent beside each Dask worker, as they come."""

    def __init__(self, cluster: Any, how: Beside, terms: Terms) -> None:
        self._distributed = _imported()
        self._cluster = cluster
        self._limit = how.workers
        self._tending = how.tending
        self._scaling = how.scaling
        self._idle: deque[str] = deque()  # addresses of Dask workers that are to be given back
        self._terms = terms
        self._seated: set[str] = set()  # addresses of the Dask workers beside which an agent stands
        self._resting: dict[str, float] = {}  # until when no other agent follows one that is lost, by address
        self._is_answered = True
        self._over = threading.Event()

    def open(self, placed: Callable[[Handle], None]) -> None:
        self._client, self._ours = self._connected()
        self._placed = placed
        self._watch = threading.Thread(target=self._look, name="rung-dask", daemon=True)
        self._watch.start()

    @property
    def is_elastic(self) -> bool:
        return self._scaling is not None  # else Dask workers come and go as whoever deploys them wants

    def lost(self, handle: Handle) -> None:
        if isinstance(handle, _Seat):
            self._resting[handle.address] = time.monotonic() + REST_S

    def given_back(self, handle: Handle) -> None:
        if isinstance(handle, _Seat):
            self._idle.append(handle.address)  # which stays taken until its Dask worker has gone

    def grow(self) -> None:
        if self._scaling is not None:
            self._scaling.grow()  # an agent is placed beside each worker that comes

    def close(self) -> None:
        self._over.set()
        self._watch.join(CLOSE_S)
        if self._ours:
            with suppress(Exception):  # the scheduler may be gone
                self._client.close()
        if self._tending is not None:
            self._tending.close()

    def _connected(self) -> tuple[Any, bool]:
        """A client, and whether it is for this run only."""
        cluster, distributed = self._cluster, self._distributed
        if isinstance(cluster, distributed.Client):
            return cluster, False
        if cluster is None:
            own = distributed.LocalCluster(
                n_workers=self._limit or OWN_WORKERS,
                threads_per_worker=1,
                processes=False,  # the training has a process of its own in any case
                dashboard_address=LOOPBACK,
                worker_dashboard_address=LOOPBACK,
                silence_logs=logging.ERROR,
            )
            self._tending = _Own(own)
            return distributed.Client(own, set_as_default=False), True
        try:
            return distributed.Client(
                cluster, timeout=CONNECT_S, set_as_default=False, direct_to_workers=True
            ), True
        except (OSError, ValueError) as error:
            raise ExecutorError(
                f"there is no Dask scheduler at {cluster!r}: {error}. Start one (dask scheduler), or leave cluster out "
                "to use this machine."
            ) from error

    def _look(self) -> None:
        """See who has come and who has gone, again and again."""
        while True:
            try:
                if self._client.status == "closed" and self._ours:
                    self._client, _ = self._connected()
                if self._scaling is not None and self._idle:
                    self._give_back(self._scaling)
                if self._tending is not None:
                    self._tending.look()
                self._place(self._client.nthreads())
                self._is_answered = True
            except Exception as error:  # noqa: BLE001  the engine's own words for a scheduler that is gone for a while
                self._unanswered(error)
            if self._over.wait(LOOK_S):
                return

    def _give_back(self, scaling: Scaling) -> None:
        there = self._client.scheduler_info()["workers"]
        idle = {self._idle.popleft() for _ in range(len(self._idle))}
        scaling.give_back([there[address]["name"] for address in idle & there.keys()])

    def _unanswered(self, error: Exception) -> None:
        if self._is_answered and not self._over.is_set():
            logger.warning("the Dask cluster does not answer (%s); the run goes on when it does", error)
        self._is_answered = False

    def _place(self, there: dict[str, int]) -> None:
        self._seated -= self._rested()
        self._seated &= there.keys()
        for address, threads in there.items():
            if self._over.is_set() or (self._limit is not None and len(self._seated) >= self._limit):
                return
            if address not in self._seated:
                self._seated.add(address)
                self._placed(self._seat(address, threads))

    def _rested(self) -> set[str]:
        """Where another agent may follow: a Dask worker that was to go with the one before would have gone."""
        rested = {address for address, until in list(self._resting.items()) if until <= time.monotonic()}
        for address in rested:
            del self._resting[address]
        return rested

    def _seat(self, address: str, threads: int) -> "_Seat":
        options = self._terms.options
        share = max(1, threads // options.processes_per_trial)
        local = msgspec.structs.replace(options, threads=share)
        told = msgspec.msgpack.encode(msgspec.structs.replace(self._terms, options=local))
        agent = self._client.submit(
            Agent, told, actor=True, workers=[address], allow_other_workers=False, pure=False
        )
        return _Seat(self._client, address, agent)


class _Own:
    """A cluster that was started for the run."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def look(self) -> None:
        pass

    def close(self) -> None:
        self._cluster.close()


class _Seat:
    """An agent beside a Dask worker, as an actor."""

    def __init__(self, client: Any, address: str, agent: Any) -> None:
        self.address = address
        self._client = client
        self._agent = agent  # a future of the actor
        self._actor: Any = None

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        self._do(self._call("tell", number, orders))

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        return self._do(self._call("listen", number, orders))

    def close(self, grace_s: float) -> "Future[None]":
        return self._do(self._call("close", grace_s))

    def dismiss(self) -> None:
        self._actor = None
        with suppress(Exception):  # the scheduler is gone
            self._agent.release()

    def _do(self, coroutine: Awaitable[Any]) -> "Future[Any]":
        return asyncio.run_coroutine_threadsafe(coroutine, self._client.loop.asyncio_loop)  # type: ignore[arg-type]

    async def _call(self, name: str, *arguments: object) -> Any:
        with self._client.as_current():  # by which an actor finds its way
            if self._actor is None:
                self._actor = await self._agent
            return await getattr(self._actor, name)(*arguments)


def _imported() -> Any:
    try:
        import distributed
    except ImportError:
        raise ExecutorError(
            "rung.Dask needs Dask, which is not installed. Say: pip install 'rung[dask]'."
        ) from None
    return distributed
