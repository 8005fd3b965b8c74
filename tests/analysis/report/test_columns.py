import base64

import numpy as np

import rung
from rung.analysis.data import Observations, read
from rung.analysis.report.columns import FEW_POINTS, curves, trial_columns, words


def test_options_that_python_takes_for_equal_stay_apart():
    column = words("x", [1, True, 1.0, ..., None, 1])
    assert [(type(option), option) for option in column["options"]] == [
        (int, 1),
        (bool, True),
        (float, 1.0),
        (type(None), None),
    ]
    assert column["values"] == [0, 1, 2, -1, 3, 0]


def test_columns_hold_what_the_trials_hold(study: rung.Study):
    columns = {(column["group"], column["name"]): column for column in trial_columns(read(study))}
    for trial in study.trials:
        for name in ("lr", "momentum"):
            assert columns["config", name]["values"][trial.number] == trial.config.get(name)
        augment = columns["config", "augment"]
        assert augment["options"][augment["values"][trial.number]] == trial.config["augment"]
    assert columns["config", "dataset"]["hidden"]
    assert not columns["config", "lr"]["hidden"]


def test_an_integer_that_a_browser_cannot_hold_is_a_word():
    study = rung.Study("large", {"n": rung.Int(2**60, 2**60 + 9)}, minimize="loss", store=None)
    study.tell(study.ask(), {"loss": 1.0})
    column = next(column for column in trial_columns(read(study)) if column["name"] == "n")
    assert column["kind"] == "word"
    assert column["options"] == [study.trials[0].config["n"]]


def test_curves_are_thinned_but_keep_their_ends(monkeypatch):
    monkeypatch.setattr("rung.analysis.report.columns.MAX_POINTS", 1)
    n = 1000
    trial = np.repeat([0, 2], [n, 3])
    resource = np.concatenate([np.arange(n, 0, -1), [1, 2, 3]])  # the first arrives in reverse
    values = resource[:, None].astype(float) / 2
    found = curves(
        Observations(trial, resource, values[:, 0], values[:, 0], values, values, values[:, :0]), 3
    )
    offsets, resources, shown = (
        np.frombuffer(base64.b64decode(found[name]), kind)
        for name, kind in (("offsets", "<u4"), ("resources", "<f4"), ("values", "<f4"))
    )
    first = resources[offsets[0] : offsets[1]]
    assert first[0] == 1
    assert first[-1] == n
    assert len(first) <= FEW_POINTS + 1
    assert (np.diff(first) > 0).all()
    assert offsets[1] == offsets[2]  # a trial without reports
    assert resources[offsets[2] :].tolist() == [1, 2, 3]
    assert (shown == resources / 2).all()
