"""Ranges for the options of a script, proposed from their names, types and defaults, for a person to correct."""

import math
import re

from rung.core.parameter import Choice, Float, Int, Parameter
from rung.programs.options import Option

_WORD = r"(^|[_-])({})([_-]|s?$)"
_EPOCHS = re.compile(_WORD.format("epoch|n_epoch|num_epoch|max_epoch|iteration|max_iter|round"))
_HOUSEKEEPING = re.compile(
    _WORD.format(
        "seed|random_state|worker|job|n_jobs|thread|gpu|gpus|cuda|cpu|device|mps|rank|world|port|verbose|verbosity|debug|"
        "quiet|log|logging|print|save|load|resume|checkpoint|eval|evaluate|test|dry|dryrun|export|plot|version|"
        "download|force|overwrite|interval|every|freq|frequency|patience|profile|wandb|distributed|fp16|bf16|amp|compile|"
        "local|node|class|classes|timeout|progress"
    )
)
_SHARES = re.compile(
    _WORD.format("momentum|beta|beta1|beta2|gamma|rho|prob|probability|ratio|fraction|frac|subsample")
)


def is_epochs(option: Option) -> bool:
    """Whether an option says how long to train."""
    return _is_whole(option) and isinstance(option.default, int) and _EPOCHS.search(option.name) is not None


def is_housekeeping(option: Option) -> bool:
    """Whether an option has to do with how a program runs, not with what it learns."""
    return _HOUSEKEEPING.search(option.name.lower()) is not None


def propose(option: Option) -> Parameter | None:
    """A range for an option; None if nothing can be said, or nothing should be tuned."""
    if not option.option or is_epochs(option) or is_housekeeping(option):
        return None
    if option.kind == "flag":
        return Choice((False, True), default=False)
    if option.kind != "value":
        return None
    return _choice(option) if option.choices is not None else _number(option)


def _number(option: Option) -> Parameter | None:
    if option.default is None or isinstance(option.default, bool | str):
        return None
    if _is_whole(option):
        return _whole(int(option.default))
    return _real(option.name.lower(), float(option.default))


def _is_whole(option: Option) -> bool:
    return option.type == "int" or (option.type not in ("float", "str") and type(option.default) is int)


def _choice(option: Option) -> Parameter | None:
    options = tuple(option.choices or ())
    if len(options) < 2 or len(set(options)) < len(options):
        return None
    ordered = all(isinstance(each, int | float) for each in options) and sorted(options) == list(options)  # type: ignore[type-var]  # numbers
    if option.default in options:
        return Choice(options, ordered=ordered, default=option.default)
    return Choice(options, ordered=ordered)


def _whole(default: int) -> Parameter | None:
    """Sizes of batches and layers by factors; small counts one by one."""
    if default < 1:
        return None
    if default >= 8 and default & (default - 1) == 0:
        options = (default // 4, default // 2, default, default * 2, default * 4)
        return Choice(options, ordered=True, default=default)
    if default <= 10:
        return Int(1, max(4, 2 * default), default=default)
    return Int(max(1, default // 4), default * 4, log=True, default=default)


def _real(name: str, default: float) -> Parameter | None:
    """Shares from 0 to 1; small numbers a factor of 100 around, large ones a factor of 10, on a log scale."""
    if "dropout" in name and 0 <= default < 1:
        return Float(0.0, max(0.5, default), default=default)
    if _SHARES.search(name) and 0 <= default <= 1:
        return Float(0.0, max(0.999, default), default=default)
    if default <= 0:
        return Float(1e-6, 1e-2, log=True) if "decay" in name else None
    if 0.1 < default <= 1:
        return Float(0.0, 1.0, default=default)
    factor, most = (100, 1.0) if default <= 0.1 else (10, math.inf)
    return Float(_rounded(default / factor), min(_rounded(default * factor), most), log=True, default=default)


def _rounded(value: float) -> float:
    return float(f"{value:.12g}")
