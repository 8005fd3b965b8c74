"""Student's interval."""

import math

import pytest

import rung
from rung.analysis.interval import interval, repeated_values, replicate_values


def test_the_interval_is_that_of_the_textbook() -> None:
    """Student 1908, table of the additional hours of sleep: 10 patients, drug 2 against drug 1."""
    gains = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    found = interval(gains)
    assert found.mean == pytest.approx(1.58)
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858))
    assert found.n == 10


def test_equal_values_have_an_interval_of_no_width() -> None:
    found = interval([2.0, 2.0, 2.0])
    assert (found.low, found.high) == (2.0, 2.0)


def test_the_values_of_replicates_are_those_that_were_reported() -> None:
    def train(trial: rung.Trial) -> None:
        for fold in trial.steps():
            trial.report(loss=trial.config["x"] * fold)

    study = rung.Study(
        "s",
        {"x": rung.Float(1, 2)},
        minimize="loss",
        resource=rung.Replicates("fold"),
        scheduler=rung.FIFO(max_resource=4),
        store=None,
    )
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=3))
    best = study.best
    values = replicate_values(study.state, best.number)
    assert values == pytest.approx([best.config["x"] * fold for fold in (1, 2, 3, 4)])
    assert math.isclose(sum(values) / 4, best.value or 0)


def test_repeats_are_trials_of_the_very_same_configuration() -> None:
    noise = iter([3.0, 1.0, 2.0, 5.0, 4.0])
    study = rung.Study("s", {"x": rung.Choice(["a"])}, minimize="value", duplicates="replicate", store=None)
    study.run(
        lambda trial: trial.report(value=next(noise)), executor=rung.InProcess(), budget=rung.Budget(trials=5)
    )
    assert sorted(repeated_values(study.state, {"x": "a"}, 1)) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert repeated_values(study.state, {"x": "b"}, 1) == []
