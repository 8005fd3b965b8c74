"""Draws docs/model.png: python docs/model.py OUT.png."""

import math
import sys

import numpy as np

import rung
from rung.analysis import plots

SPACE = {
    "lr": rung.log(1e-5, 1e-1),
    "layers": rung.Int(1, 5),
    "optimizer": rung.Choice(["adam", "sgd", "rmsprop"]),
    "dropout": rung.Float(0, 0.8),
}
HARM = {"adam": 0.0, "sgd": 0.012, "rmsprop": 0.004}


def train(trial: rung.Trial) -> None:
    """A made-up error, with noise."""
    lr, layers, optimizer, dropout = (trial.config[name] for name in SPACE)
    error = 0.06 + 0.035 * (math.log10(lr) + 2.7) ** 2 + 0.02 * abs(layers - 2) ** 1.5
    error += HARM[optimizer] + 0.02 * (dropout - 0.3) ** 2
    trial.report(error=error * math.exp(0.06 * np.random.default_rng(trial.number).normal()))


if __name__ == "__main__":
    study = rung.Study("digits", SPACE, minimize="error", searcher=rung.TPE(), store=None)
    study.run(train, executor=rung.InProcess(), budget=rung.Budget(trials=100))
    plots.to_file(plots.model(study), sys.argv[1], width=900)
