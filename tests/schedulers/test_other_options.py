"""A study goes on with a larger `max_resource`, or with another scheduler: its log is folded by what comes then."""

from dataclasses import replace

import pytest

from registered import MAX_RESOURCE, OPTIONS, TAGS, resource, scheduler
from rung.core.budget import Budget
from rung.core.decision import SchedulerSpec
from rung.core.event import Started
from rung.core.invariants import validate
from rung.core.resource import Steps
from rung.core.why import sentence
from rung.schedulers.registry import SCHEDULERS
from schedulers.test_properties import it_has_ended
from schedulers.world import Settings, World, fold, snapshot

RELATIVE = (
    "asha",
    "stopping-asha",
    "async-hyperband",
    "hyper-tune",
    "freeze-thaw",
    "stopping-hyperband",
    "pasha",
    "cost-asha",
    "stopping-cost-asha",
)  # nobody must get to the end
OF_STEPS = [tag for tag in TAGS if isinstance(resource(tag), Steps)]


def interrupted(spec: SchedulerSpec, seed: int) -> World:
    """A study with trials in all places: running, paused, failed, stopped, complete."""
    world = World(Settings(spec, 3, Budget(trials=12), seed), checking=False)
    for turn in range(60):
        world.do("ask")
        world.do("step", turn * 5 + seed, (turn * 7 + seed) % 5 / 2)
    world.do("fail", 1, 0)
    world.do("stop_by_hand", 4)
    return world


def with_more(tag: str) -> SchedulerSpec:
    """The same scheduler with a larger `max_resource`, which is no power of eta."""
    return SCHEDULERS.decode({"type": tag, **OPTIONS.get(tag, {}), "max_resource": 20})


def goes_on_with(world: World, spec: SchedulerSpec) -> None:
    """The study ends in order, every trial has a standing and a reason, and its log folds into what it became."""
    world.settings = replace(world.settings, spec=spec)
    world.do("restart")
    validate(world.state)
    world.do("raise_budget", 6)
    world.do("drain", 1)
    validate(world.state)
    it_has_ended(world)
    for record in world.state.trials:
        assert "None" not in sentence(world.state.why(record.number))
    assert snapshot(fold(world.entries, world.settings), 0) == snapshot(world.state, 0)


@pytest.mark.parametrize("tag", OF_STEPS)
def test_with_a_larger_max_resource_some_trial_arrives_there(tag: str) -> None:
    for seed in range(3):
        world = interrupted(scheduler(tag), seed)
        goes_on_with(world, with_more(tag))
        furthest = max(record.resource for record in world.state.trials)
        assert furthest == 20 or tag in RELATIVE, seed


@pytest.mark.parametrize("tag", OF_STEPS)
def test_with_a_smaller_max_resource_nobody_is_trained_beyond_it(tag: str) -> None:
    for seed in range(3):
        world = interrupted(with_more(tag), seed)
        before = len(world.entries)
        goes_on_with(world, scheduler(tag))
        begun = [entry.event for entry in world.entries[before:] if isinstance(entry.event, Started)]
        assert all(job.target <= MAX_RESOURCE for job in begun if job.why.rule != "again")


@pytest.mark.parametrize("tag", OF_STEPS)
def test_every_scheduler_goes_on_with_what_another_one_has_begun(tag: str) -> None:
    for other in OF_STEPS:
        goes_on_with(interrupted(scheduler(other), 1), scheduler(tag))
