import numpy as np

from rung.core.space import Choice, Float, Int, Space
from rung.models.climbing import climb, neighbourhood
from rung.models.kernels import Floats
from rung.models.variation import Kinds

SPACE = Space(
    {
        "kind": Choice({"a": {"x": Float(0, 1)}, "b": {"n": Int(1, 30)}, "c": {}}),
        "y": Float(1e-3, 1.0, log=True),
        "size": Choice([1, 2, 4, 8], ordered=True),
    }
)


def test_neighbours_are_canonical_and_differ_in_one_column_and_what_it_opens() -> None:
    points = SPACE.points(5, np.random.default_rng(0))
    found = neighbourhood(SPACE, Kinds.of(SPACE), points, np.random.default_rng(1), 40)
    np.testing.assert_array_equal(found, SPACE.snapped(np.nan_to_num(found, nan=0.5)))
    base = np.repeat(points, 40, axis=0)
    for before, after in zip(SPACE.decode(base), SPACE.decode(found), strict=True):
        changed = {name for name in before | after if before.get(name) != after.get(name)}
        assert len(changed) == 1 or ("kind" in changed and changed <= {"kind", "x", "n"})


def test_it_finds_the_best_point_across_choices_conditions_and_numbers() -> None:
    def score(X: Floats) -> Floats:
        on_b = np.where(np.isnan(X[:, 2]), -1.0, -((np.nan_to_num(X[:, 2]) - 0.75) ** 2))
        return on_b - (X[:, 3] - 0.25) ** 2 - np.abs(X[:, 4] - 0.125)

    starts = SPACE.points(6, np.random.default_rng(0))
    points, scores = climb(SPACE, score, starts, np.random.default_rng(1), rounds=30, neighbours=20)
    best = SPACE.decode(points[[scores.argmax()]])[0]
    assert best["kind"] == "b" and best["size"] == 1 and best["n"] in (22, 23)
    np.testing.assert_allclose(scores, score(points))


def test_it_never_leaves_what_the_rules_allow() -> None:
    space = Space(a=Float(0, 1), b=Float(0, 1)).where("a + b <= 1")
    starts = space.points(4, np.random.default_rng(0))
    points, _ = climb(
        space, lambda X: X.sum(axis=1), starts, np.random.default_rng(1), rounds=40, neighbours=10
    )
    assert space.allows(points).all() and points.sum(axis=1).max() > 0.95
