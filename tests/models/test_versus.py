"""Pairs of candidates: compared on what both have, adjusted for how many pairs there are."""

import math

import pytest
from scipy.stats import ttest_rel

from rung.models.versus import pairs

A = dict(enumerate([1.0, 2.0, 4.0, 3.0, 5.0]))
B = dict(enumerate([1.5, 2.2, 4.9, 3.1, 5.6]))


def test_a_pair_is_compared_as_by_the_paired_t_test() -> None:
    (pair,) = pairs([(0, 1)], {0: A, 1: B})
    expected = ttest_rel(list(B.values()), list(A.values()))
    interval = expected.confidence_interval()
    assert (pair.first, pair.second, pair.n) == (0, 1, 5)
    assert pair.p == pytest.approx(expected.pvalue)
    assert (pair.gap.low, pair.gap.high) == pytest.approx((interval.low, interval.high))
    assert pair.gap.value == pytest.approx(0.46)


def test_only_instances_count_that_both_have_and_on_which_none_failed() -> None:
    (pair,) = pairs([(0, 1)], {0: A, 1: {0: math.inf, 1: 3.0, 7: 9.0}})
    assert (pair.n, pair.gap.value, pair.p) == (1, 1.0, 1.0)
    (none,) = pairs([(0, 1)], {0: A, 1: {9: 1.0}})
    assert none.n == 0
    assert math.isnan(none.gap.value)


def test_more_pairs_are_adjusted_together() -> None:
    alone = pairs([(0, 1)], {0: A, 1: B})[0].p
    both = pairs([(0, 1), (0, 2)], {0: A, 1: B, 2: {n: loss + 0.01 * n for n, loss in B.items()}})
    assert max(alone, 2 * alone) >= both[0].p > alone
    assert pairs([], {}) == []
