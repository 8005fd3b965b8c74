import numpy as np

from rung.core.history import Floats, Ints
from rung.core.space import Config, Float, Space
from rung.core.suggestion import SearcherSpec
from rung.models.directions import lattice
from rung.models.pareto import hypervolume
from rung.searchers.evidence import Evidence, ranks
from rung.searchers.evolution.genetic import fittest
from rung.searchers.evolution.nsga import NSGA2, NSGA3, Niches
from rung.searchers.random import RandomSearch
from searchers.evolution.world import study, vector

CUBE = Space({f"x{number}": Float(0.0, 1.0) for number in range(6)})
FRONT = 1.1 * 6.0 - 1 / 3  # what lies above the front of ZDT1, f2 = 1 - sqrt(f1), and below (1.1, 6)


def evidence(losses: Floats, resources: Ints | None = None, broken: Floats | None = None) -> Evidence:
    n = len(losses)
    rows = np.arange(n)
    resources = np.ones(n, np.int64) if resources is None else resources
    broken = np.zeros(n) if broken is None else broken
    return Evidence(rows, np.zeros((n, 1)), resources, losses, broken[:, None])


def dominates(a: Floats, b: Floats) -> bool:
    return bool((a <= b).all() and (a < b).any())


def brute_force(losses: Floats, size: int) -> set[int]:
    """NSGA-II's survivors, as the paper tells it."""
    left, kept = set(range(len(losses))), []
    while len(kept) < size:
        front = [i for i in sorted(left) if not any(dominates(losses[j], losses[i]) for j in left)]
        if len(kept) + len(front) > size:
            distance = dict.fromkeys(front, 0.0)
            for column in range(losses.shape[1]):
                order = sorted(front, key=lambda i: losses[i, column])
                span = losses[order[-1], column] - losses[order[0], column]
                distance[order[0]] = distance[order[-1]] = np.inf
                for before, this, after in zip(order, order[1:], order[2:], strict=False):
                    distance[this] += (losses[after, column] - losses[before, column]) / span
            front = sorted(front, key=lambda i: -distance[i])[: size - len(kept)]
        kept += front
        left -= set(front)
    return set(kept)


def test_survivors_are_those_of_nsga_ii() -> None:
    rng = np.random.default_rng(0)
    for k in (2, 3):
        losses = rng.random((60, k))
        for size in (5, 20, 33):
            assert set(fittest(size)(evidence(losses)).tolist()) == brute_force(losses, size)


def test_the_order_puts_diverged_last_then_infeasible_then_what_was_stopped_early() -> None:
    losses = np.array([[1.0, 1.0], [0.0, 0.0], [np.inf, 0.0], [5.0, 5.0], [6.0, 4.0], [9.0, 9.0]])
    resources, broken = np.array([1, 9, 9, 3, 3, 9]), np.array([0.0, 0.2, 0.0, 0.0, 0.0, 0.1])
    for columns in ([0, 1], [0]):
        found = np.argsort(ranks(evidence(losses[:, columns], resources, broken)))
        assert found.tolist() == [3, 4, 0, 5, 1, 2]


def test_niches_spread_the_survivors_over_all_directions() -> None:
    rng = np.random.default_rng(1)
    directions = lattice(3, 4)
    points = rng.dirichlet(np.array([8.0, 1.0, 1.0]), 150)  # most of them in one corner
    points = np.vstack([points, rng.dirichlet(np.ones(3), 50)])
    kept = points[Niches(15, directions)(evidence(points))]
    crowd = points[fittest(15)(evidence(points))]

    def reach(some: Floats) -> float:
        return float(np.linalg.norm(directions[:, None] - some[None], axis=2).min(axis=1).mean())

    assert len(kept) == 15
    assert reach(kept) < 0.75 * reach(points[:15])
    assert reach(kept) < reach(crowd)


def test_niches_keep_whole_fronts_first() -> None:
    front = np.array([[0.0, 3.0], [1.0, 1.0], [3.0, 0.0]])
    losses = np.vstack([front + 5, front, front + 10])
    assert set(Niches(5, lattice(2, 4))(evidence(losses)).tolist()) >= {3, 4, 5}
    assert set(Niches(5, lattice(2, 4))(evidence(losses)).tolist()) <= set(range(6))


def zdt1(config: Config) -> tuple[float, float]:
    x = vector(config)
    g = 1 + 9 * x[1:].mean()
    return float(x[0]), float(g * (1 - np.sqrt(x[0] / g)))


def test_the_front_of_zdt1_comes_nearer_than_by_random_search() -> None:
    def volume(spec: SearcherSpec) -> float:
        losses = study(spec, CUBE, zdt1, 220, objectives=2).view().losses
        return hypervolume(np.asarray(losses), np.array([1.1, 6.0]))

    chance = volume(RandomSearch())
    for spec in (NSGA2(), NSGA3()):
        assert FRONT - volume(spec) < 0.8 * (FRONT - chance)
