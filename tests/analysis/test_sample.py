"""What models are fitted on: the level, failures, outliers."""

import numpy as np
import pytest

import rung
from rung.analysis.data import read
from rung.analysis.sample import MOST, default_resource, drawn, sample

from .tuned import tuned

SPACE = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
ASHA = rung.ASHA(max_resource=9)


def value(x: float, y: float, resource: int) -> float:
    return x + y / resource


def test_the_highest_level_with_enough_trials_is_looked_at() -> None:
    assert default_resource(read(tuned(SPACE, value, scheduler=ASHA, trials=60))) == 1
    assert default_resource(read(tuned(SPACE, value, scheduler=ASHA, trials=200))) == 3
    assert (
        default_resource(read(tuned(SPACE, value, scheduler=ASHA, trials=20))) == 1
    )  # none has enough: the most


def test_a_configuration_that_fails_counts_as_the_worst_where_it_was_to_arrive() -> None:
    def failing(x: float, y: float, resource: int) -> float:
        if x > 0.8:
            raise ValueError("too large")
        return x

    data = read(tuned(SPACE, failing, trials=60))
    found = sample(data)
    large = found.X[:, 0] > 0.8
    assert large.any()
    np.testing.assert_array_equal(found.failed, large)
    assert (found.losses[large] == found.losses[~large].max()).all()


def test_what_did_not_arrive_for_another_reason_is_left_out() -> None:
    data = read(tuned(SPACE, value, scheduler=ASHA, trials=60))
    found = sample(data, resource=3)
    assert set(found.trials.tolist()) == set(data.at(3)[0].tolist())
    assert not found.failed.any()


def test_far_outliers_are_moved_to_the_fence() -> None:
    losses = sample(read(tuned(SPACE, lambda x, y, resource: 1e9 if x > 0.95 else x, trials=100))).losses
    assert losses.max() < 5
    assert len(np.unique(losses[losses < 1])) > 50  # the others are as they were


def test_better_than_levels_what_is_worse_in_the_sense_of_the_objective() -> None:
    data = read(tuned(SPACE, lambda x, y, resource: x, maximize=True))
    found = sample(data, better_than=0.75)
    assert found.losses.max() == -0.75
    assert found.losses.min() < -0.9
    with pytest.raises(rung.NoResultError, match="none of the 100 trials at 1 step has a loss better than 2"):
        sample(data, better_than=2)


def test_many_trials_are_thinned_in_the_same_way_each_time() -> None:
    found = sample(read(tuned(SPACE, value, trials=MOST + 100)))
    one, two = (drawn(found, np.random.default_rng(0)) for _ in range(2))
    assert len(one) == MOST
    assert one.n_observed == MOST + 100
    np.testing.assert_array_equal(one.trials, two.trials)


def test_too_little_is_one_sentence_that_says_what_there_is() -> None:
    study = tuned(SPACE, value, scheduler=ASHA, trials=3)
    with pytest.raises(rung.NoResultError, match=r"from 3 trials at 1 step: at least 10 are needed.*3 at 1"):
        sample(read(study))
    with pytest.raises(rung.NoResultError, match="no result at any level"):
        sample(read(rung.Study("empty", SPACE, minimize="loss", store=None)))
    with pytest.raises(rung.NoResultError, match=r"all 20 trials at 1 step have the same loss"):
        sample(read(tuned(SPACE, lambda x, y, resource: 1.0, trials=20)))
    with pytest.raises(rung.SpecError, match=r"no objective 'accuracy'. Its objectives are 'loss'"):
        sample(read(tuned(SPACE, value, trials=20)), objective="accuracy")


def test_of_a_space_that_has_changed_only_what_lies_inside_is_looked_at() -> None:
    study = tuned(SPACE, value, trials=60)
    study.change_space({**SPACE, "x": rung.Float(0, 0.5)})
    found = sample(read(study))
    assert found.trials.tolist() == [t.number for t in study.trials if t.config["x"] <= 0.5]  # type: ignore[operator]
    study.change_space({**SPACE, "x": rung.Float(5, 6)})
    with pytest.raises(rung.NoResultError, match="no result in its present space yet"):
        sample(read(study))
    study.change_space({"x": 5.5, "y": 0.5})
    with pytest.raises(rung.NoResultError, match="varies no hyperparameter"):
        sample(read(study))
