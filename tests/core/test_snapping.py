import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_space import ANY_SPACE, SMALL_SPACE
from rung.core.snapping import active


@settings(max_examples=40, deadline=None)
@given(ANY_SPACE, st.integers(0, 2**32))
def test_snapped_points_are_where_their_values_are_encoded(space, seed):
    X = np.random.default_rng(seed).random((20, len(space.columns)))
    X = np.vstack([X, np.zeros(X.shape[1]), np.ones(X.shape[1])])
    snapped, encoded = space.snapped(X), space.encode(space.decode(X))
    assert space.decode(snapped) == space.decode(X)
    assert np.array_equal(np.isnan(snapped), np.isnan(encoded))
    assert np.array_equal(active(space.columns, X), ~np.isnan(encoded))
    assert np.array_equal(space.snapped(snapped), snapped, equal_nan=True)
    for column in space.columns:
        if column.n_values < np.inf:
            assert np.array_equal(snapped[:, column.index], encoded[:, column.index], equal_nan=True)


@settings(max_examples=40, deadline=None)
@given(SMALL_SPACE)
def test_a_finite_space_is_numbered_in_the_order_of_its_grid(space):
    n = min(int(space.lattice_size), 300)
    X = space.numbered(np.arange(n))
    assert space.decode(X) == [space.grid_config(k) for k in range(n)]
    assert np.array_equal(space.snapped(X), X, equal_nan=True)


def test_points_beyond_the_cube_are_clipped():
    from rung.core.space import Float, Int, Space

    space = Space(x=Float(0, 1), n=Int(1, 4))
    assert space.snapped(np.array([[-0.2, -0.1], [1.3, 1.1]])).tolist() == [[0, 0.125], [1, 0.875]]
