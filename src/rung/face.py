"""The public names of rung, each from the file that defines it; `rung/__init__.py` loads them when one is used."""

from rung.analysis.report.write import write_report
from rung.core.audit import Audit
from rung.core.budget import Budget
from rung.core.confirm import Confirm
from rung.core.constraint import Constraint
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
from rung.executors.simulated import Simulated
from rung.functions import maximize, minimize
from rung.live.watcher import Live
from rung.problems.synthetic import LearningCurves
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.cost import CostASHA
from rung.schedulers.cost_stopping import StoppingCostASHA
from rung.schedulers.explore import Perturb
from rung.schedulers.fifo import FIFO
from rung.schedulers.gate import Gate
from rung.schedulers.halving import SuccessiveHalving
from rung.schedulers.hyperband import AsyncHyperband, Hyperband, StoppingHyperband
from rung.schedulers.median import MedianStopping, PercentileStopping
from rung.schedulers.pasha import PASHA
from rung.schedulers.pbt import PBT, SyncPBT
from rung.schedulers.racing import Racing
from rung.schedulers.ranking import Crowding, EpsilonNet, Lexicographic, Scalarization
from rung.schedulers.schedule import Phase, Schedule
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
    "PASHA",
    "PBT",
    "AsyncHyperband",
    "Audit",
    "Budget",
    "BusyError",
    "CheckpointDamagedError",
    "CheckpointGoneError",
    "Checkpoints",
    "Choice",
    "ConfigurationError",
    "Confirm",
    "Constraint",
    "ContradictionError",
    "CostASHA",
    "Crowding",
    "EpsilonNet",
    "ExecutorError",
    "Float",
    "Fraction",
    "Gate",
    "GridSearch",
    "Hyperband",
    "InProcess",
    "Int",
    "Job",
    "LearningCurves",
    "LeaseLostError",
    "Lexicographic",
    "Live",
    "Local",
    "MedianStopping",
    "MismatchError",
    "MissingDependencyError",
    "MisuseError",
    "NoResultError",
    "ObjectiveError",
    "PercentileStopping",
    "Perturb",
    "Phase",
    "Racing",
    "RandomSearch",
    "Replicates",
    "RungError",
    "Scalarization",
    "Schedule",
    "Simulated",
    "Space",
    "SpecError",
    "Steps",
    "StoppingASHA",
    "StoppingCostASHA",
    "StoppingHyperband",
    "StoreError",
    "Study",
    "StudyNotFoundError",
    "StudyView",
    "SuccessiveHalving",
    "SyncPBT",
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
