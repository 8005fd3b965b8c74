"""The network of `examples/digits.py`, without rung, so that a peer's workers need not import it."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

MAX_EPOCHS = 27


def accuracies(config: Mapping[str, Any], seed: int) -> Iterator[float]:
    """The accuracy on the validation set after each epoch, without end."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    from sklearn.neural_network import MLPClassifier

    warnings.simplefilter("ignore")
    X, y = load_digits(return_X_y=True)
    X, _, y, _ = train_test_split(X / 16, y, test_size=0.25, stratify=y, random_state=0)
    X, X_val, y, y_val = train_test_split(X, y, test_size=0.35, stratify=y, random_state=0)
    adam = config["optimizer"] == "adam"
    model = MLPClassifier(
        hidden_layer_sizes=(config["width"],) * config["layers"],
        solver=config["optimizer"],
        learning_rate_init=config["lr"],
        alpha=config["alpha"],
        batch_size=config["batch_size"],
        **({"beta_1": config["beta1"]} if adam else {"momentum": config["momentum"]}),
        random_state=seed,
    )
    while True:
        model.partial_fit(X, y, classes=range(10))
        yield model.score(X_val, y_val)
