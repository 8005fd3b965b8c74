"""Methods that know many trials already: each tool is told the same ones, by the quickest way that is like a run.

Who keeps more than the trials themselves (Optuna's CMA-ES and NSGA-II note a generation in each) has to run them.
"""

from collections.abc import Sequence
from typing import Any

from methods.base import Method, Setting
from methods.known import PEERS, start
from rung.core.history import History
from rung.core.objective import objectives
from rung.core.rng import rng
from rung.core.space import Config
from rung.core.suggestion import Request
from rung.searchers.registry import SEARCHERS

Trials = Sequence[tuple[Config, float]]
RUN_FOR_REAL = ("optuna-cmaes", "optuna-nsga2")


def veteran(name: str, setting: Setting, trials: Trials) -> Method:
    """A method that knows these trials.

    Raises:
        ImportError: If the tool is not installed.
    """
    if not any(name in names for names in PEERS.values()):
        return Ours(name, setting, trials)
    found = start(name, setting)
    if name in RUN_FOR_REAL:
        for _, loss in trials:
            found.tell(found.ask(), loss, ())
    elif name.startswith("optuna"):
        _tell_optuna(found, setting, trials)
    elif name == "hyperopt-tpe":
        _tell_hyperopt(found, setting, trials)
    elif name == "smac":
        for config, loss in trials:
            found.told(config, loss)  # type: ignore[attr-defined]  # SMAC's own
    else:
        found.told(trials)  # type: ignore[attr-defined]  # BoTorch's own
    return found


class Ours:
    """A searcher of rung, asked as its driver asks: with a view of the history, which grows by a trial each time."""

    def __init__(self, name: str, setting: Setting, trials: Trials) -> None:
        self._seed = setting.seed
        self._history = History(setting.space, 1)
        self._n = 0
        for config, loss in trials:
            self._add(config, loss)
        goals = objectives("loss", None, None)
        self._live = SEARCHERS.decode({"type": name}).start(setting.space, goals, setting.seed)

    def ask(self) -> Config:
        """See `Method`."""
        request = Request(self._n, self._n, 1, 1, 0, lambda purpose, n: rng(self._seed, purpose, n))
        (found,) = self._live.suggest(self._history.view(), request)
        return dict(found.config)

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        self._add(config, loss)

    def _add(self, config: Config, loss: float) -> None:
        self._history.add_trial(config)
        self._history.add_observation(self._n, 1, (loss,), {"loss": loss}, 1.0, float(self._n))
        self._n += 1


def _tell_optuna(method: Any, setting: Setting, trials: Trials) -> None:
    import optuna

    config = method.ask()  # a trial of its own says how the hyperparameters are distributed
    method.tell(config, trials[0][1], ())
    (first,) = method.study.trials
    method.study.add_trials(
        [
            optuna.trial.create_trial(params=dict(config), distributions=first.distributions, value=loss)
            for config, loss in trials[1:]
        ]
    )


def _tell_hyperopt(method: Any, setting: Setting, trials: Trials) -> None:
    from rung.core.space import Choice

    for tid, (config, loss) in enumerate(trials):
        values = {}
        for column in setting.space.columns:
            value = config[column.name]
            options = column.parameter.options if isinstance(column.parameter, Choice) else None
            values[column.label] = [list(options).index(value) if options else value]
        method.told(tid, values, loss)
