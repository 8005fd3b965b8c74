"""What stands on each other machine of a gang: it starts the ranks there, and carries what they say.

An engine starts it: Ray as a task, Slurm as a program, `python -m rung.executors.remote.outpost`. It serves one gang
after another, as they come to the port of their agent, and ends when that is closed. When a gang's process is gone,
its ranks are killed.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

import msgspec

from rung.executors import limits
from rung.executors.remote.terms import Terms, node_name
from rung.executors.worker.loading import written
from rung.executors.worker.meeting import joined
from rung.executors.worker.ranks import Writer, received, started
from rung.executors.worker.usage import Lookout
from rung.executors.worker.wire import Begin, Gone, Heard, Here, NoMore, Tell, Told, Wire


class Invitation(msgspec.Struct, frozen=True):
    """Where an outpost finds its gang, and on which terms it serves.

    Attributes:
        port: On the first machine.
        token: The secret that both sides know.
        terms: Those of the agent.
    """

    port: int
    token: str
    terms: Terms


def main() -> None:
    """Serve as a task of `srun`, which gives each of them its own input."""
    invitation = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Invitation)
    signal.signal(signal.SIGTERM, _pass_by)  # rank 0 saves, and all leave after it
    serve(os.environ["SLURM_LAUNCH_NODE_IPADDR"], invitation)


def serve(host: str, invitation: Invitation) -> None:
    """Serve until there is no gang any more.

    Args:
        host: The address of the first machine.
        invitation: What else is to be known.

    Raises:
        ConnectionError: If there is no gang at the beginning.
    """
    terms = invitation.terms
    setup = terms.here()
    threads = limits.thread_variables(terms.options.threads, terms.options.processes_per_trial, os.environ)
    environment = {**os.environ, **threads, "PYTHONPATH": os.pathsep.join(setup.path)}
    here = Here(node_name(), terms.objection(node_name()))
    with written(setup) as file:
        link: socket.socket | None = _first(host, invitation, here.node)
        while link is not None:
            with link:
                _Service(link, file.fileno(), environment).serve(here)
            link = _next(host, invitation)


def _first(host: str, invitation: Invitation, node: str) -> socket.socket:
    try:
        return joined(host, invitation.port, invitation.token)
    except OSError as error:
        where = f"port {invitation.port} of {host}, where rank 0 is to stand"
        raise ConnectionError(f"{node} does not reach {where}: {error}") from error


def _next(host: str, invitation: Invitation) -> socket.socket | None:
    with suppress(OSError):
        return joined(host, invitation.port, invitation.token)
    return None


class _Service:
    """The ranks of one gang here."""

    def __init__(self, link: socket.socket, setup_number: int, environment: Mapping[str, str]) -> None:
        self._wire: Wire[Told] = Wire(link, Told)
        self._setup_number = setup_number
        self._environment = environment
        self._ranks: Sequence[_Carried] = ()
        self._lookout = Lookout(self._wire.say)

    def serve(self, here: Here) -> None:
        """Until the gang is gone."""
        self._wire.say(here)
        try:
            while self._wire.is_open:
                for told in self._wire.read():
                    self._obey(told)
        finally:
            self._lookout.pulse.end()
            for rank in self._ranks:
                rank.end()

    def _obey(self, told: Told) -> None:
        match told:
            case Begin(ranks=ranks):
                self._ranks = [
                    _Carried(local, self._wire, self._setup_number, {**self._environment, **variables})
                    for local, variables in enumerate(ranks)
                ]
                self._lookout.pulse.start()
            case Tell(local=local, data=data):
                self._ranks[local].writer.write(data)
            case NoMore(local=local):
                self._ranks[local].writer.end()


class _Carried:
    """A rank here, in a process group of its own, with a thread for each direction of what is said.

    Attributes:
        writer: To whom what it is told is given.
    """

    def __init__(
        self, local: int, wire: Wire[Told], setup_number: int, environment: Mapping[str, str]
    ) -> None:
        self._local = local
        self._wire = wire
        self._link, self._popen = started(setup_number, environment, start_new_session=True)
        self._lock = threading.Lock()  # until its status is asked for, nobody else gets its number
        self.writer = Writer(self._link)
        self._ear = threading.Thread(target=self._hear, daemon=True)
        self._ear.start()

    def end(self) -> None:
        """Kill it, with its children, unless it has ended."""
        self._kill()
        self.writer.end()
        self.writer.join()
        self._ear.join()
        self._link.close()

    def _hear(self) -> None:
        while data := received(self._link):
            self._wire.say(Heard(self._local, data))
        os.waitid(os.P_PID, self._popen.pid, os.WEXITED | os.WNOWAIT)
        self._kill()
        with self._lock:
            status = self._popen.wait()
        self._wire.say(Gone(self._local, self._popen.pid, status))

    def _kill(self) -> None:
        with self._lock, suppress(ProcessLookupError):
            if self._popen.returncode is None:
                os.killpg(self._popen.pid, signal.SIGKILL)


def _pass_by(number: int, frame: object) -> None:
    pass


if __name__ == "__main__":
    main()
