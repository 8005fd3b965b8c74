"""Every scheduler and searcher of the registries, so that later ones join the tests that are parametrized by them."""

from collections.abc import Collection
from itertools import product
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet

import rung
from rung.core.decision import SchedulerSpec
from rung.core.resource import Resource
from rung.core.suggestion import SearcherSpec
from rung.schedulers.registry import SCHEDULERS
from rung.searchers.registry import SEARCHERS
from schedulers import examples

MAX_RESOURCE = 9
OPTIONS: dict[str, dict[str, Any]] = {
    "cost-asha": {"max_cost": 3 * MAX_RESOURCE},  # so that the pilot does not lead to the first rung
    "stopping-cost-asha": {"max_cost": 3 * MAX_RESOURCE},
    "cma-es": {"population": 4},  # so that short studies come to a few generations
    "differential-evolution": {"population": 5},
    "genetic": {"initial": 3, "population": 5},
    "curve-gp": {"initial": 3},
    "mfes": {"initial": 3},
    "mobster": {"initial": 3},
    "tpe": {"initial": 3},
    "gp": {"initial": 3},  # so that short studies come to a model
    "forest": {"initial": 3, "trees": 3},
    "mix": {"members": [{"type": "random"}, {"type": "forest", "initial": 3, "trees": 3}]},
    "portfolio": {"then": {"type": "random"}},
    "grid": {"points": 3},  # it has no default for what a space of floats needs
    "freeze-thaw": {"step": 3},  # one decision for three epochs
    "median-stopping": {"min_trials": 1},  # so that they stop trials in short studies, too
    "nsga-ii": {"initial": 3, "population": 5},
    "nsga-iii": {"initial": 3, "population": 5},
    "percentile-stopping": {"min_trials": 1},
    "regularized-evolution": {"population": 4},
    "pbt": {"population": 4, "interval": 3},
    "sync-pbt": {"population": 5, "interval": 2},
}

OF_REPLICATES = ("racing", "gate", "test-racing")  # which compare trials instance by instance

ANYWHERE = "random"  # meets every scheduler in every run of the tests
MEETING = "asha"  # meets every searcher there; the other pairs meet in `make test-integrations`

assert set(examples.TAGS) <= set(SCHEDULERS)  # importing them has registered them
TAGS = [tag for tag in SCHEDULERS if tag != "schedule"]  # a schedule is bound to one space


def pairs(meeting: Collection[str]) -> list[ParameterSet]:
    """Each scheduler with each searcher; those that do not meet in every run of the tests are integrations."""
    return [
        pytest.param(
            *pair, marks=() if pair[1] == ANYWHERE or pair[0] in meeting else pytest.mark.integration
        )
        for pair in product(TAGS, SEARCHERS)
    ]


PAIRS = pairs((MEETING,))
WITH_RANDOM = pairs(())  # for what takes long


def scheduler(tag: str) -> SchedulerSpec:
    """A scheduler with its own recommendations."""
    return SCHEDULERS.decode({"type": tag, "max_resource": MAX_RESOURCE, **OPTIONS.get(tag, {})})


def searcher(tag: str) -> SearcherSpec:
    """A searcher with its own recommendations."""
    return SEARCHERS.decode({"type": tag, **OPTIONS.get(tag, {})})


def resource(tag: str) -> Resource:
    """The kind of resource that a scheduler is made for."""
    return rung.Replicates() if tag in OF_REPLICATES else rung.Steps("epoch")
