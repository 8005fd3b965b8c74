"""Keras: a resumed training equals an uninterrupted one, with dropout, shuffling and a schedule."""

import os
from pathlib import Path

import numpy as np
import pytest

from integrations.interrupted import assert_resumes_exactly, reports

os.environ.setdefault("KERAS_BACKEND", "torch")
keras = pytest.importorskip("keras")

from rung.integrations.keras import TrialCallback  # noqa: E402

# Keras on PyTorch hands tensors that need a gradient to NumPy, which is about to ask for more of them.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")

rng = np.random.default_rng(0)
X = rng.normal(size=(96, 5)).astype("float32")
Y = (X[:, :1] * X[:, 1:2]).astype("float32")


def build():
    layers = [
        keras.layers.Input((5,)),
        keras.layers.Dense(8, activation="tanh"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse", metrics=["mae"])
    return model


def train(trial):
    keras.utils.set_random_seed(trial.seed)
    report = TrialCallback(trial)
    model = build()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9)
    model.fit(
        X[:64],
        Y[:64],
        batch_size=16,
        validation_data=(X[64:], Y[64:]),
        epochs=20,
        initial_epoch=report.initial_epoch,
        callbacks=[schedule, report],
        verbose=0,
    )
    return model


def weights(model) -> list[bytes]:
    return [np.asarray(value).tobytes() for value in model.get_weights()]


def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    assert_resumes_exactly(train, "val_loss", [1, 3, 6], tmp_path, weights)


def test_a_forgotten_initial_epoch_is_said(tmp_path: Path) -> None:
    def forgetful(trial):
        report = TrialCallback(trial)
        build().fit(X, Y, epochs=20, callbacks=[report], validation_split=0.3, verbose=0)

    with pytest.raises(AssertionError, match="initial_epoch=report"):
        reports(forgetful, "val_loss", [1, 2], tmp_path)
