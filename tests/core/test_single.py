import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.test_space import ANY_SPACE
from rung.core.errors import ConfigurationError
from rung.core.space import FEW, Choice, Constant, Float, Int, Space

MANY = FEW + 8


@settings(max_examples=60, deadline=None)
@given(ANY_SPACE, st.integers(0, 2**32))
def test_one_configuration_alone_is_to_the_bit_what_it_is_among_many(space, seed):
    X = np.random.default_rng(seed).random((MANY, len(space.columns)))
    X[0], X[1] = 0.0, 1.0
    many = space.decode(X)
    alone = [space.decode(x[None])[0] for x in X]
    assert [repr(config) for config in alone] == [repr(config) for config in many]
    encoded = space.encode(many)
    assert np.array_equal(np.vstack([space.encode([config]) for config in many]), encoded, equal_nan=True)
    assert np.array_equal(np.array([space.point(config) for config in many]), encoded, equal_nan=True)


TREE = Space(
    lr=Float(1e-4, 1.0, log=True),
    share=Float(0, 1, step=0.25),
    n=Int(1, 9, step=2),
    width=Int(8, 64, log=True),
    kind=Choice({"a": {"x": Float(0, 1), "fixed": 3}, "b": {}}),
    version=Constant("1"),
)
GOOD = {"lr": 0.1, "share": 0.5, "n": 3, "width": 9, "kind": "a", "x": 1, "fixed": 3, "version": "1"}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"lr": 2.0},
        {"lr": math.nan},
        {"lr": True},
        {"lr": np.float64(0.1)},
        {"share": 0.3},
        {"n": 2},
        {"n": 3.0},
        {"n": 11},
        {"width": 65},
        {"width": "9"},
        {"kind": "c"},
        {"kind": ["a"]},
        {"kind": "b"},
        {"x": 10**400},
        {"fixed": True},
        {"version": None},
        {"foreign": 1},
    ],
)
def test_a_configuration_has_a_point_if_it_fits(change):
    config = {**GOOD, **change}
    assert (TREE.point(config) is not None) == TREE.encodes(config)
    for name in GOOD:
        lacking = {other: value for other, value in config.items() if other != name}
        assert (TREE.point(lacking) is not None) == TREE.encodes(lacking)


def test_a_place_beyond_the_cube_is_refused_where_it_is_active():
    x = np.full((1, 6), 0.5)
    x[0, 5], x[0, 4] = 7.0, 0.9  # kind is b, so x is not active
    assert "x" not in TREE.decode(x)[0]
    x[0, 0] = math.nan
    with pytest.raises(ConfigurationError, match="got nan for lr"):
        TREE.decode(x)
