import numpy as np
import pytest

from rung.searchers.curves.ends import ends

RESOURCES = 30


def observed(lengths: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Curves that fall from 1 to limits of 0.1, 0.2 …, one unit of all first, then the next."""
    rows = [(trial, r) for r in range(1, RESOURCES + 1) for trial, n in enumerate(lengths) if r <= n]
    trials, resources = np.array(rows).T
    limit = 0.1 * (trials + 1)
    return trials, resources, limit + (1 - limit) * resources**-0.7


def test_a_short_curve_tells_little_and_a_long_one_where_it_ends() -> None:
    lengths = [30, 30, 30, 3, 30, 3, 30, 30]
    found = ends(*observed(lengths))
    assert found.trials.tolist() == list(range(8))
    true = 0.1 * np.arange(1, 9)
    true += (1 - true) * RESOURCES**-0.7
    losses = found.centre + found.spread * found.losses
    long = np.array(lengths) == RESOURCES
    np.testing.assert_allclose(losses[long], true[long], atol=0.02)
    assert found.doubts[~long].min() > 5 * found.doubts[long].max()
    assert np.abs(losses - true).max() < 0.15


def test_what_was_known_of_any_trial_is_taken_out() -> None:
    from rung.models.curves import fit_curves

    trials, resources, losses = observed([30] * 6 + [2])
    found = ends(trials, resources, losses)
    matrix = np.full((7, RESOURCES), np.nan)
    matrix[trials, resources - 1] = losses
    levels = np.arange(1.0, RESOURCES + 1)
    curves = fit_curves(levels, matrix, fit_curves(levels, matrix))
    mean, std = curves.extrapolate(matrix)
    precision = 1 / found.doubts + 1 / curves.covariance[0, 0]
    together = (found.losses / found.doubts + curves.mean[0] / curves.covariance[0, 0]) / precision
    np.testing.assert_allclose(curves.centre + curves.spread * together, mean, atol=1e-6)
    np.testing.assert_allclose(curves.spread / np.sqrt(precision), std, rtol=1e-6)


def test_diverged_trials_tell_nothing() -> None:
    trials, resources, losses = observed([30, 30, 30, 20, 30])
    losses = np.where((trials == 3) & (resources == 20), np.inf, losses)
    assert 3 not in ends(trials, resources, losses).trials
    assert len(ends(trials, resources, np.full(len(trials), np.inf))) == 0


@pytest.mark.parametrize("loss", [0.0, 1e30, -1e-30])
def test_losses_that_are_all_equal_give_finite_ends(loss: float) -> None:
    trials = np.repeat(np.arange(5), 2)
    found = ends(trials, np.tile([1, 2], 5), np.full(10, loss))
    assert np.isfinite(found.losses).all()
    assert (found.doubts > 0).all()


def test_one_observation_is_no_error() -> None:
    found = ends(np.array([0]), np.array([4]), np.array([0.5]))
    assert len(found) <= 1
