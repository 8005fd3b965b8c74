"""The Pareto front and its compromise."""

import pytest

import rung
from rung.analysis import plots
from rung.analysis.plots.front import front_data

from .studies import run


def two(config, resource, seed):  # type: ignore[no-untyped-def]
    return {
        "loss": config["x"],
        "accuracy": 1 - (1 - config["x"]) ** 4 - (0.3 if config["x"] == 0.6 else 0),
    }, 1.0


CONFIGS = [{"x": x} for x in (0.0, 0.3, 0.6, 1.0)]
STUDY = {"minimize": "loss", "maximize": "accuracy", "scheduler": rung.FIFO(max_resource=1)}


def test_the_front_is_that_of_the_study_and_the_knee_is_marked() -> None:
    data = front_data(run(two, configs=CONFIGS, trials=4, **STUDY))
    assert data.on_front.tolist() == [True, True, False, True]
    assert data.trial[data.chosen] == 1
    assert data.rule == "knee"
    assert data.values[1].tolist() == pytest.approx([0.3, 1 - 0.7**4])


def test_weights_choose_another_compromise() -> None:
    study = run(two, configs=CONFIGS, trials=4, **STUDY)
    assert front_data(study, [1, 0]).chosen == 0
    assert front_data(study, [0, 1]).chosen == 3
    with pytest.raises(rung.SpecError, match="2 numbers"):
        plots.pareto_front(study, weights=[1])


@pytest.mark.parametrize("k", [2, 3, 4])
def test_any_number_of_objectives_is_drawn(k: int) -> None:
    def many(config, resource, seed):  # type: ignore[no-untyped-def]
        return {f"m{i}": (config["x"] - i / k) ** 2 for i in range(k)}, 1.0

    names = [f"m{i}" for i in range(k)]
    figure = plots.pareto_front(run(many, trials=12, minimize=names, scheduler=rung.FIFO(max_resource=1)))
    kinds = {trace.type for trace in figure.data}
    assert kinds == ({"scatter3d"} if k == 3 else {"scatter"})
    text = figure.to_json()
    assert all(f'"{name}"' in text for name in names)
    named = [trace.name for trace in figure.data if trace.showlegend is not False and trace.name]
    assert len(named) == 3  # one entry each, also where each pair has a plane


def test_one_objective_has_no_front() -> None:
    with pytest.raises(rung.NoResultError, match="has one objective, 'loss'"):
        plots.pareto_front(run())
