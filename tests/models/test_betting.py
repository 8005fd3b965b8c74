"""Evidence by betting: its closed form, and that it hardly ever misleads, however often one looks."""

import numpy as np
import pytest

from rung.models.betting import evidence


@pytest.mark.parametrize("n", range(9))
def test_an_unbroken_row_of_wins_against_a_half_pays_the_mean_of_the_likelihood_ratios(n: int) -> None:
    exact = (2 ** (n + 1) - 1) / (n + 1)  # the integral of 2 (2 p)**n over p from 1/2 to 1
    assert evidence(n, 0, 0, 0.5) == pytest.approx(exact, rel=0.01)


def test_draws_at_a_half_tell_nothing_and_losses_cost() -> None:
    assert evidence(3, 7, 1, 0.5) == pytest.approx(evidence(3, 0, 1, 0.5))
    assert evidence(3, 0, 2, 0.5) < evidence(3, 0, 1, 0.5)
    assert evidence(0, 3, 0, 0.55) < 1 < evidence(0, 3, 0, 0.45)


@pytest.mark.parametrize(("mean", "draws"), [(0.5, 0.0), (0.5, 0.4), (0.55, 0.2)])
def test_who_is_right_at_the_mean_rarely_ever_reaches_the_bar(mean: float, draws: float) -> None:
    rng = np.random.default_rng(7)
    wins = mean - draws / 2
    outcomes = rng.choice([2, 1, 0], size=(500, 60), p=[wins, draws, 1 - wins - draws])
    misled = 0
    for row in outcomes:
        n_wins, n_draws = np.cumsum(row == 2), np.cumsum(row == 1)
        misled += any(
            evidence(int(w), int(d), n - int(w) - int(d), mean) >= 20
            for n, w, d in zip(range(1, 61), n_wins, n_draws, strict=True)
        )
    assert 0 < misled / 500 <= 0.05


def test_no_number_of_instances_is_too_large() -> None:
    assert evidence(10**6, 0, 0, 0.5) == np.inf
    assert evidence(10**6, 0, 10**6, 0.5) < 1
