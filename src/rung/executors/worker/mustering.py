"""How the ranks of a gang come together: those of this machine, and those of others, whose outposts come to a port."""

import os
import socket
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rung.executors.messages import Refused
from rung.executors.worker.connection import leave
from rung.executors.worker.meeting import TOKEN, admitted
from rung.executors.worker.ranks import FarRank, NearRank, Outpost, Rank, Source
from rung.executors.worker.wire import Here, Reply, Wire

_LOOPBACK = "127.0.0.1"


class Muster(NamedTuple):
    """All ranks of a gang: those here, of which the first is rank 0, and the others; and ports where they may meet."""

    near: Sequence[NearRank]
    far: Sequence[FarRank]
    outposts: Sequence[Outpost]
    ports: "Ports"

    @property
    def others(self) -> Sequence[Rank]:
        """All but rank 0."""
        return *self.near[1:], *self.far

    @property
    def sources(self) -> Sequence[Source]:
        """Whence they are heard."""
        return *self.near, *self.outposts


class Ports:
    """Ports where rank 0 may listen, and nobody else who asks for just any one.

    Each trial has its own: torch's store of the trial before may still listen at the last one, as long as a model
    refers to it, and what stands in it leads astray.

    Args:
        host: The address of rank 0.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._reserved: socket.socket | None = None

    def next(self) -> int:
        """Another one; the one before is free again."""
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((self._host, 0))
        if self._reserved is not None:
            self._reserved.close()
        self._reserved = reserved
        return int(reserved.getsockname()[1])


class _Shape(NamedTuple):
    """What each rank is told of the whole: the address of rank 0, and how many there are of what."""

    host: str
    port: int
    machines: int
    processes: int

    def variables(self, machine: int) -> list[dict[str, str]]:
        """What the ranks of a machine find in their environment, as under torchrun."""
        return [
            {
                "RANK": str(machine * self.processes + local),
                "LOCAL_RANK": str(local),
                "GROUP_RANK": str(machine),
                "NODE_RANK": str(machine),
                "WORLD_SIZE": str(self.machines * self.processes),
                "LOCAL_WORLD_SIZE": str(self.processes),
                "GROUP_WORLD_SIZE": str(self.machines),
                "MASTER_ADDR": self.host,
                "MASTER_PORT": str(self.port),
            }
            for local in range(self.processes)
        ]


def mustered(
    setup_number: int,
    send: Callable[[Refused], None],
    processes: int,
    listener_number: int = -1,
    n_outposts: int = 0,
) -> Muster:
    """Start all ranks, once the other machines are there.

    Args:
        setup_number: File descriptor of the file that holds a `Setup`.
        send: Tells the driver.
        processes: Ranks on each machine.
        listener_number: File descriptor of the port where outposts come.
        n_outposts: How many will come.
    """
    outposts = _arrived(listener_number, n_outposts, send) if n_outposts else []
    host = outposts[0].link.getsockname()[0] if outposts else _LOOPBACK  # by which it has found us
    ports = Ports(host)
    shape = _Shape(host, ports.next(), 1 + n_outposts, processes)
    near = [
        NearRank(number, setup_number, os.environ | variables)
        for number, variables in enumerate(shape.variables(0))
    ]
    far = [
        rank
        for machine, outpost in enumerate(outposts, start=1)
        for rank in outpost.begin(machine * processes, shape.variables(machine))
    ]
    return Muster(near, far, outposts, ports)


def _arrived(listener_number: int, n: int, send: Callable[[Refused], None]) -> list[Outpost]:
    token = os.environ.pop(TOKEN)
    found: list[Outpost] = []
    with socket.socket(fileno=listener_number) as listener:
        while len(found) < n:
            wire: Wire[Reply] = Wire(admitted(listener, token), Reply)
            match wire.next():
                case Here(node=node, objection=None):
                    found.append(Outpost(wire, node))
                case Here(objection=str(objection)):
                    send(Refused(objection))
                    leave()
    return found
