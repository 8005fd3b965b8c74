"""Hyperopt's TPE by its own suggest function; it knows no limits, so those who break them are told as bad."""

import logging
import math
from importlib.metadata import version
from typing import Any

import numpy as np
from hyperopt import STATUS_FAIL, STATUS_OK, Trials, hp, space_eval, tpe
from hyperopt.base import JOB_STATE_DONE, Domain

from methods.base import Setting
from rung.core.layout import Group
from rung.core.space import Choice, Column, Config, Constant, Float, Int

VERSION = version("hyperopt")

logging.getLogger("hyperopt").setLevel(logging.ERROR)


class Hyperopt:
    """What `fmin` does, one evaluation at a time."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._expression = _group(setting.space._root)
        self._domain = Domain(lambda config: 0.0, self._expression)
        self._trials = Trials()
        self._rng = np.random.default_rng(setting.seed)

    def ask(self) -> Config:
        """See `Method`."""
        ids = self._trials.new_trial_ids(1)
        self._trials.refresh()
        (self._doc,) = tpe.suggest(
            ids, self._domain, self._trials, int(self._rng.integers(2**31 - 1)), verbose=False
        )
        found = space_eval(self._expression, {k: v[0] for k, v in self._doc["misc"]["vals"].items() if v})
        config = _flat(found)
        whole = {c.name for c in self._setting.space.columns if isinstance(c.parameter, Int)} & config.keys()
        return config | {name: int(config[name]) for name in whole}

    def tell(self, config: Config, loss: float, broken: tuple[float, ...]) -> None:
        """See `Method`."""
        failed = math.isnan(loss)
        self._doc["state"] = JOB_STATE_DONE
        told = {"loss": self._setting.penalized(loss, broken), "status": STATUS_FAIL if failed else STATUS_OK}
        self._doc["result"] = told
        self._trials.insert_trial_doc(self._doc)
        self._trials.refresh()

    def told(self, tid: int, values: dict[str, list[Any]], loss: float) -> None:
        """Let it know of an evaluation that it did not ask for, by label."""
        misc = {"tid": tid, "cmd": self._domain.cmd, "workdir": None}
        misc |= {"idxs": {label: [tid] for label in values}, "vals": values}
        (doc,) = self._trials.new_trial_docs([tid], [None], [{"loss": loss, "status": STATUS_OK}], [misc])
        doc["state"] = JOB_STATE_DONE
        self._trials._ids.add(tid)
        self._trials.insert_trial_doc(doc)


def _group(group: Group) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, member in group.members.items():
        if isinstance(member, Constant):
            found[name] = member.value
        elif name in group.branches:
            assert isinstance(member.parameter, Choice)
            pairs = zip(member.parameter.options, group.branches[name], strict=True)
            found[name] = hp.choice(
                member.label, [{"": option, **_group(branch)} for option, branch in pairs]
            )
        else:
            found[name] = _leaf(member)
    return found


def _leaf(column: Column) -> Any:
    match column.parameter:
        case Float(low=low, high=high, log=True):
            return hp.loguniform(column.label, math.log(low), math.log(high))
        case Float(low=low, high=high, step=None):
            return hp.uniform(column.label, low, high)
        case Float(low=low, high=high, step=step):
            return hp.quniform(column.label, low, high, step)
        case Int(low=low, high=high, log=True):
            return hp.qloguniform(column.label, math.log(max(low - 0.5, 0.5)), math.log(high + 0.499), 1)
        case Int(low=low, high=high, step=step):
            return hp.uniformint(column.label, low, high, q=step or 1)
        case Choice(options=options):
            return hp.choice(column.label, list(options))
    raise TypeError(column.parameter)


def _flat(found: dict[str, Any]) -> Config:
    """A configuration from nested dicts."""
    config: Config = {}
    for name, value in found.items():
        if isinstance(value, dict):
            config[name] = value.pop("")
            config |= _flat(value)
        else:
            config[name] = value
    return config


def start(name: str, setting: Setting) -> Hyperopt:
    """By name."""
    return Hyperopt(setting)
