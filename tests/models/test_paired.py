"""Tests on paired losses, against SciPy's and against a worked example of a book."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import stdtrit

from rung.models.paired import conover, friedman, holm, paired_t, ranked, wilcoxon

# Conover, Practical Nonparametric Statistics, 3rd edition 1999, section 5.8, example 1: twelve homeowners rank four
# kinds of grass; and comparisons after it: rank sums that differ by more than 11.49 differ at the level 0.05.
GRASS = np.array(
    [
        [4, 3, 2, 1],
        [4, 2, 3, 1],
        [3, 1.5, 1.5, 4],
        [3, 1, 2, 4],
        [4, 2, 1, 3],
        [2, 2, 2, 4],
        [1, 3, 2, 4],
        [2, 4, 1, 3],
        [3.5, 1, 2, 3.5],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [3.5, 1, 2, 3.5],
    ]
)


def samples() -> list[np.ndarray]:
    """Losses with and without ties, in which candidates differ and in which they do not."""
    rng = np.random.default_rng(0)
    sizes = [(5, 3), (8, 4), (12, 6), (30, 5)]
    return [
        np.round(rng.normal(size=(n, m)) + step * np.arange(m), digits)
        for n, m in sizes
        for step in (0.0, 0.4)
        for digits in (0, 1, 9)
    ]


def test_the_worked_example_of_conovers_book() -> None:
    found = friedman(GRASS)
    assert found.rank_sums.tolist() == [38.0, 23.5, 24.5, 34.0]
    assert found.statistic == pytest.approx(8.0973, abs=1e-4)
    assert found.p < 0.05
    differ = conover(GRASS, 1) < 0.05
    assert differ.tolist() == [True, False, False, False]  # 14.5 > 11.49 > 10.5


def test_the_least_significant_difference_of_conovers_book_is_where_p_is_5_percent() -> None:
    n, m = GRASS.shape
    sums, squares = GRASS.sum(axis=0), (GRASS**2).sum()
    freedom = (n - 1) * (m - 1)
    unit = (2 * (n * squares - (sums**2).sum()) / freedom) ** 0.5
    assert stdtrit(freedom, 0.975) * unit == pytest.approx(11.49, abs=0.01)
    distance = sums - sums[1]
    assert conover(GRASS, 1) == pytest.approx(2 * stats.t.sf(np.abs(distance) / unit, freedom))


@pytest.mark.parametrize("losses", samples())
def test_statistics_are_those_of_scipy(losses: np.ndarray) -> None:
    found, known = friedman(losses), stats.friedmanchisquare(*losses.T)
    assert (found.statistic, found.p) == pytest.approx((known.statistic, known.pvalue))
    assert ranked(losses) == pytest.approx(stats.rankdata(losses, axis=1))
    for column in range(1, losses.shape[1]):
        a, b = losses[:, 0], losses[:, column]
        assert paired_t(losses, 0)[column] == pytest.approx(stats.ttest_rel(a, b).pvalue)
        if (a != b).any():
            known = stats.wilcoxon(a, b, correction=True, method="approx")
            assert wilcoxon(losses, 0)[column] == pytest.approx(known.pvalue)


def test_holms_correction_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.5, 0.9])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("test", [conover, paired_t, wilcoxon])
def test_what_is_equal_everywhere_does_not_differ(test: object) -> None:
    losses = np.tile([[1.0], [2.0], [3.0], [0.1]], 3)
    assert friedman(losses).p == 1.0
    assert test(losses, 1).tolist() == [1.0, 1.0, 1.0]  # type: ignore[operator]


def test_a_difference_without_any_spread_is_certain() -> None:
    losses = np.array([[0.1, 0.2], [0.5, 0.6], [0.9, 1.0]])
    assert paired_t(losses + 1e-9, 0)[1] < 1e-6
    assert conover(np.tile([0.0, 1.0, 2.0], (4, 1)), 0).tolist() == [1.0, 0.0, 0.0]


def test_failed_candidates_rank_last_together() -> None:
    assert ranked(np.array([[np.inf, 0.0, np.inf, 1.0]])).tolist() == [[3.5, 1.0, 3.5, 2.0]]
