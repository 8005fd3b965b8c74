"""Schedulers as strangers might write them: they show that the interface carries what is planned.

Importing this registers them, under tags that no scheduler of rung will have.
"""

from rung.schedulers.registry import SCHEDULERS
from schedulers.examples.halving import SyncHyperband
from schedulers.examples.pbt import PBT
from schedulers.examples.racing import Racing
from schedulers.examples.turns import Turns

TAGS = ("test-hyperband", "test-pbt", "test-racing", "test-turns")

for _spec in (SyncHyperband, PBT, Racing, Turns):
    SCHEDULERS.add(_spec)
