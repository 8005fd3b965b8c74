import numpy as np
import pytest

from rung.core.history import History
from rung.core.space import Float, Space
from rung.models.credit import credits_of, upper_bounds

SPACE = Space(x=Float(0, 1))


def history(losses: list[float], resource: int = 1, violations: list[float] | None = None) -> History:
    found = History(SPACE, 1, 1 if violations else 0)
    for trial, loss in enumerate(losses):
        found.add_trial({"x": 0.5})
        broken = (violations[trial],) if violations else ()
        found.add_observation(trial, resource, (loss,), {"loss": loss}, 1.0, 0.0, broken)
    return found


def credit(found: History) -> list[float]:
    view = found.view()
    return list(credits_of(view, np.arange(view.n_trials)))


def test_whoever_becomes_the_best_earns_one_and_whoever_repeats_it_nothing() -> None:
    assert credit(history([3.0, 4.0, 2.0, 2.0, 1.0])) == [1, 0, 1, 0, 1]


def test_a_place_near_the_best_earns_a_part_when_there_are_many() -> None:
    losses = [float(each) for each in range(100, 0, -1)]
    assert credit(history([*losses, 0.5, 3.5, 50.0]))[-3:] == pytest.approx([1.0, 1 - 4 / 10.1, 0.0])


def test_what_failed_or_diverged_earns_nothing_and_what_is_pending_is_not_known() -> None:
    found = history([float("inf"), 1.0])
    found.add_trial({"x": 0.1})
    found.add_trial({"x": 0.1})
    found.add_failure(2, 1)
    np.testing.assert_array_equal(credit(found), [0, 1, 0, np.nan])


def test_losses_are_compared_at_the_same_resource_and_with_what_keeps_the_limits() -> None:
    found = history([5.0, 1.0])
    found.add_observation(0, 3, (4.0,), {"loss": 4.0}, 1.0, 0.0)
    assert credit(found) == [1, 1]  # the first one stands alone at 3
    assert credit(history([1.0, 5.0], violations=[0.5, 0.0])) == [1, 1]
    assert credit(history([5.0, 1.0], violations=[0.0, 0.5])) == [1, 0]


def test_bounds_prefer_success_then_what_is_rarely_asked_and_forget() -> None:
    members = np.array([0, 1] * 20)
    good = np.where(members == 0, 1.0, 0.0)
    assert upper_bounds(members, good, 2, 40, 0.2).argmax() == 0
    assert np.isinf(upper_bounds(members, good, 3, 40, 0.2)[2])
    rarely = np.array([0] * 60 + [1])
    assert upper_bounds(rarely, np.zeros(61), 2, 40, 0.5).argmax() == 1
    turned = np.concatenate([good, 1 - good, 1 - good])
    assert upper_bounds(np.tile(members, 3), turned, 2, 15, 0.1).argmax() == 1


def test_pending_trials_count_as_asked() -> None:
    members, waiting = np.array([0, 1, 0, 1]), np.array([0.5, 0.5, np.nan, 0.5])
    level = upper_bounds(members, waiting, 2, 40, 0.5)
    busier = upper_bounds(np.append(members, 0), np.append(waiting, np.nan), 2, 40, 0.5)
    assert busier[0] < level[0]
