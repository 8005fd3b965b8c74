import numpy as np
import pytest

from rung.models.logscale import log_scaled


@pytest.mark.parametrize(
    "losses",
    [
        [3.0, 1.0, 2.0],
        [1e300, -1e300, 0.0, 5.0],
        [0.0, 0.0, 0.0, 1.0],
        [1e-300, 2e-300],
        [1.0, 1.0, 1.0 + 1e-15],
    ],
)
def test_it_keeps_the_order_and_is_finite(losses: list[float]) -> None:
    values = log_scaled(np.array(losses))
    assert np.isfinite(values).all()
    assert (np.diff(values[np.argsort(losses)]) >= 0).all()


def test_equal_losses_are_all_zero() -> None:
    np.testing.assert_array_equal(log_scaled(np.full(4, 7.0)), 0.0)


def test_differences_among_the_good_ones_count_most() -> None:
    values = log_scaled(np.array([0.0, 0.01, 0.02, 0.1, 1.0, 1.01, 2.0, 3.0, 4.0, 5.0]))
    assert values[1] - values[0] > values[5] - values[4]
    assert values.mean() == pytest.approx(0.0, abs=1e-12) and values.std() == pytest.approx(1.0)
