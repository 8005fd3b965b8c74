import math

import numpy as np
import pytest

from rung.models.directions import associated, divisions_for, lattice, niched, normalized


@pytest.mark.parametrize(
    ("k", "divisions", "count"), [(2, 12, 13), (3, 12, 91), (3, 4, 15), (5, 6, 210), (8, 3, 120)]
)
def test_the_lattice_has_as_many_points_as_das_and_dennis_count(k: int, divisions: int, count: int) -> None:
    found = lattice(k, divisions)
    assert len(found) == count == math.comb(k + divisions - 1, divisions)
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert len(np.unique(found.round(9), axis=0)) == count
    assert (found >= 0).all()
    np.testing.assert_allclose(found * divisions, np.rint(found * divisions), atol=1e-9)


@pytest.mark.parametrize("k", [2, 3, 4, 6])
def test_the_finest_lattice_that_fits_is_found(k: int) -> None:
    for population in (4, 15, 40, 92):
        divisions = divisions_for(k, population)
        assert divisions == 1 or len(lattice(k, divisions)) <= population
        assert len(lattice(k, divisions + 1)) > population


def test_rows_belong_to_the_direction_whose_line_is_nearest() -> None:
    directions = lattice(2, 2)  # (0, 1), (1/2, 1/2), (1, 0) in some order
    nearest, distance = associated(np.array([[0.0, 7.0], [3.0, 3.0], [2.0, 1.0]]), directions)
    assert directions[nearest[0]].tolist() == [0.0, 1.0]
    assert directions[nearest[1]].tolist() == directions[nearest[2]].tolist() == [0.5, 0.5]
    np.testing.assert_allclose(distance, [0.0, 0.0, math.sqrt(0.5)], atol=1e-6)


def test_losses_of_any_unit_come_to_the_same_scale() -> None:
    rng = np.random.default_rng(0)
    front = rng.dirichlet(np.ones(3), 40)
    front = np.vstack([np.eye(3), front])
    scaled = normalized(front * [1e6, 1.0, 1e-3] + [5.0, -7.0, 0.0], np.arange(43))
    np.testing.assert_allclose(scaled, front, atol=1e-6)


def test_one_point_and_equal_points_have_a_scale_too() -> None:
    assert np.isfinite(normalized(np.array([[1.0, 2.0]]), np.array([0]))).all()
    assert np.isfinite(normalized(np.ones((4, 3)), np.arange(4))).all()


def test_the_direction_that_has_the_fewest_is_served_first() -> None:
    nearest = np.array([0, 0, 1, 0, 1, 2, 2])
    distance = np.array([0.0, 0.0, 0.0, 0.1, 0.1, 0.5, 0.2])
    kept = niched(nearest, distance, n_kept=3, wanted=3, n_directions=3)
    assert kept.tolist() == [6, 4, 5]  # the empty one, then those with one so far, the lower number first
