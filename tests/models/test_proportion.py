"""Intervals of weighted proportions, against SciPy's and against a population that is known."""

import numpy as np
import pytest
from scipy.stats import binomtest

from rung.models.proportion import mean, proportion


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (0, 7), (2, 7), (7, 7), (13, 40)])
def test_with_equal_weights_the_interval_is_that_of_clopper_and_pearson(hits: int, n: int) -> None:
    found = proportion(np.arange(n) < hits, np.full(n, 17.0))
    exact = binomtest(hits, n).proportion_ci(0.95, "exact")
    assert (found.value, found.low, found.high) == pytest.approx((hits / n, exact.low, exact.high))


def test_nothing_sampled_means_nothing_known() -> None:
    found = proportion(np.zeros(0, bool), np.zeros(0))
    assert np.isnan(found.value)
    assert (found.low, found.high) == (0.0, 1.0)


def test_unequal_chances_do_not_bias_the_share_and_the_interval_covers_it() -> None:
    rng = np.random.default_rng(3)
    rare = rng.random(400) < 0.5  # are drawn with a fifth of the chance, and are hits more often
    hit = rng.random(400) < np.where(rare, 0.4, 0.1)
    chance = np.where(rare, 0.05, 0.25)
    found = []
    for _ in range(1000):
        drawn = rng.random(400) < chance
        found.append(proportion(hit[drawn], 1 / chance[drawn]))
    assert np.mean([each.value for each in found]) == pytest.approx(hit.mean(), abs=0.01)
    assert np.mean([each.low <= hit.mean() <= each.high for each in found]) >= 0.93


def test_the_mean_has_students_interval_and_one_value_has_none() -> None:
    from scipy.stats import t

    values = np.array([1.0, 2.0, 4.0])
    low, high = t.interval(0.95, 2, loc=values.mean(), scale=values.std(ddof=1) / np.sqrt(3))
    found = mean(values)
    assert (found.low, found.high) == pytest.approx((low, high))
    assert mean(values[:1]).high == np.inf
