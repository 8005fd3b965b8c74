"""Keras 3, on any backend: a callback that reports each epoch, saves when asked, and stops training.

    def train(trial):
        keras.utils.set_random_seed(trial.seed)
        report = TrialCallback(trial)
        model = build(**trial.config)
        model.fit(x, y, validation_data=..., epochs=81, initial_epoch=report.initial_epoch, callbacks=[report])

The model is built and compiled as at a first start; its weights, its optimizer and the random generators are then
put where they stood. Other callbacks that change them stand before this one.
"""

from pathlib import Path

import numpy as np

from rung.core.errors import MissingDependencyError, MisuseError
from rung.integrations.randomness import restore_generators, save_generators
from rung.trial import Trial

try:
    import keras
except ModuleNotFoundError:
    raise MissingDependencyError(
        "rung.integrations.keras needs Keras 3, which is not installed. Run: pip install 'rung[keras]'"
    ) from None

_WEIGHTS = "model.weights.h5"  # with the optimizer
_STATE = "state.npz"  # what Keras leaves out there: the generators of its random layers


class TrialCallback(keras.callbacks.Callback):
    """Reports every metric in the logs of each epoch.

    Args:
        trial: The trial in training.

    Attributes:
        initial_epoch: Give it to `model.fit`; 0 at a first start.
    """

    def __init__(self, trial: Trial) -> None:
        super().__init__()
        self._trial = trial
        self._restore = trial.checkpoint
        self.initial_epoch = trial.resource

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Put the compiled model where its training stood."""
        if self._restore is not None:
            _load(self.model, self._restore)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Report, and stop if the trial must not go on."""
        if epoch != self._trial.resource:
            raise MisuseError(
                f"Keras trained epoch {epoch + 1}, but the trial stands at epoch {self._trial.resource}. "
                "Say model.fit(..., initial_epoch=report.initial_epoch, callbacks=[report])."
            )
        if not self._trial.report(logs or {}, save=lambda folder: _save(self.model, folder)):
            self.model.stop_training = True


def _save(model: "keras.Model", folder: Path) -> None:
    model.save_weights(folder / _WEIGHTS)
    values = {str(n): keras.ops.convert_to_numpy(variable) for n, variable in enumerate(_others(model))}
    np.savez(folder / _STATE, **values)
    save_generators(folder)


def _load(model: "keras.Model", folder: Path) -> None:
    model.load_weights(folder / _WEIGHTS)
    with np.load(folder / _STATE) as values:
        for n, variable in enumerate(_others(model)):
            variable.assign(values[str(n)])
    restore_generators(folder)


def _others(model: "keras.Model") -> "list[keras.Variable]":
    """The variables of a model that are no weights."""
    weights = {id(variable) for variable in model.weights}
    metrics = {id(variable) for variable in model.metrics_variables}
    return [each for each in model.variables if id(each) not in weights and id(each) not in metrics]
