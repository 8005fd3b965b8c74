"""The expected hypervolume improvement against its definition, one-box closed forms, and finite differences."""

import numpy as np
import pytest

from rung.models.acquisition import expected_improvement, softened
from rung.models.gp import GP, fit
from rung.models.hypervolume import Extending, HypervolumeImprovement, boxes, reference_of
from rung.models.kernels import Dimension, Floats, Stationary
from rung.models.pareto import hypervolume

FLOOR = -2.0


def rows(n: int, k: int) -> Floats:
    """Points near a sphere below 0, some of them dominated, some not below the reference."""
    X = np.abs(np.random.default_rng([n, k]).normal(size=(n, k)))
    return 0.05 - X / np.linalg.norm(X, axis=1, keepdims=True) * (0.8 + 0.2 * X[:, :1])


def asked(k: int, m: int = 6) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(k)
    return rng.normal(-0.5, 0.4, (m, k)), np.exp(rng.normal(-1.0, 0.5, (m, k)))


@pytest.mark.parametrize("k", [2, 3])
@pytest.mark.parametrize("n", [0, 1, 2, 9, 40])
def test_boxes_fill_what_is_not_dominated_and_nothing_twice(n: int, k: int) -> None:
    front, reference = rows(n, k), np.full(k, 0.1)
    low, high = boxes(front, reference)
    volume = np.prod(high - np.maximum(low, FLOOR), axis=1).sum()
    assert volume == pytest.approx((0.1 - FLOOR) ** k - hypervolume(front, reference))
    assert len(low) <= 2 * n + 1
    inside = np.random.default_rng(0).uniform(FLOOR, 0.1, (500, k))
    dominated = (front[None] <= inside[:, None]).all(axis=2).any(axis=1)
    covered = ((low <= inside[:, None]) & (inside[:, None] < high)).all(axis=2).sum(axis=1)
    assert (covered == ~dominated).all()


def test_boxes_of_ties_and_equal_rows_are_still_apart() -> None:
    front = np.random.default_rng(0).integers(0, 4, (60, 3)).astype(float)
    low, high = boxes(front, np.full(3, 4.0))
    volume = np.prod(high - np.maximum(low, -1.0), axis=1).sum()
    assert volume == pytest.approx(5.0**3 - hypervolume(front, np.full(3, 4.0)))


@pytest.mark.parametrize("k", [2, 3])
def test_without_a_front_it_is_the_product_of_expected_improvements(k: int) -> None:
    mean, std = asked(k)
    value = HypervolumeImprovement.on(np.zeros((0, k)), np.full(k, 0.1)).values(mean, std)
    product = np.prod([expected_improvement(mean[:, j], std[:, j], 0.1) for j in range(k)], axis=0)
    assert np.exp(value) == pytest.approx(product)


def test_one_row_takes_away_what_it_dominates() -> None:
    """Of the box below the reference, the box between the row and the reference is gone."""
    row, reference = np.array([-0.3, -0.6]), np.array([0.1, 0.2])
    mean, std = asked(2)
    to = {
        c: [expected_improvement(mean[:, j], std[:, j], c[j]) for j in (0, 1)]
        for c in map(tuple, (row, reference))
    }
    whole, corner = np.array(to[tuple(reference)]), np.array(to[tuple(row)])
    expected = whole.prod(axis=0) - (whole - corner).prod(axis=0)
    assert np.exp(HypervolumeImprovement.on(row[None], reference).values(mean, std)) == pytest.approx(
        expected
    )


@pytest.mark.parametrize("k", [2, 3])
def test_it_is_the_mean_of_improvements_over_draws(k: int) -> None:
    front, reference = rows(12, k), np.full(k, 0.1)
    mean, std = asked(k, 3)
    before = hypervolume(front, reference)
    found = np.exp(HypervolumeImprovement.on(front, reference).values(mean, std))
    drawn = mean + std * np.random.default_rng(1).normal(size=(3000, 3, k))
    for j in range(3):
        gains = [hypervolume(np.vstack([front, y]), reference) - before for y in drawn[:, j]]
        assert abs(np.mean(gains) - found[j]) < 4 * np.std(gains) / np.sqrt(len(gains))


@pytest.mark.parametrize("k", [2, 3])
def test_derivatives_are_those_of_finite_differences(k: int) -> None:
    improvement = HypervolumeImprovement.on(rows(15, k), np.full(k, 0.1))
    mean, std = asked(k)
    mean = np.vstack([mean, mean + 4.0])  # and where an improvement is improbable
    std = np.vstack([std, std])
    value, d_mean, d_std = improvement(mean, std)
    assert value == pytest.approx(improvement.values(mean, std))
    for j, step in enumerate(1e-6 * np.eye(k)):
        assert d_mean[:, j] == pytest.approx(
            _difference(improvement, mean, std, step, 0 * step), rel=1e-4, abs=1e-6
        )
        assert d_std[:, j] == pytest.approx(
            _difference(improvement, mean, std, 0 * step, step), rel=1e-4, abs=1e-6
        )


def _difference(at: HypervolumeImprovement, mean: Floats, std: Floats, a: Floats, b: Floats) -> Floats:
    return (at.values(mean + a, std + b) - at.values(mean - a, std - b)) / 2e-6


@pytest.mark.parametrize("k", [2, 3])
def test_where_a_gain_is_hopeless_or_certain_all_is_finite(k: int) -> None:
    improvement = HypervolumeImprovement.on(rows(15, k), np.full(k, 0.1))
    mean = np.repeat([[0.5], [6.0], [50.0], [-50.0]], k, axis=1)
    for std in (1e-4, 1.0, 30.0):
        value, d_mean, d_std = improvement(mean, np.full_like(mean, std))
        assert all(np.isfinite(part).all() for part in (value, d_mean, d_std))
        assert (d_mean <= 0).all()
        assert value[1] > value[2]


def test_the_reference_lies_beyond_the_ends_of_the_front_also_if_it_is_a_point() -> None:
    assert reference_of(np.array([[0.0, 10.0], [1.0, 0.0]])) == pytest.approx([1.5, 11.0])
    assert (reference_of(np.array([[0.3, 0.4]])) >= [0.5, 0.6]).all()


def test_the_score_of_points_climbs_along_its_gradient() -> None:
    X = np.random.default_rng(0).random((9, 2))
    kernel = Stationary((Dimension(), Dimension()))
    models = tuple(model(X, kernel, corner) for corner in (0.2, 0.8))
    means = np.stack([gp.fitted for gp in models], axis=1)
    score = Extending(models, HypervolumeImprovement.on(means, reference_of(means)))
    A = np.random.default_rng(1).random((5, 2))
    value, gradient = score.slopes(A)
    assert value == pytest.approx(score.values(A))
    for j, step in enumerate(1e-6 * np.eye(2)):
        difference = (score.values(A + step) - score.values(A - step)) / 2e-6
        assert gradient[:, j] == pytest.approx(difference, rel=1e-3, abs=1e-5)


def model(X: Floats, kernel: Stationary, corner: float) -> GP:
    y = ((X - corner) ** 2).sum(axis=1)
    return fit(X, (y - y.mean()) / y.std(), kernel, max_steps=10)


def test_softening_keeps_the_order_and_gives_its_slope() -> None:
    value = np.array([-1e6, -500.0, -21.0, -19.0, 3.0])
    soft, slope = softened(value)
    assert (np.diff(soft) > 0).all()
    assert soft[3:].tolist() == [-19.0, 3.0]
    assert soft[0] > -200
    difference = (softened(value + 1e-3)[0] - softened(value - 1e-3)[0]) / 2e-3
    assert slope == pytest.approx(difference, rel=1e-5)
