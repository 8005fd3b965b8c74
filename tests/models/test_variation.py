import numpy as np

from rung.core.space import Choice, Float, Int, Space
from rung.models.variation import (
    Kinds,
    binary_crossover,
    differences,
    distances,
    filled,
    mutated,
    some,
    uniform_crossover,
)

SPACE = Space(
    {
        "x": Float(0, 1),
        "n": Int(1, 5),
        "kind": Choice({"a": {"y": Float(0, 1)}, "b": {}, "c": {}}),
        "size": Choice([1, 2, 3], ordered=True),
    }
)
KINDS = Kinds.of(SPACE)
M = 4000


def points(seed: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return SPACE.points(M, np.random.default_rng(seed))


def test_kinds_tell_what_has_an_order() -> None:
    assert KINDS.unordered.tolist() == [False, False, True, False, False]
    assert KINDS.n_values.tolist() == [np.inf, 5, 3, np.inf, 3]


def test_mutated_values_change_stay_inside_and_leave_the_others_alone() -> None:
    rng = np.random.default_rng(0)
    X = filled(points(1), rng)
    chosen = some(~np.isnan(points(1)), rng)
    Y = mutated(X, chosen, KINDS, rng, eta=20.0)
    assert (Y[~chosen] == X[~chosen]).all()
    assert ((Y >= 0) & (Y <= 1)).all()
    moved = SPACE.snapped(Y) != SPACE.snapped(X)
    assert moved[:, [1, 2, 4]][chosen[:, [1, 2, 4]]].all()  # a discrete value always becomes another


def test_a_mutated_choice_may_become_any_other_option_alike() -> None:
    rng = np.random.default_rng(2)
    X = np.full((M, 5), 0.5)
    kinds = mutated(X, np.ones(X.shape, bool), KINDS, rng, eta=5.0)[:, 2]
    assert abs((kinds < 1 / 3).mean() - 0.5) < 0.05
    assert ((kinds < 1 / 3) | (kinds > 2 / 3)).all()


def test_steps_of_mutation_have_the_size_that_eta_says() -> None:
    rng = np.random.default_rng(3)
    X = np.full((M, 5), 0.5)
    near, far = (mutated(X, np.ones(X.shape, bool), KINDS, rng, eta)[:, 0] for eta in (50.0, 2.0))
    assert np.abs(near - 0.5).mean() < 0.02 < 0.1 < np.abs(far - 0.5).mean()


def test_at_least_one_active_value_is_chosen_and_one_on_average_or_exactly() -> None:
    rng = np.random.default_rng(4)
    active = ~np.isnan(points(3))
    exactly, about = some(active, rng, rate=0.0), some(active, rng)
    assert (exactly.sum(axis=1) == 1).all()
    assert (about.sum(axis=1) >= 1).all()
    assert not (exactly & ~active).any()
    assert not (about & ~active).any()


def test_children_lie_about_their_parents_and_average_to_them() -> None:
    rng = np.random.default_rng(5)
    A, B = np.full((M, 5), 0.4), np.full((M, 5), 0.6)
    child = binary_crossover(A, B, KINDS, rng, eta=10.0)
    assert abs((child[:, 0] < 0.4).mean() - (child[:, 0] > 0.6).mean()) < 0.5
    assert set(np.unique(child[:, 2])) == {0.4, 0.6}  # an option is that of a parent
    assert 0.39 < child[:, 0].mean() < 0.6
    assert abs((uniform_crossover(A, B, rng, 0.3) == 0.6).mean() - 0.3) < 0.02


def test_differences_stay_in_the_cube_and_hold_where_parents_agree() -> None:
    rng = np.random.default_rng(6)
    A, B, base = (filled(points(seed), rng) for seed in (7, 8, 9))
    moved = differences(KINDS, base, A, B, np.full((M, 1), 0.8), rng)
    assert ((moved >= 0) & (moved <= 1)).all()
    still = differences(KINDS, base, A, A, np.full((M, 1), 0.8), rng)
    np.testing.assert_array_equal(still, base)


def test_what_is_inactive_comes_from_others_before_it_is_random() -> None:
    rng = np.random.default_rng(7)
    A = np.array([[0.1, np.nan, np.nan]])
    B = np.array([[0.9, 0.8, np.nan]])
    found = filled(A, rng, B)
    assert found[0, :2].tolist() == [0.1, 0.8]
    assert 0 <= found[0, 2] <= 1


def test_distances_count_options_and_branches_as_one() -> None:
    X = SPACE.encode([{"x": 0.5, "n": 1, "kind": "a", "y": 0.25, "size": 1}])
    Y = SPACE.encode(
        [
            {"x": 0.5, "n": 1, "kind": "b", "size": 1},
            {"x": 0.0, "n": 1, "kind": "a", "y": 0.25, "size": 1},
        ]
    )
    np.testing.assert_allclose(distances(X, Y, KINDS), [[2.0, 0.25]])
