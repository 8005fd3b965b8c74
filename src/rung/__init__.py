"""rung: hyperparameter optimization as resource scheduling.

Names are loaded when they are first used, so that `import rung` costs nothing: each worker process imports it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from rung.version import __version__

if TYPE_CHECKING:
    from rung.core.budget import Budget
    from rung.core.errors import (
        BusyError,
        CheckpointGoneError,
        ConfigurationError,
        ContradictionError,
        ExecutorError,
        LeaseLostError,
        MismatchError,
        MissingDependencyError,
        MisuseError,
        NoResultError,
        ObjectiveError,
        RungError,
        SpecError,
        StoreError,
        StudyNotFoundError,
    )
    from rung.core.job import Job
    from rung.core.resource import Fraction, Replicates, Steps
    from rung.core.space import Choice, Float, Int, Space
    from rung.executors.inprocess import InProcess
    from rung.executors.local import Local
    from rung.executors.simulated import LearningCurves, Simulated
    from rung.results import TrialResult
    from rung.schedulers.asha import ASHA, StoppingASHA
    from rung.schedulers.fifo import FIFO
    from rung.searchers.grid import GridSearch
    from rung.searchers.random import RandomSearch
    from rung.stores.checkpoints import Checkpoints
    from rung.study import Study, maximize, minimize
    from rung.trial import Trial
    from rung.watching import StudyView

_HOMES = {
    "core.budget": ("Budget",),
    "core.errors": (
        "BusyError",
        "CheckpointGoneError",
        "ConfigurationError",
        "ContradictionError",
        "ExecutorError",
        "LeaseLostError",
        "MismatchError",
        "MissingDependencyError",
        "MisuseError",
        "NoResultError",
        "ObjectiveError",
        "RungError",
        "SpecError",
        "StoreError",
        "StudyNotFoundError",
    ),
    "core.job": ("Job",),
    "core.resource": ("Fraction", "Replicates", "Steps"),
    "core.space": ("Choice", "Float", "Int", "Space"),
    "executors.inprocess": ("InProcess",),
    "executors.local": ("Local",),
    "executors.simulated": ("LearningCurves", "Simulated"),
    "results": ("TrialResult",),
    "schedulers.asha": ("ASHA", "StoppingASHA"),
    "schedulers.fifo": ("FIFO",),
    "searchers.grid": ("GridSearch",),
    "searchers.random": ("RandomSearch",),
    "stores.checkpoints": ("Checkpoints",),
    "study": ("Study", "maximize", "minimize"),
    "trial": ("Trial",),
    "watching": ("StudyView",),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [*sorted(_HOME), "__version__"]  # noqa: PLE0604  # names, all of them strings


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'rung' has no attribute {name!r}")
    value = getattr(import_module(f"rung.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
