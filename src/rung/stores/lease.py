"""The lease of a study: one driver at a time, and a fence against one that does not know yet that it lost it.

Each time the lease is taken, its fence grows by one. Every append checks in its own transaction that this has
not happened since, so a driver that slept past its lease appends nothing. Time is that of the database's clock: the
drivers of a server may stand on machines whose clocks differ.
"""

import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Connection, Float, Select, select, update
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from rung.core.errors import BusyError, LeaseLostError, StudyNotFoundError
from rung.stores import postgresql
from rung.stores.schema import leases

EXPIRES_AFTER_S = 60.0  # six renewals by the writer, see there
SAME_START_S = 2.0  # precision of a process's start; a pid comes again much later

BLANK = {
    "fence": 0,
    "owner": "",
    "host": "",
    "machine": "",
    "pid": 0,
    "started": 0.0,
    "since": 0.0,
    "expires": 0.0,
}
"""The lease that nobody has taken yet, as a row."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, recognizable by others on its machine.

    Attributes:
        host: Name of the machine, for people.
        machine: Within which a pid means a process: this boot of this machine, this container.
        pid: Its number there.
        started: When it began, by a clock that nobody sets.
    """

    host: str
    machine: str
    pid: int
    started: float

    def is_neighbour(self, other: "Process") -> bool:
        """Whether the other is seen by its pid from here."""
        return (self.host, self.machine) == (other.host, other.machine)

    def is_dead(self) -> bool:
        """Whether it has ended; to be asked by a neighbour."""
        try:
            zombie = psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
            return zombie or abs(_started(self.pid) - self.started) > SAME_START_S
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False


@dataclass(frozen=True, slots=True)
class _Lease:
    """A row of the table, and when it was read."""

    fence: int
    owner: str
    holder: Process
    since: float
    expires: float
    now: float


class _Now(FunctionElement[float]):
    """The time by the clock of the database, in seconds since 1970."""

    type = Float()
    inherit_cache = True


@compiles(_Now)
def _now_in_sqlite(_element: _Now, _compiler: Any, **_options: Any) -> str:  # Any: SQLAlchemy's hook
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(_Now, "postgresql")
def _now_in_postgresql(_element: _Now, _compiler: Any, **_options: Any) -> str:
    return postgresql.NOW


@compiles(_Now, "mysql")
def _now_in_mysql(_element: _Now, _compiler: Any, **_options: Any) -> str:
    return "(unix_timestamp(sysdate(6)) + 0e0)"


def this_process() -> Process:
    """The process that runs this."""
    pid = os.getpid()
    return Process(socket.gethostname(), _machine(), pid, _started(pid))


def take(connection: Connection, study: int, owner: str, name: str) -> int:
    """Take the lease, in a transaction that holds the write lock.

    Args:
        connection: The transaction.
        study: Whose lease.
        owner: Who takes it, in words.
        name: The study in messages.

    Returns:
        The fence.

    Raises:
        StudyNotFoundError: If the study was deleted meanwhile.
        BusyError: If a live driver holds it.
    """
    old = _read_locked(connection, study)
    if old is None:
        raise StudyNotFoundError(f"{name} was deleted meanwhile. Nothing of it is left to go on with.")
    me = this_process()
    _refuse_if_held(old, me, name)
    values = {
        "fence": old.fence + 1,
        "owner": owner,
        **asdict(me),
        "since": _Now(),
        "expires": _Now() + EXPIRES_AFTER_S,
    }
    connection.execute(update(leases).where(leases.c.study == study).values(values))
    return old.fence + 1


def extend(connection: Connection, study: int, fence: int) -> bool:
    """Extend the lease; nobody takes it until the transaction ends.

    Returns:
        Whether it is still held.
    """
    mine = update(leases).where(leases.c.study == study, leases.c.fence == fence)
    return connection.execute(mine.values(expires=_Now() + EXPIRES_AFTER_S)).rowcount == 1


def keep(connection: Connection, study: int, fence: int, name: str) -> None:
    """As `extend`.

    Raises:
        LeaseLostError: If another driver has taken it, or the study was deleted.
    """
    if not extend(connection, study, fence):
        raise lost(connection, study, name)


def lost(connection: Connection, study: int, name: str) -> LeaseLostError:
    """Who has the lease, now that it is not held here any more."""
    new = _read(connection, study)
    if new is None:
        return LeaseLostError(f"{name} was deleted while this driver held it. Nothing more is written.")
    return LeaseLostError(
        f"{name} was taken over by {new.owner}: process {new.holder.pid} on {new.holder.host}, "
        f"at {_clock(new.since)}. Nothing more is written here; run it again when that one has ended."
    )


def give_back(connection: Connection, study: int, fence: int) -> None:
    """Release the lease if it is still held."""
    mine = update(leases).where(leases.c.study == study, leases.c.fence == fence)
    connection.execute(mine.values(expires=0.0))


def refuse_if_held(connection: Connection, study: int, name: str) -> None:
    """Raise unless nobody holds the lease.

    Raises:
        BusyError: If a live driver holds it.
    """
    lease = _read_locked(connection, study)
    if lease is not None:
        _refuse_if_held(lease, this_process(), name)


def is_held(connection: Connection, study: int) -> bool:
    """Whether a live driver holds the lease."""
    lease = _read(connection, study)
    return lease is not None and _is_live(lease, this_process())


def _read(connection: Connection, study: int) -> _Lease | None:
    return _lease(connection, _SELECT.where(leases.c.study == study))


def _read_locked(connection: Connection, study: int) -> _Lease | None:
    """As `_read`; nobody else writes it until the transaction ends."""
    return _lease(connection, _SELECT.where(leases.c.study == study).with_for_update())


_SELECT = select(leases, _Now().label("now"))


def _lease(connection: Connection, query: Select[Any]) -> _Lease | None:
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    holder = Process(row["host"], row["machine"], row["pid"], row["started"])
    return _Lease(row["fence"], row["owner"], holder, row["since"], row["expires"], row["now"])


def _refuse_if_held(lease: _Lease, me: Process, name: str) -> None:
    if not _is_live(lease, me):
        return
    holder, seen = lease.holder, lease.holder.is_neighbour(me)
    if seen and holder.pid == me.pid:
        place, help_ = "this very process", "Wait until that ends, or close the other study object."
    elif seen:
        place, help_ = f"process {holder.pid}", "Wait until it ends, or end that process."
    else:
        place = f"process {holder.pid} on {holder.host}"
        help_ = f"Wait until it ends, or end that process; if it is dead, go on at {_clock(lease.expires)}."
    raise BusyError(f"{name} is held by {lease.owner}: {place}, since {_clock(lease.since)}. {help_}")


def _is_live(lease: _Lease, me: Process) -> bool:
    seen = lease.holder.is_neighbour(me)
    return lease.expires > lease.now and not (seen and lease.holder.is_dead())


def _machine() -> str:
    # A pid of before the last boot, or of a container that shares the host's name, says nothing about ours.
    boot, pids = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    try:
        return f"{boot.read_text().strip()} {pids.readlink()}"
    except OSError:
        return ""  # not Linux: the process's start tells


def _started(pid: int) -> float:
    """When a process began, such that setting the machine's clock changes nothing."""
    if not psutil.LINUX:
        return float(psutil.Process(pid).create_time())
    # Linux counts from its boot, and psutil adds the time of that boot as the clock has it now.
    booted = psutil.boot_time()
    return float(psutil.Process(pid).create_time() - booted)


def _clock(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
