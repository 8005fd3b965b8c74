"""Learning curves: which are drawn, how they are thinned, and what of many."""

import math

import numpy as np

import rung
from rung.analysis import plots
from rung.analysis.plots.curves import curves_data

from .studies import run


def failing(config, resource, seed):  # type: ignore[no-untyped-def]
    if config["x"] > 0.8 and resource == 3:
        return {"loss": math.nan}, 1.0
    return {"loss": config["x"] + 1 / resource}, 1.0


def test_curves_are_parted_by_status_with_gaps_between_trials() -> None:
    configs = [{"x": 0.1}, {"x": 0.9}, {"x": 0.2}]
    data = curves_data(run(failing, configs=configs, trials=3, scheduler=rung.FIFO(max_resource=4)))
    assert set(data.curves) == {"complete", "failed"}
    complete, failed = data.curves["complete"], data.curves["failed"]
    assert complete.trial.tolist() == [0, 0, 0, 0, -1, 2, 2, 2, 2]
    assert np.isnan(complete.value[4])
    assert failed.resource.tolist() == [1, 2]
    assert data.ends.resource.tolist() == [4, 2, 4]
    assert data.incumbent is not None
    assert data.incumbent.trial.tolist() == [0, 0, 0, 0]
    assert data.band is None


def test_of_many_trials_the_best_and_some_of_each_status_are_drawn_and_the_band_is_of_all() -> None:
    study = run(failing, trials=120, workers=4, scheduler=rung.FIFO(max_resource=4))
    data = curves_data(study, limit=60)
    assert 40 <= data.n_drawn <= 60
    assert data.n_trials == 120
    drawn = set(data.ends.trial.tolist())
    finals = {t.number: t.values[0] for t in study.trials if t.status == "complete"}
    assert set(sorted(finals, key=finals.__getitem__)[:20]) <= drawn
    assert sum(study.trials[trial].status == "failed" for trial in drawn) >= 10
    assert data.band is not None
    every = study.observations
    here = every.values[(every.resource == 4) & np.isfinite(every.losses[:, 0]), 0]
    assert data.band.middle[-1] == np.median(here)
    note = plots.learning_curves(study).layout.title.text
    assert "Learning curves" in note


def test_long_curves_keep_their_ends_and_the_rung_levels(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("rung.analysis.plots.curves.MAX_POINTS", 20)
    study = run(failing, configs=[{"x": 0.1}, {"x": 0.2}], trials=2, scheduler=rung.ASHA(max_resource=81))
    curve = curves_data(study).incumbent
    assert curve is not None
    assert {1, 3, 9, 27, 81} & set(study.levels) <= set(curve.resource.tolist())
    assert len(curve.resource) <= 16


def test_a_halving_study_has_a_log_axis_with_its_levels_as_ticks_and_lines() -> None:
    figure = plots.learning_curves(run(failing, trials=40, scheduler=rung.ASHA(max_resource=27)))
    assert figure.layout.xaxis.type == "log"
    assert list(figure.layout.xaxis.tickvals) == [1, 3, 9, 27]
    assert len(figure.layout.shapes) == 4
    assert plots.learning_curves(run(failing), log=False).layout.xaxis.type != "log"


def test_a_label_tells_trial_configuration_and_reason_as_text() -> None:
    study = run(
        failing,
        {"x": rung.Float(0, 0.5), "kind": "<b>bold</b>"},
        trials=1,
        scheduler=rung.FIFO(max_resource=2),
    )
    (said,) = curves_data(study).about
    assert "trial 0: complete" in said
    assert "kind=&lt;b&gt;bold&lt;/b&gt;" in said
    assert "each trial runs to 2 epochs" in said or "reached the last level" in said
