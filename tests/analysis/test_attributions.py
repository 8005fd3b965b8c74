"""Shapley values: they sum to the prediction, with the user's sign, and leave inactive hyperparameters out."""

import sys

import numpy as np
import pytest

import rung
from rung.analysis.attributions import attributions
from rung.analysis.data import read
from rung.analysis.sample import forest, sample

from .tuned import tuned

SPACE = {
    "kind": rung.Choice({"a": {"x": rung.Float(0, 1)}, "b": {}, "c": {}}),
    "y": rung.Float(0, 1),
}


def value(kind: str, y: float, resource: int, x: float = 0.0) -> float:
    return {"a": 3 * x, "b": 1.0, "c": 2.0}[kind] + y


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # shap's own, on import
def test_base_and_attributions_sum_to_the_prediction() -> None:
    pytest.importorskip("shap")
    study = tuned(SPACE, value, maximize=True, trials=80)
    found = attributions(study)
    data = read(study)
    given = sample(data)
    model = forest(given, data.space, seed=0, n_trees=64)
    predicted = found.base + np.nansum(found.values, axis=1)
    active = np.isfinite(given.X).all(axis=1)
    np.testing.assert_allclose(predicted[active], -model.predict(given.X)[active], atol=1e-6)
    np.testing.assert_allclose(predicted[~active], -model.predict(given.X)[~active], atol=0.15)
    assert found.labels == ("kind", "x", "y")
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(given.X))
    y = given.X[:, 2]
    assert np.corrcoef(y, found.values[:, 2])[0, 1] > 0.95


def test_without_shap_the_line_that_installs_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(rung.MissingDependencyError, match=r"pip install 'rung\[shap\]'"):
        attributions(rung.Study("s", SPACE, minimize="loss", store=None))
