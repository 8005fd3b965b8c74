"""Optuna's samplers by ask and tell, each with its default options; limits by `constraints_func`."""

import math
from typing import Any

import optuna

from methods.base import Setting
from rung.core.layout import Group
from rung.core.space import Choice, Column, Config, Constant, Float, Int, Scalar

VERSION = optuna.__version__

optuna.logging.set_verbosity(optuna.logging.ERROR)


def sampler(name: str, setting: Setting) -> optuna.samplers.BaseSampler:
    """A sampler with the options that its authors recommend, which are its defaults."""
    options: dict[str, Any] = {"seed": setting.seed}
    if setting.n_limits and name != "optuna-cmaes":
        options["constraints_func"] = lambda trial: trial.user_attrs.get("broken", (0.0,) * setting.n_limits)
    match name:
        case "optuna-random":
            return optuna.samplers.RandomSampler(setting.seed)
        case "optuna-tpe":
            return optuna.samplers.TPESampler(multivariate=True, group=True, **options)
        case "optuna-tpe-independent":
            return optuna.samplers.TPESampler(multivariate=False, **options)
        case "optuna-gp":
            return optuna.samplers.GPSampler(**options)
        case "optuna-cmaes":
            return optuna.samplers.CmaEsSampler(warn_independent_sampling=False, **options)
        case "optuna-nsga2":
            return optuna.samplers.NSGAIISampler(**options)
    raise ValueError(name)


class Optuna:
    """A study with one of Optuna's samplers."""

    def __init__(self, setting: Setting, name: str) -> None:
        self._setting = setting
        self._takes_limits = name not in ("optuna-cmaes", "optuna-random")
        self._root = setting.space._root  # the tree of the space, which has no public name
        self.study = optuna.create_study(sampler=sampler(name, setting))

    def ask(self) -> Config:
        """See `Method`."""
        self._trial = self.study.ask()
        return suggested(self._trial, self._root)

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        if not self._takes_limits:
            loss = self._setting.penalized(loss, broken)
        elif broken:
            self._trial.set_user_attr("broken", broken)
        if math.isnan(loss):
            self.study.tell(self._trial, state=optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(self._trial, loss)


def suggested(trial: optuna.Trial, group: Group) -> Config:
    """A configuration by asking the trial for each active hyperparameter."""
    config: Config = {}
    for name, member in group.members.items():
        config[name] = member.value if isinstance(member, Constant) else _value(trial, member)
        if name in group.branches:
            column = member
            assert isinstance(column, Column) and isinstance(column.parameter, Choice)
            config |= suggested(
                trial, group.branches[name][list(column.parameter.options).index(config[name])]
            )
    return config


def _value(trial: optuna.Trial, column: Column) -> Scalar:
    match column.parameter:
        case Float(low=low, high=high, log=log, step=step):
            return float(trial.suggest_float(column.label, low, high, log=log, step=step))
        case Int(low=low, high=high, log=log, step=step):
            return int(trial.suggest_int(column.label, low, high, log=log, step=step or 1))
        case Choice(options=options):
            return trial.suggest_categorical(column.label, list(options))
    raise TypeError(column.parameter)


def start(name: str, setting: Setting) -> Optuna:
    """By name."""
    return Optuna(setting, name)
