"""XGBoost: a resumed training equals an uninterrupted one, whatever is left to chance."""

from pathlib import Path

import numpy as np
import pytest

from integrations.interrupted import assert_resumes_exactly, reports

xgb = pytest.importorskip("xgboost")

from rung.core.errors import SpecError  # noqa: E402
from rung.integrations.xgboost import TrialCallback  # noqa: E402

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 6))
Y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=240) > 0).astype(float)
PLAIN = {"objective": "binary:logistic", "max_depth": 3, "nthread": 1, "verbosity": 0}


def data():
    return xgb.DMatrix(X[:160], Y[:160]), xgb.DMatrix(X[160:], Y[160:])


def training(options: dict, every: int = 1):
    def train(trial):
        fitted, held_out = data()
        report = TrialCallback(trial, every=every)
        return xgb.train(
            {**PLAIN, "seed": trial.seed, **options},
            fitted,
            1000,
            evals=[(held_out, "test")],
            verbose_eval=False,
            callbacks=[report],
            xgb_model=report.model,
        )

    return train


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subsample": 0.5, "colsample_bytree": 0.7, "colsample_bylevel": 0.7, "colsample_bynode": 0.7},
        {"booster": "dart", "rate_drop": 0.4},
        {"booster": "gblinear", "max_depth": None},
        {"tree_method": "approx", "subsample": 0.5},
        {"tree_method": "exact", "subsample": 0.5},
        {"num_parallel_tree": 3, "subsample": 0.5},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_a_resumed_training_equals_an_uninterrupted_one(options: dict, tmp_path: Path) -> None:
    options = {name: value for name, value in options.items() if value is not None}
    assert_resumes_exactly(
        training(options),
        "test-logloss",
        [3, 4, 12],
        tmp_path,
        lambda booster: bytes(booster.save_raw("ubj")),
    )


def test_a_unit_may_be_several_rounds(tmp_path: Path) -> None:
    train = training({"subsample": 0.5}, every=5)
    assert_resumes_exactly(
        train, "test-logloss", [1, 3], tmp_path, lambda booster: booster.num_boosted_rounds()
    )


def test_without_sampling_the_callback_changes_nothing(tmp_path: Path) -> None:
    found = reports(training({}), "test-logloss", [8], tmp_path)
    fitted, held_out = data()
    log: dict = {}
    xgb.train(PLAIN, fitted, 8, evals=[(held_out, "test")], evals_result=log, verbose_eval=False)
    assert [each["test-logloss"] for each in found] == log["test"]["logloss"]


def test_sampling_with_the_callback_keeps_the_parameters(tmp_path: Path) -> None:
    options = {"subsample": 0.6, "max_depth": 2, "eta": 0.05, "max_leaves": 3}
    boosters = []

    def train(trial):
        boosters.append(training(options)(trial))

    reports(train, "test-logloss", [6], tmp_path)
    frame = boosters[0].trees_to_dataframe()
    assert frame.groupby("Tree")["ID"].count().max() <= 5  # three leaves
    assert frame[frame.Feature == "Leaf"]["Gain"].abs().max() < 0.2  # the small step size


def test_every_must_be_a_count() -> None:
    with pytest.raises(SpecError, match="every must be a whole number"):
        TrialCallback(None, every=0)
