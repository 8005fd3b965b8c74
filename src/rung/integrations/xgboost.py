"""XGBoost: a callback that reports boosting rounds, saves the booster when asked, and stops training.

    def train(trial):
        report = TrialCallback(trial)
        xgb.train({**trial.config, "seed": trial.seed}, data, 1000, evals=[(held_out, "test")],
                  callbacks=[report], xgb_model=report.model)

A booster that is loaded has lost where its random generators stood. So that a resumed training equals an uninterrupted
one, both begin each unit the same way if anything is sampled: the booster is loaded anew from its own bytes, and its
seed follows from the number of rounds.
"""

import json
from collections.abc import Mapping
from typing import Any

from rung.core.errors import MissingDependencyError
from rung.core.resource import check_count
from rung.core.rng import trial_seed
from rung.trial import Trial

try:
    import xgboost
except ModuleNotFoundError:
    raise MissingDependencyError(
        "rung.integrations.xgboost needs XGBoost, which is not installed. Run: pip install 'rung[xgboost]'"
    ) from None

_FILE = "model.ubj"
_SHARES = ("subsample", "colsample_bytree", "colsample_bylevel", "colsample_bynode")


class TrialCallback(xgboost.callback.TrainingCallback):
    """Reports the last value of every metric on every data set in `evals`, as `name-metric`.

    Args:
        trial: The trial in training.
        every: Boosting rounds in one unit of the study's resource.

    Attributes:
        model: File of the booster to go on from, for `xgb_model`; None at a first start.
    """

    def __init__(self, trial: Trial, every: int = 1) -> None:
        super().__init__()
        check_count("every", every)
        folder = trial.checkpoint
        self.model = None if folder is None else str(folder / _FILE)
        self._trial = trial
        self._every = every
        self._samples: bool | None = None  # whether anything is sampled; None: not known yet

    def before_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Make a new unit begin as it would after a restart."""
        rounds = model.num_boosted_rounds()
        if rounds and rounds % self._every == 0 and self._is_random(model):
            config = model.save_config()
            model.load_model(model.save_raw("ubj"))
            model.load_config(config)  # the parameters, which are no part of the model
            model.set_param({"seed": trial_seed(self._trial.seed, rounds)})
        return False

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        """Report a unit that is complete; True ends the training."""
        unit, rest = divmod(model.num_boosted_rounds(), self._every)
        if rest:
            return False
        metrics = {
            f"{name}-{metric}": values[-1]
            for name, log in evals_log.items()
            for metric, values in log.items()
        }
        return not self._trial.report(
            metrics, step=unit, save=lambda folder: model.save_model(folder / _FILE)
        )

    def _is_random(self, model: Any) -> bool:
        if self._samples is None:
            self._samples = _samples(json.loads(model.save_config()))
        return self._samples


def _samples(config: object) -> bool:
    """Whether a booster's configuration leaves anything to chance."""
    if not isinstance(config, Mapping):
        return False
    if config.get("name") == "dart" or any(float(config.get(share, 1)) < 1 for share in _SHARES):
        return True
    return any(_samples(part) for part in config.values())
