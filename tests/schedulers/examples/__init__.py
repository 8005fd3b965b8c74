"""Schedulers as strangers might write them: they show that the interface carries what is planned.

Importing this registers them, under tags that no scheduler of rung will have.
"""

from rung.schedulers.registry import SCHEDULERS
from schedulers.examples.racing import Racing
from schedulers.examples.turns import Turns

TAGS = ("test-racing", "test-turns")

for _spec in (Racing, Turns):
    SCHEDULERS.add(_spec)
