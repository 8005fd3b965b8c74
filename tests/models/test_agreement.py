import numpy as np
import pytest
from scipy.stats import kendalltau

from rung.core.rng import rng
from rung.models.agreement import concordance, ranking_weights


def test_concordance_is_kendalls_tau() -> None:
    draw = rng(0, "x", 0)
    a, b = draw.random((30, 1)), draw.random((30, 1))
    assert concordance(a, b) == pytest.approx(kendalltau(a[:, 0], b[:, 0]).statistic)
    assert concordance(a, np.exp(a)) == 1
    assert concordance(a, -a) == -1


def test_what_diverged_counts_as_equal_and_worst() -> None:
    a = np.array([[1.0], [np.inf], [np.nan]])
    assert concordance(a, a) == pytest.approx(2 / 3)


def test_who_ranks_as_observed_has_all_the_weight_and_equals_share() -> None:
    losses = rng(0, "x", 0).random(12)
    noise = rng(0, "y", 0).random(12)
    weights = ranking_weights(np.stack([noise, losses**3, losses, -losses]), losses, rng(0, "z", 0))
    assert weights == pytest.approx([0, 0.5, 0.5, 0], abs=0.02)


def test_who_ranks_better_counts_more() -> None:
    draw = rng(0, "x", 0)
    losses = draw.random(20)
    predicted = np.stack([losses + scale * draw.standard_normal(20) for scale in (1.0, 0.1)])
    few, many = ranking_weights(predicted, losses, draw)
    assert many > 0.9 > 0.1 > few
