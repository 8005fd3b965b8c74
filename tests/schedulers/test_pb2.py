import math
from functools import partial

import numpy as np
import pytest

from rung.core.budget import Budget
from rung.core.errors import SpecError
from rung.core.history import History
from rung.core.rng import rng
from rung.core.space import Choice, Config, Float, Space
from rung.replay import replay
from rung.schedulers.explore import Copied, Explore, Perturb
from rung.schedulers.pb2 import PB2, stretches
from rung.schedulers.pbt import SyncPBT
from schedulers.world import Settings, World

SPACE = Space({"lr": Float(1e-4, 1.0, log=True), "wd": Float(0.0, 1.0), "kind": Choice(["a", "b", "c"])})
INTERVAL, MEMBERS = 5, 4


def change(config: Config, epoch: int) -> float:
    """Of the loss in an epoch: best at a learning rate that falls and a decay that rises, in a world of 60 epochs."""
    lr, wd = config["lr"], config["wd"]
    assert isinstance(lr, float) and isinstance(wd, float)
    off = (math.log10(lr) + 0.5 + 2.5 * epoch / 60) ** 2 + 4 * (wd - epoch / 60) ** 2
    return -math.exp(-off)


class Population:
    """Members that all copy the best one after each interval, so that nothing but exploring makes a difference."""

    def __init__(self, seed: int) -> None:
        self.history = History(SPACE, 1)
        self.rng = partial(rng, seed)
        self.loss = 0.0
        for config in SPACE.sample(MEMBERS, rng(seed, "founders", 0)):
            self.history.add_trial(config)
        self.members = list(range(MEMBERS))

    def train(self, start: int) -> None:
        ends = [self._trained(trial, start) for trial in self.members]
        self.loss = min(ends)
        self.best = self.members[int(np.argmin(ends))]

    def _trained(self, trial: int, start: int) -> float:
        loss = self.loss
        for epoch in range(start + 1, start + INTERVAL + 1):
            loss += change(self.history.configs[trial], epoch)
            self.history.add_observation(trial, epoch, (loss,), {"loss": loss}, 1.0, 0.0)
        self.history.pending.pop(trial, None)
        return loss

    def explored(self, how: Explore, start: int) -> None:
        """A child for each member but one, which goes on as the best."""
        parent = self.best
        self.members = [parent]
        for _ in range(MEMBERS - 1):
            copied = Copied(parent, self.history.configs[parent], start, SPACE, start + INTERVAL)
            config = how.explore(copied, self.history.view(), self.rng)
            assert SPACE.contains(config)
            assert (
                start < 3 * INTERVAL
                or not isinstance(how, PB2)
                or config["kind"] == self.history.configs[parent]["kind"]
            )
            self.members.append(len(self.history.configs))
            self.history.pending[len(self.history.configs)] = start + INTERVAL
            self.history.add_trial(config)


def final_loss(how: Explore, seed: int) -> float:
    population = Population(seed)
    for start in range(0, 60, INTERVAL):
        population.train(start)
        population.explored(how, start + INTERVAL)
    return population.loss


def test_it_follows_what_is_right_in_the_course_of_training_better_than_perturbing_does() -> None:
    model = [final_loss(PB2(), seed) for seed in range(2)]
    perturbed = [final_loss(Perturb(), seed) for seed in range(2)]
    assert max(model) < min(perturbed)


def test_a_stretch_is_from_the_first_observation_to_the_end_of_the_interval_and_on() -> None:
    history = History(SPACE, 1)
    for trial, config in enumerate(SPACE.sample(2, rng(0, "x", 0))):
        history.add_trial(config)
        for epoch in range(4 * trial + 1, 4 * trial + 7):
            history.add_observation(trial, epoch, (10.0 - epoch * (trial + 1),), {}, 1.0, 0.0)
    found = stretches(history.view(), 4)
    assert found.starts.tolist() == [1, 4, 5, 8]
    assert found.changes.tolist() == [-1, -1, -2, -2]
    assert found.losses.tolist() == [9, 6, 0, -6]


def test_before_there_is_enough_to_learn_from_it_perturbs() -> None:
    history = History(SPACE, 1)
    config = SPACE.sample(1, rng(0, "x", 0))[0]
    history.add_trial(config)
    copied = Copied(0, config, 3, SPACE, 6)
    assert PB2().explore(copied, history.view(), partial(rng, 0)) == Perturb().explore(
        copied, history.view(), partial(rng, 0)
    )


@pytest.mark.parametrize("losses", [[1.0] * 9, [1e300, -1e300, 0.0] * 3, [math.inf] * 9])
def test_whatever_was_observed_the_configuration_fits(losses: list[float]) -> None:
    history = History(SPACE, 1)
    for trial, config in enumerate(SPACE.sample(3, rng(0, "x", 0))):
        history.add_trial(config)
        for epoch, loss in enumerate(losses, 1):
            history.add_observation(trial, epoch, (loss,), {}, 1.0, 0.0)
    copied = Copied(0, history.configs[0], 9, SPACE, 10)
    config = PB2().explore(copied, history.view(), partial(rng, 0))
    assert SPACE.contains(config)
    assert PB2().explore(copied, history.view(), partial(rng, 0)) == config


def test_a_study_explores_alike_when_it_is_resumed_and_replayed() -> None:
    spec = SyncPBT(9, population=4, interval=3, explore=PB2(2))
    world = World(Settings(spec, 2, Budget(trials=4)), checking=False)
    for turn in range(60):
        world.do("ask")
        world.do("step", turn * 5, (turn * 7) % 5 / 2)
        if turn == 30:
            world.do("restart")
    world.do("drain", 1)
    assert any(record.parent is not None for record in world.state.trials)
    assert replay(lambda: world.entries, lambda _: world.settings.state()).first is None


def test_wrong_options_are_refused() -> None:
    with pytest.raises(SpecError, match=r"initial of PB2 must be an integer of at least 2, got 1\. Use 8\."):
        PB2(1)
