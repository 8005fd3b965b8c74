"""Figures over the space: parallel coordinates, slices and contours, and the axes they share."""

import numpy as np
import pytest

import rung
from rung.analysis import plots
from rung.analysis.plots.axes import axis, ticks, values
from rung.analysis.plots.contours import contours_data
from rung.analysis.plots.parallel import INACTIVE, parallel_data
from rung.analysis.plots.slices import slices_data

from .studies import run

SPACE = {
    "optimizer": rung.Choice(
        {
            "adam": {"lr": rung.Float(1e-4, 1e-2, log=True)},
            "sgd": {"lr": rung.Float(1e-3, 1.0, log=True), "m": rung.Float(0, 1)},
        }
    ),
    "batch": rung.Choice([32, 64, 128], ordered=True),
    "flag": rung.Choice([True, False, None]),
    "width": rung.Int(16, 512, log=True),
    "fixed": 7,
}


def loss(config, resource, seed):  # type: ignore[no-untyped-def]
    return {"loss": abs(np.log10(config["lr"]) + 2.5) + config["width"] / 1000}, 1.0


@pytest.fixture(scope="module")
def study():  # type: ignore[no-untyped-def]
    return run(loss, SPACE, trials=60, scheduler=rung.FIFO(max_resource=1))


def test_values_of_a_column_are_those_of_the_configurations(study) -> None:  # type: ignore[no-untyped-def]
    for column in study.space.columns:
        found = values(column, study.encoded[:, column.index])
        for row, value in zip(study.trials, found.tolist(), strict=True):
            active = column.name in row.config and f"={row.config['optimizer']}" in (
                column.label if "[" in column.label else f"={row.config['optimizer']}"
            )
            if not active:
                assert np.isnan(value)
            elif isinstance(column.parameter, rung.Choice):
                assert list(column.parameter.options)[int(value)] == row.config[column.name]
            else:
                assert value == pytest.approx(row.config[column.name])


def test_what_is_inactive_crosses_its_axis_below_all_values(study) -> None:  # type: ignore[no-untyped-def]
    data = parallel_data(study)
    by_label = {each.label: each for each in data.dimensions}
    assert list(by_label) == [
        "optimizer",
        "lr[optimizer=adam]",
        "lr[optimizer=sgd]",
        "m",
        "batch",
        "flag",
        "width",
    ]
    adam = np.array([study.trials[trial].config["optimizer"] == "adam" for trial in data.trial])
    momentum = by_label["m"]
    assert (momentum.places[adam] == INACTIVE).all()
    assert (momentum.places[~adam] >= 0).all()
    assert (momentum.tick_places[0], momentum.tick_texts[0]) == (INACTIVE, "inactive")
    assert "inactive" not in by_label["width"].tick_texts
    assert (np.diff(data.value) <= 0).all()  # the best is drawn last, on top


def test_the_texts_of_ticks_differ_as_plotly_tells_ticks_apart_by_them(study) -> None:  # type: ignore[no-untyped-def]
    for column in study.space.columns:
        places, texts = ticks(column)
        assert len(set(texts)) == len(texts) == len(places)
        assert places == sorted(places)


def test_ticks_name_both_ends_and_stand_where_their_values_are() -> None:
    column = rung.Space(lr=rung.Float(1e-4, 1e-2, log=True)).columns[0]
    named = {text: place for place, text in zip(*ticks(column), strict=True) if text.strip("\u200b")}
    assert named == {"0.0001": 0.0, "0.001": pytest.approx(0.5), "0.01": 1.0}


def test_of_many_lines_the_best_are_kept_and_the_note_says_how_many(study) -> None:  # type: ignore[no-untyped-def]
    data = parallel_data(study, limit=12)
    assert len(data.trial) == 12
    best = sorted(study.trials, key=lambda trial: trial.values[0])[:4]
    assert {trial.number for trial in best} <= set(data.trial.tolist())
    assert data.n_trials == 60


def test_slices_hold_only_trials_in_which_the_hyperparameter_is_active(study) -> None:  # type: ignore[no-untyped-def]
    panels = {panel.axis.label: panel for panel in slices_data(study).panels}
    sgd = [trial.number for trial in study.trials if trial.config["optimizer"] == "sgd"]
    assert panels["m"].trial.tolist() == sgd
    assert panels["m"].x.tolist() == pytest.approx([study.trials[trial].config["m"] for trial in sgd])
    batch = panels["batch"]
    assert batch.axis.options == ("32", "64", "128")
    assert batch.middle_x.tolist() == [0, 1, 2]
    assert batch.middle[1] == pytest.approx(
        np.median([t.values[0] for t in study.trials if t.config["batch"] == 64])
    )


def test_a_log_axis_is_drawn_in_the_logarithm_and_names_round_numbers(study) -> None:  # type: ignore[no-untyped-def]
    layout = axis(study.space.columns[2]).layout(0.0)
    assert layout["type"] == "log"
    assert layout["range"] == pytest.approx([-3.0, 0.0])
    assert layout["ticktext"] == ["0.001", "0.01", "0.1", "1"]


def test_contours_never_pair_hyperparameters_that_exclude_each_other(study) -> None:  # type: ignore[no-untyped-def]
    pairs = [{panel.x.label, panel.y.label} for panel in contours_data(study).panels]
    assert 1 <= len(pairs) <= 3
    assert not any(
        {"lr[optimizer=adam]", "m"} <= pair or {"lr[optimizer=adam]", "lr[optimizer=sgd]"} <= pair
        for pair in pairs
    )


def test_a_contour_is_low_where_the_objective_is() -> None:
    def bowl(config, resource, seed):  # type: ignore[no-untyped-def]
        return {"loss": (config["x"] - 0.25) ** 2 + (np.log10(config["lr"]) + 3) ** 2}, 1.0

    space = {"x": rung.Float(0, 1), "lr": rung.Float(1e-4, 1e-1, log=True)}
    data = run(bowl, space, trials=150, scheduler=rung.FIFO(max_resource=1))
    (panel,) = contours_data(data, [("x", "lr")]).panels
    assert panel.mean.shape == (len(panel.grid_y), len(panel.grid_x))
    row, column = np.unravel_index(panel.mean.argmin(), panel.mean.shape)
    assert panel.grid_x[column] == pytest.approx(0.25, abs=0.15)
    assert np.log10(panel.grid_y[row]) == pytest.approx(-3, abs=0.4)


def test_a_level_can_be_chosen_and_an_empty_one_is_named() -> None:
    data = run(trials=12, scheduler=rung.ASHA(max_resource=9))
    at_three = slices_data(data, resource=3)
    assert at_three.resource == 3
    assert at_three.n_trials == len(data.at(3)[0])
    with pytest.raises(rung.NoResultError, match=r"at 77 epochs\. There are results at 1, 3"):
        plots.slices(data, resource=77)


def test_what_cannot_be_drawn_is_said() -> None:
    constants = run(
        lambda config, resource, seed: ({"loss": 1.0}, 1.0),
        {"c": 1},
        trials=2,
        scheduler=rung.FIFO(max_resource=1),
    )
    for draw in (plots.slices, plots.parallel_coordinates):
        with pytest.raises(rung.NoResultError, match="only constants"):
            draw(constants)
    one = run(trials=12, scheduler=rung.FIFO(max_resource=1))
    with pytest.raises(rung.NoResultError, match="two hyperparameters that vary"):
        plots.contours(one)
    with pytest.raises(rung.SpecError, match="no hyperparameter 'y'"):
        plots.contours(one, pairs=[("x", "y")])
    with pytest.raises(rung.SpecError, match="no objective 'los'"):
        plots.slices(one, objective="los")
