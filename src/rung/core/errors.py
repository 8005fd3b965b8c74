"""Every error that rung raises: the class says whose fault it is, the message what was given and what to do.

Each is also the builtin exception that fits, so that `except ValueError` catches what its author expects.
"""


class RungError(Exception):
    """Root of all errors that rung raises on purpose."""


class SpecError(RungError, ValueError):
    """An option, a space or a study was described wrongly; nothing has happened yet."""


class ConfigurationError(SpecError):
    """A configuration does not fit its space."""


class MismatchError(SpecError):
    """A stored study differs from the one that was described; the message says in what."""


class MisuseError(RungError, RuntimeError):
    """The training function used its trial wrongly; the study stops, as every trial would go the same way."""


class ObjectiveError(RungError, RuntimeError):
    """The training function fails the same way from the first trial on.

    Attributes:
        traceback: The traceback as it was formatted in the worker.
    """

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class ContradictionError(RungError, ValueError):
    """An event contradicts what is known (a job that is not open, a resource that falls); nothing has changed."""


class StoreError(RungError, OSError):
    """The event log or a checkpoint could not be read or written."""


class CheckpointGoneError(StoreError):
    """A checkpoint that the log knows is not on the disk; its trial goes on from an older one, or from the start."""


class CheckpointDamagedError(CheckpointGoneError):
    """A checkpoint is not what was written; as if it were gone."""


CHECKPOINT_FAULTS = frozenset({CheckpointGoneError.__name__, CheckpointDamagedError.__name__})
"""What the failure of a job is called whose checkpoint could not be restored."""


class UnreachableError(StoreError):
    """The database does not answer now; the same may succeed in a while."""


class StudyNotFoundError(StoreError, LookupError):
    """The store holds no study of that name."""


class BusyError(StoreError):
    """Another live driver holds the study."""


class LeaseLostError(StoreError):
    """This driver's lease was taken over by another one; nothing more is appended."""


class ExecutorError(RungError, RuntimeError):
    """Workers could not be started or kept alive."""


class MissingDependencyError(RungError, ImportError):
    """An optional library is not installed; the message names the `pip install` line that mends it."""


class NoResultError(RungError, LookupError):
    """The study has nothing of the kind that was asked for."""
