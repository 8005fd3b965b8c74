"""Every scheduler by its name in logs, study files and flags."""

from rung.core.decision import SchedulerSpec
from rung.core.registry import Registry
from rung.schedulers.asha import ASHA, StoppingASHA
from rung.schedulers.fifo import FIFO

SCHEDULERS: Registry[SchedulerSpec] = Registry("scheduler")

for _spec in (FIFO, ASHA, StoppingASHA):
    SCHEDULERS.add(_spec)
