"""Hugging Face Trainer: a callback that reports each evaluation, saves when asked, and stops the trainer.

    def train(trial):
        args = TrainingArguments(str(trial.folder), num_train_epochs=27, eval_strategy="epoch", save_strategy="no",
                                 seed=trial.seed, report_to="none", **trial.config)
        TrialCallback(trial).train(Trainer(model_init=build, args=args, train_dataset=..., eval_dataset=...))

A unit of the study's resource is one evaluation, by epochs or by steps. What is saved is Trainer's own checkpoint, from
which it resumes weights, optimizer, schedule, random generators and the place in the data.
"""

from pathlib import Path
from typing import Any

from rung.core.errors import MissingDependencyError, MisuseError
from rung.trial import Trial

try:
    from torch.optim.lr_scheduler import ReduceLROnPlateau
    from transformers import TrainerCallback
except ModuleNotFoundError:
    raise MissingDependencyError(
        "rung.integrations.transformers needs Transformers with PyTorch, which are not installed. "
        "Run: pip install 'rung[transformers]'"
    ) from None


class TrialCallback(TrainerCallback):
    """Reports every metric of each evaluation, under Trainer's names, such as `eval_loss`.

    Args:
        trial: The trial in training.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._folder = trial.checkpoint
        self._trainer: Any = None  # Trainer has no common type for models
        self._evaluated = 0  # the step of the last evaluation
        self._goes_on = True

    def train(self, trainer: Any) -> None:
        """Train from where the trial stands until it must not go on."""
        self._trainer = trainer
        trainer.add_callback(self)
        trainer.train(resume_from_checkpoint=None if self._folder is None else _own(self._folder))

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Trainer has loaded what it resumes from, and made its schedule."""
        _check_schedule(kwargs["lr_scheduler"])
        self._evaluated = state.global_step

    def on_evaluate(
        self, args: Any, state: Any, control: Any, metrics: dict[str, float], **kwargs: Any
    ) -> None:
        """Report, and stop if the trial must not go on."""
        if state.global_step == self._evaluated or not self._goes_on:
            return  # nothing was trained since the last report, or the trial is left
        self._evaluated = state.global_step
        found = {name: value for name, value in metrics.items() if name != "epoch"}
        self._goes_on = self._trial.report(found, save=self._save)
        control.should_training_stop |= not self._goes_on

    def _save(self, folder: Path) -> None:
        """Have Trainer write its checkpoint into the folder; workers may share the folder that it writes to."""
        trainer = self._trainer
        output = trainer.args.output_dir
        trainer.args.output_dir = str(folder)
        try:
            trainer._save_checkpoint(trainer.model, None)
        finally:
            trainer.args.output_dir = output


def _check_schedule(schedule: object) -> None:
    """Raise if Trainer moves the schedule only after the report: what is saved then could not be resumed exactly."""
    if isinstance(schedule, ReduceLROnPlateau) or type(schedule).__name__ == "GreedyLR":
        raise MisuseError(
            "a schedule of the learning rate that follows a metric cannot be resumed exactly, got "
            f"{type(schedule).__name__}. Use another lr_scheduler_type, such as 'linear' or 'cosine'."
        )


def _own(folder: Path) -> str:
    """Trainer's own folder, which is named after the step."""
    return str(next(folder.glob("checkpoint-*")))
