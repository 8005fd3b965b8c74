from functools import partial

import numpy as np
import pytest

from rung.core.history import History
from rung.core.rng import rng
from rung.schedulers.hyper_tune import ByAgreement, HyperTune
from schedulers.asks import OBJECTIVES, SPACE

LEVELS, SHARES = (1, 3, 9), (0.6, 0.3, 0.1)


def known(early: float, n: int = 30) -> History:
    """Trials of which the losses at 1 tell those at 3 and 9 by a share, else by chance."""
    history = History(SPACE, 1)
    draw = rng(0, "losses", 0)
    for trial in range(n):
        history.add_trial({"x": 0.5})
        final = draw.random()
        history.add_observation(trial, 1, (early * final + (1 - early) * draw.random(),), {}, 1.0, 0.0)
        history.add_observation(trial, 3, (final + 0.01 * draw.random(),), {}, 1.0, 0.0)
        history.add_observation(trial, 9, (final,), {}, 1.0, 0.0)
    return history


def chosen(history: History, n: int = 300) -> list[float]:
    """How often each bracket is chosen, over seeds."""
    choice = ByAgreement(LEVELS, SHARES)
    found = [choice.choose(history.view(), partial(rng, seed)) for seed in range(n)]
    return (np.bincount(found, minlength=3) / n).tolist()


def test_before_trials_can_be_compared_brackets_have_their_shares() -> None:
    assert chosen(known(1.0, n=3)) == pytest.approx(SHARES, abs=0.08)


def test_a_bracket_whose_first_rung_tells_nothing_is_seldom_chosen() -> None:
    low, middle, _ = chosen(known(0.0))
    assert low < 0.2
    assert middle > 0.5


def test_a_bracket_whose_first_rung_tells_all_is_chosen_as_often_as_in_hyperband() -> None:
    assert chosen(known(1.0)) == pytest.approx(SHARES, abs=0.08)


def test_where_only_low_rungs_are_known_the_highest_of_them_is_the_measure() -> None:
    history = History(SPACE, 1)
    for trial in range(8):
        history.add_trial({"x": 0.5})
        history.add_observation(trial, 1, (float(trial % 4),), {}, 1.0, 0.0)
        history.add_observation(trial, 3, (float(-trial % 4),), {}, 1.0, 0.0)
    low, middle, high = ByAgreement(LEVELS, SHARES).agreements(history.view())
    assert low < 0.3
    assert (middle, high) == (1, 1)


def test_it_looks_at_results() -> None:
    assert HyperTune(9).start(SPACE, OBJECTIVES, 0).acts_between_jobs  # type: ignore[attr-defined]
