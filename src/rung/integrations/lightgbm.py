"""LightGBM: a callback that reports boosting rounds, saves the booster when asked, and stops training.

    def train(trial):
        report = TrialCallback(trial)
        lgb.train({**trial.config, "seed": trial.seed, "deterministic": True}, data, 1000, valid_sets=[held_out],
                  callbacks=[report], init_model=report.model)

LightGBM goes on exactly from a saved booster if nothing is left to chance. Where rows or columns are sampled or trees
dropped it does not: the generators are neither saved nor can they be set, and DART would not drop trees of the saved
booster. Then `model` is None, and the rounds of a resumed trial are trained again, which gives the same trees.
"""

import re
from pathlib import Path
from typing import Any

from rung.core.errors import MissingDependencyError
from rung.core.resource import check_count
from rung.trial import Trial

try:
    import lightgbm
except ModuleNotFoundError:
    raise MissingDependencyError(
        "rung.integrations.lightgbm needs LightGBM, which is not installed. Run: pip install 'rung[lightgbm]'"
    ) from None

_FILE = "model.txt"
_PARAMETER = re.compile(r"^\[(\w+): (.*)\]$", re.MULTILINE)


class TrialCallback:
    """Reports the value of every metric on every data set in `valid_sets`, as `name-metric`.

    Args:
        trial: The trial in training.
        every: Boosting rounds in one unit of the study's resource.

    Attributes:
        model: File of the booster to go on from, for `init_model`; None at a first start, and where the rounds must
            be trained again.
        order: When it is called among other callbacks: after those that change the training.
    """

    order = 100

    def __init__(self, trial: Trial, every: int = 1) -> None:
        check_count("every", every)
        self._trial = trial
        self._every = every
        self.model = None if trial.checkpoint is None else _resumable(trial.checkpoint / _FILE)

    def __call__(self, env: "lightgbm.callback.CallbackEnv") -> None:
        """Report a unit that is complete, unless it was reported before; raise to end the training."""
        unit, rest = divmod(env.iteration + 1, self._every)
        if rest or unit <= self._trial.resource:
            return
        found = env.evaluation_result_list or []
        metrics = {f"{name}-{metric}": value for name, metric, value, *_ in found}
        if not self._trial.report(metrics, step=unit, save=lambda folder: _save(env.model, folder)):
            raise lightgbm.callback.EarlyStopException(env.iteration, found)


def _save(booster: Any, folder: Path) -> None:
    booster.save_model(folder / _FILE, num_iteration=-1)


def _resumable(file: Path) -> str | None:
    """The file, if training can go on from it."""
    parameters = dict(_PARAMETER.findall(file.read_text(encoding="utf-8")))
    return None if _is_random(parameters) else str(file)


def _is_random(parameters: dict[str, str]) -> bool:
    """Whether a training with these parameters, as LightGBM writes them, leaves anything to chance."""
    rows = int(parameters["bagging_freq"]) > 0 and any(
        float(parameters[name]) < 1
        for name in ("bagging_fraction", "pos_bagging_fraction", "neg_bagging_fraction")
    )
    columns = any(float(parameters[name]) < 1 for name in ("feature_fraction", "feature_fraction_bynode"))
    flags = any(parameters[name] == "1" for name in ("extra_trees", "use_quantized_grad"))
    return (
        rows
        or columns
        or flags
        or parameters["data_sample_strategy"] == "goss"
        or parameters["boosting"] != "gbdt"
        or parameters["objective"] == "rank_xendcg"
    )
