from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from rung.core.history import History
from rung.core.space import Float, Space
from rung.searchers.tpe.standings import order, standings

SPACE = Space(x=Float(0, 1))


def history(curves: Sequence[Mapping[int, float]]) -> History:
    """One trial for each curve: its losses by resource."""
    found = History(SPACE, 1)
    for trial, curve in enumerate(curves):
        found.add_trial({"x": trial / 100})
        for resource, loss in curve.items():
            found.add_observation(trial, resource, (loss,), {"loss": loss}, 1.0, 0.0)
    return found


def best_first(curves: Sequence[Mapping[int, float]]) -> list[int]:
    found: list[int] = standings(history(curves).view(), 5).trials.tolist()
    return found


def test_at_one_resource_the_order_is_that_of_losses() -> None:
    assert best_first([{3: 0.2}, {3: 0.1}, {3: 0.3}, {3: 0.1}]) == [1, 3, 0, 2]


def test_who_was_promoted_stands_above_who_was_left_behind_whatever_the_losses() -> None:
    curves = [{1: 0.1, 3: 0.9}, {1: 0.2}, {1: 0.3}, {1: 0.05, 3: 0.8}]  # losses rise with the resource
    assert best_first(curves) == [3, 0, 1, 2]


def test_who_fell_back_after_a_promotion_returns_to_its_earlier_peers() -> None:
    curves = [{1: 0.1, 3: 0.5}, {1: 0.2, 3: 0.9}, {1: 0.3}, {1: 0.4}]
    assert best_first(curves) == [0, 1, 2, 3]
    assert best_first([*curves, {1: 0.15}])[:3] == [
        0,
        4,
        1,
    ]  # at 1 the new one is better than the one that fell back


def test_who_was_trained_far_without_being_compared_gains_nothing_by_that() -> None:
    halved = [{1: u / 10, 3: u / 20} if u < 2 else {1: u / 10} for u in range(6)]
    uncompared = [{1: 0.9, 3: 0.6}, {1: 0.8, 3: 0.7}]
    assert best_first([*halved, *uncompared])[:4] == [0, 1, 2, 3]


def test_failures_stand_by_themselves_and_what_has_no_result_waits() -> None:
    found = history([{1: np.inf}, {1: 0.2}, {1: 0.1}, {}, {}])
    found.add_failure(2, 3)
    found.add_failure(3, 1)
    found.pending[4] = 1
    result = standings(found.view(), 5)
    assert (result.trials.tolist(), result.n_able) == ([1], 1)
    assert (result.failed.tolist(), result.waiting.tolist()) == ([0, 2, 3], [4])


def test_of_equal_curves_one_can_be_good_and_the_others_stand_behind() -> None:
    best, same, good = {1: 0.1, 3: 0.1}, {1: 0.1}, {1: 0.2, 3: 0.2}
    found = standings(history([same, best, good, {1: 0.3}, same, best, {1: 0.4}]).view(), 5)
    assert found.trials.tolist() == [1, 2, 3, 6, 5, 0, 4]
    assert found.n_able == 4
    differs_late = standings(
        history([{1: 0.1, 3: 0.1}, {1: 0.1, 3: 0.2}, {1: 0.1, 3: 0.3}, {1: 0.5}]).view(), 5
    )
    assert differs_late.n_able == 4


def test_where_all_are_trained_alike_equal_losses_are_all_good() -> None:
    found = standings(history([{3: 0.2}, {3: 0.1}, {3: 0.1}, {3: 0.1}]).view(), 5)
    assert (found.trials.tolist(), found.n_able, found.is_even) == ([1, 2, 3, 0], 4, True)


def test_the_evidence_counts_in_full_trainings() -> None:
    assert standings(history([{1: 0.1, 9: 0.1}, {1: 0.3}, {3: 0.2}]).view(), 5).trainings == pytest.approx(
        13 / 9
    )
    assert standings(History(SPACE, 1).view(), 5).trainings == 0


def test_limits_come_first_and_then_how_much_they_are_broken() -> None:
    losses = np.array([[0.1], [0.2], [0.3], [0.0]])
    violations = np.array([[0.0, 0.5], [0.0, 0.0], [0.0, 0.0], [0.1, 0.1]])
    assert order(losses, violations, 2).tolist() == [1, 2, 3, 0]
    violations[0] = 1.7e308
    assert order(losses, violations, 2).tolist() == [1, 2, 3, 0]


def test_several_objectives_go_by_fronts_and_the_last_leaders_cover_their_front() -> None:
    losses = np.array([[2.0, 2.0], [0.0, 1.0], [0.02, 0.99], [0.5, 0.4], [1.0, 0.0], [3.0, 3.0]])
    found = order(losses, np.zeros((6, 0)), 3)
    assert set(found[:3].tolist()) == {1, 3, 4} or set(found[:3].tolist()) == {2, 3, 4}
    assert set(found[:4].tolist()) == {1, 2, 3, 4}
    assert found[4:].tolist() == [0, 5]
