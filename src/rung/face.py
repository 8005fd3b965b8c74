"""The public names of rung, each from the file that defines it; `rung/__init__.py` loads them when one is used."""

from rung.analysis.report.write import write_report
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.errors import (
    BusyError,
    CheckpointDamagedError,
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
    UnreachableError,
)
from rung.core.job import Job
from rung.core.resource import Fraction, Replicates, Steps
from rung.core.shorthands import choice, integer, log, log_integer, uniform
from rung.core.space import Choice, Float, Int, Space
from rung.executors.inprocess import InProcess
from rung.executors.local import Local
from rung.executors.simulated import LearningCurves, Simulated
from rung.functions import maximize, minimize
from rung.live.watcher import Live
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.fifo import FIFO
from rung.searchers.grid import GridSearch
from rung.searchers.random import RandomSearch
from rung.stores.checkpoints import Checkpoints
from rung.study import Study
from rung.trial import Trial
from rung.trial_result import TrialResult
from rung.watching import StudyView

__all__ = [
    "ASHA",
    "FIFO",
    "Audit",
    "Budget",
    "BusyError",
    "CheckpointDamagedError",
    "CheckpointGoneError",
    "Checkpoints",
    "Choice",
    "ConfigurationError",
    "ContradictionError",
    "ExecutorError",
    "Float",
    "Fraction",
    "GridSearch",
    "InProcess",
    "Int",
    "Job",
    "LearningCurves",
    "LeaseLostError",
    "Live",
    "Local",
    "MismatchError",
    "MissingDependencyError",
    "MisuseError",
    "NoResultError",
    "ObjectiveError",
    "RandomSearch",
    "Replicates",
    "RungError",
    "Simulated",
    "Space",
    "SpecError",
    "Steps",
    "StoppingASHA",
    "StoreError",
    "Study",
    "StudyNotFoundError",
    "StudyView",
    "Trial",
    "TrialResult",
    "UnreachableError",
    "choice",
    "integer",
    "log",
    "log_integer",
    "maximize",
    "minimize",
    "uniform",
    "write_report",
]
