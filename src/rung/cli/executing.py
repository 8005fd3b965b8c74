"""Where a command trains: what the file says, and what the command line says of it."""

import msgspec

from rung.cli.errors import CommandError
from rung.executors.base import Executor
from rung.executors.local import Local
from rung.programs.executors import named

EXECUTOR_HELP = (
    'Where to train: local, ray, dask or slurm, with options as in "slurm,partition=gpu,time=4:00:00".'
)


def chosen(given: Executor | None, executor: str | None = None, workers: int | None = None) -> Executor:
    """The executor of a file, as far as the command line does not say otherwise.

    Raises:
        CommandError, SpecError: If what it says does not fit.
    """
    found = given or Local()
    if executor is not None:
        found = named(executor, found)
    if workers is None:
        return found
    if not isinstance(found, msgspec.Struct) or not hasattr(found, "workers"):
        raise CommandError(
            f"--workers does not go with the executor {found!r}: it has one worker. Leave it out."
        )
    return msgspec.structs.replace(found, workers=workers)
