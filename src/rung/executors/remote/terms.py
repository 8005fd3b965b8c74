"""What an agent is hired for: the worker's options, what it is to run, and what its machine must have."""

import os
import platform
import socket
import sys
import uuid
from pathlib import Path

import msgspec

from rung.core.errors import ExecutorError
from rung.executors.base import Call
from rung.executors.local import Local, setup_of
from rung.executors.messages import Setup
from rung.version import __version__

MARK = ".shared"
"""The file by which a folder is known to be the same on two machines."""

UNSEEN = (
    "workers on {node} cannot see {folder}, where checkpoints and files of trials are to lie. Keep the study in a "
    "folder that all machines share, or its checkpoints in a bucket: checkpoints=rung.Checkpoints('s3://bucket/folder')."
)
OTHER_VERSIONS = (
    "workers on {node} run {theirs}, this process runs {ours}. What travels between them may not be understood: "
    "install the same versions on both."
)


class Terms(msgspec.Struct, frozen=True):
    """What travels to an agent.

    Attributes:
        options: Of its worker.
        setup: What the worker learns first.
        versions: Of Python and rung where the driver runs.
        shared: A folder that the worker must see; None: there is none.
        token: What stands in the mark of that folder.
        machines: Over how many the processes of its worker go.
        summons: A command that starts an outpost on each of the others; empty: the engine does.
    """

    options: Local
    setup: Setup
    versions: str
    shared: str | None = None
    token: str = ""
    machines: int = 1
    summons: tuple[str, ...] = ()

    def objection(self, node: str) -> str | None:
        """Why nothing can be trained on this machine; None: it can."""
        if self.versions != versions():
            return OTHER_VERSIONS.format(node=node, theirs=versions(), ours=self.versions)
        if self.shared is not None and not _sees(Path(self.shared), self.token):
            return UNSEEN.format(node=node, folder=self.shared)
        return None

    def here(self) -> Setup:
        """The setup, as it holds on this machine: what is installed here, then what the driver sees beside that."""
        driver = [entry for entry in self.setup.path if Path(entry).exists()]
        path = dict.fromkeys([*_first(self.setup.path), *sys.path, *driver])
        return msgspec.structs.replace(self.setup, path=list(path))


def node_name() -> str:
    """By which a person knows this machine."""
    return os.environ.get("SLURMD_NODENAME") or socket.gethostname()


def versions() -> str:
    """Of Python and rung, in words."""
    return f"Python {'.'.join(platform.python_version_tuple()[:2])} with rung {__version__}"


def terms(options: Local, call: Call, machines: int = 1, summons: tuple[str, ...] = ()) -> Terms:
    """What the agents of a run are told.

    Raises:
        ExecutorError: If the callable cannot be sent to workers, or the folder for its files cannot be written.
    """
    setup = setup_of(call)
    token = "" if call.shared is None else _token(Path(call.shared))
    return Terms(options, setup, versions(), call.shared, token, machines, summons)


def _token(folder: Path) -> str:
    """What stands in the mark of a folder, by which others know that they see the same one."""
    mark = folder / MARK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not mark.exists():
            mark.write_text(uuid.uuid4().hex)
        return mark.read_text()
    except OSError as error:
        raise ExecutorError(f"files of trials cannot be written into {folder}: {error.strerror}.") from error


def _sees(folder: Path, token: str) -> bool:
    try:
        return (folder / MARK).read_text() == token
    except OSError:
        return False


def _first(path: list[str]) -> list[str]:
    """The folder of the driver's script, which comes before all that is installed, if it is seen here."""
    return [entry for entry in path[:1] if entry not in sys.path and Path(entry).is_dir()]
