from itertools import combinations

import numpy as np

from rung.models.portfolio import greedy, regret_table


def mean_of(table: np.ndarray, rows: tuple[int, ...] | list[int]) -> float:
    return float(table[:, list(rows)].min(axis=1).mean())


def test_each_choice_is_the_best_addition_that_there_is() -> None:
    table = np.random.default_rng(0).random((5, 9))
    chosen = greedy(table, 4)
    for n in range(1, 5):
        others = [each for each in range(9) if each not in chosen[: n - 1]]
        best = min(mean_of(table, [*chosen[: n - 1], each]) for each in others)
        assert mean_of(table, chosen[:n]) == best


def test_it_equals_the_best_of_all_sets_where_tasks_have_a_specialist_each() -> None:
    table = np.where(np.eye(4) > 0, 0.0, 1.0) + np.array([0.0, 0.01, 0.02, 0.03])
    table = np.hstack([table, np.full((4, 3), 0.9)])
    for size in (2, 3, 4):
        best = min(combinations(range(7), size), key=lambda rows: mean_of(table, rows))
        assert sorted(greedy(table, size)) == sorted(best)


def test_it_ends_when_nothing_more_helps() -> None:
    table = np.array([[0.0, 0.5, 0.6], [0.3, 0.1, 0.6]])
    assert greedy(table, 9) == [0, 1]


def test_what_was_measured_stands_in_the_table_and_the_rest_is_expected() -> None:
    X = np.linspace(0, 1, 20)[:, None]
    table = regret_table([X, X[:10]], [X[:, 0], 1 - X[:10, 0]], X, (None,), seed=0)
    np.testing.assert_array_equal(table[0], X[:, 0])
    np.testing.assert_array_equal(table[1, :10], 1 - X[:10, 0])
    assert 0.4 < table[1, 15] < 0.7
