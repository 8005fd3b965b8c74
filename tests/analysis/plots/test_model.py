"""The figure of a model: panels in the order of their effects, in the units and on the axes of the study."""

import re

import numpy as np
import pytest

import rung
from rung.analysis import plots
from rung.analysis.plots.model import MAX_FIT, MAX_PANELS, ModelData, ModelPanel, model_data

from .studies import run

SPACE = {
    "lr": rung.Float(1e-4, 1.0, log=True),
    "idle": rung.Float(0, 1),
    "kind": rung.Choice({"a": {"u": rung.Float(0, 1)}, "b": {}}),
    "layers": rung.Int(1, 4),
}


def score(config, resource, seed):  # type: ignore[no-untyped-def]
    bonus = 0.5 if config["kind"] == "b" else 0.2 * config["u"]
    return {"accuracy": 3 - (np.log10(config["lr"]) + 2) ** 2 / 4 + bonus}, 1.0


@pytest.fixture(scope="module")
def found() -> ModelData:
    return model_data(
        run(score, SPACE, trials=60, minimize=None, maximize="accuracy", scheduler=rung.FIFO(max_resource=1))
    )


def panel_of(found: ModelData, label: str) -> ModelPanel:
    return next(panel for panel in found.panels if panel.axis.label == label)


def test_the_hyperparameter_with_the_largest_effect_comes_first(found: ModelData) -> None:
    labels = [panel.axis.label for panel in found.panels]
    assert labels[0] == "lr" and set(labels) == {"lr", "idle", "kind", "u", "layers"}
    assert labels.index("kind") < labels.index("idle")


def test_a_curve_is_the_objective_in_its_own_units(found: ModelData) -> None:
    lr = panel_of(found, "lr")
    inside = (lr.x > 3e-4) & (lr.x < 0.3)
    bonus = 0.5 if found.config["kind"] == "b" else 0.2 * found.config["u"]  # type: ignore[operator]
    np.testing.assert_allclose(
        lr.mean[inside], (3 + bonus - (np.log10(lr.x) + 2) ** 2 / 4)[inside], atol=0.15
    )
    assert (lr.low <= lr.mean).all() and (lr.mean <= lr.high).all()
    assert lr.here == found.config["lr"] and lr.axis.log


def test_options_stand_at_their_numbers_and_branches_are_gone_into(found: ModelData) -> None:
    kind, inner = panel_of(found, "kind"), panel_of(found, "u")
    assert kind.x.tolist() == [0.0, 1.0] and kind.mean[1] > kind.mean[0]
    assert np.isnan(inner.here) == (found.config["kind"] == "b")
    assert len(inner.trial) < len(kind.trial) == 60  # where it is inactive no trial is drawn


def test_a_trial_beside_the_configuration_is_the_darkest(found: ModelData) -> None:
    lr = panel_of(found, "lr")
    own = np.argmin(np.abs(np.log(lr.point_x / lr.here)))
    assert lr.alike[own] == pytest.approx(1.0) and lr.alike.min() < 0.9
    assert np.median(lr.alike) < 1.0


def test_hyperparameters_and_the_rest_of_the_configuration_may_be_named() -> None:
    data = run(score, SPACE, trials=20, minimize=None, maximize="accuracy")
    at = {"lr": 0.5, "idle": 0.5, "kind": "b", "layers": 2}
    named = model_data(data, ["layers", "lr"], at)
    assert [panel.axis.label for panel in named.panels] == ["layers", "lr"]
    assert named.config == at and panel_of(named, "lr").here == 0.5
    with pytest.raises(rung.SpecError, match=r"got 'layer'.*'layers'"):
        plots.model(data, ["layer"])


def test_of_many_trials_and_hyperparameters_the_figure_takes_some_and_says_so() -> None:
    space = {f"x{i}": rung.Float(0, 1) for i in range(MAX_PANELS + 2)}
    data = run(lambda c, resource, seed: ({"loss": c["x0"]}, 1.0), space, trials=MAX_FIT + 40)
    found = model_data(data)
    assert (found.n_fitted, found.n_trials, found.n_left_out) == (MAX_FIT, MAX_FIT + 40, 2)
    assert found.panels[0].axis.label == "x0"
    note = plots.model(data).layout.title.text.replace("<br>", " ")
    assert f"of {MAX_FIT} of {MAX_FIT + 40} trials" in _plain(
        note
    ) and "2 hyperparameters of less effect" in _plain(note)


def _plain(markup: str) -> str:
    return " ".join(re.sub("<[^>]*>", " ", markup).split())
