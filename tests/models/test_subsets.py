from itertools import combinations

import numpy as np

from rung.core.history import Floats
from rung.models.pareto import hypervolume
from rung.models.subsets import MOST, hypervolume_subset


def scaled_volume(losses: Floats, rows: list[int]) -> float:
    low, high = losses.min(axis=0), losses.max(axis=0)
    return hypervolume(((losses - low) / (high - low))[rows], np.full(losses.shape[1], 1.1))


def front(m: int, k: int, seed: int) -> Floats:
    points = np.abs(np.random.default_rng(seed).normal(size=(m, k)))
    found: Floats = -points / np.linalg.norm(points, axis=1)[:, None]
    return found


def test_each_row_is_the_one_that_adds_most_to_those_before_it() -> None:
    for k in (2, 3):
        losses = front(12, k, k)
        found = hypervolume_subset(losses, 5).tolist()
        for place in range(5):
            volumes = [
                scaled_volume(losses, [*found[:place], row]) for row in range(12) if row not in found[:place]
            ]
            assert scaled_volume(losses, found[: place + 1]) >= max(volumes) - 1e-12


def test_the_greedy_choice_is_close_to_the_best_one() -> None:
    losses = front(10, 2, 7)
    best = max(scaled_volume(losses, list(rows)) for rows in combinations(range(10), 3))
    assert scaled_volume(losses, hypervolume_subset(losses, 3).tolist()) >= (1 - 1 / np.e) * best


def test_of_a_long_front_with_equal_columns_as_many_are_chosen_as_are_wanted() -> None:
    losses = np.vstack([front(2 * MOST, 2, 1), np.tile([[0.5, 0.5]], (3, 1))])
    assert len(set(hypervolume_subset(losses, 20).tolist())) == 20
    assert len(set(hypervolume_subset(np.ones((5, 2)), 5).tolist())) == 5


def test_huge_losses_do_no_harm() -> None:
    losses = np.array([[-1e308, 1e308], [0.0, 0.0], [1e308, -1e308]])
    assert set(hypervolume_subset(losses, 3).tolist()) == {0, 1, 2}
