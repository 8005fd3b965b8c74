"""LightGBM: a resumed training equals an uninterrupted one; where it cannot go on from a booster it trains again."""

from pathlib import Path

import numpy as np
import pytest

from integrations.interrupted import assert_resumes_exactly

lgb = pytest.importorskip("lightgbm")

from rung.integrations.lightgbm import TrialCallback  # noqa: E402

rng = np.random.default_rng(0)
X = rng.normal(size=(240, 6))
Y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=240) > 0).astype(float)
PLAIN = {
    "objective": "binary",
    "metric": "binary_logloss",
    "num_leaves": 5,
    "min_data_in_leaf": 5,
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}


def training(options: dict, begun: list, every: int = 1):
    def train(trial):
        fitted = lgb.Dataset(X[:160], Y[:160])
        report = TrialCallback(trial, every=every)
        begun.append(report.model)
        return lgb.train(
            {**PLAIN, "seed": trial.seed, **options},
            fitted,
            1000,
            valid_sets=[lgb.Dataset(X[160:], Y[160:], reference=fitted)],
            callbacks=[report],
            init_model=report.model,
        )

    return train


def trees(booster) -> str:
    return booster.predict(X, raw_score=True).tobytes()


@pytest.mark.parametrize("options", [{}, {"objective": "l1", "metric": "l1"}, {"learning_rate": 0.3}])
def test_without_chance_a_booster_is_continued_exactly(options: dict, tmp_path: Path) -> None:
    begun: list = []
    metric = f"valid_0-{options.get('metric', 'binary_logloss')}"
    assert_resumes_exactly(training(options, begun), metric, [3, 4, 12], tmp_path, trees)
    assert [model is not None for model in begun] == [False, False, True, True]


@pytest.mark.parametrize(
    "options",
    [
        {"bagging_fraction": 0.5, "bagging_freq": 3},
        {"subsample": 0.5, "subsample_freq": 1},  # by another name
        {"feature_fraction": 0.5},
        {"feature_fraction_bynode": 0.5},
        {"extra_trees": True},
        {"data_sample_strategy": "goss", "learning_rate": 0.5},
        {"boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.0},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"use_quantized_grad": True},
    ],
    ids="-".join,
)
def test_where_chance_plays_a_part_the_same_rounds_are_trained_again(options: dict, tmp_path: Path) -> None:
    begun: list = []
    assert_resumes_exactly(training(options, begun), "valid_0-binary_logloss", [3, 4, 12], tmp_path, trees)
    assert begun == [None] * 4


def test_a_unit_may_be_several_rounds(tmp_path: Path) -> None:
    train = training({}, [], every=5)
    assert_resumes_exactly(train, "valid_0-binary_logloss", [1, 3], tmp_path, trees)
