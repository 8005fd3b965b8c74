"""Every scheduler by its name in logs, study files and flags."""

from rung.core.decision import SchedulerSpec
from rung.core.registry import Registry
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.cost import CostASHA
from rung.schedulers.cost_stopping import StoppingCostASHA
from rung.schedulers.fifo import FIFO
from rung.schedulers.freeze_thaw import FreezeThaw
from rung.schedulers.gate import Gate
from rung.schedulers.halving import SuccessiveHalving
from rung.schedulers.hyper_tune import HyperTune
from rung.schedulers.hyperband import AsyncHyperband, Hyperband, StoppingHyperband
from rung.schedulers.median import MedianStopping, PercentileStopping
from rung.schedulers.pasha import PASHA
from rung.schedulers.pbt import PBT, SyncPBT
from rung.schedulers.racing import Racing
from rung.schedulers.schedule import Schedule

SCHEDULERS: Registry[SchedulerSpec] = Registry("scheduler")

for _spec in (
    FIFO,
    ASHA,
    StoppingASHA,
    SuccessiveHalving,
    Hyperband,
    AsyncHyperband,
    StoppingHyperband,
    MedianStopping,
    PercentileStopping,
    PASHA,
    CostASHA,
    StoppingCostASHA,
    PBT,
    SyncPBT,
    Schedule,
    Racing,
    Gate,
    FreezeThaw,
    HyperTune,
):
    SCHEDULERS.add(_spec)
