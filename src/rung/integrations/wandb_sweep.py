"""W&B sweep configurations, as YAML or as a dict: what they say, as a study of a command.

What rung has no equal for becomes the nearest that it has, with a warning on the logger `rung`: a bell curve the range
that holds nearly all of it, probabilities of options nothing, Bayesian search random search.
"""

import difflib
import logging
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from rung.core.budget import Budget
from rung.core.decision import SchedulerSpec
from rung.core.errors import SpecError
from rung.core.parameter import Constant, Parameter
from rung.core.resource import check_count
from rung.core.space import Space
from rung.core.suggestion import SearcherSpec
from rung.integrations.wandb_parameters import texts_of, wandb_parameters
from rung.programs.definition import Definition
from rung.programs.template import Argument, Placeholder, Template
from rung.schedulers.asha import StoppingASHA
from rung.schedulers.fifo import FIFO
from rung.searchers.grid import GridSearch
from rung.searchers.random import RandomSearch

logger = logging.getLogger("rung")

_KEYS = (
    "program",
    "method",
    "parameters",
    "metric",
    "name",
    "description",
    "project",
    "entity",
    "early_terminate",
    "command",
    "run_cap",
    "controller",
)
_DEFAULT_COMMAND = ("${env}", "${interpreter}", "${program}", "${args}")
_MACRO = re.compile(r"\$\{(?:envvar:)?(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """What a sweep configuration says.

    Attributes:
        name: Its name; without one, that of its program.
        space: What is tuned; a nested parameter is called `outer.inner`.
        metric: What is optimized.
        maximize: Whether more is better.
        scheduler: Its early termination.
        searcher: Its method.
        trials: Its `run_cap`; None: no limit.
        command: What a trial runs; None if it names no program, as where an agent calls a function.
    """

    name: str
    space: Space
    metric: str
    maximize: bool
    scheduler: SchedulerSpec
    searcher: SearcherSpec
    trials: int | None
    command: Template | None

    def definition(self) -> Definition:
        """The study of its command, as a study file would define it.

        Raises:
            SpecError: If there is no command, or no such program.
        """
        if self.command is None:
            raise SpecError(
                "the sweep has no program. Add program: train.py, or use its space in Python: read_sweep(path).space."
            )
        found = Definition(
            name=self.name,
            command=self.command,
            space=self.space.parameters,
            minimize=None if self.maximize else self.metric,
            maximize=self.metric if self.maximize else None,
            scheduler=self.scheduler,
            searcher=self.searcher,
            budget=Budget(trials=self.trials),
        )
        found.check()
        return found


def read_sweep(path: str | Path) -> Sweep:
    """Read a sweep's YAML file.

    Raises:
        SpecError: If something in it is wrong, or has no equal in rung; the sentence names the file and the key.
    """
    import yaml

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return sweep_of(yaml.safe_load(text), name=path.stem)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SpecError(f"{path}{line}: no YAML: {getattr(error, 'problem', None) or error}.") from None
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None


def sweep_of(config: Mapping[str, Any], *, name: str = "sweep") -> Sweep:
    """What a sweep configuration says that is a dict, as given to `wandb.sweep`.

    Args:
        config: The configuration; Any: whatever YAML holds.
        name: For a sweep that has neither a name nor a program.

    Raises:
        SpecError: If something in it is wrong, or has no equal in rung; the sentence names the key.
    """
    _check_keys(config)
    metric, maximize = _metric(config.get("metric"))
    command = _command(config)
    parameters = wandb_parameters(config["parameters"])
    if command is not None:
        parameters = _written(parameters, command)
    program = config.get("program")
    called = config.get("name") or (PurePath(str(program)).stem if program else name)
    return Sweep(
        name=re.sub(r"[^A-Za-z0-9 ._+-]+", "-", str(called)).strip("-. ")[:100] or "sweep",
        space=Space(parameters),
        metric=metric,
        maximize=maximize,
        scheduler=_scheduler(config.get("early_terminate")),
        searcher=_searcher(config["method"]),
        trials=_trials(config.get("run_cap")),
        command=None if command is None else _template(command, parameters),
    )


def _check_keys(config: object) -> None:
    if not isinstance(config, Mapping):
        raise SpecError(f"a sweep must be a mapping with method, metric and parameters, got {config!r:.60}.")
    for key in config:
        if key not in _KEYS:
            near = difflib.get_close_matches(str(key), _KEYS, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known are {', '.join(_KEYS)}."
            raise SpecError(f"there is no key {key!r} in a sweep. {hint}")
    for key in ("method", "parameters"):
        if not config.get(key):
            raise SpecError(f"the sweep needs {key}, as for W&B.")


def _metric(given: object) -> tuple[str, bool]:
    if not isinstance(given, Mapping) or not given.get("name"):
        raise SpecError(
            "the sweep needs a metric, also with random or grid search: metric: {name: val_loss, goal: minimize}."
        )
    goal = given.get("goal", "minimize")
    if goal not in ("minimize", "maximize"):
        raise SpecError(f"metric.goal is minimize or maximize, got {goal!r}.")
    if "target" in given:
        logger.warning("metric.target of the sweep is not used: a study ends with its budget (run_cap).")
    return str(given["name"]), goal == "maximize"


def _searcher(method: object) -> SearcherSpec:
    if method == "bayes":
        logger.warning("method: bayes becomes random search, as rung has no Bayesian search yet.")
    if method not in ("grid", "random", "bayes"):
        raise SpecError(f"method is grid, random or bayes, got {method!r}.")
    return GridSearch() if method == "grid" else RandomSearch()


def _trials(cap: object) -> int | None:
    if cap is not None and (type(cap) is not int or cap < 1):
        raise SpecError(f"run_cap must be a whole number of at least 1, got {cap!r}.")
    return cap


def _scheduler(given: object) -> SchedulerSpec:
    """Hyperband as W&B means it, which judges once at each bracket: start-and-stop ASHA."""
    if given is None:
        return FIFO()
    if not isinstance(given, Mapping) or given.get("type") != "hyperband":
        raise SpecError(f"early_terminate must have type: hyperband, got {given!r:.100}.")
    for key, value in given.items():
        if key in ("min_iter", "max_iter", "s", "eta"):
            check_count(key, value)
        elif key not in ("type", "strict"):
            raise SpecError(
                f"there is no key {key!r} in early_terminate. Known are min_iter, max_iter, s, eta, strict."
            )
    eta, last = given.get("eta", 3), given.get("max_iter")
    if last is None:
        raise SpecError(
            "early_terminate must say how many reports a full training has. "
            f"Add max_iter, for example max_iter: {given.get('min_iter', 3) * 9}."
        )
    if "min_iter" in given:
        return StoppingASHA(max_resource=last, min_resource=given["min_iter"], eta=eta)
    levels = sorted({max(1, last // eta**number) for number in range(1, given.get("s", 1) + 1)} - {last})
    return StoppingASHA(max_resource=last, eta=eta, levels=(*levels, last))


# The command


def _command(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Its arguments with macros; None if there is no program."""
    given = config.get("command")
    if given is None:
        return None if config.get("program") is None else _filled(_DEFAULT_COMMAND, config)
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise SpecError(f"command must be a list of arguments, got {given!r:.100}.")
    return _filled([str(word) for word in given], config)


def _filled(words: Sequence[str], config: Mapping[str, Any]) -> tuple[str, ...]:
    """The arguments with all macros filled in but those of the hyperparameters."""
    known = {"env": "/usr/bin/env", "interpreter": "python", "program": str(config.get("program", ""))}
    if "${program}" in words and not config.get("program"):
        raise SpecError("command names ${program}, but the sweep has no program. Add program: train.py.")
    if sys.platform == "win32":
        words = [word for word in words if word != "${env}"]

    def fill(match: re.Match[str]) -> str:
        if match[0].startswith("${envvar:"):
            return os.environ.get(match[1], "")
        return known.get(match[1], match[0])

    return tuple(_MACRO.sub(fill, word) for word in words)


_ARGUMENTS: dict[str, Callable[[str], tuple[Argument, ...]]] = {
    "${args}": lambda name: ((f"--{name}=", Placeholder(name)),),
    "${args_no_hyphens}": lambda name: ((f"{name}=", Placeholder(name)),),
    "${args_no_equals}": lambda name: ((f"--{name}",), (Placeholder(name),)),
    "${args_no_boolean_flags}": lambda name: ((f"--{name}=", Placeholder(name)),),
    "${args_append_hydra}": lambda name: ((f"+{name}=", Placeholder(name)),),
    "${args_override_hydra}": lambda name: ((f"++{name}=", Placeholder(name)),),
}
_FLAGS = "${args_no_boolean_flags}"


def _written(parameters: Mapping[str, Parameter], command: Sequence[str]) -> dict[str, Parameter]:
    """The parameters as the program reads them: True and None as Python writes them, unless they are flags."""
    if _FLAGS in command:
        return dict(parameters)
    return {name: texts_of(parameter) for name, parameter in parameters.items()}


def _template(command: Sequence[str], parameters: Mapping[str, Parameter]) -> Template:
    arguments: list[Argument] = []
    for word in command:
        if word in _ARGUMENTS:
            for name, parameter in parameters.items():
                flag = word == _FLAGS and _is_flag(parameter)
                arguments += ((Placeholder(name, f"--{name}"),),) if flag else _ARGUMENTS[word](name)
        elif macro := _MACRO.search(word):
            raise SpecError(
                f"command holds {macro[0]}, which rung does not know. Known are ${{env}}, ${{interpreter}}, "
                f"${{program}}, ${{envvar:NAME}} and {', '.join(_ARGUMENTS)}."
            )
        else:
            arguments.append((word,))
    return Template(" ".join(command), tuple(arguments), {})


def _is_flag(parameter: Parameter) -> bool:
    values = (parameter.value,) if isinstance(parameter, Constant) else getattr(parameter, "options", ())
    return bool(values) and all(isinstance(value, bool) for value in values)
