"""SMAC3's facade for hyperparameters, by ask and tell; it knows no limits, so those who break them are told as bad."""

import logging
import math
import tempfile
from importlib.metadata import version
from pathlib import Path

from ConfigSpace import Categorical, Configuration, ConfigurationSpace, EqualsCondition, OrdinalHyperparameter
from ConfigSpace import Float as CsFloat
from ConfigSpace import Integer as CsInteger
from smac import HyperparameterOptimizationFacade as Facade
from smac import Scenario
from smac.runhistory.dataclasses import TrialInfo, TrialValue
from smac.runhistory.enumerations import StatusType

from methods.base import Setting
from rung.core.space import Choice, Column, Config, Float, Int, Space

VERSION = version("smac")


class Smac:
    """A facade that is never run: its target function is the caller."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._columns = setting.space.columns
        self._folder = tempfile.TemporaryDirectory(prefix="smac")  # it writes what it does
        scenario = Scenario(
            configspace(setting.space),
            n_trials=setting.budget,
            deterministic=True,
            seed=setting.seed,
            output_directory=Path(self._folder.name),
        )
        self.facade = Facade(
            scenario, lambda config, seed=0: 0.0, logging_level=logging.ERROR, overwrite=True
        )

    def ask(self) -> Config:
        """See `Method`."""
        self._info = self.facade.ask()
        return self._config(self._info.config)

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        failed = math.isnan(loss)
        status = StatusType.CRASHED if failed else StatusType.SUCCESS
        cost = self._setting.penalized(loss, broken)
        self.facade.tell(self._info, TrialValue(cost=cost, time=0.0, status=status))

    def told(self, config: Config, loss: float) -> None:
        """Let it know of an evaluation that it did not ask for."""
        values = {c.label: _written(c, config[c.name]) for c in self._columns if c.name in config}
        found = Configuration(self.facade.scenario.configspace, values=values)
        self.facade.tell(TrialInfo(found, seed=0), TrialValue(cost=loss))

    def _config(self, found: Configuration) -> Config:
        given = dict(found)
        return {c.name: _read(c, given[c.label]) for c in self._columns if c.label in given}


def configspace(space: Space) -> ConfigurationSpace:
    """The same space in its words."""
    made = ConfigurationSpace()
    for column in space.columns:
        made.add(_hyperparameter(column))
    for column in space.columns:
        if column.parent is not None:
            parent = space.columns[column.parent]
            made.add(EqualsCondition(made[column.label], made[parent.label], f"o{column.option}"))
    return made


def _hyperparameter(column: Column):  # type: ignore[no-untyped-def]  # of a peer
    match column.parameter:
        case Float(low=low, high=high, log=log):
            return CsFloat(column.label, (low, high), log=log)
        case Int(low=low, high=high, log=log):
            return CsInteger(column.label, (low, high), log=log)
        case Choice(options=options, ordered=True):
            return OrdinalHyperparameter(column.label, [f"o{i}" for i in range(len(options))])
        case Choice(options=options):
            return Categorical(column.label, [f"o{i}" for i in range(len(options))])


def _written(column: Column, value: object) -> object:
    if isinstance(column.parameter, Choice):
        return f"o{list(column.parameter.options).index(value)}"
    return value


def _read(column: Column, value: object):  # type: ignore[no-untyped-def]  # a scalar of the space
    match column.parameter:
        case Choice(options=options):
            return list(options)[int(str(value)[1:])]
        case Int():
            return int(str(value))
    return float(str(value))


def start(name: str, setting: Setting) -> Smac:
    """By name."""
    return Smac(setting)
