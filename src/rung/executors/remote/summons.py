"""How an agent has outposts on its other machines, where its engine does not place them: a program such as `srun`."""

import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager

import msgspec

from rung.executors.remote.outpost import Invitation
from rung.executors.remote.terms import Terms
from rung.executors.worker.meeting import Meeting

END_S = 10.0
_TAIL_BYTES = 1000


@contextmanager
def gathered(terms: Terms, meeting: Meeting | None, lost: Callable[[str], None]) -> Iterator[None]:
    """Have outposts come for as long as this lasts, if the worker spans several machines.

    Args:
        terms: Those of the agent.
        meeting: Where outposts come; None: there are no other machines.
        lost: Called, on another thread, when they are gone before that.
    """
    if meeting is None:
        yield
    elif not terms.summons:  # the engine places them
        with closing(meeting):
            yield
    else:
        summons = _Summons(terms.summons, Invitation(meeting.port, meeting.token, terms), lost)
        try:
            yield
        finally:
            meeting.close()
            summons.end()


class _Summons:
    """The program, which gives each outpost its own input."""

    def __init__(self, command: Sequence[str], invitation: Invitation, lost: Callable[[str], None]) -> None:
        self._name = command[0]
        self._input = msgspec.msgpack.encode(invitation)
        self._lost = lost
        self._is_over = False
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  end() closes it
        self._program = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=self._words, stderr=self._words
        )
        self._attending = threading.Thread(target=self._attend, name="rung-outposts", daemon=True)
        self._attending.start()

    def end(self) -> None:
        """Wait for its end, as there is no gang any more; end it by force if it does not come."""
        self._is_over = True
        self._attending.join(END_S)
        self._program.kill()
        self._attending.join()
        self._words.close()

    def _attend(self) -> None:
        self._program.communicate(self._input)
        if not self._is_over:
            status = self._program.returncode
            self._lost(f"{self._name} exited with code {status}: {_tail(self._words.fileno())}")


def _tail(number: int) -> str:
    """The end of what was printed, in one line."""
    size = os.fstat(number).st_size
    start = max(0, size - _TAIL_BYTES)
    return " ".join(os.pread(number, size - start, start).decode(errors="replace").split())
