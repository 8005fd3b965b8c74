"""PyTorch Lightning: a callback that reports each epoch, saves when asked, and stops the trainer.

    def train(trial):
        seed_everything(trial.seed)
        report = TrialCallback(trial)
        trainer = Trainer(max_epochs=81, callbacks=[report])
        trainer.fit(Net(**trial.config), data, ckpt_path=report.ckpt_path)

An epoch is reported when the next one is about to begin, or training to end: only then have the learning rate
schedulers that follow a metric made their step. Lightning resumes in order only from where its loops stand at the end
of an epoch, so that is what a checkpoint says of them. It holds no random generators; they are saved beside it.
"""

import sys
from copy import deepcopy
from importlib import import_module
from pathlib import Path
from typing import Any

from rung.core.errors import MissingDependencyError
from rung.integrations.randomness import restore_generators, save_generators
from rung.trial import Trial

_FILE = "trainer.ckpt"


def _callback_class() -> Any:  # Any: the class of whichever of the two packages is in use
    names = ["lightning.pytorch", "pytorch_lightning"]
    for name in sorted(names, key=lambda name: name not in sys.modules):
        try:
            return import_module(name).Callback
        except ModuleNotFoundError:
            continue
    raise MissingDependencyError(
        "rung.integrations.lightning needs PyTorch Lightning, which is not installed. "
        "Run: pip install 'rung[lightning]'"
    )


class TrialCallback(_callback_class()):  # type: ignore[misc]  # its class is known only when it is imported
    """Reports every metric that was logged, after each epoch; where there is validation, each that has validated.

    Args:
        trial: The trial in training.

    Attributes:
        ckpt_path: Give it to `trainer.fit`; None at a first start.
    """

    def __init__(self, trial: Trial) -> None:
        folder = trial.checkpoint
        self.ckpt_path = None if folder is None else str(folder / _FILE)
        self._trial = trial
        self._restore = folder  # whose random generators are to be restored
        self._validated = False
        self._due = False  # an epoch has ended and is not reported yet
        self._loops: dict[str, Any] = {}  # where Lightning's loops stood when it ended
        self._saving = False

    def on_validation_end(self, trainer: Any, pl_module: Any) -> None:
        """Lightning has validated."""
        self._validated = not trainer.sanity_checking

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """An epoch has ended; others may still add to its metrics and its state."""
        self._due = self._validated or not trainer.enable_validation
        self._validated = False
        if self._due:
            self._loops = deepcopy(trainer.fit_loop.state_dict())

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        """All of the last epoch is done: report it."""
        if self._due and not self._report(trainer):
            raise StopIteration  # Lightning's own way out of its loop between two epochs
        if self._restore is not None:
            restore_generators(self._restore)
            self._restore = None
            iter(trainer.fit_loop._data_fetcher)  # draws the seed of its workers, as at each epoch

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """Training ends by itself: report the last epoch."""
        if self._due:
            self._report(trainer)

    def on_save_checkpoint(self, trainer: Any, pl_module: Any, checkpoint: dict[str, Any]) -> None:
        """A checkpoint of ours says that an epoch has ended."""
        if self._saving:
            checkpoint["loops"]["fit_loop"] = self._loops

    def _report(self, trainer: Any) -> bool:
        self._due = False

        def save(folder: Path) -> None:
            self._saving = True
            try:
                trainer.save_checkpoint(folder / _FILE)
            finally:
                self._saving = False
            save_generators(folder)

        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        return self._trial.report(metrics, save=save)
