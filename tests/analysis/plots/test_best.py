"""The incumbent over what was spent, and the hypervolume."""

import math

import pytest

import rung
from rung.analysis import plots
from rung.analysis.plots.best import best_data, hypervolume_data

from .studies import by_x, run


def test_the_incumbent_steps_where_a_better_trial_reached_the_target() -> None:
    data = run(configs=[{"x": 0.5}, {"x": 0.8}, {"x": 0.2}], trials=3, scheduler=rung.FIFO(max_resource=2))
    best = best_data(data)
    assert best.trial.tolist() == [0, 2]
    assert best.x.tolist() == [2.0, 6.0]
    assert best.value.tolist() == [0.25, 0.1]
    assert best.end == 6.0
    assert best_data(data, "time").x.tolist() == [2.0, 6.0]
    assert best.any_value.tolist() == [0.5, 0.25, 0.2, 0.1]
    assert best.any_x.tolist() == [1.0, 2.0, 5.0, 6.0]


def test_values_of_a_maximized_objective_rise() -> None:
    def accuracy(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"accuracy": config["x"]}, 1.0

    configs = [{"x": 0.5}, {"x": 0.2}, {"x": 0.9}]
    best = best_data(
        run(accuracy, configs=configs, trials=3, maximize="accuracy", scheduler=rung.FIFO(max_resource=1))
    )
    assert best.value.tolist() == [0.5, 0.9]
    assert best.any_value.tolist() == [0.5, 0.9]


def test_the_last_step_is_the_incumbent_of_the_study_also_if_its_value_is_worse_at_a_higher_level() -> None:
    def rising(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"loss": config["x"] * resource}, 1.0

    data = run(rising, trials=20, scheduler=rung.ASHA(max_resource=9))
    best = best_data(data)
    assert data.incumbent is not None
    assert (best.trial[-1], best.value[-1], best.resource[-1]) == (
        data.incumbent.trial,
        data.incumbent.losses[0],
        data.incumbent.resource,
    )
    assert (best.value[1:] > best.value[:-1]).any()
    assert (best.resource[1:] >= best.resource[:-1]).all()


def test_what_is_trained_from_the_start_again_is_spent_again() -> None:
    data = run(
        trials=4, configs=[{"x": 0.1}], resource=rung.Fraction(), scheduler=rung.ASHA(max_resource=4, eta=2)
    )
    assert best_data(data).end == data.account.resource


@pytest.mark.parametrize("resource", [rung.Steps(), rung.Replicates()])
def test_units_spent_are_those_of_the_account(resource: rung.Steps | rung.Replicates) -> None:
    data = run(trials=15, workers=3, resource=resource, scheduler=rung.ASHA(max_resource=9))
    assert best_data(data).end == data.account.resource


def test_the_hypervolume_is_the_share_of_the_box_that_trials_improve_on() -> None:
    def two(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"a": config["x"], "b": (1 - config["x"]) ** 2}, 1.0

    data = run(
        two,
        configs=[{"x": 0.0}, {"x": 1.0}, {"x": 0.5}],
        trials=3,
        minimize=["a", "b"],
        scheduler=rung.FIFO(max_resource=1),
    )
    found = hypervolume_data(data)
    assert found.x.tolist() == [1.0, 2.0, 3.0]
    assert found.share == pytest.approx([0.0, 0.0, 0.375])
    assert found.reference == (1.0, 1.0)
    assert "Hypervolume" in plots.best_so_far(data).layout.title.text


def test_values_that_are_not_finite_are_no_best() -> None:
    def diverging(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"loss": math.nan if config["x"] < 0.5 else config["x"]}, 1.0

    data = run(diverging, configs=[{"x": 0.1}, {"x": 0.7}], trials=2, scheduler=rung.FIFO(max_resource=1))
    assert best_data(data).value.tolist() == [0.7]
    assert best_data(data).any_value.tolist() == [0.7]


def test_the_figure_goes_on_until_now() -> None:
    figure = plots.best_so_far(run(by_x, scheduler=rung.ASHA(max_resource=9)), over="time")
    lines = {trace.name: trace for trace in figure.data}
    assert lines["incumbent"].x[-1] == lines["best at any resource"].x[-1]
    assert lines["incumbent"].line.shape == "hv"
