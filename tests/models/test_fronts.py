"""Non-dominated sorting against brute force, the orders within a front against worked examples."""

import numpy as np
import pytest

from rung.models.fronts import crowding, epsilon_net, fronts


def by_brute_force(losses: np.ndarray) -> list[int]:
    """Peels off whoever is dominated by nobody that is left."""
    found, left, front = [-1] * len(losses), set(range(len(losses))), 0
    while left:
        first = [i for i in left if not any(dominates(losses[j], losses[i]) for j in left)]
        for i in first:
            found[i] = front
        left -= set(first)
        front += 1
    return found


def dominates(one: np.ndarray, other: np.ndarray) -> bool:
    return bool((one <= other).all() and (one < other).any())


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("levels", [3, 1000])  # few: with many ties and equal rows
def test_fronts_are_those_of_the_definition(k: int, levels: int) -> None:
    losses = np.random.default_rng(k).integers(0, levels, (80, k)).astype(float)
    assert fronts(losses).tolist() == by_brute_force(losses)


def test_nothing_has_no_front() -> None:
    assert fronts(np.empty((0, 2))).tolist() == []
    assert epsilon_net(np.empty((0, 2))).tolist() == []


def test_each_of_an_epsilon_net_is_the_farthest_from_those_before_it() -> None:
    """A line from (0, 10) to (10, 0): its ends, its middle (5 from both), then what is left."""
    front = np.array([[x, 10 - x] for x in (4.0, 10.0, 5.0, 0.0, 2.0)])
    assert epsilon_net(front, start=3).tolist() == [3, 1, 2, 4, 0]


def net_as_published(front: np.ndarray) -> list[int]:
    """The order that the docstring of Syne Tune's `compute_epsilon_net` defines, for dim=0, on scaled objectives."""
    scaled = (front - front.min(axis=0)) / np.ptp(front, axis=0)
    order, left = [int(np.argmin(front[:, 0]))], [int(i) for i in range(len(front))]
    left.remove(order[0])
    while left:
        distances = [min(float(np.linalg.norm(scaled[i] - scaled[j])) for j in order) for i in left]
        order.append(left.pop(int(np.argmax(np.round(distances, 12)))))
    return order


@pytest.mark.parametrize("seed", range(5))
def test_the_epsilon_net_is_the_published_one(seed: int) -> None:
    x = np.random.default_rng(seed).random(30)
    front = np.stack([x, 1000 * (1 - x) ** 2], axis=1)
    assert epsilon_net(front, int(np.argmin(front[:, 0]))).tolist() == net_as_published(front)


def test_crowding_is_the_sum_of_the_scaled_gaps_between_neighbours() -> None:
    """(1, 4) has neighbours (0, 10) and (4, 1): 4/10 + 9/10; (4, 1) has (1, 4) and (10, 0): 9/10 + 4/10."""
    front = np.array([[1.0, 4.0], [10.0, 0.0], [4.0, 1.0], [0.0, 10.0]])
    assert crowding(front).tolist() == [pytest.approx(1.3), np.inf, pytest.approx(1.3), np.inf]


def test_scales_do_not_matter_within_a_front() -> None:
    x = np.random.default_rng(0).random(20)
    front = np.stack([x, (1 - x) ** 2], axis=1)
    larger = front * [1.0, 1e6] + [0.0, 7.0]
    assert epsilon_net(front, 3).tolist() == epsilon_net(larger, 3).tolist()
    assert crowding(front) == pytest.approx(crowding(larger))
