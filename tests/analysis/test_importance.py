"""Importance of hyperparameters: the right ones, on the right scale, and only where they are active."""

import math

import numpy as np
import pytest

import rung
from rung.analysis.importance import importance

from .tuned import tuned


def test_a_log_scale_is_measured_on_its_log_scale() -> None:
    space = {"lr": rung.Float(1e-5, 1e-1, log=True), "momentum": rung.Float(0, 1)}
    study = tuned(space, lambda lr, momentum, resource: math.log10(lr) / 4 + momentum, trials=400)
    found = importance(study)
    assert found.labels == ("lr", "momentum")
    np.testing.assert_allclose(found.importance, [0.5, 0.5], atol=0.06)
    assert found.accuracy > 0.9
    assert found.floor < 0.02


def test_the_measure_is_the_space_and_not_where_the_searcher_went() -> None:
    space = {"x": rung.Float(0, 1), "y": rung.Float(0, 1)}
    study = rung.Study("skewed", space, minimize="loss", scheduler=rung.FIFO(max_resource=1), store=None)
    draw = np.random.default_rng(0)
    for _ in range(300):
        study.enqueue({"x": float(draw.random() ** 3), "y": float(draw.random())})  # crowded where x is small
    for _ in range(300):
        job = study.ask()
        assert job is not None
        study.tell(job, {"loss": job.config["x"] + job.config["y"]})
    np.testing.assert_allclose(importance(study).importance, [0.5, 0.5], atol=0.08)


def conditional(resource: int, kind: str, x: float = 0.0, y: float = 0.0) -> float:
    return x if kind == "a" else 0.5


def test_a_conditional_hyperparameter_counts_where_it_is_active() -> None:
    """The loss is x in one half of the space and its mean in the other.

    The choice alone explains nothing; x explains a quarter of the variance alone, half of it: E[f | x] = x / 2 + 1/4
    has variance 1/48, all of f has 1/24. In its branch x explains everything, and y never anything.
    """
    space = {"kind": rung.Choice({"a": {"x": rung.Float(0, 1)}, "b": {"y": rung.Float(0, 1)}})}
    found = importance(tuned(space, conditional, trials=500))
    assert found.labels == ("kind", "x", "y")
    np.testing.assert_allclose(found.importance, [0, 0.5, 0], atol=0.06)
    np.testing.assert_allclose(found.within, [0, 1, 0], atol=0.06)
    assert (found.pairs[0].first, found.pairs[0].second) == (0, 1)
    assert found.pairs[0].importance == pytest.approx(0.5, abs=0.06)


def test_the_marginal_of_a_conditional_one_is_that_where_it_is_active() -> None:
    space = {"kind": rung.Choice({"a": {"x": rung.Float(0, 10)}, "b": {}, "c": {}})}
    study = tuned(space, lambda resource, kind, x=50.0: 10 - x, maximize=True, trials=300)
    kind, x = importance(study).marginals
    assert kind.values == ["a", "b", "c"]
    np.testing.assert_allclose(kind.mean, [5, -40, -40], atol=1)
    assert (x.values[0], x.values[-1]) == (0, 10)
    np.testing.assert_allclose(x.mean, [10 - value for value in x.values], atol=1)


def test_what_matters_among_the_good_ones_is_another_question() -> None:
    space = {"lr": rung.Float(0, 1), "width": rung.Float(0, 1)}

    def value(lr: float, width: float, resource: int) -> float:
        return 10.0 if lr > 0.5 else width  # a large one diverges, whatever the width

    study = tuned(space, value, trials=300)
    overall, good = importance(study), importance(study, better_than=1.0)
    assert overall.order == [0, 1]
    assert overall.importance[1] < 0.05
    assert good.importance[1] > 3 * overall.importance[1]


def test_nothing_is_said_of_noise() -> None:
    space = {name: rung.Float(0, 1) for name in "abc"}
    found = importance(tuned(space, lambda resource, **_: 0.0, noise=1.0, trials=150))
    assert found.accuracy < 0.2
    assert (found.importance < 3 * found.floor).all()


def test_the_same_seed_gives_the_same_numbers() -> None:
    study = tuned({"x": rung.Float(0, 1), "y": rung.Int(1, 9)}, lambda x, y, resource: x * y, trials=40)
    one, two, other = (importance(study, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.importance, two.importance)
    assert one.pairs == two.pairs
    assert (one.importance != other.importance).any()


def test_other_resources_can_be_asked_for_and_need_trials() -> None:
    space = {"early": rung.Float(0, 1), "late": rung.Float(0, 1)}

    def value(early: float, late: float, resource: int) -> float:
        return early if resource == 1 else late

    study = tuned(space, value, scheduler=rung.FIFO(max_resource=3), trials=60)
    assert importance(study, resource=1).order == [0, 1]
    assert importance(study).order == [1, 0]
    with pytest.raises(rung.NoResultError, match=r"0 trials at 7 steps.*There are, by step: 60 at 3"):
        importance(study, resource=7)


def test_optunas_evaluator_agrees() -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    space = {
        "x": rung.Float(0, 1),
        "k": rung.Choice(["a", "b", "c"]),
        "n": rung.Int(1, 5),
        "idle": rung.Float(0, 1),
    }
    gain = {"a": 0.0, "b": 1.0, "c": 0.2}

    def value(x: float, k: str, n: int, idle: float, resource: int) -> float:
        return 2 * x + gain[k] + n / 5 * x

    study = tuned(space, value, trials=300)
    distributions = {
        "x": optuna.distributions.FloatDistribution(0, 1),
        "k": optuna.distributions.CategoricalDistribution(("a", "b", "c")),
        "n": optuna.distributions.IntDistribution(1, 5),
        "idle": optuna.distributions.FloatDistribution(0, 1),
    }
    theirs = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for trial in study.trials:
        theirs.add_trial(
            optuna.trial.create_trial(params=trial.config, distributions=distributions, value=trial.value)
        )
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    reference = optuna.importance.get_param_importances(theirs, evaluator=evaluator)
    found = importance(study)
    alone = found.importance / found.importance.sum()  # as Optuna scales them
    ours = dict(zip(found.labels, alone, strict=True))
    for name in space:
        assert ours[name] == pytest.approx(reference[name], abs=0.05)
