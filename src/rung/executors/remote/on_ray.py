"""The engine Ray: agents are actors."""

import math
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

import msgspec

from rung.core.errors import ExecutorError
from rung.executors.base import Call
from rung.executors.failure import one_line
from rung.executors.local import Local
from rung.executors.ray import Ray
from rung.executors.remote.agent import Agent, Mail, Order
from rung.executors.remote.envoy import Envoy
from rung.executors.remote.outpost import serve
from rung.executors.remote.pool import Handle, RemotePool
from rung.executors.remote.terms import terms

CONNECT_S = 5.0
_STORE_BYTES = 100 * 2**20  # of a cluster of our own: nothing large goes through its object store


def pool_on_ray(spec: Ray, call: Call) -> RemotePool:
    """A pool whose agents are actors."""
    n = spec.processes_per_trial // spec.nodes_per_trial
    local = Local(
        workers=1,
        processes_per_trial=n,
        threads=max(1, int(spec.cpus) // n),
        trial_timeout_s=spec.trial_timeout_s,
    )
    told = msgspec.msgpack.encode(terms(local, call, spec.nodes_per_trial))
    if _has_joined():
        return RemotePool(_Cluster(spec, told))
    return RemotePool(Envoy("Ray", partial(_Cluster, spec, told)))


def _has_joined() -> bool:
    """Whether this program has joined a cluster by itself."""
    return "ray" in sys.modules and sys.modules["ray"].is_initialized()


class _Cluster:
    """Places agents as actors; those that are lost are replaced, as Ray finds room for them."""

    def __init__(self, spec: Ray, terms: bytes) -> None:
        self._ray = _imported()
        self._spec = spec
        self._terms = terms
        self._ours = False
        self._n_agents = 0
        self._there: set[Handle] = set()

    def open(self, placed: Callable[[Handle], None]) -> None:
        ray, spec = self._ray, self._spec
        self._ours = not ray.is_initialized()
        if self._ours:
            _join(ray, spec)
        if not spec.autoscales:
            _check_fits(spec, [node["Resources"] for node in ray.nodes() if node["Alive"]])
        self._placed = placed
        self._terms_there = ray.put(self._terms)
        self.grow()

    @property
    def is_elastic(self) -> bool:
        return self._spec.autoscales

    def lost(self, handle: Handle) -> None:
        self._there.discard(handle)
        self._place()

    def given_back(self, handle: Handle) -> None:
        self._there.discard(handle)
        self._n_agents -= 1

    def grow(self) -> None:
        while self._n_agents < self._spec.workers:
            self._n_agents += 1
            self._place()

    def close(self) -> None:
        for handle in self._there:
            handle.dismiss()
        if self._ours:
            self._ray.shutdown()

    def _place(self) -> None:
        handle = self._alone() if self._spec.nodes_per_trial == 1 else self._spread()
        self._there.add(handle)
        self._placed(handle)

    def _alone(self) -> "_Actor":
        actor = self._ray.remote(**_options(self._owned))(Agent)
        return _Actor(self._ray, actor.remote(self._terms_there))

    def _spread(self) -> "_Actor":
        bundles = [self._owned] * self._spec.nodes_per_trial
        group = self._ray.util.placement_group(bundles, strategy="STRICT_SPREAD")
        actor = self._ray.remote(**_options(self._owned, group))(_Leader)
        return _Actor(self._ray, actor.remote(self._terms_there), group)

    @property
    def _owned(self) -> dict[str, float]:
        """What an agent owns, on each of its machines, in Ray's words."""
        spec = self._spec
        owned = {"CPU": spec.cpus, "GPU": spec.gpus, **spec.resources}
        return {name: amount for name, amount in owned.items() if amount}


class _Leader(Agent):
    """The agent of a worker on several machines, in the first bundle of its placement group.

    Its outposts are tasks in the other bundles, which Ray ends with this actor.

    Args:
        terms: See `Agent`.
    """

    def __init__(self, terms: bytes) -> None:
        super().__init__(terms)
        ray = _imported()
        group, host = ray.util.get_current_placement_group(), ray.util.get_node_ip_address()
        for bundle in range(1, group.bundle_count):
            options = _options(group.bundle_specs[bundle], group, bundle)
            outpost = ray.remote(**options, max_retries=0)(serve).remote(host, self._service.invitation())
            outpost.future().add_done_callback(self._gone)

    def _gone(self, outpost: "Future[None]") -> None:
        error = outpost.exception()
        why = getattr(error, "cause", None) or error  # without Ray's traceback
        self._service.desert("another machine has left it" if why is None else one_line(why))


class _Actor:
    """An agent as an actor, and the placement group that it may have."""

    def __init__(self, ray: Any, actor: Any, group: Any = None) -> None:
        self._ray, self._actor, self._group = ray, actor, group

    def tell(self, number: int, orders: Sequence[Order]) -> None:
        self._actor.tell.remote(number, orders)

    def listen(self, number: int, orders: Sequence[Order]) -> "Future[Mail]":
        return self._actor.listen.remote(number, orders).future()  # type: ignore[no-any-return]

    def close(self, grace_s: float) -> "Future[None]":
        return self._actor.close.remote(grace_s).future()  # type: ignore[no-any-return]

    def dismiss(self) -> None:
        self._ray.kill(self._actor)
        if self._group is not None:
            self._ray.util.remove_placement_group(self._group)


def _options(owned: Mapping[str, float], group: Any = None, bundle: int = 0) -> dict[str, Any]:
    """Of an actor or a task that owns so much, which is a bundle of a placement group if there is one."""
    others = dict(owned)
    options = {"num_cpus": others.pop("CPU", 0), "num_gpus": others.pop("GPU", 0), "resources": others}
    if group is not None:
        from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

        options["scheduling_strategy"] = PlacementGroupSchedulingStrategy(group, bundle)
    return options


def _imported() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise ExecutorError(
            "rung.Ray needs Ray, which is not installed. Say: pip install 'rung[ray]'."
        ) from None
    return ray


def _join(ray: Any, spec: Ray) -> None:
    quiet = {"log_to_driver": False, "logging_level": "error"}
    address = spec.address or os.environ.get("RAY_ADDRESS")
    if not address:
        ray.init(
            address="local",  # though another one may run on this machine
            num_cpus=math.ceil(
                spec.workers * spec.cpus
            ),  # so many as are wanted; GPUs are those that there are
            resources={name: amount * spec.workers for name, amount in spec.resources.items()},
            include_dashboard=False,
            object_store_memory=_STORE_BYTES,
            **quiet,
        )
        return
    try:
        _check_answers(address)
        ray.init(address=address, **quiet)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise ExecutorError(
            f"there is no Ray cluster at address {address!r}: {reason}. Start one (ray start --head), or leave "
            "address out to use this machine."
        ) from error


def _check_answers(address: str) -> None:
    """Ray itself would try for minutes."""
    host, is_given, port = address.removeprefix("ray://").rpartition(":")
    if is_given and port.isdecimal():
        socket.create_connection((host, int(port)), CONNECT_S).close()


def _check_fits(spec: Ray, nodes: Sequence[Mapping[str, float]]) -> None:
    wants = {"CPU": spec.cpus, "GPU": spec.gpus, **spec.resources}
    n = spec.nodes_per_trial
    fit = [node for node in nodes if all(node.get(name, 0.0) >= amount for name, amount in wants.items())]
    if len(fit) >= n:
        return
    asked = ", ".join(f"{amount:g} {name}" for name, amount in wants.items() if amount)
    there = "; ".join(
        ", ".join(f"{node.get(name, 0.0):g} {name}" for name, amount in wants.items() if amount)
        for node in nodes
    )
    where = "" if n == 1 else f" on each of {n} machines"
    found = "no machine" if not fit else f"only {len(fit)}"
    raise ExecutorError(
        f"a worker is to own {asked}{where}, but {found} of the Ray cluster has that; they have: {there}. Ask for "
        "less, or say autoscales=True if such machines come when they are asked for."
    )
