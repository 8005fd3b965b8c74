"""Rankings by several objectives: who is among the best of a level, in which order, and what is refused."""

import math

import numpy as np
import pytest

from rung.core.constraint import ranking
from rung.core.errors import SpecError
from rung.core.objective import Objective
from rung.schedulers.asha import ASHA
from rung.schedulers.ranked import RankedRung
from rung.schedulers.ranking import (
    AnyRanking,
    Crowding,
    EpsilonNet,
    Lexicographic,
    Places,
    Scalarization,
    order_of,
)
from rung.schedulers.registry import SCHEDULERS
from rung.spec import plain
from schedulers.world import SPACE

GOALS = (Objective("loss"), Objective("size"))
ALL = [EpsilonNet(), Crowding(), Scalarization(), Scalarization(form="linear"), Lexicographic()]


def places(spec: AnyRanking, *losses: tuple[float, float]) -> Places:
    order = order_of(spec, GOALS, 0)
    assert order is not None
    return Places(order, np.arange(len(losses)), np.array(losses))


def sample(seed: int, n: int = 40) -> list[tuple[float, float]]:
    return [(a, b) for a, b in np.random.default_rng(seed).random((n, 2)).tolist()]


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_the_best_are_the_first_of_the_whole_order(spec: AnyRanking) -> None:
    found = places(spec, *sample(0))
    order = found.in_order()
    assert sorted(order) == list(range(40))
    for n in (0, 1, 5, 13, 40):
        assert set(found.best(n)) == set(order[:n])
    assert [found.rank(trial) for trial in order] == list(range(1, 41))
    assert found.first([order[9], order[30], order[4], order[7]]) == order[4]


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_whoever_is_dominated_comes_after_what_dominates_it(spec: AnyRanking) -> None:
    losses = sample(1)
    found = places(spec, *losses)
    for better, (a, b) in enumerate(losses):
        for worse, (c, d) in enumerate(losses):
            if a < c and b < d:
                assert found.rank(better) < found.rank(worse)


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_the_scale_of_an_objective_does_not_matter(spec: AnyRanking) -> None:
    losses = sample(2)
    larger = [(a, 1024 * b) for a, b in losses]
    assert places(spec, *losses).in_order() == places(spec, *larger).in_order()


@pytest.mark.parametrize("spec", ALL, ids=repr)
def test_feasible_comes_before_infeasible_and_that_before_failed(spec: AnyRanking) -> None:
    failed, badly, slightly = (math.inf, math.inf), ranking((0.0, 0.0), (2.0,)), ranking((0.0, 0.0), (1.0,))
    found = places(spec, failed, badly, (9.0, 9.0), slightly, (1.0, 2.0), slightly)
    assert found.in_order() == [4, 2, 3, 5, 1, 0]
    assert "constraints" in found.words(3) and "constraints" not in found.words(2)


def test_the_front_that_does_not_fit_in_whole_is_covered_by_its_net() -> None:
    """Front 0 is trial 5; of the line, the ends and the middle are taken first."""
    line = [(4.0, 6.0), (10.0, 0.0), (5.0, 5.0), (0.0, 10.0), (2.0, 8.0)]
    found = places(EpsilonNet(), *line, (-1.0, -1.0))
    assert found.best(4)[0] == 5
    assert set(found.best(4)) == {5, 3, 1, 2}
    assert found.words(3) == "non-domination (front 2)"


def test_given_weights_choose_the_end_of_the_front_that_they_favour() -> None:
    line = [(x, (1 - x) ** 2) for x in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert places(Scalarization({"loss": 1.0}), *line).in_order()[0] == 0
    assert places(Scalarization({"loss": 1.0, "size": 9.0}), *line).in_order()[0] in (3, 4)


def test_drawn_weights_let_more_than_one_end_of_the_front_win() -> None:
    front = [(x, (1 - x) ** 2) for x in np.linspace(0, 1, 11).tolist()]
    worse = [(x + 0.3, (1 - x) ** 2 + 0.3) for x in np.linspace(0, 1, 20).tolist()]
    best = places(Scalarization(), *front, *worse).best(6)
    assert set(best) <= set(range(11))
    assert min(best) <= 3 and max(best) >= 7


def test_lexicographic_steps_count_as_equal() -> None:
    losses = [(0.11, 5.0), (0.19, 3.0), (0.21, 1.0)]
    assert places(Lexicographic(), *losses).in_order() == [0, 1, 2]
    assert places(Lexicographic(tolerances={"loss": 0.1}), *losses).in_order() == [1, 0, 2]
    assert places(Lexicographic(("size", "loss")), *losses).in_order() == [2, 1, 0]


def test_asha_promotes_over_the_whole_front_of_a_rung() -> None:
    rung = RankedRung(1, 3, order_of(None, GOALS, 0), 2)
    for trial in range(9):
        rung.arrive((float(trial), float(8 - trial)), trial)
    assert rung.keep == 3
    assert [trial for trial in range(9) if rung.keeps((), trial)] == [
        0,
        3,
        7,
    ]  # from 7, drawn by lot: 0, then 3
    assert rung.first({3, 4, 8}) == 3
    assert rung.first({4, 8}) is None
    assert rung.judge_one("not promoted", (), 3).by == "non-domination (front 1)"


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (lambda: Scalarization({"speed": 1.0}), "names ..speed"),
        (lambda: Scalarization({"loss": 0.0}), "must not all be 0"),
        (lambda: Scalarization({"loss": -1.0}), "at least 0, got -1.0 for 'loss'"),
        (lambda: Scalarization(form="max"), "'chebyshev' or 'linear'"),
        (lambda: Lexicographic(("loss",)), "each objective once"),
        (lambda: Lexicographic(tolerances={"speed": 1.0}), "names ..speed"),
    ],
)
def test_a_ranking_that_does_not_fit_is_refused(spec: object, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        ASHA(max_resource=9, ranking=spec()).start(SPACE, GOALS, 0)


def test_a_ranking_for_one_objective_is_refused() -> None:
    with pytest.raises(SpecError, match="there is one, 'loss'"):
        ASHA(max_resource=9, ranking=EpsilonNet()).start(SPACE, GOALS[:1], 0)


@pytest.mark.parametrize("spec", [*ALL, Lexicographic(("size", "loss"), {"size": 0.5})], ids=repr)
def test_a_ranking_survives_the_log(spec: AnyRanking) -> None:
    asha = ASHA(max_resource=9, ranking=spec)
    assert SCHEDULERS.decode(plain(asha, "scheduler")) == asha
