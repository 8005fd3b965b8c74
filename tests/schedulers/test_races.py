"""How a budget is divided among races, by hand, and how a test is judged."""

import numpy as np
import pytest

from rung.schedulers.races import Rules, evaluations, judge, n_races, n_survivors, order


@pytest.mark.parametrize(("d", "n"), [(1, 2), (2, 3), (3, 3), (4, 4), (7, 4), (8, 5), (11, 5), (16, 6)])
def test_races_and_survivors_are_two_plus_the_logarithm_of_the_hyperparameters(d: int, n: int) -> None:
    assert n_races(d) == n_survivors(d) == n == int(np.floor(2 + np.log2(d)))


def test_a_race_gets_its_share_of_what_is_left() -> None:
    """1000 evaluations and 11 hyperparameters: five races of 200, unless one leaves something to the next ones."""
    assert evaluations(1000, 1, 5) == 200
    assert evaluations(1000 - 200, 2, 5) == 200
    assert evaluations(1000 - 350, 3, 5) == 216  # 650 / 3
    assert evaluations(90, 5, 5) == evaluations(90, 6, 5) == 90


def test_the_number_of_candidates_shrinks_from_race_to_race() -> None:
    """The package's defaults, first_test=5 and each_test=1: 33 candidates in race 1, and 20 from race 5 on."""
    rules = Rules(5, 1, 1000)
    assert [200 // rules.instances(race, 0) for race in range(1, 8)] == [33, 28, 25, 22, 20, 20, 20]


def test_a_race_goes_beyond_what_its_elites_have_seen_in_whole_steps() -> None:
    assert Rules(5, 1, 1000).instances(2, 12) == 13
    assert Rules(5, 3, 1000).instances(2, 12) == 15
    assert Rules(5, 3, 14).instances(2, 12) == 14
    assert Rules(5, 3, 1000).instances(2, 6) == 11


def test_the_least_budget_lets_each_race_have_one_candidate_more_than_survive() -> None:
    assert Rules(5, 1, 1000).least_evaluations(2) == 3 * 4 * (5 + 1 + 2)  # three races, three survivors
    assert Rules(5, 1, 6).least_evaluations(2) == 3 * 4 * 6
    assert Rules(5, 2, 1000).least_evaluations(64) == 8 * 9 * (5 + 2 + 3 + 5 * 2)


@pytest.mark.parametrize("test", ["friedman", "t-test", "t-test-holm"])
def test_who_is_much_worse_is_told_from_who_is_alike(test: str) -> None:
    rng = np.random.default_rng(1)
    hardness = 10 * rng.normal(size=(12, 1))  # of an instance, for all: only paired tests see through it
    losses = hardness + 0.1 * rng.normal(size=(12, 4)) + [0.0, 0.02, 1.0, 2.0]
    best, p = judge(losses, test, 0.05)  # type: ignore[arg-type]
    assert best in (0, 1)
    assert (p < 0.05).tolist() == [False, False, True, True]
    assert order(losses, test)[2:] == [2, 3]  # type: ignore[arg-type]


def test_nobody_is_compared_with_the_best_unless_friedmans_test_finds_a_difference() -> None:
    alike = np.array([[1, 2, 3], [2, 3, 1], [3, 1, 2], [1, 2, 3], [2, 1, 3]], float)
    assert judge(alike, "friedman", 0.05)[1].tolist() == [1.0, 1.0, 1.0]


def test_holms_correction_spares_some() -> None:
    rng = np.random.default_rng(4)
    losses = rng.normal(size=(6, 20))
    losses[:, 0] -= 1.0
    plain, corrected = (judge(losses, test, 0.05)[1] for test in ("t-test", "t-test-holm"))  # type: ignore[arg-type]
    assert (corrected < 0.05).sum() < (plain < 0.05).sum()
    assert (corrected >= plain).all()


def test_of_two_the_worse_one_needs_six_instances() -> None:
    losses = np.tile([0.0, 1.0], (6, 1)) + np.arange(6)[:, None] * [0.0, 0.1]
    assert judge(losses[:5], "friedman", 0.05)[1][1] > 0.05
    assert judge(losses, "friedman", 0.05)[1][1] < 0.05
