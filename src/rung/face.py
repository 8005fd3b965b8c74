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
from rung.core.prior import Near
from rung.core.resource import Fraction, Replicates, Steps
from rung.core.shorthands import choice, integer, log, log_integer, uniform
from rung.core.space import Choice, Float, Int, Space
from rung.executors.dask import Dask
from rung.executors.inprocess import InProcess
from rung.executors.local import Local
from rung.executors.ray import Ray
from rung.executors.simulated import Simulated
from rung.executors.slurm import Slurm
from rung.functions import maximize, minimize
from rung.live.watcher import Live
from rung.models.metafeatures import meta_features
from rung.problems.synthetic import LearningCurves
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.cost import CostASHA
from rung.schedulers.cost_stopping import StoppingCostASHA
from rung.schedulers.explore import Perturb
from rung.schedulers.fifo import FIFO
from rung.schedulers.freeze_thaw import FreezeThaw
from rung.schedulers.gate import Gate
from rung.schedulers.halving import SuccessiveHalving
from rung.schedulers.hyper_tune import HyperTune
from rung.schedulers.hyperband import AsyncHyperband, Hyperband, StoppingHyperband
from rung.schedulers.median import MedianStopping, PercentileStopping
from rung.schedulers.pasha import PASHA
from rung.schedulers.pb2 import PB2
from rung.schedulers.pbt import PBT, SyncPBT
from rung.schedulers.racing import Racing
from rung.schedulers.ranking import Crowding, EpsilonNet, Lexicographic, Scalarization
from rung.schedulers.schedule import Phase, Schedule
from rung.searchers.auto import Auto
from rung.searchers.curves.options import CurveGP
from rung.searchers.evolution.cmaes import CMAES
from rung.searchers.evolution.differential import DifferentialEvolution
from rung.searchers.evolution.genetic import GeneticSearch
from rung.searchers.evolution.nsga import NSGA2, NSGA3
from rung.searchers.evolution.regularized import RegularizedEvolution
from rung.searchers.forest import Forest
from rung.searchers.gaussian.mobster import MOBSTER
from rung.searchers.gaussian.options import GP
from rung.searchers.grid import GridSearch
from rung.searchers.mfes.options import MFES
from rung.searchers.mix import Mix
from rung.searchers.quasirandom import QuasiRandom
from rung.searchers.random import RandomSearch
from rung.searchers.tpe.options import TPE
from rung.searchers.transfer.options import RGPE, MultiTaskGP, QuantileTransfer
from rung.searchers.transfer.portfolio import Portfolio
from rung.similar import nearest
from rung.stores.checkpoints import Checkpoints
from rung.study import Study
from rung.trial import Trial
from rung.trial_result import TrialResult
from rung.watching import StudyView

__all__ = [
    "ASHA",
    "CMAES",
    "FIFO",
    "GP",
    "MFES",
    "MOBSTER",
    "NSGA2",
    "NSGA3",
    "PASHA",
    "PB2",
    "PBT",
    "RGPE",
    "TPE",
    "AsyncHyperband",
    "Audit",
    "Auto",
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
    "CurveGP",
    "Dask",
    "DifferentialEvolution",
    "EpsilonNet",
    "ExecutorError",
    "Float",
    "Forest",
    "Fraction",
    "FreezeThaw",
    "Gate",
    "GeneticSearch",
    "GridSearch",
    "HyperTune",
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
    "Mix",
    "MultiTaskGP",
    "Near",
    "NoResultError",
    "ObjectiveError",
    "PercentileStopping",
    "Perturb",
    "Phase",
    "Portfolio",
    "QuantileTransfer",
    "QuasiRandom",
    "Racing",
    "RandomSearch",
    "Ray",
    "RegularizedEvolution",
    "Replicates",
    "RungError",
    "Scalarization",
    "Schedule",
    "Simulated",
    "Slurm",
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
    "meta_features",
    "minimize",
    "nearest",
    "uniform",
    "write_report",
]
