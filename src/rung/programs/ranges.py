"""Ranges in a command line: `1e-5..1e-1 log`, `1..8`, `0..1 step 0.1`, `adam|sgd`, `16|32|64 ordered`.

Each may end in `= default`.

Numbers written without a point and without an exponent make whole numbers, all others real ones.
"""

import re

from rung.core.errors import SpecError
from rung.core.parameter import Choice, Float, Int, Parameter
from rung.core.scale import Scalar

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|(?<!\.)\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(
    rf"(?P<low>{_NUMBER})\s*\.\.\s*(?P<high>{_NUMBER})(?P<log>\s+log)?(?:\s+step\s+(?P<step>{_NUMBER}))?"
)
_WHOLE = re.compile(r"[+-]?\d+")
_FORMS = (
    "Write low..high (then log, or step 0.1), or a|b|c (then ordered), and = default behind it if you like"
)


def parse_range(name: str, text: str) -> Parameter:
    """What a hyperparameter may be.

    Args:
        name: Whose range it is, for messages.
        text: What stands behind its colon.

    Raises:
        SpecError: If it is no range, or a range that cannot be.
    """
    body, equals, default = (part.strip() for part in text.partition("="))
    if equals and not default:
        raise SpecError(f"the default of {name} is missing behind = in {{{name}:{text}}}.")
    try:
        found = _RANGE.fullmatch(body)
        if found is not None:
            return _numbers(found, default)
        if "|" in body:
            return _choice(body, default)
    except SpecError as error:
        raise SpecError(f"{name}: {error}") from None
    raise SpecError(f"{{{name}:{text}}} is no range. {_FORMS}: {{{name}:1e-5..1e-1 log = 1e-3}}.")


def scalar(text: str) -> Scalar:
    """A value as it is written in a list of options."""
    if _WHOLE.fullmatch(text):
        return int(text)
    if re.fullmatch(_NUMBER, text):
        return float(text)
    return {"true": True, "false": False}.get(text, text)


def _numbers(found: re.Match[str], default: str) -> Parameter:
    low, high, step = found["low"], found["high"], found["step"]
    log = found["log"] is not None
    if default and not re.fullmatch(_NUMBER, default):
        raise SpecError(f"a default must be a number within the range, got {default!r}.")
    if all(_WHOLE.fullmatch(number) for number in (low, high, step or "1", default or "1")):
        return Int(
            int(low),
            int(high),
            log=log,
            step=int(step) if step else None,
            default=int(default) if default else None,
        )
    return Float(
        float(low),
        float(high),
        log=log,
        step=float(step) if step else None,
        default=float(default) if default else None,
    )


def _choice(body: str, default: str) -> Choice:
    options, ordered = re.subn(r"\s+ordered$", "", body)
    values = tuple(scalar(option.strip()) for option in options.split("|"))
    if "" in values:
        raise SpecError(f"an option is empty in {body!r}. Leave the | out, or name the option.")
    if default:
        return Choice(values, ordered=bool(ordered), default=scalar(default))
    return Choice(values, ordered=bool(ordered))
