import numpy as np
import pytest

from rung.core.prior import SHARE, Near
from rung.core.space import Choice, Float, Int, Space
from rung.models.designs import latin, sobol

SPACE = Space(
    {"x": Float(1e-4, 1, log=True), "n": Int(1, 8), "kind": Choice({"a": {"y": Float(0, 1)}, "b": {}})}
)
RULED = SPACE.where("x * n <= 1", "kind == 'a' or n > 2")


@pytest.mark.parametrize("space", [SPACE, RULED], ids=["free", "ruled"])
def test_a_sobol_sequence_is_the_same_in_pieces(space):
    whole = sobol(space, 40, seed=3)
    pieces = [sobol(space, 7, 3), sobol(space, 1, 3, skip=7), sobol(space, 32, 3, skip=8)]
    assert np.array_equal(np.vstack(pieces), whole, equal_nan=True)
    assert not np.array_equal(sobol(space, 40, seed=4), whole, equal_nan=True)
    assert space.allows(whole).all()
    assert np.array_equal(space.snapped(whole), whole, equal_nan=True)


def test_a_sobol_sequence_is_more_even_than_chance():
    X = sobol(SPACE, 256, seed=0)
    assert np.bincount((X[:, 1] * 8).astype(int)).tolist() == [32] * 8
    cells = np.bincount((X[:, 0] * 16).astype(int) * 2 + (X[:, 2] >= 0.5), minlength=32)
    assert cells.tolist() == [8] * 32


def test_a_latin_hypercube_has_a_point_in_every_slice():
    X = latin(SPACE, 24, np.random.default_rng(0))
    assert sorted((X[:, 0] * 24).astype(int)) == list(range(24))
    assert np.bincount((X[:, 1] * 8).astype(int)).tolist() == [3] * 8
    kept = latin(RULED, 24, np.random.default_rng(0))
    assert kept.shape == X.shape
    assert RULED.allows(kept).all()


def test_designs_go_where_the_user_believes():
    space = Space(x=Float(0, 1, prior=Near(0.2, spread=0.05)), y=Float(0, 1))
    for X in (sobol(space, 512, 0), latin(space, 512, np.random.default_rng(0))):
        assert (np.abs(X[:, 0] - 0.2) < 0.1).mean() == pytest.approx(
            SHARE * 0.954 + (1 - SHARE) * 0.2, abs=0.05
        )
        assert X[:, 1].mean() == pytest.approx(0.5, abs=0.02)


def test_a_space_without_hyperparameters_has_points_without_coordinates():
    assert sobol(Space(a=1), 3, 0).shape == (3, 0)
    assert latin(Space(a=1), 3, np.random.default_rng(0)).shape == (3, 0)
