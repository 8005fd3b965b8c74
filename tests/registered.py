"""Every scheduler and searcher of the registries, so that later ones join the tests that are parametrized by them."""

from itertools import product

import rung
from rung.core.decision import SchedulerSpec
from rung.core.resource import Resource
from rung.core.suggestion import SearcherSpec
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS
from schedulers import examples

MAX_RESOURCE = 9
OPTIONS = {"grid": {"points": 3}}  # of those that have no default for what a space of floats needs

assert set(examples.TAGS) <= set(SCHEDULERS)  # importing them has registered them
TAGS = list(SCHEDULERS)
PAIRS = list(product(SCHEDULERS, SEARCHERS))


def scheduler(tag: str) -> SchedulerSpec:
    """A scheduler with its own recommendations."""
    return SCHEDULERS.decode({"type": tag, "max_resource": MAX_RESOURCE, **OPTIONS.get(tag, {})})


def searcher(tag: str) -> SearcherSpec:
    """A searcher with its own recommendations."""
    return SEARCHERS.decode({"type": tag, **OPTIONS.get(tag, {})})


def resource(tag: str) -> Resource:
    """The kind of resource that a scheduler is made for."""
    return rung.Replicates() if "racing" in tag else rung.Steps("epoch")
