"""The transform of losses: monotone, robust, and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rung.models.warp import fit_warp


@given(arrays(np.float64, st.integers(1, 30), elements=st.floats(allow_nan=False)))
def test_whatever_the_losses_their_values_are_finite_and_in_their_order(losses: np.ndarray) -> None:
    values = fit_warp(losses)(losses)
    assert np.isfinite(values).all()
    assert (np.diff(values[np.argsort(losses, kind="stable")]) >= 0).all()


def test_values_have_mean_zero_and_standard_deviation_one_and_lead_back() -> None:
    losses = np.random.default_rng(0).lognormal(0, 2, 50)
    warp = fit_warp(losses)
    values = warp(losses)
    assert (values.mean(), values.std()) == pytest.approx((0.0, 1.0))
    np.testing.assert_allclose(warp.inverse(values), losses)
    np.testing.assert_allclose(warp.inverse(warp(np.array([-50.0, 1e20]))), [-50.0, 1e20])


def test_one_terrible_loss_leaves_the_good_ones_apart() -> None:
    losses = np.linspace(1.0, 2.0, 20)
    before = np.ptp(fit_warp(losses)(losses)[:10])
    spoilt = np.append(losses, 1e30)
    assert np.ptp(fit_warp(spoilt)(spoilt)[:10]) > 0.05 * before
    assert np.ptp(((spoilt - spoilt.mean()) / spoilt.std())[:10]) < 1e-20 * before


def test_what_is_better_than_the_median_keeps_its_shape() -> None:
    losses = np.linspace(0.0, 1.0, 41)
    steps = np.diff(fit_warp(losses)(losses))
    np.testing.assert_allclose(steps[:20], steps[0])
    assert (np.diff(steps[20:]) < 0).all()


def test_equal_losses_and_none_at_all_are_no_obstacle() -> None:
    assert (fit_warp(np.full(5, 3.0))(np.full(5, 3.0)) == 0).all()
    assert np.isfinite(fit_warp(np.full(2, np.inf))(np.array([np.inf, -np.inf, 1.0]))).all()
