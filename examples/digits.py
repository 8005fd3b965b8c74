"""Tune a small neural network that reads handwritten digits: about a minute on two cores.

Say `python examples/digits.py` or `rung run examples/digits.py`. Each call goes on with the same study.
"""

import os
import pickle
import warnings
from pathlib import Path
from statistics import mean, stdev

os.environ.setdefault("OMP_NUM_THREADS", "1")  # so small a network is slower on several threads

import numpy as np
from scipy.stats import t
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

import rung

EPOCHS = 27
SEEDS = range(5)  # for the final comparison

adam = {"lr": rung.Float(1e-4, 1e-2, log=True, default=1e-3), "beta1": rung.Float(0.5, 0.99, default=0.9)}
sgd = {"lr": rung.Float(1e-3, 3e-1, log=True, default=1e-3), "momentum": rung.Float(0.0, 0.99, default=0.9)}
space = rung.Space(  # the defaults are scikit-learn's own; they are tried first
    optimizer=rung.Choice({"adam": adam, "sgd": sgd}, default="adam"),
    alpha=rung.Float(1e-6, 1e-1, log=True, default=1e-4),  # weight decay
    layers=rung.Int(1, 3, default=1),
    width=rung.Int(16, 128, log=True, default=100),
    batch_size=rung.Choice([32, 64, 128, 200], ordered=True, default=200),
)


def load():
    """Images and labels for training, for validation and for the test, which tuning never looks at."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.35, stratify=y, random_state=0)
    return (X, y), (X_val, y_val), (X_test, y_test)


def network(config, seed):
    own = {"beta_1": config["beta1"]} if config["optimizer"] == "adam" else {"momentum": config["momentum"]}
    return MLPClassifier(
        hidden_layer_sizes=(config["width"],) * config["layers"],
        solver=config["optimizer"],
        learning_rate_init=config["lr"],
        alpha=config["alpha"],
        batch_size=config["batch_size"],
        **own,
        random_state=seed,
    )


def save(model, folder):
    (folder / "model.pickle").write_bytes(pickle.dumps(model))


def train(trial: rung.Trial) -> None:
    """Train one configuration; this runs in a worker."""
    (X, y), (X_val, y_val), _ = load()
    if trial.checkpoint:
        model = pickle.loads((trial.checkpoint / "model.pickle").read_bytes())
    else:
        model = network(trial.config, trial.seed)

    for _ in trial.steps():  # as many epochs as the study wants
        model.partial_fit(X, y, classes=range(10))
        trial.report(accuracy=model.score(X_val, y_val), save=lambda folder: save(model, folder))


study = rung.Study(
    "digits",
    space,
    maximize="accuracy",
    resource=rung.Steps(unit="epoch"),
    scheduler=rung.ASHA(max_resource=EPOCHS, eta=3),
    store=Path(__file__).with_name("digits.db"),
)
budget = rung.Budget(seconds=45)  # of tuning per call


def test_accuracies(config, epochs=None):
    """One for each seed, after training on all but the test set; without `epochs` until it has converged."""
    training, validation, (X_test, y_test) = load()
    X, y = map(np.concatenate, zip(training, validation, strict=True))
    for seed in SEEDS:
        model = network(config, seed)
        if epochs is None:
            model.fit(X, y)
        for _ in range(epochs or 0):
            model.partial_fit(X, y, classes=range(10))
        yield model.score(X_test, y_test)


def interval(values):
    half = t.ppf(0.975, len(values) - 1) * stdev(values) / len(values) ** 0.5
    return f"{mean(values):.4f} ± {half:.4f}"


if __name__ == "__main__":
    warnings.simplefilter("ignore", ConvergenceWarning)  # the defaults stop at 200 epochs
    study.run(train, workers=2, budget=budget)
    best = study.best
    print(f"{len(study.trials)} trials, then {study.ended}")
    print(f"best validation accuracy: {best.value:.4f} after {best.resource} epochs, by trial {best.number}:")
    for name, value in best.config.items():
        print(f"    {name:<12} {value}")
    print(f"test accuracy, mean of {len(SEEDS)} seeds and 95 % interval:")
    rows = {
        f"tuned, {EPOCHS} epochs": test_accuracies(best.config, EPOCHS),
        f"scikit-learn's defaults, {EPOCHS} epochs": test_accuracies(space.defaults(), EPOCHS),
        "scikit-learn's defaults, to convergence": test_accuracies(space.defaults()),
    }
    for name, accuracies in rows.items():
        print(f"    {name:<40} {interval(list(accuracies))}")
