"""The training, as the driver sent it, in a process that is to look like the driver's own."""

import os
import pickle
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import msgspec

from rung.executors.base import Call
from rung.executors.failure import one_line
from rung.executors.messages import Broken, Setup
from rung.executors.worker.output import forgiving


def written(setup: Setup) -> IO[bytes]:
    """What each process reads at its start, in a file without a name, which vanishes with us."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  who asks for it closes it
    file.write(msgspec.msgpack.encode(setup))
    file.flush()
    return file


def load(number: int, send: Callable[[Broken], None]) -> Call:
    """The callable of the setup in this file; one that cannot be loaded is told to the driver."""
    setup = _read(number)
    _become(setup)
    try:
        call: Call = pickle.loads(setup.call)
    except BaseException as error:  # an import may raise anything
        send(Broken(f"{type(error).__name__}: {one_line(error)}"))
        raise
    return call


def _read(number: int) -> Setup:
    size = os.fstat(number).st_size
    data = bytearray()
    while len(data) < size:
        data += os.pread(number, size - len(data), len(data))  # all workers share the file's position
    os.close(number)
    return msgspec.msgpack.decode(data, type=Setup)


def _become(setup: Setup) -> None:
    """Look to imports and to libraries like the driver's process."""
    sys.path[:] = setup.path
    sys.argv[:] = setup.argv
    with suppress(OSError):  # another machine may not have it
        os.chdir(setup.folder)
    if setup.pythonpath is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = setup.pythonpath
    sys.stdout, sys.stderr = forgiving(sys.stdout), forgiving(sys.stderr)
