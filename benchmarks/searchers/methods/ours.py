"""rung, through ask and tell of a study in memory, as a user would."""

import json
import math
from typing import Any

import rung
from methods.base import Setting
from rung.core.space import Config
from rung.searchers.registry import SEARCHERS

STANDS_FOR = {"auto": {"trial_seconds": 60.0}}  # a function takes no time here, what it stands for does


class Ours:
    """A study with one of rung's searchers.

    Args:
        setting: What is tuned.
        tag: The searcher's name in rung's registry.
        options: Its options.
    """

    def __init__(self, setting: Setting, tag: str, options: dict[str, Any]) -> None:
        names = [f"limit{i}" for i in range(setting.n_limits)]
        self._limits = names
        self._study = rung.Study(
            "benchmark",
            setting.space,
            minimize="loss",
            constraints=[rung.Constraint(name, upper=0.0) for name in names],
            searcher=SEARCHERS.decode({"type": tag, **options}),
            seed=setting.seed,
            store=None,
        )
        self._study.set_budget(rung.Budget(trials=setting.budget))

    def ask(self) -> Config:
        """See `Method`."""
        job = self._study.ask()
        if job is None:
            raise RuntimeError(f"rung has nothing more to try: {self._study.waiting}")
        self._job = job
        return dict(job.config)

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        if math.isnan(loss):
            self._study.tell(self._job, error="diverged")
        else:
            self._study.tell(self._job, {"loss": loss, **dict(zip(self._limits, broken, strict=True))})


def start(name: str, setting: Setting) -> Ours:
    """By tag, perhaps with options in JSON: `gp`, `tpe:{"multivariate": false}`."""
    tag, _, options = name.partition(":")
    return Ours(setting, tag, {**STANDS_FOR.get(tag, {}), **json.loads(options or "{}")})
