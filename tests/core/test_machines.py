"""Which machines are better is told by the trials that began on them, and by nothing that is chance."""

import random

import pytest

from rung.core.decision import Slot
from rung.core.machines import ENOUGH, Machines

SLOTS = [
    Slot(0, kind="gpu"),
    Slot(1, kind="gpu"),
    Slot(2),
    Slot(3),
    Slot(4, node="n7"),
]


def machines() -> Machines:
    found = Machines()
    for slot in SLOTS:
        found.join(slot)
    return found


def train(found: Machines, worker: int, *seconds: float, units: int = 1) -> None:
    """New trials on a worker, each with so many seconds a unit."""
    for each in seconds:
        found.begin(worker)
        found.end(worker, each * units, units)


def test_workers_are_alike_until_enough_trials_have_begun_on_machines_that_differ() -> None:
    found = machines()
    train(found, 0, *[1.0] * ENOUGH)
    train(found, 2, *[3.0] * (ENOUGH - 1))
    assert found.best(range(5)) is None
    train(found, 3, 3.0, units=9)  # stands where worker 2 does
    assert list(found.best(range(5)) or ()) == [0, 1, 4]  # of the last one nothing is known
    assert list(found.best([3, 4]) or [3, 4]) == [3, 4]
    assert found.gain(2, [1, 4]) == pytest.approx(2 / 3)
    assert found.gain(1, [2]) == 0.0
    assert found.gain(4, [1]) == 0.0


def test_what_trials_take_that_went_on_or_did_not_train_tells_nothing() -> None:
    found = machines()
    train(found, 0, *[1.0] * ENOUGH)
    for _ in range(ENOUGH):
        found.end(2, 30.0, 3)  # nobody said that its trial is new
        found.begin(2)
        found.end(2, 0.0, 0)
        found.begin(3)
        found.leave(3)
        found.join(SLOTS[3])
        found.end(3, 30.0, 3)
    assert found.best(range(5)) is None


def test_one_that_hung_does_not_make_its_machine_slow() -> None:
    found = machines()
    train(found, 0, 1.0, 1.1, 0.9, 1.0, 1.05, 1.0)
    train(found, 2, 1.0, 900.0, 1.02, 1.1, 0.95, 0.98)
    assert found.best(range(4)) is None


@pytest.mark.parametrize("seed", range(4))
def test_machines_are_told_apart_though_configurations_cost_up_to_ten_times_as_much(seed: int) -> None:
    draws, found = random.Random(seed), machines()
    for _ in range(30):
        train(found, 0, 10 ** draws.random())
        train(found, 2, 3 * 10 ** draws.random())
        train(found, 4, 10 ** draws.random())
    assert list(found.best([0, 2, 4]) or ()) == [0, 4]


def test_equal_machines_are_seldom_told_apart() -> None:
    wrong = 0
    for seed in range(200):
        draws, found = random.Random(seed), machines()
        train(found, 0, *(10 ** draws.random() for _ in range(8)))
        train(found, 2, *(10 ** draws.random() for _ in range(8)))
        wrong += found.best([0, 2]) is not None
    assert wrong < 20
